/** Prices at points in time as a Polars frame: cleaned, and with moving average and volatility. */
import pl from "nodejs-polars";
import { QualityError } from "../core/errors.ts";
import { changeDeviation } from "./feature_catalogue.ts";
import { windowMean } from "./windows.ts";

/** Columns that may hold the price, the first one that is there. */
const PRICE_COLUMNS = ["price_usd", "price"];

/**
 * A frame of sound prices in the order of time: `timestamp` becomes a time of UTC, `price_usd` a number (a column
 * `price` is taken for it), other columns stay. Rows without a readable time or with a price that is no positive
 * number are left out.
 *
 * Whole numbers are seconds, milliseconds, microseconds or nanoseconds since 1970, told by their size; text is ISO
 * 8601, in UTC where it names no zone.
 *
 * @throws {QualityError} where one of the two columns is missing.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import pl from "nodejs-polars";
 * const raw = pl.DataFrame({ timestamp: ["2024-01-02", "?", "2024-01-01T12:00:00Z"], price_usd: ["44000.5", "1", "43000"] });
 * const frame = prepareBitcoinFrame(raw);
 * assertEquals(frame.getColumn("price_usd").toArray(), [43000, 44000.5]);
 * const times: unknown[] = frame.getColumn("timestamp").toArray();
 * assertEquals(times[0], new Date("2024-01-01T12:00:00Z"));
 * ```
 */
export function prepareBitcoinFrame(frame: pl.DataFrame): pl.DataFrame {
  const price = PRICE_COLUMNS.find((name) => frame.columns.includes(name));
  const missing = !frame.columns.includes("timestamp")
    ? "timestamp"
    : price === undefined
    ? "price_usd"
    : null;
  if (missing !== null || price === undefined) {
    throw new QualityError(
      `Cannot prepare prices: there is no column "${missing}" among ${
        frame.columns.join(", ")
      }, rename yours`,
    );
  }
  const times = frame.getColumn("timestamp").toArray().map(timeOf);
  const prices = frame.getColumn(price).toArray().map(priceOf);
  const rest = frame.columns.filter((name) => name !== "timestamp" && name !== price && name !== "price_usd");
  return frame
    .withColumns(
      pl.Series("timestamp", times, pl.Datetime("ms")),
      pl.Series("price_usd", prices, pl.Float64),
    )
    .filter(pl.col("timestamp").isNotNull().and(pl.col("price_usd").isNotNull()))
    .select("timestamp", "price_usd", ...rest)
    .sort("timestamp");
}

/** From so many units since 1970 on, numbers are of the finer unit: seconds end in the year 5138. */
const UNITS: readonly [from: number, perMs: number][] = [[1e17, 1e6], [1e14, 1e3], [1e11, 1], [0, 1e-3]];

function timeOf(value: unknown): number | null {
  if (value instanceof Date) return value.getTime();
  const number = typeof value === "bigint" || typeof value === "number" ? Number(value) : NaN;
  if (Number.isFinite(number)) {
    const [, perMs] = UNITS.find(([from]) => Math.abs(number) >= from)!;
    return Math.floor(number / perMs);
  }
  if (typeof value !== "string" || !/^\d{4}-\d{2}-\d{2}/.test(value)) return null;
  const zoned = /(Z|[+-]\d{2}:?\d{2})$/.test(value) || value.length === 10;
  const time = Date.parse(zoned ? value : `${value}Z`);
  return Number.isNaN(time) ? null : time;
}

function priceOf(value: unknown): number | null {
  const number = typeof value === "string" && value.trim() === "" ? NaN : Number(value ?? NaN);
  return Number.isFinite(number) && number > 0 ? number : null;
}

/**
 * Adds `ma_<window>`: the mean price of so many rows, the row's own the last one; null before there are as many.
 *
 * @throws {RangeError} where the window is no whole number from 1 on.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import pl from "nodejs-polars";
 * const frame = calculateMovingAverage(pl.DataFrame({ price_usd: [1, 2, 3, 7] }), 2);
 * const averages: unknown[] = frame.getColumn("ma_2").toArray();
 * assertEquals(averages, [null, 1.5, 2.5, 5]);
 * ```
 */
export function calculateMovingAverage(frame: pl.DataFrame, window = 7): pl.DataFrame {
  return frame.withColumn(known(windowMean(PRICE, window)).alias(`ma_${window}`));
}

/**
 * Adds `volatility_<window>`: the standard deviation (divisor n − 1) of the last so many relative price changes; null
 * before there are as many.
 *
 * @throws {RangeError} where the window is no whole number from 2 on.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import pl from "nodejs-polars";
 * const frame = calculateVolatility(pl.DataFrame({ price_usd: [100, 150, 150] }), 2);
 * // The changes are 0.5 and 0; their standard deviation is 0.5 / √2.
 * const volatility: unknown[] = frame.getColumn("volatility_2").toArray();
 * assertEquals(Number(volatility[2]).toFixed(4), "0.3536");
 * ```
 */
export function calculateVolatility(frame: pl.DataFrame, window = 7): pl.DataFrame {
  return frame.withColumn(known(changeDeviation(window, PRICE)).alias(`volatility_${window}`));
}

const PRICE = pl.col("price_usd").cast(pl.Float64);

/** A price that is no number makes a window unknown, as one that is missing does. */
function known(column: pl.Expr): pl.Expr {
  return column.fillNan(pl.lit(null));
}
