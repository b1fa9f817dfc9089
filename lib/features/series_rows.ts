/** A series with what is known of it, as columns: what models of a series are given. */
import { DAY_MS, utcDay } from "../core/time.ts";

/**
 * Row `i` holds what is known at the end of day `i`, and a target that lies `horizon` days later. Rows are in order of
 * time.
 */
export interface SeriesRows {
  /** `YYYY-MM-DD`, UTC. */
  days: readonly string[];
  /** By name, one value a row, all finite. */
  columns: Readonly<Record<string, Float64Array>>;
  /** What is to be forecast from each row; NaN where it is not known yet. */
  target: Float64Array;
  /** Days from a row to its target, 1 or more. */
  horizon: number;
}

/**
 * The day that is forecast from a row: its target's.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(targetDay({ days: ["2026-01-30"], horizon: 2 }, 0), "2026-02-01");
 * ```
 */
export function targetDay({ days, horizon }: Pick<SeriesRows, "days" | "horizon">, row: number): string {
  return utcDay(Date.parse(days[row]!) + horizon * DAY_MS);
}

/**
 * A column of rows.
 *
 * @throws {RangeError} where there is none of that name.
 */
export function columnOf({ columns }: SeriesRows, name: string): Float64Array {
  const column = columns[name];
  if (column) return column;
  throw new RangeError(
    `Cannot find column "${name}" among ${Object.keys(columns).join(", ")}: build the rows with it`,
  );
}
