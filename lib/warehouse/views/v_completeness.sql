-- The completeness ledger as one row a stream: what should be there, what is, and why the rest is not.
CREATE OR REPLACE VIEW lakebook.v_completeness AS
WITH streams AS (
  SELECT symbol, timeframe, min("day") AS from_day, max("day") AS to_day, sum(expected) AS expected,
    sum(present) AS present, sum(filled) AS filled, sum(absent) AS absent
  FROM lakebook.completeness
  GROUP BY symbol, timeframe
),
causes AS (
  SELECT symbol, timeframe,
    sum(CASE WHEN cause = 'no_trade' THEN missing ELSE 0 END) AS no_trade,
    sum(CASE WHEN cause = 'source_offline' THEN missing ELSE 0 END) AS source_offline,
    sum(CASE WHEN cause = 'our_failure' THEN missing ELSE 0 END) AS our_failure,
    sum(CASE WHEN cause = 'plan_limit' THEN missing ELSE 0 END) AS plan_limit
  FROM lakebook.gaps
  GROUP BY symbol, timeframe
)
SELECT streams.symbol, streams.timeframe, from_day, to_day, CAST(expected AS bigint) AS expected,
  CAST(present AS bigint) AS present, CAST(filled AS bigint) AS filled, CAST(absent AS bigint) AS absent,
  CAST(coalesce(no_trade, 0) AS bigint) AS no_trade,
  CAST(coalesce(source_offline, 0) AS bigint) AS source_offline,
  CAST(coalesce(our_failure, 0) AS bigint) AS our_failure,
  CAST(coalesce(plan_limit, 0) AS bigint) AS plan_limit
FROM streams
LEFT JOIN causes ON causes.symbol = streams.symbol AND causes.timeframe = streams.timeframe
