-- Bitcoin per UTC day, from processed_partitioned: mean, lowest and highest price, and the mean's change in percent on
-- the day before; null where the day before is missing. A day stands once. The newest day may still be growing.
CREATE OR REPLACE VIEW crypto_gold.v_btc_daily AS
SELECT day, avg_price_usd, min_price_usd, max_price_usd,
  CASE WHEN previous_day = day - interval '1' day THEN (avg_price_usd / previous_avg - 1) * 100 END AS change_pct
FROM (
  SELECT p.*, lag(p.day) OVER (ORDER BY p.day) AS previous_day, lag(p.avg_price_usd) OVER (ORDER BY p.day) AS previous_avg
  FROM crypto_gold.processed_partitioned AS p
)
ORDER BY day
