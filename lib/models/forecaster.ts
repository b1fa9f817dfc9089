/**
 * What every model looks like, baselines included: `fit` on past rows, then `predict` for any row.
 *
 * @example A model that always says the training mean
 * ```ts
 * import { assertEquals } from "@std/assert";
 * let mean = NaN;
 * const average: Forecaster = {
 *   name: "average",
 *   fit: (_x, y) => void (mean = y.reduce((sum, value) => sum + value, 0) / y.length),
 *   predict: (x) => new Float64Array(x.length).fill(mean),
 * };
 * average.fit([[0], [1]], Float64Array.of(2, 4));
 * assertEquals(average.predict([[5]]), Float64Array.of(3));
 * ```
 */
export interface Forecaster {
  /** Short and stable: `persistence`, `random_forest`. */
  readonly name: string;
  /**
   * Learns from rows, oldest first; what was learnt before is forgotten.
   *
   * @param x one array of features a row, all of one length.
   * @param y one label a row.
   */
  fit(x: readonly (readonly number[])[], y: Float64Array): void;
  /**
   * One forecast a row, in the unit of the labels.
   *
   * @throws {ModelError} if the model has not been fitted and needs to be.
   */
  predict(x: readonly (readonly number[])[]): Float64Array;
}
