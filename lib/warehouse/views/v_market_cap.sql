-- Coins of the newest snapshot by market capitalisation. Coins without one are left out; ties go by id. Order by
-- position: Athena gives a view's rows in any order.
CREATE OR REPLACE VIEW crypto_gold.v_market_cap AS
SELECT row_number() OVER (ORDER BY market_cap DESC, id) AS position, id, symbol, name, current_price, market_cap,
  volume_24h
FROM crypto_gold.v_latest_snapshot
WHERE market_cap IS NOT NULL
ORDER BY position
