-- The newest snapshot as one row: sums over the coins whose numbers are known.
CREATE OR REPLACE VIEW crypto_gold.v_total_market_cap AS
SELECT max("timestamp") AS "timestamp", count(*) AS coins, sum(market_cap) AS total_market_cap,
  sum(volume_24h) AS total_volume_24h
FROM crypto_gold.v_latest_snapshot
