-- Every coin of the newest snapshot, each once. Where an id stands twice in it, the record with the larger market cap
-- stays, then price, volume, and so on down to the name; a null counts as the smallest. Numbers may be null.
CREATE OR REPLACE VIEW crypto_gold.v_latest_snapshot AS
SELECT id, symbol, name, current_price, market_cap, market_cap_rank, volume_24h, price_change_pct_1h,
  price_change_pct_24h, price_change_pct_7d, "timestamp", source, year, month, day, hour
FROM (
  SELECT p.*, row_number() OVER (
    PARTITION BY p.id
    ORDER BY p.market_cap DESC NULLS LAST, p.current_price DESC NULLS LAST, p.volume_24h DESC NULLS LAST,
      p.market_cap_rank ASC NULLS LAST, p.price_change_pct_1h DESC NULLS LAST, p.price_change_pct_24h DESC NULLS LAST,
      p.price_change_pct_7d DESC NULLS LAST, p.symbol ASC NULLS LAST, p.name ASC NULLS LAST
  ) AS choice
  FROM crypto_analytics.processed_prices AS p
  JOIN crypto_gold.v_latest_partition AS l
    ON p.year = l.year AND p.month = l.month AND p.day = l.day AND p.hour = l.hour
    AND p."timestamp" = l.latest_timestamp
)
WHERE choice = 1
