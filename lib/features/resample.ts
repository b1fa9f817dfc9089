/** Bars of one length into longer ones. */
import pl from "nodejs-polars";
import { presentBars, soundBars } from "./ohlcv_frame.ts";
import { timeframe, WHOLE_WINDOWS } from "./timeframe.ts";

/**
 * Makes longer bars: open of the first, high, low, close of the last, sum of the volumes, and `bars`, how many went in.
 * Between the first and the last one every bar has a row: where nothing went in, prices and volume are null and `bars`
 * is 0. The last bar may be one that is not over yet: `bars` tells.
 *
 * @param bars In order of time, with the columns of {@linkcode OHLCV_COLUMNS}; rows of nulls count for nothing.
 * @param every Length of the new bars: `1h`, `4h`, `1d`, `1w` (weeks start on Mondays).
 * @throws {QualityError} for bars that are not sound, see `ohlcvFrame`.
 * @throws {SyntaxError} for a length that is none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ohlcvFrame } from "./ohlcv_frame.ts";
 * const minute = 60_000, price = [4, 8, 6];
 * const minutes = ohlcvFrame({
 *   timestamp: [0, minute, 130 * minute], open: price, high: price, low: price, close: price, volume: [1, 2, 3],
 * }, "1m");
 * assertEquals(resampleBars(minutes, "1h").select("open", "high", "close", "bars").rows(), [
 *   [4, 8, 8, 2],
 *   [null, null, null, 0],
 *   [6, 6, 6, 1],
 * ]);
 * ```
 */
export function resampleBars(bars: pl.DataFrame, every: string): pl.DataFrame {
  const { name } = timeframe(every);
  const sound = presentBars(soundBars(bars));
  const longer = sound.groupByDynamic({ indexColumn: "timestamp", every: name, ...WHOLE_WINDOWS }).agg(
    pl.col("open").first().alias("open"),
    pl.col("high").max().alias("high"),
    pl.col("low").min().alias("low"),
    pl.col("close").last().alias("close"),
    pl.col("volume").sum().alias("volume"),
    pl.col("close").count().cast(pl.Int32).alias("bars"),
  );
  return longer.height === 0
    ? longer
    : longer.upsample({ timeColumn: "timestamp", every: name, maintainOrder: true })
      .withColumn(pl.col("bars").fillNull(0));
}
