/** Lows and highs that cannot be. */
import pl from "nodejs-polars";

/** A price that cannot be, and what stands in for it. */
export interface TouchedPrint {
  /** Start of the bar, ISO 8601. */
  at: string;
  column: "high" | "low";
  was: number;
  now: number;
}

/**
 * A low this far below open and close, or a high so far above: a factor. Days that have an average only, no open and
 * close, are judged by a wider one, `BAD_PRINT_FACTOR` of `volatility_proxy.ts`.
 */
export const BAD_PRINT = 2;

/**
 * Winsorises bad prints: a low more than {@linkcode BAD_PRINT} times below open and close, where nobody can have traded,
 * becomes the lower of both; so does one that lies above one of them. A high likewise. What was touched is recorded, in
 * order of time.
 *
 * @param frame Of `ohlcvFrame`.
 *
 * @example Bitcoin at six cents, in 2017
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ohlcvFrame } from "./ohlcv_frame.ts";
 * const bars = { timestamp: [0], open: [1170], high: [1180], low: [0.06], close: [1172], volume: [1] };
 * const { frame, touched } = winsoriseBadPrints(ohlcvFrame(bars, "1d"));
 * assertEquals(frame.getColumn("low").get(0), 1170);
 * assertEquals(touched, [{ at: "1970-01-01T00:00:00.000Z", column: "low", was: 0.06, now: 1170 }]);
 * ```
 */
export function winsoriseBadPrints(frame: pl.DataFrame): { frame: pl.DataFrame; touched: TouchedPrint[] } {
  const least = pl.minHorizontal([pl.col("open"), pl.col("close")]);
  const most = pl.maxHorizontal([pl.col("open"), pl.col("close")]);
  const low = pl.col("low"), high = pl.col("high");
  const lowIsBad = low.mul(BAD_PRINT).lt(least).or(low.gt(least));
  const highIsBad = high.gt(most.mul(BAD_PRINT)).or(high.lt(most));
  const touched = (["low", "high"] as const).flatMap((column): TouchedPrint[] =>
    frame.filter(column === "low" ? lowIsBad : highIsBad)
      .select(pl.col("timestamp"), pl.col(column), (column === "low" ? least : most).alias("now"))
      .rows().map(([at, was, now]) => ({ at: (at as Date).toISOString(), column, was, now }))
  );
  return {
    frame: frame.withColumns(
      pl.when(lowIsBad).then(least).otherwise(low).alias("low"),
      pl.when(highIsBad).then(most).otherwise(high).alias("high"),
    ),
    touched: touched.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)),
  };
}
