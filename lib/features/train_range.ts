/** Rows that may be learnt from, as a type: whoever has one has split the rows in time. */

/** Rows `from` … `until − 1`. */
export interface RowRange {
  from: number;
  until: number;
}

declare const split: unique symbol;

/**
 * A range of rows whose targets are known before whatever is tested begins. `splitByTime` and `walkFolds` alone make
 * one; what must not see later rows, a scaler for instance, asks for it.
 */
export type TrainRange = RowRange & { readonly [split]: true };

/**
 * Rows that are no newer than those that may be learnt from: all but the newest, which tell when to stop, or older ones
 * that windows begin in.
 *
 * @throws {RangeError} where some are newer.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { splitByTime } from "./split_by_time.ts";
 * const { train } = splitByTime(["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"], { embargoDays: 1 });
 * assertEquals(someOf(train, { from: 1, until: 3 }).from, 1);
 * assertThrows(() => someOf(train, { from: 1, until: 4 }), RangeError, "rows up to 3");
 * ```
 */
export function someOf(train: TrainRange, { from, until }: RowRange): TrainRange {
  if (from >= 0 && from < until && until <= train.until) return { from, until } as TrainRange;
  throw new RangeError(
    `Cannot learn from rows ${from} to ${until}: rows up to ${train.until} may be learnt from`,
  );
}
