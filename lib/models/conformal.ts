/**
 * Intervals around forecasts that keep their promise while the market changes: adaptive conformal inference (Gibbs and
 * Candès 2021, *Advances in Neural Information Processing Systems* 34).
 */

/** How intervals are made. */
export interface ConformalOptions {
  /** Share of the values that the intervals should hold. */
  coverage?: number;
  /** How fast the level follows what was missed: 0 never; above 0.02 the ends jump far beyond what was seen. */
  gamma?: number;
  /** How many of the newest scores tell the width. */
  window?: number;
  /** Steps from a forecast to its value: a score is known only then. */
  horizon?: number;
  /** `ratio` for positive values, whose intervals are bands of ratios; `difference` for those of either sign. */
  by?: "ratio" | "difference";
}

/** An interval a forecast; NaN where too few values were known to make one. */
export interface Intervals {
  low: Float64Array;
  high: Float64Array;
}

/** What became of the intervals. */
export interface Coverage {
  /** Share of the values inside; null where there was no interval. */
  coverage: number | null;
  /** Mean of the upper end less the lower one, in the values' unit; null where there was no interval. */
  width: number | null;
  forecasts: number;
}

/** Fewer scores make no interval. */
const LEAST_SCORES = 100;

/**
 * Makes intervals. A score is the distance of a value from its forecast, in logarithms where values are positive: then
 * an interval is a band of ratios. Each end has its own level. The intervals of step `t` use values up to step
 * `t − horizon` only.
 *
 * @param actual Values, as they came.
 * @param forecasts For the same steps.
 * @throws {RangeError} for a coverage that is not between 0 and 1.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * const forecasts = new Float64Array(1200).fill(0.03);
 * const actual = forecasts.map((value, i) => value * Math.exp(Math.sin(i * i)));
 * const { coverage } = coverageOf(actual, adaptiveIntervals(actual, forecasts, { coverage: 0.9 }));
 * assert(Math.abs(coverage! - 0.9) < 0.02);
 * ```
 */
export function adaptiveIntervals(
  actual: Float64Array,
  forecasts: Float64Array,
  { coverage = 0.9, gamma = 0.01, window = 250, horizon = 1, by = "ratio" }: ConformalOptions = {},
): Intervals {
  if (!(coverage > 0 && coverage < 1)) {
    throw new RangeError(`Cannot make intervals: coverage is ${coverage}, give a number between 0 and 1`);
  }
  const aim = (1 - coverage) / 2;
  const low = new Float64Array(actual.length).fill(NaN), high = low.slice();
  // Levels of the two ends; what lies outside the lower one says nothing of the upper.
  let below = aim, above = aim;
  const scoreOf = by === "ratio"
    ? (t: number) => Math.log(actual[t]! / forecasts[t]!)
    : (t: number) => actual[t]! - forecasts[t]!;
  const end = by === "ratio"
    ? (t: number, score: number) => forecasts[t]! * Math.exp(score)
    : (t: number, score: number) => forecasts[t]! + score;
  const scores: number[] = [];
  for (let t = 0; t < actual.length; t++) {
    const known = t - horizon;
    if (known >= 0) {
      if (!Number.isNaN(low[known]!)) {
        below += gamma * (aim - (actual[known]! < low[known]! ? 1 : 0));
        above += gamma * (aim - (actual[known]! > high[known]! ? 1 : 0));
      }
      insert(scores, scoreOf(known));
      if (known >= window) remove(scores, scoreOf(known - window));
    }
    if (scores.length < LEAST_SCORES) continue;
    low[t] = end(t, quantile(scores, below));
    high[t] = end(t, quantile(scores, 1 - above));
  }
  return { low, high };
}

/** How many values the intervals held, where there were any. */
export function coverageOf(
  actual: Float64Array,
  { low, high }: Intervals,
  within: (step: number) => boolean = () => true,
): Coverage {
  let forecasts = 0, inside = 0, width = 0;
  for (let t = 0; t < actual.length; t++) {
    if (Number.isNaN(low[t]!) || !within(t)) continue;
    forecasts++;
    width += high[t]! - low[t]!;
    if (actual[t]! >= low[t]! && actual[t]! <= high[t]!) inside++;
  }
  if (forecasts === 0) return { coverage: null, width: null, forecasts };
  return { coverage: inside / forecasts, width: width / forecasts, forecasts };
}

/** Coverage of all steps, and of the calmest, the middle and the wildest third of them. */
export type CoverageByThirds = Record<"all" | "calm" | "usual" | "wild", Coverage>;

/**
 * {@linkcode coverageOf} all steps and of thirds of them.
 *
 * @param wildness How wild each step is thought to be, in any unit; steps that are alike fall into the wildest third.
 */
export function coverageByThirds(
  actual: Float64Array,
  intervals: Intervals,
  wildness: Float64Array,
): CoverageByThirds {
  const sorted = wildness.toSorted();
  const [third, twoThirds] = [1, 2].map((part) => sorted[Math.floor(part * sorted.length / 3)]!);
  const of = (within: (wildness: number) => boolean) =>
    coverageOf(actual, intervals, (t) => within(wildness[t]!));
  return {
    all: of(() => true),
    calm: of((each) => each < third!),
    usual: of((each) => each >= third! && each < twoThirds!),
    wild: of((each) => each >= twoThirds!),
  };
}

/** The share `p` of sorted scores; beyond all of them where the level has run out, by as far as they spread. */
function quantile(sorted: readonly number[], p: number): number {
  const least = sorted[0]!, most = sorted.at(-1)!;
  if (p <= 0) return least - (most - least);
  if (p >= 1) return most + (most - least);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * (sorted.length + 1)))]!;
}

function place(sorted: readonly number[], value: number): number {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insert(sorted: number[], value: number): void {
  sorted.splice(place(sorted, value), 0, value);
}

function remove(sorted: number[], value: number): void {
  sorted.splice(place(sorted, value), 1);
}
