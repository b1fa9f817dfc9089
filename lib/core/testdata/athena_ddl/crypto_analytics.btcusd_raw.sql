CREATE EXTERNAL TABLE IF NOT EXISTS crypto_analytics.btcusd_raw (
  `time` bigint,
  `open` double,
  `close` double,
  `high` double,
  `low` double,
  `volume` double
)
PARTITIONED BY (symbol string, source string, timeframe string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
WITH SERDEPROPERTIES ('separatorChar' = ',', 'quoteChar' = '"', 'escapeChar' = '\\')
LOCATION 's3://some-bucket/lake/raw/ohlcv/'
TBLPROPERTIES (
  'skip.header.line.count' = '1',
  'projection.enabled' = 'true',
  'projection.symbol.type' = 'enum',
  'projection.symbol.values' = 'BTCUSD,ETHUSD',
  'projection.source.type' = 'enum',
  'projection.source.values' = 'binance,bitstamp,coinbase,csv,demo,kraken',
  'projection.timeframe.type' = 'enum',
  'projection.timeframe.values' = '1m,3m,5m,15m,30m,1h,2h,4h,6h,12h,1d',
  'storage.location.template' = 's3://some-bucket/lake/raw/ohlcv/symbol=${symbol}/source=${source}/timeframe=${timeframe}/'
)
