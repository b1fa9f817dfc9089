-- Gold: one candle per symbol and UTC day, from the hourly candles; days that only coarser input covers
-- are taken from that input.
WITH hourly AS (
  SELECT
    symbol,
    source,
    CAST(hour_start AS date) AS day,
    min_by(open, hour_start) AS open,
    max(high) AS high,
    min(low) AS low,
    max_by(close, hour_start) AS close,
    sum(volume) AS volume,
    1 AS preference
  FROM crypto_analytics.ohlcv_hourly
  GROUP BY symbol, source, CAST(hour_start AS date)
),
coarse AS (
  SELECT
    symbol,
    source,
    CAST(from_unixtime((time - time % 86400000) / 1000) AS date) AS day,
    min_by(open, time) AS open,
    max(high) AS high,
    min(low) AS low,
    max_by(close, time) AS close,
    sum(volume) AS volume,
    CASE timeframe WHEN '2h' THEN 2 WHEN '4h' THEN 4 WHEN '6h' THEN 6 WHEN '12h' THEN 12 ELSE 24 END AS preference
  FROM crypto_analytics.btcusd_raw
  WHERE timeframe IN ('2h', '4h', '6h', '12h', '1d')
  GROUP BY symbol, source, timeframe, CAST(from_unixtime((time - time % 86400000) / 1000) AS date)
),
ranked AS (
  SELECT both_inputs.*, row_number() OVER (PARTITION BY symbol, day ORDER BY preference, source) AS choice
  FROM (SELECT * FROM hourly UNION ALL SELECT * FROM coarse) AS both_inputs
)
SELECT day, open, high, low, close, volume, source, symbol, year(day) AS year
FROM ranked
WHERE choice = 1
