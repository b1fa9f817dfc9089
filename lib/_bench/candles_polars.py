"""The job of `candles_job.ts` in Python Polars: FILE OUT [sync].

Same input, same tables, same partitions: impossible rows are dropped, of bars with the same time the last one
stands, minutes are kept, hours and days are aggregated, one Snappy Parquet file a partition. With `sync` each file
and folder is synced to the disk, as Lakebook's commits are. Prints the peak memory in KiB.
"""

import os
import resource
import sys

import polars as pl

source, out = sys.argv[1:3]
sync = sys.argv[3:] == ["sync"]
numbers = {name: pl.Float64 for name in ("open", "close", "high", "low", "volume")}
bars = (
    pl.read_csv(source, schema_overrides={"time": pl.Int64, **numbers})
    .filter(
        (pl.col("low") > 0)
        & (pl.col("open") > 0)
        & (pl.col("close") > 0)
        & (pl.col("high") >= pl.col("low"))
        & (pl.col("volume") >= 0)
    )
    .unique(subset="time", keep="last", maintain_order=True)
    .sort("time")
    .with_columns(at=pl.from_epoch("time", time_unit="ms"))
)
candle = [
    pl.col("open").first(),
    pl.col("high").max(),
    pl.col("low").min(),
    pl.col("close").last(),
    pl.col("volume").sum(),
]
hourly = bars.group_by(hour_start=pl.col("at").dt.truncate("1h"), maintain_order=True).agg(candle)
daily = hourly.group_by(day=pl.col("hour_start").dt.date(), maintain_order=True).agg(candle)
prices = bars.group_by(day=pl.col("at").dt.date(), maintain_order=True).agg(
    avg_price_usd=pl.col("close").mean(),
    min_price_usd=pl.col("low").min(),
    max_price_usd=pl.col("high").max(),
)


def write(frame, name, keys):
    for values, part in frame.partition_by(keys, as_dict=True, include_key=False).items():
        folder = os.path.join(out, name, *(f"{key}={value:02d}" for key, value in zip(keys, values)))
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "part-0.parquet")
        part.write_parquet(path, compression="snappy")
        for written in (path, folder) if sync else ():
            handle = os.open(written, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)


minute = pl.col("at")
minutes = bars.select("at", "open", "high", "low", "close", "volume")
write(minutes.with_columns(year=minute.dt.year(), month=minute.dt.month()), "ohlcv_minute", ["year", "month"])
hour = pl.col("hour_start")
write(hourly.with_columns(year=hour.dt.year(), month=hour.dt.month()), "ohlcv_hourly", ["year", "month"])
write(daily.with_columns(year=pl.col("day").dt.year()), "ohlcv_daily", ["year"])
write(prices.with_columns(year=pl.col("day").dt.year()), "daily_prices", ["year"])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
