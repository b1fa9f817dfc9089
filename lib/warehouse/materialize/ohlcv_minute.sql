-- Silver: minutes as they are, each once. A minute without a trade has no row. `time` stays for whoever cuts the rows
-- into partitions; it is not stored.
SELECT time, minute_start, open, high, low, close, volume, source, symbol, year(minute_start) AS year,
  month(minute_start) AS month
FROM (
  SELECT raw.*, CAST(from_unixtime_nanos(time * 1000000) AS timestamp) AS minute_start
  FROM crypto_analytics.btcusd_raw AS raw
  WHERE timeframe = '1m'
)
