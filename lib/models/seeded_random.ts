/**
 * Uniform numbers from 0 up to, not including, 1 that a seed repeats bit for bit: the small fast counting generator
 * sfc32 (Doty-Humphrey, PractRand), 128 bits of state. Each stream of a seed is a sequence of its own, so tree 7 draws
 * the same numbers whichever trees grow before it.
 *
 * @param seed 32-bit whole number.
 * @param stream 32-bit whole number, such as the number of a tree.
 *
 * @example
 * ```ts
 * import { assertEquals, assertNotEquals } from "@std/assert";
 * const draw = seededRandom(1);
 * assertEquals([draw(), draw()], [0.10286284936591983, 0.1430621687322855]);
 * assertNotEquals(seededRandom(1, 7)(), seededRandom(1, 8)());
 * ```
 */
export function seededRandom(seed: number, stream = 0): () => number {
  let a = seed | 0, b = stream | 0, c = 0, counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let round = 0; round < 12; round++) next(); // until the seed has reached every bit
  return next;
}
