-- The newest hour that holds a market snapshot, and its newest slot: one row, or none in an empty lake. A snapshot is
-- one object that appears whole, so the newest slot is complete, while the hour around it may still be growing.
-- Looks at today and the two days before, so that no more than their partitions are opened: where the newest snapshot
-- is older, there is none. DuckDB has a form of its own, without that limit: it takes the hour from the objects' keys.
CREATE OR REPLACE VIEW crypto_gold.v_latest_partition AS
SELECT year, month, day, hour, max("timestamp") AS latest_timestamp
FROM crypto_analytics.processed_prices
WHERE year >= year(current_date - interval '2' day)
  AND year * 10000 + month * 100 + day >= year(current_date - interval '2' day) * 10000
    + month(current_date - interval '2' day) * 100 + day(current_date - interval '2' day)
GROUP BY year, month, day, hour
ORDER BY year DESC, month DESC, day DESC, hour DESC
LIMIT 1
