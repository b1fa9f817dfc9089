CREATE EXTERNAL TABLE IF NOT EXISTS crypto_analytics.extra_values (
  `id` string,
  `source` string,
  `timestamp_ms` bigint,
  `column_name` string,
  `value` string,
  `origin` string
)
PARTITIONED BY (entity string, year int)
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
LOCATION 's3://some-bucket/lake/processed/extra_values/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.entity.type' = 'enum',
  'projection.entity.values' = 'candles,snapshots',
  'projection.year.type' = 'integer',
  'projection.year.range' = '2009,2035',
  'storage.location.template' = 's3://some-bucket/lake/processed/extra_values/entity=${entity}/year=${year}/'
)
