/**
 * Mean absolute error, in the unit of the series.
 *
 * @throws {RangeError} if the series are empty or differ in length (so do the other metrics here).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(mae([1, 2, 3], [1, 3, 5]), 1);
 * ```
 */
export function mae(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return meanOf(actual, predicted, (error) => Math.abs(error));
}

/**
 * Root of the mean squared error, in the unit of the series; large misses weigh more than in {@linkcode mae}.
 *
 * @throws {RangeError} if the series are empty or differ in length.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(rmse([0, 0], [3, 3]), 3);
 * ```
 */
export function rmse(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return Math.sqrt(meanOf(actual, predicted, (error) => error * error));
}

/**
 * Share of the variance explained: 1 is perfect, 0 is no better than the actual mean, below 0 is worse. For a constant
 * `actual` it is 1 when every forecast is right and 0 otherwise, as scikit-learn has it.
 *
 * @throws {RangeError} if the series are empty or differ in length.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(r2([1, 2, 3], [2, 2, 2]), 0);
 * ```
 */
export function r2(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
  const unexplained = meanOf(actual, predicted, (error) => error * error);
  let mean = 0;
  for (let i = 0; i < actual.length; i++) mean += actual[i]! / actual.length;
  const variance = meanOf(actual, actual, (_, value) => (value - mean) ** 2);
  if (variance === 0) return unexplained === 0 ? 1 : 0;
  return 1 - unexplained / variance;
}

/**
 * Mean absolute scaled error (Hyndman & Koehler 2006, International Journal of Forecasting 22(4)): {@linkcode mae} over
 * the naive forecast's mean absolute error on the *training* rows. Below 1 the forecast is better than the naive one
 * was in training.
 *
 * @throws {RangeError} if the series are empty or differ in length, or `inSampleNaiveMae` is not above 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(mase([1, 2, 3], [1, 3, 5], 2), 0.5);
 * ```
 */
export function mase(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  inSampleNaiveMae: number,
): number {
  if (!(inSampleNaiveMae > 0)) {
    throw new RangeError(
      `Cannot scale an error: inSampleNaiveMae is ${inSampleNaiveMae}, give a number above 0`,
    );
  }
  return mae(actual, predicted) / inSampleNaiveMae;
}

function meanOf(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  term: (error: number, actual: number) => number,
): number {
  if (actual.length === 0 || actual.length !== predicted.length) {
    throw new RangeError(
      `Cannot compare forecasts: ${actual.length} actual values and ${predicted.length} forecasts, give equally many`,
    );
  }
  let sum = 0;
  for (let i = 0; i < actual.length; i++) sum += term(actual[i]! - predicted[i]!, actual[i]!);
  return sum / actual.length;
}
