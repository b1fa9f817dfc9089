CREATE EXTERNAL TABLE IF NOT EXISTS crypto_analytics.price_ticks (
  `epoch_ms` bigint,
  `iso_ts` string,
  `price_usd` double,
  `source` string
)
PARTITIONED BY (symbol string, year int, month int, day int)
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
LOCATION 's3://some-bucket/lake/processed/price_ticks/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.symbol.type' = 'enum',
  'projection.symbol.values' = 'BTCUSD,ETHUSD',
  'projection.year.type' = 'integer',
  'projection.year.range' = '2020,2035',
  'projection.month.type' = 'integer',
  'projection.month.range' = '1,12',
  'projection.month.digits' = '2',
  'projection.day.type' = 'integer',
  'projection.day.range' = '1,31',
  'projection.day.digits' = '2',
  'storage.location.template' = 's3://some-bucket/lake/processed/price_ticks/symbol=${symbol}/year=${year}/month=${month}/day=${day}/'
)
