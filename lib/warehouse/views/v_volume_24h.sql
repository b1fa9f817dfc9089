-- Coins of the newest snapshot by their trading volume of 24 hours, largest first. Unknown volumes are left out; ties
-- go by id.
CREATE OR REPLACE VIEW crypto_gold.v_volume_24h AS
SELECT row_number() OVER (ORDER BY volume_24h DESC, id) AS position, id, symbol, name, current_price, volume_24h,
  market_cap
FROM crypto_gold.v_latest_snapshot
WHERE volume_24h IS NOT NULL
ORDER BY position
