-- Silver: one candle per symbol and hour. Where bars of several lengths cover an hour, the finest ones are taken whole,
-- so that bars of different lengths never mix. An hour without a bar has no row. Where another source filled in bars,
-- both are named: bitstamp+coinbase.
WITH bars AS (
  SELECT
    symbol,
    timeframe,
    time - time % 3600000 AS hour_ms,
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
ranked AS (
  SELECT
    bars.*,
    row_number() OVER (
      PARTITION BY symbol, hour_ms
      ORDER BY CASE timeframe WHEN '1m' THEN 1 WHEN '3m' THEN 3 WHEN '5m' THEN 5 WHEN '15m' THEN 15
        WHEN '30m' THEN 30 ELSE 60 END
    ) AS choice
  FROM bars
)
SELECT hour_start, open, high, low, close, volume,
  CASE WHEN first_source = last_source THEN first_source ELSE concat(first_source, '+', last_source) END AS source,
  symbol, year(hour_start) AS year, month(hour_start) AS month
FROM (
  SELECT ranked.*, CAST(from_unixtime_nanos(hour_ms * 1000000) AS timestamp) AS hour_start
  FROM ranked
  WHERE choice = 1
)
