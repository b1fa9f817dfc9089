-- Bitcoin over the 24 hours up to the newest snapshot: a row a slot of five minutes, 288 where none is missing, with the
-- day's volume and change. Slots whose price is unknown are left out; volume and change may be null.
CREATE OR REPLACE VIEW crypto_gold.v_btc_24h AS
SELECT timestamp '1970-01-01 00:00:00' + r."timestamp" * interval '1' second AS snapshot_at, r.current_price,
  r.volume_24h, r.price_change_pct_24h, r."timestamp"
FROM crypto_gold.v_recent_prices AS r
CROSS JOIN crypto_gold.v_latest_partition AS l
WHERE r.id = 'bitcoin' AND r.hours_back <= 24 AND r.current_price IS NOT NULL
  AND r."timestamp" > l.latest_timestamp - 86400
ORDER BY r."timestamp"
