CREATE EXTERNAL TABLE IF NOT EXISTS crypto_analytics.ohlcv_hourly (
  `hour_start` timestamp,
  `open` double,
  `high` double,
  `low` double,
  `close` double,
  `volume` double,
  `source` string
)
PARTITIONED BY (symbol string, year int, month int)
STORED AS PARQUET
LOCATION 's3://some-bucket/lake/processed/ohlcv_hourly/'
TBLPROPERTIES (
  'parquet.compression' = 'SNAPPY',
  'projection.enabled' = 'true',
  'projection.symbol.type' = 'enum',
  'projection.symbol.values' = 'BTCUSD,ETHUSD',
  'projection.year.type' = 'integer',
  'projection.year.range' = '2009,2035',
  'projection.month.type' = 'integer',
  'projection.month.range' = '1,12',
  'projection.month.digits' = '2',
  'storage.location.template' = 's3://some-bucket/lake/processed/ohlcv_hourly/symbol=${symbol}/year=${year}/month=${month}/'
)
