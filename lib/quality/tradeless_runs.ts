/**
 * Which gaps are too long to be the market's own silence.
 *
 * In a market in which a bar's silence depends on nothing but the bar before it (a two-state Markov chain; Gilbert,
 * *Capacity of a burst-noise channel*, 1960) a run of silent bars goes on with a probability `p` that its neighbours
 * show: of `R` runs with `M` bars, `M − R` bars went on and `R` ended. What is not known of `p` is kept as a Beta
 * distribution, so the chance that a run reaches `n` bars is that of the beta-geometric distribution,
 * `B(a + n − 1, b) / B(a, b)`. Times the number of runs of the stream it is the number of such runs to be expected
 * (the argument of Gordon, Schilling and Waterman, *An extreme value theory for long head runs*, 1986): where it is
 * far below one, the market did not make this run.
 *
 * Outages would raise the `p` by which they are judged. So the start is a market without memory, `p` = the share of
 * bars that open a run, which no outage's length can move; then `p` is learnt from the runs that passed, and the
 * others are judged again, until no more of them pass (a forward search; Atkinson and Riani, *Robust diagnostic
 * regression analysis*, 2000). Trading comes and goes with the hours and the weeks: a run is judged among its nearest
 * neighbours and among many more, and only a run that is too long in both is called an outage.
 */

/** Runs of missing bars in order of time, as columns. */
export interface Runs {
  /** Start of the first missing bar, epoch milliseconds. */
  from_ms: Float64Array;
  /** How many bars. */
  missing: Float64Array;
  /** 1 where it is known that nobody traded, 2 where it is known that something else happened, 0 where nothing is known. */
  known: Uint8Array;
}

/** What is known of a run by its evidence. */
export const UNKNOWN = 0, TRADELESS = 1, OUTAGE = 2;

/** What was found of runs of which nothing was known. */
export interface RunJudgement {
  /** How many runs of that length, or longer, a market like the one around it makes in the whole stream. */
  expected: Float64Array;
  /** 1 where that is fewer than {@linkcode RARE}. */
  outage: Uint8Array;
}

/** A run is an outage where a stream is expected to have fewer than this many of its length. */
export const RARE = 0.05;

/** Runs on either side that a run is compared with: the hours around it, and the days. */
const NEIGHBOURS = [15, 150];

/** How many runs' worth of belief in a market without memory. */
const PRIOR = 2;

/** Rounds of the forward search; three to six are usual. */
const MOST_ROUNDS = 25;

/**
 * Judges runs. Memory and time grow with the number of runs, not with the number of bars.
 *
 * @param span The stream's first bar and its end (exclusive), epoch milliseconds.
 *
 * @example A silent hour in a market where a minute in a hundred is silent
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * const minutes = Array.from({ length: 100 }, (_, i) => i * 100);
 * const runs = {
 *   from_ms: Float64Array.from(minutes, (minute) => minute * 60_000),
 *   missing: Float64Array.from(minutes, (minute) => (minute === 5000 ? 60 : 1)),
 *   known: new Uint8Array(100),
 * };
 * const { expected, outage } = judgeRuns(runs, { from_ms: 0, until_ms: 600_000_000, step_ms: 60_000 });
 * assertEquals([outage[50], outage[51]], [1, 0]);
 * assert(expected[50]! < 1e-20 && expected[51] === 99);
 * ```
 */
export function judgeRuns(
  runs: Runs,
  span: { from_ms: number; until_ms: number; step_ms: number },
): RunJudgement {
  const count = runs.from_ms.length;
  const outage = Uint8Array.from(runs.known, (known) => (known === OUTAGE ? 1 : 0));
  const expected = new Float64Array(count);
  for (let round = 0, changed = true; changed && round < MOST_ROUNDS; round++) {
    changed = round === 0;
    // Before the first judgement no run has passed: the market has no memory yet.
    const sums = sumUp(runs, round === 0 ? null : outage);
    const total = round === 0 ? count : sums.runs[count]!;
    for (let i = 0; i < count; i++) {
      if (runs.known[i] === OUTAGE) continue;
      let chance = 0;
      for (const reach of NEIGHBOURS) {
        chance = Math.max(chance, chanceAround(i, reach, runs, sums, span));
      }
      expected[i] = chance * Math.max(1, total);
      const rare = runs.known[i] === UNKNOWN && expected[i]! < RARE ? 1 : 0;
      // After the first round runs only pass: what was learnt from a run is not taken back.
      if (round === 0) outage[i] = rare;
      else if (rare < outage[i]!) {
        outage[i] = 0;
        changed = true;
      }
    }
  }
  return { expected, outage };
}

/** Sums over the runs before each one: how many passed, bars that went on, bars missing in all. */
interface Sums {
  runs: Float64Array;
  went_on: Float64Array;
  missing: Float64Array;
  /** Whether a run is counted in the first two. */
  passed: Uint8Array;
  /** Whether bars that went on are counted. */
  learnt: boolean;
}

function sumUp(runs: Runs, outage: Uint8Array | null): Sums {
  const count = runs.from_ms.length;
  const sums: Sums = {
    runs: new Float64Array(count + 1),
    went_on: new Float64Array(count + 1),
    missing: new Float64Array(count + 1),
    passed: new Uint8Array(count),
    learnt: outage !== null,
  };
  for (let i = 0; i < count; i++) {
    const passed = outage === null ? runs.known[i] !== OUTAGE : outage[i] === 0;
    sums.passed[i] = passed ? 1 : 0;
    sums.runs[i + 1] = sums.runs[i]! + (passed ? 1 : 0);
    sums.went_on[i + 1] = sums.went_on[i]! + (passed && outage !== null ? runs.missing[i]! - 1 : 0);
    sums.missing[i + 1] = sums.missing[i]! + runs.missing[i]!;
  }
  return sums;
}

/** The chance that a run gets as long as this one, from the runs around it and without it. */
function chanceAround(
  i: number,
  reach: number,
  runs: Runs,
  sums: Sums,
  { from_ms, until_ms, step_ms }: { from_ms: number; until_ms: number; step_ms: number },
): number {
  const count = runs.from_ms.length;
  const first = Math.max(0, i - reach), end = Math.min(count, i + reach + 1);
  const start = first === 0 ? from_ms : runs.from_ms[first - 1]! + runs.missing[first - 1]! * step_ms;
  const stop = end === count ? until_ms : runs.from_ms[end]!;
  const bars = (stop - start) / step_ms - (sums.missing[end]! - sums.missing[first]!);
  const own = sums.passed[i]!;
  const around = sums.runs[end]! - sums.runs[first]! - own;
  const wentOn = sums.went_on[end]! - sums.went_on[first]! -
    (own && sums.learnt ? runs.missing[i]! - 1 : 0);
  const share = (around + 0.5) / (around + Math.max(0, bars) + 1);
  return tail(runs.missing[i]!, Math.max(0, wentOn) + PRIOR * share, around + PRIOR * (1 - share));
}

/** `B(a + n − 1, b) / B(a, b)`: the chance that a run has `n` bars or more. */
function tail(bars: number, a: number, b: number): number {
  if (bars <= 1) return 1;
  if (bars <= 12) {
    let chance = 1;
    for (let k = 0; k < bars - 1; k++) chance *= (a + k) / (a + b + k);
    return chance;
  }
  return Math.exp(logGamma(a + bars - 1) - logGamma(a) + logGamma(a + b) - logGamma(a + b + bars - 1));
}

/** Stirling's series after a shift to where it holds to a relative 1e-10. */
function logGamma(x: number): number {
  let shift = 0;
  while (x < 8) shift -= Math.log(x++);
  const inverse = 1 / (x * x);
  return shift + (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) +
    (1 / 12 - (1 / 360 - inverse / 1260) * inverse) / x;
}
