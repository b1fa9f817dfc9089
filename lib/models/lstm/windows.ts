/**
 * Windows of a series for training: one flat array of scaled values, and for each window the row that it ends on. A
 * batch is filled by copying runs of that array; no window is stored apart, and none is an object.
 */
import { ModelError } from "../../core/errors.ts";
import { DAY_MS } from "../../core/time.ts";
import { type Scale, scaled } from "../../features/scaler.ts";
import type { RowRange } from "../series_model.ts";

/** Windows that are forecast at once. */
export const PREDICTED_AT_ONCE = 1024;

/** A series that windows are cut from. */
export interface ScaledSeries {
  /** `rows × features`, row-major. */
  values: Float32Array<ArrayBuffer>;
  features: number;
}

/** Windows with what is to be forecast from each. */
export interface LabelledWindows {
  series: ScaledSeries;
  lookBack: number;
  /** The last row of each window. */
  ends: Int32Array;
  /** The scaled target of each window. */
  targets: Float32Array<ArrayBuffer>;
}

/** Numbers for one step: what `tf.tensor3d(x, shape)` and `tf.tensor2d(y, [windows, 1])` take as they are. */
export interface FilledWindows {
  x: Float32Array<ArrayBuffer>;
  shape: [windows: number, lookBack: number, features: number];
  y: Float32Array<ArrayBuffer>;
}

/**
 * Columns as one scaled array.
 *
 * @param until rows from here on are not read.
 * @throws {ModelError} where a value is not a finite number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const scale = { offset: 1, factor: 2 };
 * const { values } = scaledSeries([Float64Array.of(1, 3), Float64Array.of(5, 7)], [scale, scale], 2);
 * assertEquals(values, Float32Array.of(0, 2, 1, 3));
 * ```
 */
export function scaledSeries(
  columns: readonly Float64Array[],
  scales: readonly Scale[],
  until: number,
): ScaledSeries {
  assertFinite(columns, until);
  const features = columns.length;
  const values = new Float32Array(until * features);
  for (const [at, column] of columns.entries()) {
    for (let row = 0; row < until; row++) values[row * features + at] = scaled(column[row]!, scales[at]!);
  }
  return { values, features };
}

/**
 * Refuses columns with holes.
 *
 * @throws {ModelError} where a value before row `until` is not a finite number.
 */
export function assertFinite(columns: readonly Float64Array[], until: number): void {
  for (const [at, column] of columns.entries()) {
    const row = column.subarray(0, until).findIndex((value) => !Number.isFinite(value));
    if (row < 0) continue;
    throw new ModelError(
      `Cannot use column ${at + 1} of ${columns.length}: row ${row} is ${
        column[row]
      }, fill it or leave the row out`,
    );
  }
}

/**
 * The rows of a range that have a whole window up to them without a missing day; it may begin before the range.
 *
 * @param days one a row, `YYYY-MM-DD`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const days = ["2026-01-01", "2026-01-02", "2026-01-04", "2026-01-05"];
 * assertEquals(windowEnds(days, { from: 0, until: 4 }, 2), Int32Array.of(1, 3));
 * ```
 */
export function windowEnds(days: readonly string[], { from, until }: RowRange, lookBack: number): Int32Array {
  const ends = [];
  const first = Math.max(0, from - lookBack + 1);
  let since = first;
  for (let row = first; row < until; row++) {
    if (row > first && Date.parse(days[row]!) - Date.parse(days[row - 1]!) !== DAY_MS) since = row;
    if (row >= from && row - since + 1 >= lookBack) ends.push(row);
  }
  return Int32Array.from(ends);
}

/**
 * Copies some windows into an array of their own.
 *
 * @param order numbers of windows; those from `from`, at most `count` of them, are taken.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const series = { values: Float32Array.of(1, 2, 3, 4), features: 1 };
 * const windows = { series, lookBack: 2, ends: Int32Array.of(1, 2), targets: Float32Array.of(3, 4) };
 * assertEquals(fillWindows(windows, [1, 0], 0, 2), {
 *   x: Float32Array.of(2, 3, 1, 2), shape: [2, 2, 1], y: Float32Array.of(4, 3),
 * });
 * ```
 */
export function fillWindows(
  { series: { values, features }, lookBack, ends, targets }: LabelledWindows,
  order: ArrayLike<number>,
  from: number,
  count: number,
): FilledWindows {
  const windows = Math.min(count, order.length - from), size = lookBack * features;
  const x = new Float32Array(windows * size), y = new Float32Array(windows);
  for (let at = 0; at < windows; at++) {
    const window = order[from + at]!, end = (ends[window]! + 1) * features;
    x.set(values.subarray(end - size, end), at * size);
    y[at] = targets[window]!;
  }
  return { x, shape: [windows, lookBack, features], y };
}
