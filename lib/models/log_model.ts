/** A model of rows as a model of a series of positive numbers. */
import { columnOf, type SeriesRows } from "../features/series_rows.ts";
import type { Forecaster } from "./forecaster.ts";
import type { SeriesModel } from "./series_model.ts";

/**
 * Fits a forecaster to logarithms of a positive target. What comes out is `exp` of the mean log, which lies in the
 * middle of a lognormal target rather than at its mean: that is what the least absolute error asks for.
 *
 * @param columns What it is told of a day.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * let mean = NaN;
 * const model = logModel({
 *   name: "average",
 *   fit: (_, y) => void (mean = y.reduce((sum, value) => sum + value, 0) / y.length),
 *   predict: (x) => new Float64Array(x.length).fill(mean),
 * }, ["v"]);
 * const rows = { days: ["a", "b"], columns: { v: Float64Array.of(1, 4) }, target: Float64Array.of(4, 16), horizon: 1 };
 * model.fit(rows, { from: 0, until: 2 });
 * assertEquals(model.predict(rows, { from: 0, until: 1 })[0]!.toFixed(9), "8.000000000");
 * ```
 */
export function logModel(forecaster: Forecaster, columns: readonly string[]): SeriesModel {
  const matrix = (rows: SeriesRows, from: number, until: number) => {
    const chosen = columns.map((name) => columnOf(rows, name));
    return Array.from({ length: until - from }, (_, i) => chosen.map((column) => column[from + i]!));
  };
  return {
    name: forecaster.name,
    fit: (rows, { from, until }) =>
      forecaster.fit(matrix(rows, from, until), rows.target.slice(from, until).map(Math.log)),
    predict: (rows, { from, until }) => forecaster.predict(matrix(rows, from, until)).map(Math.exp),
  };
}
