CREATE EXTERNAL TABLE IF NOT EXISTS crypto_analytics.ohlcv_bars (
  `bar_start` timestamp,
  `open` double,
  `high` double,
  `low` double,
  `close` double,
  `volume` double,
  `source` string
)
PARTITIONED BY (symbol string, timeframe string, year int)
STORED AS PARQUET
LOCATION 's3://some-bucket/lake/processed/ohlcv_bars/'
TBLPROPERTIES (
  'parquet.compression' = 'SNAPPY',
  'projection.enabled' = 'true',
  'projection.symbol.type' = 'enum',
  'projection.symbol.values' = 'BTCUSD,ETHUSD',
  'projection.timeframe.type' = 'enum',
  'projection.timeframe.values' = '1m,3m,5m,15m,30m,1h,2h,4h,6h,12h,1d',
  'projection.year.type' = 'integer',
  'projection.year.range' = '2009,2035',
  'storage.location.template' = 's3://some-bucket/lake/processed/ohlcv_bars/symbol=${symbol}/timeframe=${timeframe}/year=${year}/'
)
