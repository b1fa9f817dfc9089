-- Silver: one candle per symbol and hour. Where bars of several lengths cover an hour, the finest ones are taken whole,
-- so that bars of different lengths never mix; but where finer bars begin inside an hour (after its first quarter, none of
-- their length in the hour before it) they do not cover it, and a longer bar that does comes first. An hour without a bar
-- has no row. Where another source filled in bars, both are named: bitstamp+coinbase.
WITH bars AS (
  SELECT
    symbol,
    timeframe,
    time - time % 3600000 AS hour_ms,
    min(time) % 3600000 AS first_ms,
    min_by(open, time) AS open,
    max(high) AS high,
    min(low) AS low,
    max_by(close, time) AS close,
    sum(volume) AS volume,
    min(source) AS first_source,
    max(source) AS last_source
  FROM crypto_analytics.btcusd_raw
  WHERE timeframe IN ('1m', '3m', '5m', '15m', '30m', '1h')
  GROUP BY symbol, timeframe, time - time % 3600000
),
-- A year is made without the others: of its first hour nobody asks what was before. Everything is put in one order, so
-- that a day's sum is the same whatever else is made beside it.
placed AS (
  SELECT
    bars.*,
    lag(symbol) OVER series = symbol AND lag(timeframe) OVER series = timeframe
      AND lag(hour_ms) OVER series = hour_ms - 3600000
      AND year(CAST(from_unixtime_nanos((hour_ms - 3600000) * 1000000) AS timestamp))
        = year(CAST(from_unixtime_nanos(hour_ms * 1000000) AS timestamp)) AS goes_on
  FROM bars
  WINDOW series AS (ORDER BY symbol, timeframe, hour_ms)
),
ranked AS (
  SELECT
    placed.*,
    row_number() OVER (
      PARTITION BY symbol, hour_ms
      ORDER BY CASE timeframe WHEN '1m' THEN 1 WHEN '3m' THEN 3 WHEN '5m' THEN 5 WHEN '15m' THEN 15
        WHEN '30m' THEN 30 ELSE 60 END
        + CASE WHEN first_ms >= 900000 AND NOT coalesce(goes_on, false) THEN 100 ELSE 0 END
    ) AS choice
  FROM placed
)
SELECT hour_start, open, high, low, close, volume,
  CASE WHEN first_source = last_source THEN first_source ELSE concat(first_source, '+', last_source) END AS source,
  symbol, year(hour_start) AS year, month(hour_start) AS month
FROM (
  SELECT ranked.*, CAST(from_unixtime_nanos(hour_ms * 1000000) AS timestamp) AS hour_start
  FROM ranked
  WHERE choice = 1
)
