-- The newest hour that holds a snapshot and the 167 hours before it: a row a coin and snapshot, with how many hours back
-- its hour lies. The newest two hours come from the snapshots themselves, older ones from analytics_prices; so an hour
-- must be materialized before it is two hours old, or it is missing here. Where an id stands twice in a snapshot, one
-- record is taken as in v_latest_snapshot. In each join the table stands first: so Athena works the hours out before it
-- reads the table, and opens their partitions only.
CREATE OR REPLACE VIEW crypto_gold.v_recent_prices AS
WITH hours AS (
  SELECT hours_back, hour_start, year(hour_start) AS year, month(hour_start) AS month, day(hour_start) AS day,
    hour(hour_start) AS hour
  FROM (
    SELECT hours_back, timestamp '1970-01-01 00:00:00' + (latest_timestamp / 3600 - hours_back) * interval '1' hour
      AS hour_start
    FROM crypto_gold.v_latest_partition
    CROSS JOIN UNNEST(sequence(0, 167)) AS back (hours_back)
  )
),
newest AS (
  SELECT h.hours_back, h.hour_start, p.id, p.symbol, p.name, p.current_price, p.market_cap, p.volume_24h,
    p.price_change_pct_24h, p."timestamp", p.source,
    row_number() OVER (
      PARTITION BY p.id, p."timestamp"
      ORDER BY p.market_cap DESC NULLS LAST, p.current_price DESC NULLS LAST, p.volume_24h DESC NULLS LAST,
        p.market_cap_rank ASC NULLS LAST, p.price_change_pct_1h DESC NULLS LAST,
        p.price_change_pct_24h DESC NULLS LAST, p.price_change_pct_7d DESC NULLS LAST, p.symbol ASC NULLS LAST,
        p.name ASC NULLS LAST
    ) AS choice
  FROM crypto_analytics.processed_prices AS p
  JOIN hours AS h
    ON p.year = h.year AND p.month = h.month AND p.day = h.day AND p.hour = h.hour
  WHERE h.hours_back < 2
)
SELECT hours_back, hour_start, id, symbol, name, current_price, market_cap, volume_24h, price_change_pct_24h,
  "timestamp", source
FROM newest
WHERE choice = 1
UNION ALL
SELECT h.hours_back, h.hour_start, a.id, a.symbol, a.name, a.current_price, a.market_cap, a.volume_24h,
  a.price_change_pct_24h, a."timestamp", a.source
FROM crypto_gold.analytics_prices AS a
JOIN hours AS h
  ON a.year = h.year AND a.month = h.month AND a.day = h.day AND a.hour = h.hour
WHERE h.hours_back >= 2
