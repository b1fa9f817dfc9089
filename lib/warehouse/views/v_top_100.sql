-- The hundred coins of the newest snapshot with the largest market capitalisation: prices, changes in percent, 24-hour
-- volume. Coins without one are left out; ties go by id, also at the hundredth place. Any other number may be null.
CREATE OR REPLACE VIEW crypto_gold.v_top_100 AS
SELECT position, id, symbol, name, current_price, price_change_pct_1h, price_change_pct_24h, price_change_pct_7d,
  market_cap, market_cap_rank, volume_24h, "timestamp", source
FROM (
  SELECT s.*, row_number() OVER (ORDER BY s.market_cap DESC, s.id) AS position
  FROM crypto_gold.v_latest_snapshot AS s
  WHERE s.market_cap IS NOT NULL
)
WHERE position <= 100
ORDER BY position
