/** How far a mean of losses may be from the truth, where neighbouring days are alike. */
import { fillUniform } from "../sources/demo_rng.ts";

/** Distinguishes these draws from all others of a seed. */
const PURPOSE = 7001;

/** A mean with its interval. */
export interface MeanInterval {
  mean: number;
  low: number;
  high: number;
}

/**
 * The interval of a mean by the circular block bootstrap (Politis and Romano 1992): blocks of neighbouring values are
 * drawn with replacement, the end joined to the beginning, and the mean of each sample is one of what might have been.
 *
 * @param options.block Values in a block; the cube root of their number where it is left out.
 * @param options.level Share of the samples within the interval.
 * @throws {RangeError} for no values, or a block that is no whole number from 1.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * const losses = Float64Array.from({ length: 400 }, (_, i) => i % 20);
 * const { mean, low, high } = bootstrapMean(losses, { seed: 1 });
 * assertEquals(mean, 9.5);
 * assert(low < 9.5 && high > 9.5 && high - low < 3);
 * assertEquals(bootstrapMean(losses, { seed: 1 }), { mean, low, high });
 * ```
 */
export function bootstrapMean(
  values: Float64Array,
  { seed, samples = 1000, level = 0.95, block = Math.max(1, Math.round(Math.cbrt(values.length))) }: {
    seed: number;
    samples?: number;
    level?: number;
    block?: number;
  },
): MeanInterval {
  const n = values.length;
  if (n === 0 || !(Number.isInteger(block) && block >= 1)) {
    throw new RangeError(
      `Cannot resample ${n} values in blocks of ${block}: give values, and a block of 1 or more`,
    );
  }
  const blocks = Math.ceil(n / block);
  // Sums up to each place, twice around, so that a block's sum is one subtraction.
  const sums = new Float64Array(2 * n + 1);
  for (let i = 0; i < 2 * n; i++) sums[i + 1] = sums[i]! + values[i % n]!;
  const draws = new Float64Array(blocks);
  const means = new Float64Array(samples);
  for (let sample = 0; sample < samples; sample++) {
    fillUniform({ seed, purpose: PURPOSE, series: 0, index: sample }, draws);
    let sum = 0, left = n;
    for (const draw of draws) {
      const length = Math.min(block, left, n), from = Math.floor(draw * n);
      sum += sums[from + length]! - sums[from]!;
      left -= length;
    }
    means[sample] = sum / n;
  }
  means.sort();
  const at = (share: number) => means[Math.min(samples - 1, Math.floor(share * samples))]!;
  return { mean: sums[n]! / n, low: at((1 - level) / 2), high: at(1 - (1 - level) / 2) };
}
