-- The newest snapshot as one row: its time, its number of coins, and sums over the coins whose numbers are known. In an
-- empty lake the row says 0 coins and has nulls.
CREATE OR REPLACE VIEW crypto_gold.v_total_market_cap AS
SELECT max("timestamp") AS "timestamp", count(*) AS coins, CAST(sum(market_cap) AS bigint) AS total_market_cap,
  CAST(sum(volume_24h) AS bigint) AS total_volume_24h
FROM crypto_gold.v_latest_snapshot
