CREATE EXTERNAL TABLE IF NOT EXISTS crypto_analytics.price_history (
  `epoch_ms` bigint,
  `iso_ts` string,
  `price_usd` double,
  `source` string
)
PARTITIONED BY (symbol string, year int)
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
LOCATION 's3://some-bucket/lake/processed/price_history/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.symbol.type' = 'enum',
  'projection.symbol.values' = 'BTCUSD,ETHUSD',
  'projection.year.type' = 'integer',
  'projection.year.range' = '2009,2035',
  'storage.location.template' = 's3://some-bucket/lake/processed/price_history/symbol=${symbol}/year=${year}/'
)
