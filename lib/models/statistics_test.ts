/** The statistics against those of Python's packages: versions and values are in `testdata/statistics.json`. */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { ModelError } from "../core/errors.ts";
import { dieboldMariano, holm } from "./compare_forecasts.ts";
import { leastSquares } from "./least_squares.ts";
import { twoSidedT } from "./student_t.ts";
import golden from "./testdata/statistics.json" with { type: "json" };

const closeTo = (actual: number, expected: number, relative: number) =>
  assertAlmostEquals(actual, expected, relative * Math.max(Math.abs(expected), 1e-300));

Deno.test("leastSquares() gives statsmodels' coefficients, errors and variance, also of nearly equal columns", () => {
  const columns = golden.ols.columns.map((column) => Float64Array.from(column));
  const fit = leastSquares(columns, Float64Array.from(golden.ols.y));
  for (const [i, value] of golden.ols.coefficients.entries()) closeTo(fit.coefficients[i]!, value, 1e-9);
  for (const [i, value] of golden.ols.standard_errors.entries()) {
    closeTo(fit.standard_errors[i]!, value, 1e-9);
  }
  closeTo(fit.residual_variance, golden.ols.residual_variance, 1e-10);
});

Deno.test("leastSquares() refuses what it cannot solve, and says why", () => {
  const ones = Float64Array.of(1, 1, 1), x = Float64Array.of(1, 2, 4);
  const table: [columns: Float64Array[], y: Float64Array, message: string][] = [
    [[ones, x, x], Float64Array.of(1, 2, 3), "3 rows for 3 coefficients"],
    [[ones, ones], Float64Array.of(1, 2, 3), "column 2 is a combination"],
    [[x, x.map((value) => 2 * value)], Float64Array.of(1, 2, 3), "column 2 is a combination"],
    [[ones, Float64Array.of(1, NaN, 2)], Float64Array.of(1, 2, 3), "not finite"],
    [[ones], Float64Array.of(1, Infinity, 3), "not finite"],
    [[new Float64Array(3)], Float64Array.of(1, 2, 3), "column 1 is a combination"],
  ];
  for (const [columns, y, message] of table) {
    assertThrows(() => leastSquares(columns, y), ModelError, message);
  }
});

Deno.test("twoSidedT() gives scipy's p-values", () => {
  for (const [t, degrees, p] of golden.t as [number, number, number][]) {
    closeTo(twoSidedT(t, degrees), p, 1e-9);
  }
});

Deno.test("dieboldMariano() gives the statistic and p-value of its definition, at several horizons", () => {
  const a = Float64Array.from(golden.dm.a), b = Float64Array.from(golden.dm.b);
  for (const { horizon, statistic, p_value } of golden.dm.tests) {
    const test = dieboldMariano(a, b, { horizon });
    closeTo(test.statistic, statistic, 1e-9);
    closeTo(test.p_value, p_value, 1e-9);
    const reverse = dieboldMariano(b, a, { horizon });
    assertEquals([reverse.statistic, reverse.p_value], [-test.statistic, test.p_value]);
  }
});

Deno.test("dieboldMariano() finds a difference between equal forecasts in one of twenty samples", () => {
  let state = 1, found = 0;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const losses = () => Float64Array.from({ length: 120 }, () => (random() + random() + random() - 1.5) ** 2);
  for (let run = 0; run < 2000; run++) if (dieboldMariano(losses(), losses()).p_value < 0.05) found++;
  assert(Math.abs(found / 2000 - 0.05) < 0.015, `found ${found} of 2000`);
});

Deno.test("dieboldMariano() refuses losses that cannot be compared", () => {
  const two = Float64Array.of(1, 2), three = Float64Array.of(1, 2, 3);
  assertThrows(() => dieboldMariano(two, three), ModelError, "2 and 3 losses");
  assertThrows(() => dieboldMariano(three, three, { horizon: 2 }), ModelError, "at least 4");
  assertThrows(() => dieboldMariano(three, Float64Array.of(1, NaN, 3)), ModelError, "not finite");
});

Deno.test("holm() gives statsmodels' adjusted p-values", () => {
  const adjusted = holm(golden.holm.p);
  for (const [i, value] of golden.holm.adjusted.entries()) assertAlmostEquals(adjusted[i]!, value, 1e-12);
});
