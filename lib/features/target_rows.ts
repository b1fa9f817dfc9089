/** Daily candles into what forecasts of tomorrow are made from, with Polars. */
import pl from "nodejs-polars";
import { QualityError } from "../core/errors.ts";
import { type TouchedPrint, winsoriseBadPrints } from "./bad_prints.ts";
import { type DailyCandle, dailyFrame } from "./daily_frame.ts";
import { type Feature, logReturn, parkinsonRange } from "./feature_catalogue.ts";
import type { SeriesRows } from "./series_rows.ts";
import { LEAST_VOLATILITY, type TargetName, TARGETS } from "./targets.ts";
import { windowMean } from "./windows.ts";

const vol = pl.col("vol_1"), logVol = pl.col("log_vol_1"), close = pl.col("close"), volume = pl.col("volume");

/** Everything that models are told of a day, in the order of the columns. */
export function dailyColumns(horizon: number): Feature[] {
  const feature = (name: string, lookback_bars: number, meaning: string, of: pl.Expr): Feature => ({
    ...{ name, lookback_bars, meaning, of },
  });
  // Days of the week, Monday = 1, that a Saturday or Sunday follows by so many days.
  const beforeWeekend = [6, 7].map((day) => (day - 1 + 7 * horizon - horizon) % 7 + 1);
  return [
    feature("vol_1", 0, "The day's volatility.", vol),
    feature("vol_mean_7", 6, "Its mean over 7 days.", windowMean(vol, 7)),
    feature("vol_mean_30", 29, "Its mean over 30 days.", windowMean(vol, 30)),
    feature("log_vol_1", 0, "ln(vol_1).", logVol),
    feature("log_vol_mean_7", 6, "Mean of ln(vol_1) over 7 days.", windowMean(logVol, 7)),
    feature("log_vol_mean_30", 29, "The same over 30 days.", windowMean(logVol, 30)),
    feature("log_vol_before_1", 1, "ln(vol_1) of the day before.", logVol.shift(1)),
    feature("log_vol_before_2", 2, "The same of two days before.", logVol.shift(2)),
    feature("log_vol_before_3", 3, "The same of three days before.", logVol.shift(3)),
    feature("log_return_1", 1, "ln(close / close of the day before).", logReturn()),
    feature("abs_return_1", 1, "|log_return_1|.", logReturn().abs()),
    feature(
      "loss_1",
      1,
      "log_return_1 where it is below zero, else zero.",
      logReturn().minus(logReturn().abs()).div(2),
    ),
    feature(
      "log_volume_ratio",
      29,
      "ln(volume / its mean over 30 days), both plus one coin.",
      volume.plus(1).div(windowMean(volume, 30).plus(1)).log(),
    ),
    feature(
      "weekend_next",
      0,
      "1 where the day of the target is a Saturday or Sunday in UTC.",
      pl.col("timestamp").dt.weekday().isIn(beforeWeekend).cast(pl.Float64),
    ),
    feature("close", 0, "The day's close.", close),
    feature(
      "past_return",
      horizon,
      "ln(close / close of as many days before as the target lies ahead).",
      close.div(close.shift(horizon)).log(),
    ),
  ];
}

/** Options of {@linkcode targetRows}. */
export interface TargetOptions {
  /** What is forecast; see `TARGETS`. */
  target?: TargetName;
  /** How many days ahead, 1 or more. */
  horizon?: number;
  /** Realised volatility by day, of `realisedVolatility`: what `vol_1` is made of where that is the target. */
  realised?: pl.DataFrame;
}

/** Rows, and what was done to the candles. */
export interface TargetRows {
  rows: SeriesRows;
  /** Lows and highs that cannot be, and what stands in for them. */
  touched: (Omit<TouchedPrint, "at"> & { day: string })[];
  /** Days that have a candle and no row: a hole or the beginning lies in their windows, or a hole where the target is. */
  left_out: string[];
  /** Of them those without volatility because they have one price only, whose target and windows are empty with them. */
  one_price: string[];
}

/**
 * Computes the columns, and the target `horizon` days later. A low more than twice below open and close, or one above
 * them, is winsorised to the lower of both, a high likewise, and the record says so. A missing day empties every window that
 * touches it, and so does a day with one price only, which has no volatility: such rows are left out, and those whose target
 * is missing amid the series. So a series that is shorter than
 * the longest window, 30 days, gives none. The newest rows, whose target is not known yet, stay.
 *
 * @param candles in order of days, each once.
 * @throws {QualityError} for days out of order or twice, prices that are not positive numbers, and realised volatility
 * that is asked for and not given.
 * @throws {RangeError} for a horizon that is no whole number from 1 on.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const candles = Array.from({ length: 40 }, (_, i) => ({
 *   day: new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10),
 *   open: 100, high: 110, low: i === 35 ? 0.06 : 100, close: 100 + i / 10, volume: 5,
 * }));
 * const { rows, touched } = targetRows(candles, { target: "price", horizon: 2 });
 * assertEquals(touched, [{ day: "2026-02-05", column: "low", was: 0.06, now: 100 }]);
 * assertEquals([rows.days[0], rows.days.length, rows.target[0]], ["2026-01-30", 11, 103.1]);
 * ```
 */
export function targetRows(
  candles: readonly DailyCandle[],
  { target = "volatility", horizon = 1, realised }: TargetOptions = {},
): TargetRows {
  if (!(Number.isInteger(horizon) && horizon >= 1)) {
    throw new RangeError(`Cannot forecast ${horizon} days ahead: give a whole number from 1 on`);
  }
  const { frame: bars, touched } = winsoriseBadPrints(dailyFrame(candles));
  const columns = dailyColumns(horizon);
  const measured = withVolatility(bars, target, realised);
  const frame = measured.select(
    pl.col("timestamp"),
    close.isNotNull().alias("has_candle"),
    pl.col("measure").ltEq(0).alias("one_price"),
    ...columns.map(({ name, of }) => of.alias(name)),
  ).withColumn(pl.col(TARGETS[target].today).shift(-horizon).alias("target"));
  const at = (name: string) => frame.getColumn(name).toArray() as unknown[];
  const days = (at("timestamp") as Date[]).map((time) => time.toISOString().slice(0, 10));
  const values = columns.map(({ name }) => at(name) as (number | null)[]);
  const later = at("target") as (number | null)[], hasCandle = at("has_candle"), onePrice = at("one_price");
  const lastKnown = later.findLastIndex((value) => value !== null);
  const isWhole = (i: number) =>
    values.every((column) => column[i] !== null) && (later[i] !== null || i > lastKnown);
  const whole = days.map((_, i) => i).filter(isWhole);
  return {
    rows: {
      days: whole.map((i) => days[i]!),
      columns: Object.fromEntries(
        columns.map(({ name }, c) => [name, Float64Array.from(whole, (i) => values[c]![i]!)]),
      ),
      target: Float64Array.from(whole, (i) => later[i] ?? NaN),
      horizon,
    },
    touched: touched.map(({ at, ...print }) => ({ day: at.slice(0, 10), ...print })),
    left_out: days.filter((_, i) => hasCandle[i] && !isWhole(i)),
    one_price: days.filter((_, i) => hasCandle[i] && onePrice[i]),
  };
}

/** Adds `vol_1` and its logarithm, and `measure`, what they are made from. */
function withVolatility(bars: pl.DataFrame, target: TargetName, realised?: pl.DataFrame): pl.DataFrame {
  if (target !== "realised_volatility") return floored(bars, parkinsonRange());
  if (realised === undefined) {
    throw new QualityError(
      "Cannot build features: daily candles do not tell realised volatility, give what realisedVolatility() " +
        "makes of minutes, or choose the target volatility",
    );
  }
  const days = realised.select("timestamp", "realised_volatility");
  return floored(bars.join(days, { on: "timestamp", how: "left" }), pl.col("realised_volatility"));
}

/** A day that did not move is one that nobody traded on, or of which one price is known: its volatility is unknown, not 0. */
function floored(bars: pl.DataFrame, of: pl.Expr): pl.DataFrame {
  const measure = pl.col("measure");
  return bars
    .withColumn(of.alias("measure"))
    .withColumn(
      pl.when(measure.gtEq(LEAST_VOLATILITY)).then(measure)
        .when(measure.gt(0)).then(pl.lit(LEAST_VOLATILITY))
        .otherwise(pl.lit(null)).alias("vol_1"),
    )
    .withColumn(vol.log().alias("log_vol_1"));
}
