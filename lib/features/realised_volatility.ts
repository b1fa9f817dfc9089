/** What a day's prices really did, from its minutes. */
import pl from "nodejs-polars";
import { DAY_MS } from "../core/time.ts";
import { logReturn } from "./feature_catalogue.ts";
import { presentBars, soundBars } from "./ohlcv_frame.ts";
import { timeframe, WHOLE_WINDOWS } from "./timeframe.ts";

/** How the prices of a day are sampled. */
export interface RealisedOptions {
  /** Length between two prices; 5 minutes keep most of the bounce between bid and ask out. */
  step?: string;
  /** A day with a smaller share of its returns has no value. */
  least_share?: number;
}

/**
 * Realised volatility of each UTC day: the root of the sum of squared log returns from one step's last close to the
 * next's (Andersen, Bollerslev, Diebold and Labys 2003, *Econometrica* 71(2)). The first return of a day starts at the
 * last close of the day before: it looks back one day. A step without a price is a hole; returns into and out of it are
 * left out and not made up for, and `returns` counts the others.
 *
 * @param minutes In order of time, with the columns of {@linkcode OHLCV_COLUMNS}; any bars shorter than a day.
 * @returns a row a day, none left out: `timestamp`, `realised_volatility` (0.03 = 3 %; null where too little is known)
 * and `returns`.
 * @throws {QualityError} for bars that are not sound, see `ohlcvFrame`.
 * @throws {RangeError} for a step that does not part a day into whole steps, or a share that is none.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { ohlcvFrame } from "./ohlcv_frame.ts";
 * const timestamp = Array.from({ length: 49 }, (_, i) => i * 3_600_000);
 * const close = timestamp.map((_, i) => i % 2 === 0 ? 100 : 101);
 * const hours = ohlcvFrame({ timestamp, open: close, high: close, low: close, close, volume: close }, "1h");
 * const daily = realisedVolatility(hours, { step: "1h" });
 * assertAlmostEquals(daily.getColumn("realised_volatility").get(1), Math.sqrt(24) * Math.log(1.01), 1e-12);
 * ```
 */
export function realisedVolatility(
  minutes: pl.DataFrame,
  { step = "5m", least_share = 0.9 }: RealisedOptions = {},
): pl.DataFrame {
  const { name, ms } = timeframe(step);
  if (DAY_MS % ms !== 0 || ms === DAY_MS) {
    throw new RangeError(`Cannot sample days every ${step}: give a step that parts a day evenly, like 5m`);
  }
  if (!(least_share > 0 && least_share <= 1)) {
    throw new RangeError(`Cannot ask for a share of ${least_share} of the returns: give a number up to 1`);
  }
  const steps = presentBars(soundBars(minutes))
    .groupByDynamic({ indexColumn: "timestamp", every: name, ...WHOLE_WINDOWS })
    .agg(pl.col("close").last().alias("close"));
  const empty = { timestamp: pl.Datetime("ms"), realised_volatility: pl.Float64, returns: pl.Int32 };
  if (steps.height === 0) return pl.DataFrame({}, { schema: empty });
  const change = pl.col("change");
  const daily = steps
    .upsample({ timeColumn: "timestamp", every: name, maintainOrder: true })
    .select(pl.col("timestamp"), logReturn().alias("change"))
    .groupByDynamic({ indexColumn: "timestamp", every: "1d", ...WHOLE_WINDOWS })
    .agg(change.mul(change).sum().alias("variance"), change.count().cast(pl.Int32).alias("returns"));
  const enough = pl.col("returns").gtEq(least_share * DAY_MS / ms);
  return daily.select(
    pl.col("timestamp"),
    pl.when(enough).then(pl.col("variance").pow(0.5)).otherwise(pl.lit(null)).alias("realised_volatility"),
    pl.col("returns"),
  );
}
