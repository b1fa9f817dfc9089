/**
 * Features of bars, each defined once, as a Polars expression: on a frame of {@linkcode ohlcvFrame} of any bar length,
 * or on any columns of prices. A feature of a bar uses that bar and `lookback_bars` before it, to the bit, and nothing
 * after it; where one of them is missing it is null, as it is before there are as many.
 */
import pl from "nodejs-polars";
import { windowMean, windowStd } from "./windows.ts";

/** A column that can be computed. */
export interface Feature {
  /** Column name. */
  name: string;
  /** How many bars before bar t its value may depend on; nothing after t, ever. */
  lookback_bars: number;
  /** In one sentence. */
  meaning: string;
  of: pl.Expr;
}

const open = pl.col("open"), high = pl.col("high"), low = pl.col("low"), close = pl.col("close");

/** `ln(close / close of the bar before)`. */
export function logReturn(price: pl.Expr = close): pl.Expr {
  return price.div(price.shift(1)).log();
}

/** `close / close of the bar before − 1`. */
export function simpleReturn(price: pl.Expr = close): pl.Expr {
  return price.div(price.shift(1)).minus(1);
}

/** Standard deviation (n − 1) of the newest `bars` relative changes. */
export function changeDeviation(bars: number, price: pl.Expr = close): pl.Expr {
  return windowStd(simpleReturn(price), bars);
}

/**
 * Parkinson's volatility: `ln(high / low) / √(4 ln 2)`, the standard deviation of the log price within the bar; about
 * five times as efficient as a squared return (Parkinson 1980, *Journal of Business* 53(1)). It needs a range alone, so
 * a day's least and greatest price will do. 0 where the bar has one price.
 */
export function parkinsonRange(least: pl.Expr = low, greatest: pl.Expr = high): pl.Expr {
  return greatest.div(least).log().div(2 * Math.sqrt(Math.LN2));
}

/** Garman and Klass's: `√(½ ln(high/low)² − (2 ln 2 − 1) ln(close/open)²)` (1980, *Journal of Business* 53(1)). */
export function garmanKlassRange(): pl.Expr {
  const range = high.div(low).log(), change = close.div(open).log();
  return root(range.mul(range).mul(0.5).minus(change.mul(change).mul(2 * Math.LN2 - 1)));
}

/**
 * Rogers and Satchell's, which a trend within the bar does not bias: `√(ln(high/close) ln(high/open) + ln(low/close)
 * ln(low/open))` (1991, *Annals of Applied Probability* 1(4)).
 */
export function rogersSatchellRange(): pl.Expr {
  const up = high.div(close).log().mul(high.div(open).log());
  return root(up.plus(low.div(close).log().mul(low.div(open).log())));
}

/** Null below zero, which takes an open or close outside of low and high. */
function root(square: pl.Expr): pl.Expr {
  return pl.when(square.gtEq(0)).then(square.pow(0.5)).otherwise(pl.lit(null));
}

/** How far the close lies below the highest of the newest `bars` closes: 0 at the top, −0.5 at half of it. */
export function drawdownWithin(bars: number): pl.Expr {
  return close.div(close.rollingMax(bars)).minus(1);
}

/** A month of days, a year of them, and so on: windows of the catalogue where nothing else is said. */
const WINDOWS = [7, 30];

/**
 * The catalogue for bars of one length.
 *
 * @param options.windows Bars of the moving averages, deviations, HAR terms and drawdowns; whole numbers from 2 on.
 * @throws {RangeError} for other windows.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const names = featureCatalogue({ windows: [7] }).map(({ name }) => name);
 * assertEquals(names.slice(2, 4), ["ma_7", "volatility_7"]);
 * ```
 */
export function featureCatalogue({ windows = WINDOWS }: { windows?: readonly number[] } = {}): Feature[] {
  const parkinson = parkinsonRange();
  const each = (make: (bars: number) => Feature) => windows.map(make);
  return [
    { name: "return_1", lookback_bars: 1, meaning: "close / close before − 1.", of: simpleReturn() },
    { name: "log_return_1", lookback_bars: 1, meaning: "ln(close / close before).", of: logReturn() },
    ...each((bars) => ({
      name: `ma_${bars}`,
      lookback_bars: bars - 1,
      meaning: `Mean close of ${bars} bars.`,
      of: windowMean(close, bars),
    })),
    ...each((bars) => ({
      name: `volatility_${bars}`,
      lookback_bars: bars,
      meaning: `Standard deviation (n − 1) of ${bars} relative changes.`,
      of: changeDeviation(bars),
    })),
    { name: "parkinson", lookback_bars: 0, meaning: "Parkinson's volatility of the bar.", of: parkinson },
    {
      name: "garman_klass",
      lookback_bars: 0,
      meaning: "Garman and Klass's volatility of the bar.",
      of: garmanKlassRange(),
    },
    {
      name: "rogers_satchell",
      lookback_bars: 0,
      meaning: "Rogers and Satchell's volatility of the bar.",
      of: rogersSatchellRange(),
    },
    ...each((bars) => ({
      name: `parkinson_mean_${bars}`,
      lookback_bars: bars - 1,
      meaning: `Its mean over ${bars} bars, a term of HAR (Corsi 2009).`,
      of: windowMean(parkinson, bars),
    })),
    ...each((bars) => ({
      name: `drawdown_${bars}`,
      lookback_bars: bars - 1,
      meaning: `close / highest close of ${bars} bars − 1.`,
      of: drawdownWithin(bars),
    })),
    {
      name: "drawdown",
      lookback_bars: Infinity,
      meaning: "close / highest close so far − 1.",
      of: close.div(close.cumMax()).minus(1),
    },
    {
      name: "day_of_week",
      lookback_bars: 0,
      meaning: "ISO day of the week in UTC, 1 = Monday to 7 = Sunday.",
      of: pl.col("timestamp").dt.weekday().cast(pl.Int32),
    },
    {
      name: "hour",
      lookback_bars: 0,
      meaning: "Hour of the day in UTC in which the bar starts, 0 to 23.",
      of: pl.col("timestamp").dt.hour().cast(pl.Int32),
    },
  ];
}

/**
 * Adds features to a frame of bars.
 *
 * @param frame Of `ohlcvFrame` or `resampleBars`: rows without gaps in time. A window longer than the frame gives nulls.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ohlcvFrame } from "./ohlcv_frame.ts";
 * const close = [100, 110, 99];
 * const bars = { timestamp: [0, 60_000, 120_000], open: close, high: close, low: close, close, volume: [1, 1, 1] };
 * const frame = withFeatures(ohlcvFrame(bars, "1m"), featureCatalogue({ windows: [2] }));
 * assertEquals([...frame.getColumn("ma_2").toArray()], [null, 105, 104.5]);
 * ```
 */
export function withFeatures(frame: pl.DataFrame, features: readonly Feature[]): pl.DataFrame {
  return frame.withColumns(...features.map(({ name, of }) => of.alias(name)));
}
