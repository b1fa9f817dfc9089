CREATE EXTERNAL TABLE IF NOT EXISTS lakebook.replaced (
  `bar_start` timestamp,
  `open` double,
  `high` double,
  `low` double,
  `close` double,
  `volume` double,
  `source` string,
  `replaced_at` timestamp,
  `run_id` string
)
PARTITIONED BY (table_name string, symbol string)
STORED AS PARQUET
LOCATION 's3://some-bucket/lake/processed/replaced/'
TBLPROPERTIES (
  'parquet.compression' = 'SNAPPY',
  'projection.enabled' = 'true',
  'projection.table_name.type' = 'enum',
  'projection.table_name.values' = 'ohlcv_minute,ohlcv_bars,ohlcv_hourly,ohlcv_daily',
  'projection.symbol.type' = 'enum',
  'projection.symbol.values' = 'BTCUSD,ETHUSD',
  'storage.location.template' = 's3://some-bucket/lake/processed/replaced/table_name=${table_name}/symbol=${symbol}/'
)
