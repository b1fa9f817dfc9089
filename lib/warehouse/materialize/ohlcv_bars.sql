-- Silver: bars of other lengths than a minute and an hour, each once. `time` is not stored.
SELECT time, bar_start, open, high, low, close, volume, source, symbol, timeframe, year(bar_start) AS year
FROM (
  SELECT raw.*, CAST(from_unixtime_nanos(time * 1000000) AS timestamp) AS bar_start
  FROM crypto_analytics.btcusd_raw AS raw
  WHERE timeframe NOT IN ('1m', '1h')
)
