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

/**
 * Root mean squared scaled error (Makridakis et al. 2022, *International Journal of Forecasting* 38(4), the M5 measure):
 * {@linkcode rmse} over the naive forecast's on the *training* rows.
 *
 * @throws {RangeError} if the series are empty or differ in length, or `inSampleNaiveRmse` is not above 0.
 */
export function rmsse(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  inSampleNaiveRmse: number,
): number {
  if (!(inSampleNaiveRmse > 0)) {
    throw new RangeError(
      `Cannot scale an error: inSampleNaiveRmse is ${inSampleNaiveRmse}, give a number above 0`,
    );
  }
  return rmse(actual, predicted) / inSampleNaiveRmse;
}

/**
 * QLIKE of one volatility forecast: `r − ln r − 1` with `r = (actual / predicted)²`, zero where they are equal. Its
 * ranking of forecasts survives a noisy proxy of volatility (Patton 2011, *Journal of Econometrics* 160(1)).
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * assertAlmostEquals(qlikeLoss(0.04, 0.02), 4 - Math.log(4) - 1, 1e-12);
 * ```
 */
export function qlikeLoss(actual: number, predicted: number): number {
  const ratio = (actual / predicted) ** 2;
  return ratio - Math.log(ratio) - 1;
}

/**
 * Mean QLIKE of volatility forecasts.
 *
 * @throws {RangeError} if the series are empty or differ in length, or a value is not above 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(qlike([0.02, 0.03], [0.02, 0.03]), 0);
 * ```
 */
export function qlike(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
  for (const values of [actual, predicted]) {
    for (let i = 0; i < values.length; i++) {
      if (values[i]! > 0) continue;
      throw new RangeError(`Cannot compute QLIKE: value ${i} is ${values[i]}, volatility has to be above 0`);
    }
  }
  return meanOf(actual, predicted, (error, value) => qlikeLoss(value, value - error));
}

/**
 * Share of a baseline's squared error that a forecast saves (Campbell and Thompson 2008, *Review of Financial Studies*
 * 21(4)): 1 is perfect, 0 is no better than the baseline.
 *
 * @throws {RangeError} if the series are empty or differ in length.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(r2OutOfSample([1, 2], [1, 3], [3, 2]), 0.75);
 * ```
 */
export function r2OutOfSample(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  baseline: ArrayLike<number>,
): number {
  const squared = (error: number) => error * error;
  const left = meanOf(actual, predicted, squared), before = meanOf(actual, baseline, squared);
  return before === 0 ? (left === 0 ? 0 : -Infinity) : 1 - left / before;
}

/**
 * Share of forecasts that say rightly whether a value rises or falls from `from`; where it does neither, a forecast is
 * right that says so.
 *
 * @throws {RangeError} if the series are empty or differ in length.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(directionalAccuracy([2, 1], [3, 3], [1, 2]), 0.5);
 * ```
 */
export function directionalAccuracy(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  from: ArrayLike<number>,
): number {
  let right = 0;
  meanOf(actual, from, () => 0);
  meanOf(predicted, from, () => 0);
  for (let i = 0; i < actual.length; i++) {
    if (Math.sign(actual[i]! - from[i]!) === Math.sign(predicted[i]! - from[i]!)) right++;
  }
  return right / actual.length;
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
