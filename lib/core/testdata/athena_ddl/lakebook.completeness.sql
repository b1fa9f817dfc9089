CREATE EXTERNAL TABLE IF NOT EXISTS lakebook.completeness (
  `day` date,
  `expected` int,
  `present` int,
  `filled` int,
  `absent` int
)
PARTITIONED BY (symbol string, timeframe string)
STORED AS PARQUET
LOCATION 's3://some-bucket/lake/processed/completeness/days/'
TBLPROPERTIES (
  'parquet.compression' = 'SNAPPY',
  'projection.enabled' = 'true',
  'projection.symbol.type' = 'enum',
  'projection.symbol.values' = 'BTCUSD,ETHUSD',
  'projection.timeframe.type' = 'enum',
  'projection.timeframe.values' = '1m,3m,5m,15m,30m,1h,2h,4h,6h,12h,1d',
  'storage.location.template' = 's3://some-bucket/lake/processed/completeness/days/symbol=${symbol}/timeframe=${timeframe}/'
)
