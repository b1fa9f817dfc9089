CREATE EXTERNAL TABLE IF NOT EXISTS crypto_gold.analytics_prices (
  `id` string,
  `symbol` string,
  `name` string,
  `current_price` double,
  `market_cap` bigint,
  `market_cap_rank` int,
  `volume_24h` bigint,
  `price_change_pct_1h` double,
  `price_change_pct_24h` double,
  `price_change_pct_7d` double,
  `timestamp` bigint,
  `source` string
)
PARTITIONED BY (year int, month int, day int, hour int)
STORED AS PARQUET
LOCATION 's3://some-bucket/lake/analytics/market_prices/'
TBLPROPERTIES (
  'parquet.compression' = 'GZIP',
  'projection.enabled' = 'true',
  'projection.year.type' = 'integer',
  'projection.year.range' = '2020,2035',
  'projection.month.type' = 'integer',
  'projection.month.range' = '1,12',
  'projection.month.digits' = '2',
  'projection.day.type' = 'integer',
  'projection.day.range' = '1,31',
  'projection.day.digits' = '2',
  'projection.hour.type' = 'integer',
  'projection.hour.range' = '0,23',
  'projection.hour.digits' = '2',
  'storage.location.template' = 's3://some-bucket/lake/analytics/market_prices/year=${year}/month=${month}/day=${day}/hour=${hour}/'
)
