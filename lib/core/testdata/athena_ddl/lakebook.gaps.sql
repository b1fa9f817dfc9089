CREATE EXTERNAL TABLE IF NOT EXISTS lakebook.gaps (
  `gap_from` timestamp,
  `gap_to` timestamp,
  `missing` bigint,
  `cause` string,
  `evidence` string
)
PARTITIONED BY (symbol string, timeframe string)
STORED AS PARQUET
LOCATION 's3://some-bucket/lake/processed/completeness/gaps/'
TBLPROPERTIES (
  'parquet.compression' = 'SNAPPY',
  'projection.enabled' = 'true',
  'projection.symbol.type' = 'enum',
  'projection.symbol.values' = 'BTCUSD,ETHUSD',
  'projection.timeframe.type' = 'enum',
  'projection.timeframe.values' = '1m,3m,5m,15m,30m,1h,2h,4h,6h,12h,1d',
  'storage.location.template' = 's3://some-bucket/lake/processed/completeness/gaps/symbol=${symbol}/timeframe=${timeframe}/'
)
