import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { mae, mase, r2, rmse } from "./metrics.ts";

// Expected numbers: scikit-learn 1.9.1 (mean_absolute_error, mean_squared_error, r2_score), numpy 2.4.6.
const actual = [0.031, 0.024, 0.058, 0.012, 0.040, 0.027];
const predicted = [0.028, 0.031, 0.041, 0.019, 0.036, 0.030];

Deno.test("mae(), rmse() and r2() equal scikit-learn", () => {
  assertAlmostEquals(mae(actual, predicted), 0.0068333333333333345, 1e-15);
  assertAlmostEquals(rmse(actual, predicted), 0.008376554582086042, 1e-15);
  assertAlmostEquals(r2(actual, predicted), 0.6577235772357723, 1e-12);
});

Deno.test("mase() divides by the naive error on the training series, as numpy computes it", () => {
  const naive = 0.020000000000000004; // mean(abs(diff([0.02, 0.05, 0.03, 0.035, 0.01])))
  assertAlmostEquals(mase(actual, predicted, naive), 0.3416666666666667, 1e-12);
});

Deno.test("r2() of a constant series is 1 or 0, as in scikit-learn", () => {
  assertEquals(r2([1, 1, 1], [1, 1, 1]), 1);
  assertEquals(r2([1, 1, 1], [1, 2, 1]), 0);
});

Deno.test("metrics take typed arrays", () => {
  assertEquals(mae(Float64Array.of(1, 2), Float64Array.of(2, 4)), 1.5);
});

Deno.test("metrics refuse series that are empty or differ in length, and a scale of 0", () => {
  for (const metric of [mae, rmse, r2]) {
    assertThrows(() => metric([], []), RangeError);
    assertThrows(() => metric([1], [1, 2]), RangeError, "1 actual values and 2 forecasts");
  }
  assertThrows(() => mase([1], [1], 0), RangeError, "inSampleNaiveMae");
});
