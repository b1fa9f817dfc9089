-- Coins of the newest snapshot by their change over seven days, largest gain first: what trends. Unknown changes are
-- left out; ties go by id.
CREATE OR REPLACE VIEW crypto_gold.v_trending AS
SELECT row_number() OVER (ORDER BY price_change_pct_7d DESC, id) AS position, id, symbol, name, current_price,
  price_change_pct_7d, market_cap, volume_24h
FROM crypto_gold.v_latest_snapshot
WHERE price_change_pct_7d IS NOT NULL
ORDER BY position
