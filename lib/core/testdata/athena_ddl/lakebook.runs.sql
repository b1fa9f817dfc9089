CREATE EXTERNAL TABLE IF NOT EXISTS lakebook.runs (
  `run_id` string,
  `command` string,
  `step` string,
  `unit` string,
  `status` string,
  `started_at` timestamp,
  `ended_at` timestamp,
  `requests` int,
  `rows_in` bigint,
  `rows_out` bigint,
  `detail` string,
  `inputs` string,
  `outputs` string
)
PARTITIONED BY (day date)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
LOCATION 's3://some-bucket/lake/_ledger/runs/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.day.type' = 'date',
  'projection.day.range' = '2020-01-01,NOW',
  'projection.day.format' = 'yyyy-MM-dd',
  'projection.day.interval' = '1',
  'projection.day.interval.unit' = 'DAYS',
  'storage.location.template' = 's3://some-bucket/lake/_ledger/runs/day=${day}/'
)
