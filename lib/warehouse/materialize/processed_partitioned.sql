-- Gold, from silver: Bitcoin per UTC day: mean of close, lowest low, highest high. Candles come first, the finest ones
-- that cover the day: those in as many of its hours as there are hourly candles, and with the same range. So lowest and
-- highest are those of ohlcv_daily, also where minutes begin late in a day of hourly bars. Days that no candle covers are
-- filled from ticks, then from price samples (CoinGecko's market chart).
WITH candles AS (
  SELECT
    CAST(minute_start AS date) AS day,
    1 AS preference,
    count(DISTINCT hour(minute_start)) AS hours,
    avg(close) AS avg_price_usd,
    min(low) AS min_price_usd,
    max(high) AS max_price_usd
  FROM crypto_analytics.ohlcv_minute
  WHERE symbol = 'BTCUSD'
  GROUP BY CAST(minute_start AS date)
  UNION ALL
  SELECT
    CAST(bar_start AS date) AS day,
    CASE timeframe WHEN '3m' THEN 3 WHEN '5m' THEN 5 WHEN '15m' THEN 15 WHEN '30m' THEN 30 WHEN '2h' THEN 120
      WHEN '4h' THEN 240 WHEN '6h' THEN 360 WHEN '12h' THEN 720 ELSE 1440 END AS preference,
    count(DISTINCT hour(bar_start)) AS hours,
    avg(close) AS avg_price_usd,
    min(low) AS min_price_usd,
    max(high) AS max_price_usd
  FROM crypto_analytics.ohlcv_bars
  WHERE symbol = 'BTCUSD'
  GROUP BY CAST(bar_start AS date), timeframe
  UNION ALL
  SELECT
    CAST(hour_start AS date) AS day,
    60 AS preference,
    count(*) AS hours,
    avg(close) AS avg_price_usd,
    min(low) AS min_price_usd,
    max(high) AS max_price_usd
  FROM crypto_analytics.ohlcv_hourly
  WHERE symbol = 'BTCUSD'
  GROUP BY CAST(hour_start AS date)
),
beside_hours AS (
  SELECT candles.*,
    max(CASE WHEN preference = 60 THEN hours END) OVER (PARTITION BY day) AS all_hours,
    max(CASE WHEN preference = 60 THEN min_price_usd END) OVER (PARTITION BY day) AS lowest,
    max(CASE WHEN preference = 60 THEN max_price_usd END) OVER (PARTITION BY day) AS highest
  FROM candles
),
days AS (
  SELECT day, preference, '' AS source, avg_price_usd, min_price_usd, max_price_usd
  FROM beside_hours
  WHERE all_hours IS NULL OR preference >= 60
    OR (hours = all_hours AND min_price_usd = lowest AND max_price_usd = highest)
  UNION ALL
  SELECT
    CAST(from_unixtime(epoch_ms / 1000) AS date) AS day,
    9000 AS preference,
    source,
    avg(price_usd) AS avg_price_usd,
    min(price_usd) AS min_price_usd,
    max(price_usd) AS max_price_usd
  FROM crypto_analytics.price_ticks
  WHERE symbol = 'BTCUSD'
  GROUP BY CAST(from_unixtime(epoch_ms / 1000) AS date), source
  UNION ALL
  SELECT
    CAST(from_unixtime(epoch_ms / 1000) AS date) AS day,
    9999 AS preference,
    source,
    avg(price_usd) AS avg_price_usd,
    min(price_usd) AS min_price_usd,
    max(price_usd) AS max_price_usd
  FROM crypto_analytics.price_history
  WHERE symbol = 'BTCUSD'
  GROUP BY CAST(from_unixtime(epoch_ms / 1000) AS date), source
),
ranked AS (
  SELECT days.*, row_number() OVER (PARTITION BY day ORDER BY preference, source) AS choice
  FROM days
)
SELECT day, avg_price_usd, min_price_usd, max_price_usd, year(day) AS year
FROM ranked
WHERE choice = 1
