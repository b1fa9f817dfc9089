/** In what form a model learns its target: forecasts come back in the target's own unit. */
import { columnOf, type SeriesRows } from "../features/series_rows.ts";

/**
 * `value`: as it is. `log`: its logarithm, for positive and skewed targets; what comes back is `exp` of the mean log,
 * which lies in the middle of a lognormal target rather than at its mean, and that is what the least absolute error asks
 * for. `log_ratio_to` a column: `ln(target / column)`, for models that know no values beyond those they were shown:
 * a price at ten times the old ones is one, a move of 2 % is not.
 */
export type Learns = "value" | "log" | { log_ratio_to: string };

/**
 * The target's form at a row, and the way back from it.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * const rows = { days: ["a"], columns: { close: Float64Array.of(100) }, target: Float64Array.of(110), horizon: 1 };
 * const { form, back } = learnt(rows, { log_ratio_to: "close" });
 * assertAlmostEquals(form(0), Math.log(1.1), 1e-15);
 * assertAlmostEquals(back(0, form(0)), 110, 1e-12);
 * assertEquals(learnt(rows, "value").form(0), 110);
 * ```
 */
export function learnt(
  rows: SeriesRows,
  learns: Learns,
): { form: (row: number) => number; back: (row: number, value: number) => number } {
  const { target } = rows;
  if (learns === "value") return { form: (row) => target[row]!, back: (_, value) => value };
  if (learns === "log") return { form: (row) => Math.log(target[row]!), back: (_, value) => Math.exp(value) };
  const today = columnOf(rows, learns.log_ratio_to);
  return {
    form: (row) => Math.log(target[row]! / today[row]!),
    back: (row, value) => today[row]! * Math.exp(value),
  };
}
