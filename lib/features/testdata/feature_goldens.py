"""Writes feature_goldens.ndjson: made-up bars with holes, and what pandas and numpy make of them.

    python feature_goldens.py    # pandas 3.1.1, numpy 2.4
"""

import json
import os

import numpy as np
import pandas as pd

rng = np.random.default_rng(7)


def made_up(count, every, missing):
    """Bars of a random walk; some are missing."""
    close = 1000 * np.exp(np.cumsum(rng.normal(0, 0.01, count)))
    opening = np.concatenate([[1000.0], close[:-1]]) * np.exp(rng.normal(0, 0.001, count))
    top = np.maximum(opening, close) * np.exp(rng.exponential(0.004, count))
    bottom = np.minimum(opening, close) * np.exp(-rng.exponential(0.004, count))
    volume = rng.exponential(5, count)
    index = pd.date_range("2026-01-02", periods=count, freq=every)
    bars = pd.DataFrame({"open": opening, "high": top, "low": bottom, "close": close, "volume": volume}, index)
    bars = bars.round(2)
    return bars.drop(bars.index[missing])


def features(bars, every, windows):
    """The catalogue, on a grid without gaps in time."""
    bars = bars.asfreq(every)
    o, h, l, c = (bars[name] for name in ("open", "high", "low", "close"))
    park = np.log(h / l) / (2 * np.sqrt(np.log(2)))
    out = {
        "return_1": c.pct_change(fill_method=None),
        "log_return_1": np.log(c / c.shift(1)),
        "parkinson": park,
        "garman_klass": np.sqrt(0.5 * np.log(h / l) ** 2 - (2 * np.log(2) - 1) * np.log(c / o) ** 2),
        "rogers_satchell": np.sqrt(np.log(h / c) * np.log(h / o) + np.log(l / c) * np.log(l / o)),
        "drawdown": c / c.cummax() - 1,
        "day_of_week": pd.Series(bars.index.isocalendar().day, bars.index),
        "hour": pd.Series(bars.index.hour, bars.index),
    }
    for w in windows:
        out[f"ma_{w}"] = c.rolling(w).mean()
        out[f"volatility_{w}"] = out["return_1"].rolling(w).std()
        out[f"parkinson_mean_{w}"] = park.rolling(w).mean()
        out[f"drawdown_{w}"] = c / c.rolling(w).max() - 1
    return out


def resampled(bars, every, **options):
    """Longer bars; those that nothing went into have nulls."""
    groups = bars.resample(every, closed="left", label="left", **options)
    out = groups.agg({"open": "first", "high": "max", "low": "min", "close": "last"})
    out["volume"] = groups["volume"].sum(min_count=1)
    out["bars"] = groups["close"].count()
    return columns(out)


def columns(frame):
    """Columns as lists; NaN is null."""
    listed = {name: [None if pd.isna(x) else float(x) for x in frame[name]] for name in frame}
    return {"timestamp": [int(t.timestamp() * 1000) for t in frame.index], **listed}


def realised(bars):
    """Five-minute closes; returns into and out of a hole are left out."""
    five = bars["close"].resample("5min").last()
    change = np.log(five / five.shift(1))
    daily = (change**2).resample("1D").sum(min_count=1) ** 0.5
    returns = change.resample("1D").count()
    return columns(pd.DataFrame({"realised_volatility": daily.where(returns >= 0.9 * 288), "returns": returns}))


hours = made_up(240, "h", [50, 51, 52, 53, 54, 55, 56, 57, 120])
# Two days of minutes; ten hours of the second are missing, and a few minutes of the first.
minutes = made_up(2 * 1440, "min", list(range(1800, 2400)) + [30, 31, 32, 33, 34, 35, 36, 1000])
goldens = {
    "hours": columns(hours),
    "features": columns(pd.DataFrame(features(hours, "h", [2, 24]))),
    "four_hours": resampled(hours, "4h"),
    "weeks": resampled(hours, "W-MON"),
    "minutes": columns(minutes[["close"]]),
    "realised": realised(minutes),
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "feature_goldens.ndjson"), "w") as file:
    for name, golden in goldens.items():
        file.write(json.dumps({"name": name, "columns": golden}) + "\n")
