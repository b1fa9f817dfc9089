/** What boosted trees can minimise, by scikit-learn's names; `qlike` is the loss of volatility forecasts. */
export type LossName = "squared_error" | "absolute_error" | "quantile" | "qlike";

/**
 * A loss, as gradient boosting needs it (Friedman 2001, "Greedy function approximation: a gradient boosting machine",
 * Annals of Statistics 29). Trees add up to a score; a forecast is `forecast(score)`.
 */
export interface BoostingLoss {
  /** Mean loss of a label and a score. */
  loss(label: number, score: number): number;
  /** The negative gradient by the score: what the next tree is grown to forecast. */
  residual(label: number, score: number): number;
  /** The one number that, added to these scores, lowers the loss of these labels most. */
  step(labels: Float64Array, scores: Float64Array): number;
  /** A forecast, in the unit of the labels. */
  forecast(score: number): number;
}

/**
 * The loss of a name.
 *
 * - `squared_error`, for the mean: `(y − f)²`.
 * - `absolute_error`, for the median: `|y − f|`.
 * - `quantile`, the pinball loss (Koenker & Bassett 1978): `q (y − f)` below the label, `(1 − q) (f − y)` above it.
 * - `qlike` for labels above 0 (Patton 2011, Journal of Econometrics 160): `y / f − ln(y / f) − 1`, with the score
 *   `ln f`, so that forecasts are above 0. Give it variances: for them it ranks forecasts as the truth would, however
 *   noisy the labels.
 *
 * @param quantile for the loss `quantile`: above 0 and below 1.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const { loss, step } = boostingLoss("quantile", 0.9);
 * assertEquals([loss(10, 0), loss(0, 10)], [9, 0.9999999999999998]);
 * assertEquals(step(Float64Array.of(1, 2, 3), new Float64Array(3)), 2.8);
 * ```
 */
export function boostingLoss(name: LossName, quantile: number): BoostingLoss {
  return name === "quantile" ? pinball(quantile) : LOSSES[name];
}

const same = (score: number) => score;

const LOSSES: Record<Exclude<LossName, "quantile">, BoostingLoss> = {
  squared_error: {
    loss: (label, score) => (label - score) ** 2,
    residual: (label, score) => label - score,
    step: (labels, scores) => meanOf(labels, (label, at) => label - scores[at]!),
    forecast: same,
  },
  absolute_error: {
    loss: (label, score) => Math.abs(label - score),
    residual: (label, score) => label >= score ? 1 : -1,
    step: (labels, scores) => residualQuantile(labels, scores, 0.5),
    forecast: same,
  },
  qlike: {
    loss: (label, score) => label * Math.exp(-score) - (Math.log(label) - score) - 1,
    residual: (label, score) => label * Math.exp(-score) - 1,
    step: (labels, scores) => Math.log(meanOf(labels, (label, at) => label * Math.exp(-scores[at]!))),
    forecast: Math.exp,
  },
};

function pinball(quantile: number): BoostingLoss {
  return {
    loss: (label, score) => label >= score ? quantile * (label - score) : (1 - quantile) * (score - label),
    residual: (label, score) => label >= score ? quantile : quantile - 1,
    step: (labels, scores) => residualQuantile(labels, scores, quantile),
    forecast: same,
  };
}

function meanOf(labels: Float64Array, term: (label: number, at: number) => number): number {
  let sum = 0;
  for (let at = 0; at < labels.length; at++) sum += term(labels[at]!, at);
  return sum / labels.length;
}

/** Between two residuals the quantile lies in proportion, as in NumPy's `quantile`. */
function residualQuantile(labels: Float64Array, scores: Float64Array, quantile: number): number {
  const residuals = labels.map((label, at) => label - scores[at]!).sort();
  const place = quantile * (residuals.length - 1);
  const low = residuals[Math.floor(place)]!, high = residuals[Math.ceil(place)]!;
  return low + (high - low) * (place - Math.floor(place));
}
