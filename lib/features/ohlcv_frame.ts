/** Bars as a Polars frame that features may be computed on: checked, in order, with every bar in its place. */
import pl from "nodejs-polars";
import { QualityError } from "../core/errors.ts";
import { timeframe } from "./timeframe.ts";

/** The columns of a frame of bars: `timestamp` is the bar's start (`Datetime("ms")`, UTC), the others are numbers. */
export const OHLCV_COLUMNS = ["timestamp", "open", "high", "low", "close", "volume"] as const;

const PRICES = ["open", "high", "low", "close"] as const;

/** Bars as columns of equal length; `timestamp` in epoch milliseconds. */
export type OhlcvColumns =
  & { timestamp: ArrayLike<number> }
  & Record<Exclude<typeof OHLCV_COLUMNS[number], "timestamp">, ArrayLike<number | null>>;

/**
 * Makes a frame of bars: checks it and puts a row of nulls in the place of every bar that is missing between the first
 * and the last one. Other columns are dropped.
 *
 * @param bars In order of time; as a frame (`timestamp` as a time, or as whole milliseconds) or as columns.
 * @param every Length of a bar: `1m`, `1h`, `1d`.
 * @throws {QualityError} for a missing column, bars out of order or twice or between two starts, and prices that are not
 * numbers above zero. It names the first such bar. An open or close outside of low and high is for `winsoriseBadPrints`.
 *
 * @example A hole stays a hole
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const price = [100, 110, 121];
 * const frame = ohlcvFrame({
 *   timestamp: [0, 60_000, 180_000], open: price, high: price, low: price, close: price, volume: [1, 1, 1],
 * }, "1m");
 * assertEquals([...frame.getColumn("close").toArray()], [100, 110, null, 121]);
 * ```
 */
export function ohlcvFrame(bars: pl.DataFrame | OhlcvColumns, every: string): pl.DataFrame {
  const { ms, origin_ms } = timeframe(every);
  const frame = soundBars(asFrame(bars));
  if (frame.height === 0) return frame;
  refuseFirst(frame, [{
    when: time().minus(whole(origin_ms)).modulo(whole(ms)).neq(whole(0)),
    problem: `does not start a bar of ${every}, resample it`,
  }]);
  const grid = frame.upsample({ timeColumn: "timestamp", every, maintainOrder: true });
  SOUND.add(grid);
  return grid;
}

/** A reason to refuse a bar. */
interface Fault {
  when: pl.Expr;
  problem: string;
}

/** Frames that were found sound, so that bars which are used twice are checked once. */
const SOUND = new WeakSet<pl.DataFrame>();

/**
 * {@linkcode ohlcvFrame} without its grid: for bars that are aggregated anyway. A frame that it has made passes
 * unchecked, so give what it gives to all that asks for bars.
 *
 * @throws {QualityError} as `ohlcvFrame` does.
 */
export function soundBars(bars: pl.DataFrame): pl.DataFrame {
  if (SOUND.has(bars)) return bars;
  const missing = OHLCV_COLUMNS.filter((name) => !bars.columns.includes(name));
  if (missing.length > 0) {
    throw new QualityError(
      `Cannot build features: there is no column "${missing[0]}" among ${
        bars.columns.join(", ")
      }, rename yours`,
    );
  }
  const numbers = OHLCV_COLUMNS.slice(1).map((name) => pl.col(name).cast(pl.Float64));
  const frame = bars.select(pl.col("timestamp").cast(pl.Datetime("ms")), ...numbers);
  if (!isSound(frame)) refuseFirst(frame, FAULTS);
  SOUND.add(frame);
  return frame;
}

/** The bars of a sound frame that are there. */
export function presentBars(frame: pl.DataFrame): pl.DataFrame {
  // A filter costs the knowledge that the rows are sorted, and with it half of the speed of what follows.
  return frame.getColumn("close").nullCount() === 0 ? frame : frame.filter(pl.col("close").isNotNull());
}

/** Whether no fault applies, in as few passes as can be: comparisons with what is no number are false, too. */
function isSound(frame: pl.DataFrame): boolean {
  const all = [
    pl.col("timestamp").gt(pl.col("timestamp").shift(1)),
    ...[open, high, low, close].flatMap((price) => [price.gt(0), price.lt(pl.lit(Infinity))]),
    volume.gtEq(0),
    volume.lt(pl.lit(Infinity)),
    ...[high, low, close].map((price) => price.isNull().eq(open.isNull())),
  ].map((each, i) => each.all().alias(`${i}`));
  return frame.getColumn("timestamp").nullCount() === 0 &&
    frame.select(...all).row(0).every((each: boolean | null) => each !== false);
}

/** @throws {QualityError} which names the first bar that a fault applies to. */
function refuseFirst(frame: pl.DataFrame, faults: readonly Fault[]): void {
  // Null is no reason to refuse a bar: a missing one has null prices.
  const found = frame.select(...faults.map(({ when }, i) => when.fillNull(false).any().alias(`${i}`)));
  const first = found.row(0).indexOf(true);
  if (first < 0) return;
  const { when, problem } = faults[first]!;
  const times = frame.filter(when.fillNull(false)).getColumn("timestamp").toArray();
  const [at] = times as unknown as (Date | null)[];
  throw new QualityError(`Cannot build features: the bar of ${at?.toISOString() ?? "a row"} ${problem}`);
}

/** A bar's start in epoch milliseconds. */
function time(): pl.Expr {
  return pl.col("timestamp").cast(pl.Int64);
}

/** A literal is a double by itself, and Polars' remainder of doubles is off: 3.6e6 % 3.6e6 gave 3.6e6. */
function whole(value: number): pl.Expr {
  return pl.lit(value).cast(pl.Int64);
}

function anyOf(conditions: pl.Expr[]): pl.Expr {
  return conditions.reduce((a, b) => a.or(b));
}

const [open, high, low, close] = PRICES.map((name) => pl.col(name)) as [pl.Expr, pl.Expr, pl.Expr, pl.Expr];
const volume = pl.col("volume"), step = time().minus(time().shift(1));

/** What a bar is refused for, the first that applies to any. */
const FAULTS: readonly Fault[] = [
  { when: pl.col("timestamp").isNull(), problem: "has no time, leave it out" },
  { when: step.eq(whole(0)), problem: "has two rows, give each bar once" },
  { when: step.lt(whole(0)), problem: "comes after a later one, sort the bars by time" },
  {
    when: anyOf([high, low, close].map((price) => price.isNull().neq(open.isNull()))),
    problem: "has some prices and lacks others, give all four or none",
  },
  {
    when: anyOf([open, high, low, close].map((price) => price.isFinite().and(price.gt(0)).not())),
    problem: "has a price that is not a number above zero, take the bar out",
  },
  {
    when: volume.isFinite().and(volume.gtEq(0)).not(),
    problem: "has a volume that is not a number from zero on, take the bar out",
  },
];

function asFrame(bars: pl.DataFrame | OhlcvColumns): pl.DataFrame {
  if (bars instanceof Object && "height" in bars) return bars as pl.DataFrame;
  const { timestamp, ...numbers } = bars as OhlcvColumns;
  return pl.DataFrame([
    pl.Series("timestamp", Array.from(timestamp), pl.Datetime("ms")),
    ...Object.entries(numbers).map(([name, values]) => pl.Series(name, Array.from(values), pl.Float64)),
  ]);
}
