-- Every coin of the newest snapshot. A snapshot is one object that appears whole, so it is never half-written.
CREATE OR REPLACE VIEW crypto_gold.v_latest_snapshot AS
SELECT p.*
FROM crypto_analytics.processed_prices AS p
JOIN crypto_gold.v_latest_partition AS l
  ON p.year = l.year AND p.month = l.month AND p.day = l.day AND p.hour = l.hour
  AND p."timestamp" = l.latest_timestamp
