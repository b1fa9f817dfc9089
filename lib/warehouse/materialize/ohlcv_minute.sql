-- Silver: minutes as they are, each once. A minute without a trade has no row. `time` stays for whoever cuts the rows
-- into partitions; it is not stored.
SELECT time, minute_start, open, high, low, close, volume, source, symbol, year(minute_start) AS year,
  month(minute_start) AS month
FROM (
  SELECT raw.*, timestamp '1970-01-01 00:00:00' + (time / 60000) * interval '1' minute
    + (time / 1000 % 60) * interval '1' second AS minute_start
  FROM crypto_analytics.btcusd_raw AS raw
  WHERE timeframe = '1m'
)
