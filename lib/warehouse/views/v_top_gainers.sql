-- Coins of the newest snapshot by their change over 24 hours, largest gain first. Unknown changes are left out; ties go
-- by id.
CREATE OR REPLACE VIEW crypto_gold.v_top_gainers AS
SELECT row_number() OVER (ORDER BY price_change_pct_24h DESC, id) AS position, id, symbol, name, current_price,
  price_change_pct_24h, market_cap, volume_24h
FROM crypto_gold.v_latest_snapshot
WHERE price_change_pct_24h IS NOT NULL
ORDER BY position
