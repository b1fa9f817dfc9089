-- Daily candles of every symbol, from ohlcv_daily, with the close's change in percent on the day before and the day's
-- range in percent of its low; null where the day before is missing, or the divisor is 0.
CREATE OR REPLACE VIEW crypto_gold.v_ohlcv_daily AS
SELECT symbol, day, open, high, low, close, volume,
  CASE WHEN previous_day = day - interval '1' day THEN (close / nullif(previous_close, 0) - 1) * 100 END AS change_pct,
  (high / nullif(low, 0) - 1) * 100 AS range_pct, source
FROM (
  SELECT d.*, lag(d.day) OVER (PARTITION BY d.symbol ORDER BY d.day) AS previous_day,
    lag(d.close) OVER (PARTITION BY d.symbol ORDER BY d.day) AS previous_close
  FROM crypto_gold.ohlcv_daily AS d
)
ORDER BY symbol, day
