/**
 * Which gaps are too long to be the market's own silence.
 *
 * In a market in which a bar's silence depends on nothing but the bar before it (a two-state Markov chain; Gilbert,
 * *Capacity of a burst-noise channel*, 1960) a run of silent bars goes on with a probability `p` that its neighbours
 * show: their bars that went on, and their ends. What is not known of `p` is kept as a Beta distribution, so the chance
 * that a run reaches `n` bars is that of the beta-geometric distribution, `B(a + n − 1, b) / B(a, b)`. Times the number
 * of runs of the stream it is the number of such runs to be expected (the argument of Gordon, Schilling and Waterman,
 * *An extreme value theory for long head runs*, 1986): where it is far below one, the market did not make this run.
 *
 * Outages would raise the `p` by which they are judged. Two things keep them from it:
 *
 * - A forward search (Atkinson and Riani, *Robust diagnostic regression analysis*, 2000) starts with a market without
 *   memory, whose `p` is the share of bars that open a run: no outage's length can move that. Then `p` is learnt from
 *   the runs that passed, and the others are judged again, until no more of them pass.
 * - A run is followed no further than nine in ten of its neighbours go (a censored geometric sample): one long run
 *   counts as little as one that is just long enough.
 *
 * Trading comes and goes with the hours and the weeks: a run is judged among its nearest neighbours and among many
 * more, and only a run that is too long in both is called an outage. Where a source says that nobody traded, that is
 * believed, but such a run teaches `p` only where it passes as well: a halted exchange says the same.
 *
 * What this cannot do: an outage that is no longer than the market's own silences looks like one. In a market where a
 * minute in 200 is silent, that is up to about five minutes.
 */

import { logGamma } from "../core/log_gamma.ts";

/** Runs of missing bars in order of time, as columns. */
export interface Runs {
  /** Start of the first missing bar, epoch milliseconds. */
  from_ms: Float64Array;
  /** How many bars. */
  missing: Float64Array;
  /** 1 where it is known that something else happened than that nobody traded. */
  excused: Uint8Array;
}

/** What was found. */
export interface RunJudgement {
  /** How many runs of that length, or longer, a market like the one around it makes in the whole stream. */
  expected: Float64Array;
  /** 1 where that is fewer than {@linkcode RARE}, or the evidence says so. */
  outage: Uint8Array;
}

/** A run is an outage where a stream is expected to have fewer than this many of its length. */
export const RARE = 0.05;

/** Runs on either side that a run is compared with: the hours around it, and the days. */
const NEIGHBOURS = [15, 150];

/** How many runs' worth of belief in a market without memory. */
const PRIOR = 2;

/** A run is followed for so many bars. */
const CAPS = [1, 2, 4, 8, 16, 32, 64, 256, 1024];

/** The shortest cap is taken beyond which no more than this share of the runs goes. */
const BEYOND = 0.1;

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
 *   excused: new Uint8Array(100),
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
  const expected = new Float64Array(count);
  const outage = runs.excused.slice();
  const judge = (i: number, sums: Sums) => {
    let chance = 0;
    // Every run has its first bar: the most frequent ones need no sums.
    if (runs.missing[i] === 1) chance = 1;
    else for (const reach of NEIGHBOURS) chance = Math.max(chance, chanceAround(i, reach, runs, sums, span));
    expected[i] = chance * Math.max(1, sums.runs[count]!);
    return expected[i]! < RARE;
  };
  // Before the first judgement the market has no memory: no run is followed.
  let sums = sumUp(runs, outage, [0]);
  let last: Sums | undefined;
  let doubtful: number[] = [];
  for (let i = 0; i < count; i++) if (!runs.excused[i] && judge(i, sums)) doubtful.push(i);
  for (const i of doubtful) outage[i] = 1;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    sums = last = sumUp(runs, outage, CAPS, last);
    // Runs only pass: what was learnt from a run is not taken back.
    const left = doubtful.filter((i) => judge(i, sums));
    if (left.length === doubtful.length) break;
    for (const i of doubtful) outage[i] = 0;
    for (const i of left) outage[i] = 1;
    doubtful = left;
  }
  for (let i = 0; i < count; i++) if (!outage[i]) judge(i, sums);
  return { expected, outage };
}

/** Sums over the runs before each one. */
interface Sums {
  /** Runs that are not taken for outages. */
  runs: Int32Array;
  /** Of those, as far as they were followed: bars that went on, and runs that ended. A pair for each cap, run by run. */
  followed: Int32Array;
  /** Bars missing in all; more than an Int32 holds where bars are short and a stream is very old. */
  missing: Float64Array;
  caps: readonly number[];
  /** For each cap the chance to go on with which no more than {@linkcode BEYOND} go beyond it. */
  enough: Float64Array;
  outage: Uint8Array;
}

/** @param into Sums with the same caps, which are overwritten. */
function sumUp(runs: Runs, outage: Uint8Array, caps: readonly number[], into?: Sums): Sums {
  const count = runs.from_ms.length, width = 2 * caps.length;
  const sums: Sums = into ?? {
    runs: new Int32Array(count + 1),
    followed: new Int32Array((count + 1) * width),
    missing: new Float64Array(count + 1),
    caps,
    enough: Float64Array.from(caps, (cap) => BEYOND ** (1 / cap)),
    outage: new Uint8Array(count),
  };
  sums.outage.set(outage);
  const { followed } = sums;
  for (let i = 0; i < count; i++) {
    const own = 1 - outage[i]!, missing = runs.missing[i]!, more = missing - 1;
    sums.runs[i + 1] = sums.runs[i]! + own;
    sums.missing[i + 1] = sums.missing[i]! + missing;
    for (let c = 0, at = i * width; c < caps.length; c++, at += 2) {
      const cap = caps[c]!;
      followed[at + width] = followed[at]! + own * Math.min(more, cap);
      followed[at + width + 1] = followed[at + 1]! + (more < cap || cap === 0 ? own : 0);
    }
  }
  return sums;
}

/**
 * The chance that a run gets as long as this one, from the runs around it and without it; at least that of a market
 * without memory. Where no neighbour went on `p` would sink below what chance alone makes, and two silent minutes in a
 * row be called an outage.
 */
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
  const own = sums.outage[i] ? 0 : 1, more = runs.missing[i]! - 1;
  const around = sums.runs[end]! - sums.runs[first]! - own;
  const share = (around + 0.5) / (around + Math.max(0, bars) + 1);
  let a = 0, b = 0;
  const { caps, followed } = sums, width = 2 * caps.length;
  for (let c = 0; c < caps.length; c++) {
    const cap = caps[c]!, before = first * width + 2 * c, behind = end * width + 2 * c;
    a = PRIOR * share + followed[behind]! - followed[before]! - own * Math.min(more, cap);
    b = PRIOR * (1 - share) + followed[behind + 1]! - followed[before + 1]! -
      (more < cap || cap === 0 ? own : 0);
    if (a / (a + b) <= sums.enough[c]!) break;
  }
  const chance = tail(runs.missing[i]!, a, b);
  // Where it is above the share itself, it is above all of its powers.
  return chance >= share ? chance : Math.max(chance, share ** more);
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
