/** {@linkcode targetRows} for volatility, the target that most of the lab is about. */
import type { DailyCandle } from "./daily_frame.ts";
import { type TargetRows, targetRows } from "./target_rows.ts";

export type { DailyCandle };

/**
 * Rows whose target is Parkinson's volatility `horizon` days later.
 *
 * @throws {QualityError} for candles that are not sound, see `targetRows`.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * const candles = Array.from({ length: 40 }, (_, i) => ({
 *   day: new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10),
 *   open: 100, high: 110, low: 100, close: 105, volume: 5,
 * }));
 * assertAlmostEquals(volatilityRows(candles).rows.target[0]!, 0.0572396, 1e-7);
 * ```
 */
export function volatilityRows(
  candles: readonly DailyCandle[],
  { horizon = 1 }: { horizon?: number } = {},
): TargetRows {
  return targetRows(candles, { target: "volatility", horizon });
}
