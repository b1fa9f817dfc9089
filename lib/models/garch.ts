/**
 * GARCH(1,1) with a constant mean (Bollerslev 1986, *Journal of Econometrics* 31): `r_t = μ + e_t`, `e_t ~ N(0, σ²_t)`,
 * `σ²_t = ω + α e²_{t−1} + β σ²_{t−1}`, by maximum likelihood.
 */
import { ModelError } from "../core/errors.ts";

/** A fitted model, in the unit of the returns that it was fitted to. */
export interface Garch {
  mu: number;
  omega: number;
  alpha: number;
  beta: number;
  /** Standard errors of the four, from the curvature of the likelihood; NaN where it has none, as at a bound. */
  standard_errors: { mu: number; omega: number; alpha: number; beta: number };
  log_likelihood: number;
  /** What stands for `e²` and `σ²` before the first return. */
  backcast: number;
  /** Whether the search ended where the likelihood is flat. */
  converged: boolean;
}

/** Fewer returns say nothing of four parameters. */
const LEAST_RETURNS = 100;
/** Returns that the backcast looks at, and their decay: those of RiskMetrics, as in Python's `arch`. */
const BACKCAST = 75, DECAY = 0.94;
/** Where the search begins: shares of the variance that persist, and of those the part of the newest return. */
const STARTS = [0.5, 0.7, 0.9, 0.98].flatMap((persists) =>
  [0.05, 0.1, 0.2].map((news) => ({ persists, news }))
);
const MOST_STEPS = 500;
/** Mean slope of the likelihood per return, in the search's own coordinates, that counts as flat. */
const FLAT = 1e-9;

/**
 * Fits by the quasi-Newton method of Broyden, Fletcher, Goldfarb and Shanno with exact slopes, in coordinates that keep
 * ω above zero and α + β below one. Give returns in percent: tiny variances make a poor search.
 *
 * @param returns in order of time.
 * @throws {ModelError} for fewer than 100 returns, ones that are not finite, or that never change.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * const calm = Float64Array.from({ length: 400 }, (_, i) => Math.sin(i * i) * (i % 100 < 50 ? 1 : 3));
 * const { alpha, beta, converged } = fitGarch(calm);
 * assert(converged && alpha >= 0 && beta >= 0 && alpha + beta < 1);
 * ```
 */
export function fitGarch(returns: Float64Array): Garch {
  const n = returns.length;
  if (n < LEAST_RETURNS || !returns.every(Number.isFinite)) {
    throw new ModelError(
      `Cannot fit GARCH: ${n} returns, or one that is not finite; give at least ${LEAST_RETURNS} finite ones`,
    );
  }
  const mean = returns.reduce((sum, value) => sum + value, 0) / n;
  const variance = returns.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n;
  if (!(variance > 0)) throw new ModelError(`Cannot fit GARCH: all ${n} returns are ${mean}, nothing varies`);
  const backcast = backcastOf(returns, mean);
  const score = (point: Point) => likelihood(returns, backcast, point);

  const starts = STARTS.map(({ persists, news }) => {
    const point = {
      mu: mean,
      omega: variance * (1 - persists),
      alpha: persists * news,
      beta: persists * (1 - news),
    };
    return { point, value: score(point).value };
  }).sort((a, b) => b.value - a.value);
  const scale = Math.sqrt(variance);
  const to = ([m, w, p, c]: readonly number[]): Point => {
    const persists = sigmoid(p!), news = sigmoid(c!);
    return {
      mu: scale * m!,
      omega: variance * Math.exp(w!),
      alpha: persists * news,
      beta: persists * (1 - news),
    };
  };
  const { mu, omega, alpha, beta } = starts[0]!.point;
  const start = [mu / scale, Math.log(omega / variance), logit(alpha + beta), logit(alpha / (alpha + beta))];
  const { x, flat } = climb((x) => {
    const point = to(x);
    const { value, slope } = score(point);
    const persists = point.alpha + point.beta, news = point.alpha / persists;
    return {
      value: value / n,
      slope: [
        slope[0] * scale,
        slope[1] * point.omega,
        persists * (1 - persists) * (slope[2] * news + slope[3] * (1 - news)),
        persists * news * (1 - news) * (slope[2] - slope[3]),
      ].map((each) => each / n),
    };
  }, start);
  const best = to(x);
  return {
    ...best,
    standard_errors: standardErrors(score, best),
    log_likelihood: score(best).value,
    backcast,
    converged: flat,
  };
}

/**
 * Variances by a fitted model: `variances[t]` is that of return `t` as seen from the returns before it, and the last one,
 * beyond the returns, is the forecast.
 *
 * @returns one more than there are returns.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const model = { mu: 0, omega: 1, alpha: 0.5, beta: 0.25, backcast: 4 };
 * assertEquals(garchVariances(model, Float64Array.of(2, 0)), Float64Array.of(4, 4, 2));
 * ```
 */
export function garchVariances(
  { mu, omega, alpha, beta, backcast }: Pick<Garch, "mu" | "omega" | "alpha" | "beta" | "backcast">,
  returns: Float64Array,
): Float64Array {
  const variances = new Float64Array(returns.length + 1);
  variances[0] = omega + (alpha + beta) * backcast;
  for (let t = 0; t < returns.length; t++) {
    variances[t + 1] = omega + alpha * (returns[t]! - mu) ** 2 + beta * variances[t]!;
  }
  return variances;
}

interface Point {
  mu: number;
  omega: number;
  alpha: number;
  beta: number;
}

type Slope = [mu: number, omega: number, alpha: number, beta: number];

function backcastOf(returns: Float64Array, mean: number): number {
  let sum = 0, weights = 0;
  for (let t = 0, weight = 1; t < Math.min(BACKCAST, returns.length); t++, weight *= DECAY) {
    sum += weight * (returns[t]! - mean) ** 2;
    weights += weight;
  }
  return sum / weights;
}

/** The log likelihood and its slope. */
function likelihood(
  returns: Float64Array,
  backcast: number,
  { mu, omega, alpha, beta }: Point,
): { value: number; slope: Slope } {
  let value = 0;
  let variance = omega + (alpha + beta) * backcast;
  // Slopes of the variance.
  let byMu = 0, byOmega = 1, byAlpha = backcast, byBeta = backcast;
  const slope: Slope = [0, 0, 0, 0];
  for (const r of returns) {
    const e = r - mu, square = e * e;
    value -= 0.5 * (Math.log(2 * Math.PI * variance) + square / variance);
    const pull = 0.5 * (square / variance - 1) / variance;
    slope[0] += pull * byMu + e / variance;
    slope[1] += pull * byOmega;
    slope[2] += pull * byAlpha;
    slope[3] += pull * byBeta;
    byMu = beta * byMu - 2 * alpha * e;
    byOmega = 1 + beta * byOmega;
    byAlpha = square + beta * byAlpha;
    byBeta = variance + beta * byBeta;
    variance = omega + alpha * square + beta * variance;
  }
  return { value, slope };
}

/** Goes uphill until the slope is flat, or no step leads higher. */
function climb(
  at: (x: readonly number[]) => { value: number; slope: number[] },
  start: number[],
): { x: number[]; flat: boolean } {
  const size = start.length;
  let x = start, here = at(x);
  let inverse = identity(size);
  const isFlat = () => here.slope.every((each) => Math.abs(each) < FLAT);
  for (let step = 0; step < MOST_STEPS && !isFlat(); step++) {
    let way = inverse.map((row) => dot(row, here.slope));
    if (!(dot(way, here.slope) > 0)) {
      inverse = identity(size);
      way = here.slope.slice();
    }
    const rise = dot(way, here.slope);
    let length = Math.min(1, 2 / Math.max(...way.map(Math.abs)));
    let next = x, there = here, higher = false;
    // Armijo's rule: a step counts if it gains its share of what the slope promises.
    for (; length > 1e-14; length /= 2) {
      next = x.map((each, i) => each + length * way[i]!);
      there = at(next);
      higher = there.value >= here.value + 1e-4 * length * rise || (
        // So near to the top that values are equal to the last digit, only the slope still tells.
        Math.abs(there.value - here.value) < 1e-13 && norm(there.slope) < norm(here.slope)
      );
      if (higher) break;
    }
    if (!higher) break;
    inverse = updated(
      inverse,
      next.map((each, i) => each - x[i]!),
      here.slope.map((each, i) => each - there.slope[i]!),
    );
    x = next;
    here = there;
  }
  return { x, flat: here.slope.every((each) => Math.abs(each) < 1e3 * FLAT) };
}

/** The BFGS update of the inverse curvature. */
function updated(h: number[][], s: number[], y: number[]): number[][] {
  const sy = dot(s, y);
  if (!(sy > 1e-300)) return h;
  const hy = h.map((row) => dot(row, y));
  const factor = 1 + dot(y, hy) / sy;
  return h.map((row, i) =>
    row.map((each, j) => each + (factor * s[i]! * s[j]! - hy[i]! * s[j]! - s[i]! * hy[j]!) / sy)
  );
}

/** Roots of the diagonal of the inverse of the likelihood's curvature, by differences of its exact slopes. */
function standardErrors(
  score: (point: Point) => { slope: Slope },
  best: Point,
): Garch["standard_errors"] {
  const names = ["mu", "omega", "alpha", "beta"] as const;
  const curvature = names.map((name) => {
    const step = 1e-5 * Math.max(Math.abs(best[name]), 1e-3);
    const [up, down] = [1, -1].map((sign) => score({ ...best, [name]: best[name] + sign * step }).slope);
    return up!.map((each, i) => (down![i]! - each) / (2 * step));
  });
  const inverse = inverted(curvature.map((row, i) => row.map((each, j) => (each + curvature[j]![i]!) / 2)));
  const [mu, omega, alpha, beta] = names.map((_, i) => Math.sqrt(inverse?.[i]?.[i] ?? NaN)) as Slope;
  return { mu, omega, alpha, beta };
}

/** Gauss–Jordan elimination with pivots; null for a singular matrix. */
function inverted(matrix: readonly (readonly number[])[]): number[][] | null {
  const size = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...identity(size)[i]!]);
  for (let k = 0; k < size; k++) {
    const pivot = rows.findIndex((row, i) =>
      i >= k && rows.slice(k).every((other) => Math.abs(other[k]!) <= Math.abs(row[k]!))
    );
    if (pivot < 0 || rows[pivot]![k] === 0) return null;
    [rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!];
    const by = rows[k]![k]!;
    rows[k] = rows[k]!.map((each) => each / by);
    for (let i = 0; i < size; i++) {
      const factor = rows[i]![k]!;
      if (i !== k) rows[i] = rows[i]!.map((each, j) => each - factor * rows[k]![j]!);
    }
  }
  return rows.map((row) => row.slice(size));
}

function identity(size: number): number[][] {
  return Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => i === j ? 1 : 0));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, each, i) => sum + each * b[i]!, 0);
}

function norm(a: readonly number[]): number {
  return Math.sqrt(dot(a, a));
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function logit(p: number): number {
  return Math.log(p / (1 - p));
}
