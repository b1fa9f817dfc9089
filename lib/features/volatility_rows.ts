/** Daily candles into what forecasts of tomorrow's volatility are made from, with Polars. */
import pl from "nodejs-polars";
import { QualityError } from "../core/errors.ts";
import { DAY_MS } from "../core/time.ts";
import type { SeriesRows } from "./series_rows.ts";
import { parkinson } from "./volatility_proxy.ts";
import { windowMean } from "./windows.ts";

/** A UTC day of one market. */
export interface DailyCandle {
  /** `YYYY-MM-DD`. */
  day: string;
  open: number;
  high: number;
  low: number;
  close: number;
  /** Base coin. */
  volume: number;
}

/** A column that a model may be given. */
interface VolatilityColumn {
  name: string;
  /** How many calendar days before day t its value may depend on; nothing after t, ever. */
  lookback_days: number;
  meaning: string;
  of: pl.Expr;
}

/** A low this far below open and close, or a high so far above, that nobody can have traded there: a factor. */
const BAD_PRINT = 2;

/** Days without any movement count as this volatile, so that logarithms exist. */
const LEAST_VOLATILITY = 1e-4;

const vol = pl.col("vol_1"), logVol = pl.col("log_vol_1"), close = pl.col("close"), volume = pl.col("volume");
const logReturn = close.div(close.shift(1)).log();

/** Everything that is computed, in the order of the columns. */
export const VOLATILITY_COLUMNS: readonly VolatilityColumn[] = [
  { name: "vol_1", lookback_days: 0, meaning: "Parkinson's volatility of the day.", of: vol },
  { name: "vol_mean_7", lookback_days: 6, meaning: "Its mean over 7 days.", of: windowMean(vol, 7) },
  { name: "vol_mean_30", lookback_days: 29, meaning: "Its mean over 30 days.", of: windowMean(vol, 30) },
  { name: "log_vol_1", lookback_days: 0, meaning: "ln(vol_1).", of: logVol },
  {
    name: "log_vol_mean_7",
    lookback_days: 6,
    meaning: "Mean of ln(vol_1) over 7 days.",
    of: windowMean(logVol, 7),
  },
  {
    name: "log_vol_mean_30",
    lookback_days: 29,
    meaning: "The same over 30 days.",
    of: windowMean(logVol, 30),
  },
  {
    name: "log_vol_before_1",
    lookback_days: 1,
    meaning: "ln(vol_1) of the day before.",
    of: logVol.shift(1),
  },
  {
    name: "log_vol_before_2",
    lookback_days: 2,
    meaning: "The same of two days before.",
    of: logVol.shift(2),
  },
  {
    name: "log_vol_before_3",
    lookback_days: 3,
    meaning: "The same of three days before.",
    of: logVol.shift(3),
  },
  { name: "log_return_1", lookback_days: 1, meaning: "ln(close / close of the day before).", of: logReturn },
  { name: "abs_return_1", lookback_days: 1, meaning: "|log_return_1|.", of: logReturn.abs() },
  {
    name: "loss_1",
    lookback_days: 1,
    meaning: "log_return_1 where it is below zero, else zero.",
    of: logReturn.minus(logReturn.abs()).div(2),
  },
  {
    name: "log_volume_ratio",
    lookback_days: 29,
    meaning: "ln(volume / its mean over 30 days), both plus one coin.",
    of: volume.plus(1).div(windowMean(volume, 30).plus(1)).log(),
  },
  {
    name: "weekend_next",
    lookback_days: 0,
    meaning: "1 where the next day is a Saturday or Sunday in UTC.",
    of: pl.col("weekend_next"),
  },
];

/** What was done to the candles. */
export interface VolatilityRows {
  rows: SeriesRows;
  /** Prices that were taken for bad prints, and what stands in for them. */
  touched: { day: string; column: "high" | "low"; was: number; now: number }[];
  /** Days that have a candle and no row: a hole or the beginning lies in their windows. */
  left_out: string[];
}

/**
 * Computes the columns, and the volatility `horizon` days later as the target. A low more than twice below open and
 * close, or a high as far above, is winsorised to the nearer of both, and the record says so. A missing day empties
 * every window that touches it: such rows are left out.
 *
 * @param candles in order of days, each once.
 * @throws {QualityError} for days out of order or twice, and prices that are not positive numbers.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * const candles = Array.from({ length: 40 }, (_, i) => ({
 *   day: new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10),
 *   open: 100, high: 110, low: i === 35 ? 0.06 : 100, close: 105, volume: 5,
 * }));
 * const { rows, touched } = volatilityRows(candles);
 * assertEquals(touched, [{ day: "2026-02-05", column: "low", was: 0.06, now: 100 }]);
 * assertEquals([rows.days[0], rows.days.length], ["2026-01-30", 11]);
 * assertAlmostEquals(rows.target[0]!, 0.0572396, 1e-7);
 * ```
 */
export function volatilityRows(
  candles: readonly DailyCandle[],
  { horizon = 1 }: { horizon?: number } = {},
): VolatilityRows {
  const touched: VolatilityRows["touched"] = [];
  const byDay = new Map(candles.map((candle, i) => [dayNumber(candles, i), sound(candle, touched)]));
  const first = Math.min(...byDay.keys()), last = Math.max(...byDay.keys());
  const numbers = candles.length === 0 ? [] : Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const grid = numbers.map((number) => byDay.get(number) ?? null);
  const column = (of: (candle: DailyCandle) => number) => grid.map((candle) => candle && of(candle));
  const volatility = column(({ high, low }) => Math.max(LEAST_VOLATILITY, parkinson(low, high)));
  const frame = pl.DataFrame([
    pl.Series("day", numbers.map((number) => utcDayOf(number)), pl.String),
    pl.Series("close", column(({ close }) => close), pl.Float64),
    pl.Series("volume", column(({ volume }) => volume), pl.Float64),
    pl.Series("vol_1", volatility, pl.Float64),
    pl.Series("log_vol_1", volatility.map((value) => value && Math.log(value)), pl.Float64),
    // 1970-01-01 was a Thursday.
    pl.Series(
      "weekend_next",
      numbers.map((number) => (number + horizon + 4) % 7 % 6 === 0 ? 1 : 0),
      pl.Float64,
    ),
  ]).select(
    "day",
    ...VOLATILITY_COLUMNS.map(({ name, of }) => of.alias(name)),
    vol.shift(-horizon).alias("target"),
  );
  const values = VOLATILITY_COLUMNS.map(({ name }) => frame.getColumn(name).toArray() as (number | null)[]);
  const days = frame.getColumn("day").toArray() as string[];
  const target = frame.getColumn("target").toArray() as (number | null)[];
  const whole = days.map((_, i) => i).filter((i) => values.every((column) => column[i] !== null));
  return {
    rows: {
      days: whole.map((i) => days[i]!),
      columns: Object.fromEntries(
        VOLATILITY_COLUMNS.map(({ name }, at) => [name, Float64Array.from(whole, (i) => values[at]![i]!)]),
      ),
      target: Float64Array.from(whole, (i) => target[i] ?? NaN),
      horizon,
    },
    touched,
    left_out: days.filter((_, i) => grid[i] !== null && values.some((column) => column[i] === null)),
  };
}

/** Days since 1970 of a candle, which has to come after the one before it. */
function dayNumber(candles: readonly DailyCandle[], i: number): number {
  const { day } = candles[i]!;
  const number = Date.parse(day) / DAY_MS;
  if (Number.isInteger(number) && (i === 0 || day > candles[i - 1]!.day)) return number;
  throw new QualityError(
    `Cannot build features: "${day}" (candle ${i + 1}) is no day after "${
      candles[i - 1]?.day
    }", sort the days and give each once`,
  );
}

function utcDayOf(number: number): string {
  return new Date(number * DAY_MS).toISOString().slice(0, 10);
}

/** The candle with bad prints winsorised. */
function sound(candle: DailyCandle, touched: VolatilityRows["touched"]): DailyCandle {
  const { day, open, high, low, close, volume } = candle;
  if (![open, high, low, close].every((price) => Number.isFinite(price) && price > 0) || !(volume >= 0)) {
    throw new QualityError(
      `Cannot build features: on "${day}" a price is not a number above zero, or the volume is below it; ` +
        `take the day out`,
    );
  }
  const result = { ...candle };
  const least = Math.min(open, close), most = Math.max(open, close);
  if (low * BAD_PRINT < least) {
    touched.push({ day, column: "low", was: low, now: least });
    result.low = least;
  }
  if (high > most * BAD_PRINT) {
    touched.push({ day, column: "high", was: high, now: most });
    result.high = most;
  }
  return result;
}
