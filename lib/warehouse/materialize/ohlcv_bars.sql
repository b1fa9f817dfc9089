-- Silver: bars of other lengths than a minute and an hour, each once. `time` is not stored.
SELECT time, bar_start, open, high, low, close, volume, source, symbol, timeframe, year(bar_start) AS year
FROM (
  SELECT raw.*, timestamp '1970-01-01 00:00:00' + (time / 60000) * interval '1' minute
    + (time / 1000 % 60) * interval '1' second AS bar_start
  FROM crypto_analytics.btcusd_raw AS raw
  WHERE timeframe NOT IN ('1m', '1h')
)
