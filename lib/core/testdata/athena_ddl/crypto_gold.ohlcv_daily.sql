CREATE EXTERNAL TABLE IF NOT EXISTS crypto_gold.ohlcv_daily (
  `day` date,
  `open` double,
  `high` double,
  `low` double,
  `close` double,
  `volume` double,
  `source` string
)
PARTITIONED BY (symbol string, year int)
STORED AS PARQUET
LOCATION 's3://some-bucket/lake/analytics/ohlcv_daily/'
TBLPROPERTIES (
  'parquet.compression' = 'SNAPPY',
  'projection.enabled' = 'true',
  'projection.symbol.type' = 'enum',
  'projection.symbol.values' = 'BTCUSD,ETHUSD',
  'projection.year.type' = 'integer',
  'projection.year.range' = '2009,2035',
  'storage.location.template' = 's3://some-bucket/lake/analytics/ohlcv_daily/symbol=${symbol}/year=${year}/'
)
