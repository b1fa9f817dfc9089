/** The newest days, kept away from every choice until they are looked at, once. */
import { ModelError } from "../core/errors.ts";
import { DAY_MS, utcDay } from "../core/time.ts";
import type { SeriesRows } from "../features/series_rows.ts";

/** Days whose values nobody has seen. */
export interface Holdout {
  /** First and last day of the targets that are kept apart. */
  from: string;
  to: string;
  /** The row from which the first of them is forecast: the walk before it ends here. */
  start: number;
}

/**
 * Keeps the newest days apart. Rows before `start` have their targets before the holdout, so nothing that is fitted to
 * them, or chosen by them, has seen a day of it.
 *
 * @param days How many days, 1 or more.
 * @throws {ModelError} where no row is left before them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const days = Array.from({ length: 10 }, (_, i) => `2026-01-${String(i + 1).padStart(2, "0")}`);
 * const target = Float64Array.from(days, (_, i) => i < 8 ? 1 : NaN);
 * // The last known target is of 2026-01-10; the fourth-last, of 2026-01-07, is forecast from 2026-01-05.
 * assertEquals(holdoutOf({ days, columns: {}, target, horizon: 2 }, 4), {
 *   from: "2026-01-07", to: "2026-01-10", start: 4,
 * });
 * ```
 */
export function holdoutOf({ days, target, horizon }: SeriesRows, length: number): Holdout {
  const targetDay = (row: number) => Date.parse(days[row]!) + horizon * DAY_MS;
  const last = target.findLastIndex(Number.isFinite);
  const first = last < 0 ? NaN : targetDay(last) - (length - 1) * DAY_MS;
  const start = days.findIndex((_, row) => targetDay(row) >= first);
  if (!(start > 0)) {
    throw new ModelError(
      `Cannot keep ${length} days apart: no day is left before them among ${days.length}, keep fewer`,
    );
  }
  return { from: utcDay(first), to: utcDay(targetDay(last)), start };
}
