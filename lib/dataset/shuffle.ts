/** Orders that follow from a seed, each found by its own address, so that a reader can start anywhere. */
import { fillUniform } from "../sources/demo_rng.ts";
import { allRows } from "./gather_rows.ts";

/** What a shuffle is for: two of them with one seed do not share draws. */
const PURPOSE = { rowGroups: 101, rows: 102 } as const;

/**
 * A permutation of 0 … count − 1 (Fisher and Yates).
 *
 * @param address `[epoch]` for row groups, `[epoch, row group, row]` of its start for a block of rows.
 *
 * @example The same address gives the same order
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const order = permutation(5, { seed: 7, of: "rowGroups", address: [0] });
 * assertEquals(permutation(5, { seed: 7, of: "rowGroups", address: [0] }), order);
 * assertEquals([...order].sort(), [0, 1, 2, 3, 4]);
 * ```
 */
export function permutation(
  count: number,
  { seed, of, address }: { seed: number; of: keyof typeof PURPOSE; address: readonly number[] },
): Uint32Array {
  const order = allRows(count);
  const [epoch, group = 0, row = 0] = address as [number, number?, number?];
  // The address's three numbers go into 80 bits of the generator's state.
  const key = {
    seed: (seed ^ Math.imul(group, 0x9e3779b1)) | 0,
    purpose: PURPOSE[of],
    series: epoch & 0xffff,
    index: (row ^ Math.imul(epoch >>> 16, 0x85ebca6b)) | 0,
  };
  const draws = fillUniform(key, new Float64Array(count));
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(draws[last]! * (last + 1));
    const kept = order[last]!;
    order[last] = order[other]!;
    order[other] = kept;
  }
  return order;
}
