-- The hundred coins with the largest market capitalisation: prices, changes in percent, 24-hour volume.
CREATE OR REPLACE VIEW crypto_gold.v_top_100 AS
SELECT m.position, s.id, s.symbol, s.name, s.current_price, s.price_change_pct_1h, s.price_change_pct_24h,
  s.price_change_pct_7d, s.market_cap, s.market_cap_rank, s.volume_24h, s."timestamp", s.source
FROM crypto_gold.v_latest_snapshot AS s
JOIN crypto_gold.v_market_cap AS m ON s.id = m.id
WHERE m.position <= 100
ORDER BY m.position
