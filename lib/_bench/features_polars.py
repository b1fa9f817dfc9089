"""The same as features_job.ts in Python Polars, as a person would write it; see features_bench.ts.

Arguments: FILE. Prints seconds after the file was read, and a checksum.
"""

import json
import math
import sys
import time

import polars as pl

minutes = pl.read_parquet(sys.argv[1])
start = time.perf_counter()
c, o, h, l = (pl.col(name) for name in ("close", "open", "high", "low"))
daily = (
    minutes.group_by_dynamic("timestamp", every="1d")
    .agg(o.first(), h.max(), l.min(), c.last(), pl.col("volume").sum(), c.count().alias("bars"))
    .upsample("timestamp", every="1d", maintain_order=True)
)
change = c / c.shift(1) - 1
park = (h / l).log() / (2 * math.sqrt(math.log(2)))
windows = [7, 30]
daily = daily.with_columns(
    change.alias("return_1"),
    (c / c.shift(1)).log().alias("log_return_1"),
    *[c.rolling_mean(w).alias(f"ma_{w}") for w in windows],
    *[change.rolling_std(w).alias(f"volatility_{w}") for w in windows],
    park.alias("parkinson"),
    (0.5 * (h / l).log() ** 2 - (2 * math.log(2) - 1) * (c / o).log() ** 2).sqrt().alias("garman_klass"),
    ((h / c).log() * (h / o).log() + (l / c).log() * (l / o).log()).sqrt().alias("rogers_satchell"),
    *[park.rolling_mean(w).alias(f"parkinson_mean_{w}") for w in windows],
    *[(c / c.rolling_max(w) - 1).alias(f"drawdown_{w}") for w in windows],
    (c / c.cum_max() - 1).alias("drawdown"),
    pl.col("timestamp").dt.weekday().alias("day_of_week"),
    pl.col("timestamp").dt.hour().alias("hour"),
)
five = minutes.group_by_dynamic("timestamp", every="5m").agg(c.last()).upsample("timestamp", every="5m", maintain_order=True)
realised = (
    five.select("timestamp", (c / c.shift(1)).log().alias("change"))
    .group_by_dynamic("timestamp", every="1d")
    .agg((pl.col("change") ** 2).sum().sqrt().alias("realised_volatility"), pl.col("change").count().alias("returns"))
    .with_columns(pl.when(pl.col("returns") >= 0.9 * 288).then(pl.col("realised_volatility")).alias("realised_volatility"))
)
daily = daily.join(realised, on="timestamp", how="left")
seconds = time.perf_counter() - start
sums = [daily[name].sum() for name in ("volatility_30", "parkinson_mean_7", "drawdown_30", "realised_volatility")]
print(json.dumps({"seconds": seconds, "days": daily.height, "sums": sums}))
