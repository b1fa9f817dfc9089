/**
 * The demo market's own random numbers: small blocks of draws, each block found by its address alone. A block
 * does not depend on any other, so one day of one coin can be drawn without drawing the days before it.
 *
 * The generator is sfc32 (Chris Doty-Humphrey's "Small Fast Counting" generator of PractRand, 128 bits of state,
 * period at least 2^32), seeded with the address and run 15 rounds before the first number is used. It is not
 * for secrets.
 */

/** Address of a block of random numbers. */
export interface RandomKey {
  /** The market's seed, 0 to 2^32 − 1. */
  seed: number;
  /** What the numbers are for, 0 to 65,535: two purposes never share draws. */
  purpose: number;
  /** Which coin (or which common factor), 0 to 65,535. */
  series: number;
  /** Which day, or any other 32-bit integer. */
  index: number;
}

const WARM_UP_ROUNDS = 15;
const TWO_PI = 2 * Math.PI;

/**
 * Fills `out` with uniform numbers strictly between 0 and 1 (so that their logarithm is finite), 32 bits each.
 *
 * @returns `out`.
 *
 * @example The same address gives the same numbers, a neighbour gives others
 * ```ts
 * import { assertEquals, assertNotEquals } from "@std/assert";
 * const key = { seed: 1, purpose: 0, series: 7, index: 42 };
 * const first = fillUniform(key, new Float64Array(3));
 * assertEquals(fillUniform(key, new Float64Array(3)), first);
 * assertNotEquals(fillUniform({ ...key, index: 43 }, new Float64Array(3)), first);
 * ```
 */
export function fillUniform(key: RandomKey, out: Float64Array): Float64Array {
  let a = key.seed | 0, b = (key.purpose << 16) ^ key.series, c = key.index | 0, counter = 1;
  for (let i = -WARM_UP_ROUNDS; i < out.length; i++) {
    const value = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + value) | 0;
    if (i >= 0) out[i] = ((value >>> 0) + 0.5) / 4294967296;
  }
  return out;
}

/**
 * Fills `out` with standard normal numbers (Box and Muller 1958), two from each pair of uniforms.
 *
 * @returns `out`.
 * @throws {RangeError} for an odd length.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * const z = fillGaussian({ seed: 1, purpose: 0, series: 0, index: 0 }, new Float64Array(10_000));
 * const mean = z.reduce((sum, x) => sum + x, 0) / z.length;
 * assertAlmostEquals(mean, 0, 0.03);
 * ```
 */
export function fillGaussian(key: RandomKey, out: Float64Array): Float64Array {
  if (out.length % 2 !== 0) {
    throw new RangeError(
      `Cannot fill ${out.length} normal numbers: they come in pairs, ask for an even count`,
    );
  }
  fillUniform(key, out);
  for (let i = 0; i < out.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(out[i]!));
    const angle = TWO_PI * out[i + 1]!;
    out[i] = radius * Math.cos(angle);
    out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}
