/** Bits a pass: a counting sort of that many buckets each. */
const BITS = 11, BUCKETS = 2 ** BITS;
/** Of the lower and of the upper half of a double. */
const PASSES = [0, BITS, 2 * BITS];

/**
 * The indices of numbers in rising order of these; equal ones stay in their old order, and −0 equals 0. A radix sort,
 * from the lowest bits up, on doubles whose bits are turned such that they rise as whole numbers do (Terdiman 2000,
 * "Radix sort revisited").
 *
 * @param values none is NaN.
 * @param order the indices in their old order; all of them from 0 where it is left out. To sort by a first and a second
 *   key, sort by the second one first.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const first = Float64Array.of(7, -1, 7, 3), second = Float64Array.of(2, 0, 1, 0);
 * assertEquals([...argsort(first)], [1, 3, 0, 2]);
 * assertEquals([...argsort(first, argsort(second))], [1, 3, 2, 0]);
 * ```
 */
export function argsort(values: Float64Array, order?: Uint32Array): Uint32Array {
  const rows = values.length;
  const low = new Uint32Array(rows), high = new Uint32Array(rows);
  const value = new Float64Array(1), words = new Uint32Array(value.buffer); // the lower half comes first
  for (let row = 0; row < rows; row++) {
    value[0] = values[row]! + 0; // −0 + 0 is 0
    const negative = words[1]! >> 31; // all bits set, or none
    low[row] = words[0]! ^ negative;
    high[row] = words[1]! ^ (negative | 0x8000_0000);
  }
  let from = order?.slice() ?? Uint32Array.from({ length: rows }, (_, row) => row),
    to = new Uint32Array(rows);
  const starts = new Uint32Array(BUCKETS + 1);
  for (const half of [low, high]) {
    for (const shift of PASSES) {
      starts.fill(0);
      for (let row = 0; row < rows; row++) starts[((half[row]! >>> shift) & (BUCKETS - 1)) + 1]!++;
      if (starts.includes(rows)) continue; // all rows share these bits
      for (let bucket = 0; bucket < BUCKETS; bucket++) starts[bucket + 1]! += starts[bucket]!;
      for (let at = 0; at < rows; at++) {
        const row = from[at]!;
        to[starts[(half[row]! >>> shift) & (BUCKETS - 1)]!++] = row;
      }
      [from, to] = [to, from];
    }
  }
  return from;
}
