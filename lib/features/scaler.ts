/** Statistics of the training rows that bring a column near 0 … 1 or around 0; later rows are scaled by the same ones. */

/** `min_max` brings the training rows to 0 … 1, `standard` to mean 0 and deviation 1 (divisor n). */
export type ScalerKind = "min_max" | "standard";

/** One column's scale, plain JSON: `scaled = (value − offset) / factor`. */
export interface Scale {
  offset: number;
  /** Above 0; 1 where the training rows never vary, as scikit-learn has it. */
  factor: number;
}

/**
 * Learns a column's scale from some of its rows.
 *
 * @param values the whole column.
 * @param range rows `from` … `until − 1`, those that are learnt from; no other one is read.
 * @throws {RangeError} if the range is empty.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const prices = Float64Array.of(10, 20, 30, 99);
 * const scale = fitScale(prices, { from: 0, until: 3 }, "min_max");
 * assertEquals(scale, { offset: 10, factor: 20 });
 * assertEquals([scaled(30, scale), unscaled(0.5, scale)], [1, 20]);
 * ```
 */
export function fitScale(
  values: Float64Array,
  { from, until }: { from: number; until: number },
  kind: ScalerKind,
): Scale {
  const rows = values.subarray(from, until);
  if (rows.length === 0) throw new RangeError(`Cannot scale: rows ${from} to ${until} are none, give some`);
  if (kind === "min_max") {
    const offset = rows.reduce((least, value) => Math.min(least, value), Infinity);
    const most = rows.reduce((most, value) => Math.max(most, value), -Infinity);
    return { offset, factor: most - offset || 1 };
  }
  const offset = rows.reduce((sum, value) => sum + value, 0) / rows.length;
  const variance = rows.reduce((sum, value) => sum + (value - offset) ** 2, 0) / rows.length;
  return { offset, factor: Math.sqrt(variance) || 1 };
}

/** A value on the scale. */
export function scaled(value: number, { offset, factor }: Scale): number {
  return (value - offset) / factor;
}

/** A scaled value in its own unit again. */
export function unscaled(value: number, { offset, factor }: Scale): number {
  return value * factor + offset;
}
