CREATE EXTERNAL TABLE IF NOT EXISTS crypto_gold.processed_partitioned (
  `day` date,
  `avg_price_usd` double,
  `min_price_usd` double,
  `max_price_usd` double
)
PARTITIONED BY (year int)
STORED AS PARQUET
LOCATION 's3://some-bucket/lake/analytics/daily_prices/'
TBLPROPERTIES (
  'parquet.compression' = 'SNAPPY',
  'projection.enabled' = 'true',
  'projection.year.type' = 'integer',
  'projection.year.range' = '2009,2035',
  'storage.location.template' = 's3://some-bucket/lake/analytics/daily_prices/year=${year}/'
)
