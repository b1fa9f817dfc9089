-- Bitcoin, Ether, Tether and Solana hour by hour over seven days: the price of the hour's last snapshot that knows one.
-- An hour without a snapshot, or without a price in any, has no row. The newest hour may still be growing.
CREATE OR REPLACE VIEW crypto_gold.v_trendline_core AS
SELECT hour_start, id, symbol, name, current_price, market_cap, volume_24h, "timestamp"
FROM (
  SELECT r.*, row_number() OVER (PARTITION BY r.id, r.hour_start ORDER BY r."timestamp" DESC) AS choice
  FROM crypto_gold.v_recent_prices AS r
  WHERE r.id IN ('bitcoin', 'ethereum', 'tether', 'solana') AND r.current_price IS NOT NULL
)
WHERE choice = 1
ORDER BY hour_start, id
