"""The job of `candles_job.ts` in Python Polars: FILE OUT [sync] [whole].

Same input, same tables, same partitions: impossible rows are dropped, of bars with the same time the last one
stands, minutes are kept, hours and days are aggregated, one Snappy Parquet file a partition. With `sync` each file
and folder is synced to the disk, as Lakebook's commits are. Prints the peak memory in KiB.

With `whole` it does of the rest of `backfill` what Polars has the means for: the exact bytes in `raw/`, a hash of each
file, and of the minutes as they were written counts by month, rows that contradict themselves, prices that stand alone
(the first filter only, no medians), stale runs, the gaps between minutes, and the minutes of each day. It judges no
gap, keeps no ledger of what was done, draws no page, and what a crash leaves is anybody's guess.
"""

import hashlib
import json
import os
import resource
import shutil
import sys

import polars as pl

source, out = sys.argv[1:3]
sync, whole = "sync" in sys.argv[3:], "whole" in sys.argv[3:]
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


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def alone(price, others, sign):
    """Rows whose price is far below (sign 1) or above (sign -1) the two beside it, on both sides."""
    away = 8 * 0.02 * 0.5
    nearest = pl.max_horizontal if sign == 1 else pl.min_horizontal
    log = pl.col(price).log() * sign
    sides = [nearest(pl.col(price).shift(places[0]), pl.col(price).shift(places[1])) for places in others]
    return pl.all_horizontal(log + away <= side.log() * sign for side in sides)


def check():
    """Reads the minutes as they were written, and reports what is odd in them."""
    prices = ["open", "high", "low", "close"]
    bars = pl.read_parquet(os.path.join(out, "ohlcv_minute/**/*.parquet"), hive_partitioning=False).sort("at")
    month, still = pl.col("at").dt.truncate("1mo"), pl.col("volume") == 0
    flat = (pl.col("open") == pl.col("close")) & (pl.col("low") == pl.col("high"))
    months = bars.group_by(month=month, maintain_order=True).agg(
        rows=pl.len(), zero_volume=still.sum(), filled=(still & flat).sum()
    )
    outside = [(pl.col(name) > pl.col("high")) | (pl.col(name) < pl.col("low")) for name in ("open", "close")]
    odd = bars.select(
        null_volume=pl.col("volume").is_null().sum(),
        negative=((pl.col("low") < 0) | (pl.col("volume") < 0)).sum(),
        inconsistent=(outside[0] | outside[1]).sum(),
        off_grid=(pl.col("at").dt.epoch("ms") % 60_000 != 0).sum(),
    )
    extremes = bars.select("at", lowest=pl.min_horizontal(prices), highest=pl.max_horizontal(prices))
    sides = ((1, 2), (-1, -2))
    suspects = extremes.filter(alone("lowest", sides, 1) | alone("highest", sides, -1))
    runs = bars.select("volume", run=pl.struct([*prices, "volume"]).rle_id()).filter(pl.col("volume") != 0)
    stale = runs.group_by("run").agg(bars=pl.len()).filter(pl.col("bars") >= 5)
    gaps = (
        bars.select(gap_from=pl.col("at") + pl.duration(minutes=1), gap_to=pl.col("at").shift(-1))
        .filter(pl.col("gap_to") > pl.col("gap_from"))
        .with_columns(missing=(pl.col("gap_to") - pl.col("gap_from")).dt.total_minutes())
    )
    days = bars.group_by(day=pl.col("at").dt.date(), maintain_order=True).agg(present=pl.len())
    for name, frame in (("gaps", gaps), ("days", days)):
        os.makedirs(os.path.join(out, "completeness", name))
        frame.write_parquet(os.path.join(out, "completeness", name, "part-0.parquet"), compression="snappy")
    return {
        "months": months.with_columns(pl.col("month").dt.to_string()).to_dicts(),
        **odd.to_dicts()[0],
        "suspects": len(suspects),
        "stale_runs": len(stale),
        "gaps": len(gaps),
        "missing": gaps["missing"].sum(),
    }


if whole:
    raw = os.path.join(out, "raw")
    os.makedirs(raw)
    shutil.copyfile(source, os.path.join(raw, os.path.basename(source)))
    written = [os.path.join(folder, name) for folder, _, names in os.walk(out) for name in names]
    report = {"files": {path: digest(path) for path in written}, **check()}
    with open(os.path.join(out, "report.json"), "w") as file:
        json.dump(report, file)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
