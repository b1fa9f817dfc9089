-- The newest hour that holds a market snapshot, and its newest slot. One row, or none in an empty lake.
CREATE OR REPLACE VIEW crypto_gold.v_latest_partition AS
SELECT year, month, day, hour, max("timestamp") AS latest_timestamp
FROM crypto_analytics.processed_prices
GROUP BY year, month, day, hour
ORDER BY year DESC, month DESC, day DESC, hour DESC
LIMIT 1
