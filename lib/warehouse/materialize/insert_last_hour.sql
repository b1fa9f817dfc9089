-- Gold: the snapshots of completed hours of a day (as a rule of one: the last), typed, each coin and slot once. Every
-- text is cast by TRY_CAST: what is not a plain number of its column's type becomes null, and a row without an id or a
-- time is left out. Where an id stands twice in a snapshot, one record is taken as in v_latest_snapshot. Coins and slots
-- that are there already are not inserted again, so a rerun inserts nothing, and a snapshot that came late is added.
INSERT INTO crypto_gold.analytics_prices (
  id, symbol, name, current_price, market_cap, market_cap_rank, volume_24h, price_change_pct_1h, price_change_pct_24h,
  price_change_pct_7d, "timestamp", source, year, month, day, hour
)
WITH typed AS (
  SELECT id, symbol, name,
    TRY_CAST(regexp_extract(current_price, '^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$') AS double) AS current_price,
    TRY_CAST(regexp_extract(market_cap, '^-?[0-9]+$') AS bigint) AS market_cap,
    TRY_CAST(regexp_extract(market_cap_rank, '^-?[0-9]+$') AS integer) AS market_cap_rank,
    TRY_CAST(regexp_extract(volume_24h, '^-?[0-9]+$') AS bigint) AS volume_24h,
    TRY_CAST(regexp_extract(price_change_pct_1h, '^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$') AS double)
      AS price_change_pct_1h,
    TRY_CAST(regexp_extract(price_change_pct_24h, '^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$') AS double)
      AS price_change_pct_24h,
    TRY_CAST(regexp_extract(price_change_pct_7d, '^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$') AS double)
      AS price_change_pct_7d,
    TRY_CAST(regexp_extract("timestamp", '^[0-9]+$') AS bigint) AS "timestamp",
    source, year, month, day, hour
  FROM crypto_analytics.processed_prices_raw
  WHERE year = ${year} AND month = ${month} AND day = ${day} AND hour BETWEEN ${first_hour} AND ${last_hour}
),
ranked AS (
  SELECT t.*, row_number() OVER (
    PARTITION BY t.hour, t.id, t."timestamp"
    ORDER BY t.market_cap DESC NULLS LAST, t.current_price DESC NULLS LAST, t.volume_24h DESC NULLS LAST,
      t.market_cap_rank ASC NULLS LAST, t.price_change_pct_1h DESC NULLS LAST, t.price_change_pct_24h DESC NULLS LAST,
      t.price_change_pct_7d DESC NULLS LAST, t.symbol ASC NULLS LAST, t.name ASC NULLS LAST
  ) AS choice
  FROM typed AS t
  WHERE t.id IS NOT NULL AND t."timestamp" IS NOT NULL
)
SELECT r.id, r.symbol, r.name, r.current_price, r.market_cap, r.market_cap_rank, r.volume_24h, r.price_change_pct_1h,
  r.price_change_pct_24h, r.price_change_pct_7d, r."timestamp", r.source, r.year, r.month, r.day, r.hour
FROM ranked AS r
LEFT JOIN crypto_gold.analytics_prices AS a
  ON a.year = ${year} AND a.month = ${month} AND a.day = ${day} AND a.hour BETWEEN ${first_hour} AND ${last_hour}
  AND a.hour = r.hour AND a.id = r.id AND a."timestamp" = r."timestamp"
WHERE r.choice = 1 AND a.id IS NULL
