-- Gold: Bitcoin per UTC day: mean of close, lowest low, highest high. Candles come first, the finest ones that
-- cover the day; days that no candle covers are filled from ticks, then from price samples (CoinGecko's market chart).
WITH days AS (
  SELECT
    (time - time % 86400000) / 1000 AS day_s,
    CASE timeframe WHEN '1m' THEN 1 WHEN '3m' THEN 3 WHEN '5m' THEN 5 WHEN '15m' THEN 15 WHEN '30m' THEN 30
      WHEN '1h' THEN 60 WHEN '2h' THEN 120 WHEN '4h' THEN 240 WHEN '6h' THEN 360 WHEN '12h' THEN 720
      ELSE 1440 END AS preference,
    source,
    avg(close) AS avg_price_usd,
    min(low) AS min_price_usd,
    max(high) AS max_price_usd
  FROM crypto_analytics.btcusd_raw
  WHERE symbol = 'BTCUSD'
  GROUP BY (time - time % 86400000) / 1000, timeframe, source
  UNION ALL
  SELECT
    (epoch_ms - epoch_ms % 86400000) / 1000 AS day_s,
    9000 AS preference,
    source,
    avg(price_usd) AS avg_price_usd,
    min(price_usd) AS min_price_usd,
    max(price_usd) AS max_price_usd
  FROM crypto_analytics.price_ticks
  WHERE symbol = 'BTCUSD'
  GROUP BY (epoch_ms - epoch_ms % 86400000) / 1000, source
  UNION ALL
  SELECT
    (epoch_ms - epoch_ms % 86400000) / 1000 AS day_s,
    9999 AS preference,
    source,
    avg(price_usd) AS avg_price_usd,
    min(price_usd) AS min_price_usd,
    max(price_usd) AS max_price_usd
  FROM crypto_analytics.price_history
  WHERE symbol = 'BTCUSD'
  GROUP BY (epoch_ms - epoch_ms % 86400000) / 1000, source
),
ranked AS (
  SELECT days.*, row_number() OVER (PARTITION BY day_s ORDER BY preference, source) AS choice
  FROM days
)
SELECT day, avg_price_usd, min_price_usd, max_price_usd, year(day) AS year
FROM (SELECT ranked.*, CAST(from_unixtime(day_s) AS date) AS day FROM ranked WHERE choice = 1)
