-- Gold, from silver: one candle per symbol and UTC day, from the hourly candles; days that only longer bars cover are
-- taken from those.
WITH days AS (
  SELECT
    symbol,
    CAST(hour_start AS date) AS day,
    1 AS preference,
    min_by(open, hour_start) AS open,
    max(high) AS high,
    min(low) AS low,
    max_by(close, hour_start) AS close,
    sum(volume) AS volume,
    min(source) AS first_source,
    max(source) AS last_source
  FROM crypto_analytics.ohlcv_hourly
  GROUP BY symbol, CAST(hour_start AS date)
  UNION ALL
  SELECT
    symbol,
    CAST(bar_start AS date) AS day,
    CASE timeframe WHEN '2h' THEN 2 WHEN '4h' THEN 4 WHEN '6h' THEN 6 WHEN '12h' THEN 12 ELSE 24 END AS preference,
    min_by(open, bar_start) AS open,
    max(high) AS high,
    min(low) AS low,
    max_by(close, bar_start) AS close,
    sum(volume) AS volume,
    min(source) AS first_source,
    max(source) AS last_source
  FROM crypto_analytics.ohlcv_bars
  WHERE timeframe IN ('2h', '4h', '6h', '12h', '1d')
  GROUP BY symbol, timeframe, CAST(bar_start AS date)
),
ranked AS (
  SELECT days.*, row_number() OVER (PARTITION BY symbol, day ORDER BY preference) AS choice
  FROM days
)
SELECT day, open, high, low, close, volume,
  CASE WHEN first_source = last_source THEN first_source
    WHEN strpos(last_source, first_source) > 0 THEN last_source
    WHEN strpos(first_source, last_source) > 0 THEN first_source
    ELSE concat(first_source, '+', last_source) END AS source,
  symbol, year(day) AS year
FROM ranked
WHERE choice = 1
