/** Whether one forecast is better than another, or only luckier. */
import { ModelError } from "../core/errors.ts";
import { twoSidedT } from "./student_t.ts";

/** What a test of two forecasts says. */
export interface ForecastTest {
  /** Mean of the first one's losses less the second one's: below zero the first is better. */
  mean_difference: number;
  /** Diebold and Mariano's statistic with Harvey, Leybourne and Newbold's correction; NaN where the losses never differ. */
  statistic: number;
  /** Chance of a difference this large, either way, between forecasts of equal worth; 1 where the losses never differ. */
  p_value: number;
  forecasts: number;
}

/**
 * Compares two forecasts of the same values by their losses (Diebold and Mariano 1995, *Journal of Business & Economic
 * Statistics* 13(3)), with the small-sample correction and Student's t of Harvey, Leybourne and Newbold (1997,
 * *International Journal of Forecasting* 13(2)). The variance takes in the `horizon − 1` autocovariances that forecasts
 * of overlapping spans have; where their sum is not positive, as can happen in small samples, Bartlett's weights make it so.
 *
 * @param a, b one loss a forecast, in order of time: squared or absolute errors, QLIKE.
 * @param options.horizon Steps ahead, 1 or more.
 * @throws {ModelError} for losses of different or too small number, or that are not finite.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * const wavy = Float64Array.from({ length: 100 }, (_, i) => 1 + Math.sin(i * i));
 * const better = dieboldMariano(wavy.map((loss) => loss * 0.8), wavy);
 * assert(better.mean_difference < 0 && better.p_value < 1e-9);
 * assertEquals(dieboldMariano(wavy, wavy).p_value, 1);
 * ```
 */
export function dieboldMariano(
  a: Float64Array,
  b: Float64Array,
  { horizon = 1 }: { horizon?: number } = {},
): ForecastTest {
  const n = a.length;
  if (b.length !== n || n <= horizon + 1) {
    throw new ModelError(
      `Cannot compare forecasts: ${n} and ${b.length} losses for a horizon of ${horizon}, ` +
        `give equally many and at least ${horizon + 2}`,
    );
  }
  const d = a.map((loss, i) => loss - b[i]!);
  if (!d.every(Number.isFinite)) {
    throw new ModelError(`Cannot compare forecasts: a loss is not finite, see where a forecast is missing`);
  }
  const mean = d.reduce((sum, value) => sum + value, 0) / n;
  const covariance = (lag: number) => {
    let sum = 0;
    for (let i = lag; i < n; i++) sum += (d[i]! - mean) * (d[i - lag]! - mean);
    return sum / n;
  };
  const lags = Array.from({ length: horizon - 1 }, (_, i) => i + 1);
  const longRun = (weight: (lag: number) => number) =>
    covariance(0) + 2 * lags.reduce((sum, lag) => sum + weight(lag) * covariance(lag), 0);
  let variance = longRun(() => 1);
  if (variance <= 0) variance = longRun((lag) => 1 - lag / horizon);
  if (!(variance > 0)) return { mean_difference: mean, statistic: NaN, p_value: 1, forecasts: n };
  const correction = Math.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n);
  const statistic = correction * mean / Math.sqrt(variance / n);
  return { mean_difference: mean, statistic, p_value: twoSidedT(statistic, n - 1), forecasts: n };
}

/**
 * Adjusts the p-values of several tests, so that the chance of one false finding among them stays what it says
 * (Holm 1979, *Scandinavian Journal of Statistics* 6(2)).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(holm([0.25, 0.0625, 0.5]), [0.5, 0.1875, 0.5]);
 * ```
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((i, j) => pValues[i]! - pValues[j]!);
  const adjusted = new Array<number>(pValues.length);
  let least = 0;
  for (const [rank, i] of order.entries()) {
    least = Math.max(least, Math.min(1, (pValues.length - rank) * pValues[i]!));
    adjusted[i] = least;
  }
  return adjusted;
}
