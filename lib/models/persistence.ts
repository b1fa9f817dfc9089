import { FEATURE_NAMES } from "../features/mod.ts";
import type { Forecaster } from "./forecaster.ts";

/**
 * The naive forecast: tomorrow's volatility is today's. Any other model has to beat this one to be served.
 *
 * @param column where today's value stands in a row; default the place of `vol_1` in `FEATURE_NAMES`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(persistence(0).predict([[0.03, 1], [0.05, 1]]), Float64Array.of(0.03, 0.05));
 * ```
 */
export function persistence(column: number = FEATURE_NAMES.indexOf("vol_1")): Forecaster {
  return {
    name: "persistence",
    fit() {},
    predict: (x) => Float64Array.from(x, (row) => row[column] ?? NaN),
  };
}
