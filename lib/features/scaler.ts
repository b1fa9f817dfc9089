/** Columns on one scale, by statistics of the training rows; later rows are scaled by the same ones. */
import { columnOf, type SeriesRows } from "./series_rows.ts";
import type { TrainRange } from "./train_range.ts";

/**
 * `min_max` brings the training rows to 0 … 1, `standard` to mean 0 and deviation 1 (divisor n), `robust` to median 0
 * and quartiles one apart.
 */
export type ScalerKind = "min_max" | "standard" | "robust";

/** One column's scale, plain JSON: `scaled = (value − offset) / factor`. */
export interface Scale {
  offset: number;
  /** Above 0; 1 where the training rows never vary, as scikit-learn has it. */
  factor: number;
}

/**
 * Learns a column's scale from the training rows; no other one is read. A scaler of rows that were not split cannot be
 * written down: a {@linkcode TrainRange} comes from `splitByTime` or a fold of `walkFolds` alone.
 *
 * @param values the whole column.
 * @throws {RangeError} if the range is empty, or a value in it is no finite number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { splitByTime } from "./split_by_time.ts";
 * const { train } = splitByTime(["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"], { embargoDays: 1 });
 * const scale = fitScale(Float64Array.of(10, 20, 30, 99), train, "min_max");
 * assertEquals(scale, { offset: 10, factor: 20 });
 * assertEquals([scaled(30, scale), unscaled(0.5, scale)], [1, 20]);
 * ```
 */
export function fitScale(values: Float64Array, train: TrainRange, kind: ScalerKind): Scale {
  const rows = values.subarray(train.from, train.until);
  if (rows.length === 0 || !rows.every(Number.isFinite)) {
    throw new RangeError(
      `Cannot scale: rows ${train.from} to ${train.until} hold no number, or one that is not finite`,
    );
  }
  const { offset, factor } = STATISTICS[kind](rows);
  return { offset, factor: factor > 0 ? factor : 1 };
}

/** A value on the scale. */
export function scaled(value: number, { offset, factor }: Scale): number {
  return (value - offset) / factor;
}

/** A scaled value in its own unit again. */
export function unscaled(value: number, { offset, factor }: Scale): number {
  return value * factor + offset;
}

/**
 * Scales columns of rows by what their training rows tell.
 *
 * @param options.columns Which ones; by default all. The others and the target stay.
 * @throws {RangeError} for a column that is not there.
 */
export function scaleRows(
  rows: SeriesRows,
  train: TrainRange,
  { kind, columns = Object.keys(rows.columns) }: { kind: ScalerKind; columns?: readonly string[] },
): { rows: SeriesRows; scales: Readonly<Record<string, Scale>> } {
  const scales = Object.fromEntries(
    columns.map((name) => [name, fitScale(columnOf(rows, name), train, kind)]),
  );
  const moved = columns.map((name) => [
    name,
    columnOf(rows, name).map((value) => scaled(value, scales[name]!)),
  ]);
  return { rows: { ...rows, columns: { ...rows.columns, ...Object.fromEntries(moved) } }, scales };
}

const STATISTICS: Readonly<Record<ScalerKind, (values: Float64Array) => Scale>> = {
  min_max(values) {
    const sorted = values.toSorted();
    return { offset: sorted[0]!, factor: sorted.at(-1)! - sorted[0]! };
  },
  standard(values) {
    const offset = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - offset) ** 2, 0) / values.length;
    return { offset, factor: Math.sqrt(variance) };
  },
  robust(values) {
    const sorted = values.toSorted();
    return { offset: quantile(sorted, 0.5), factor: quantile(sorted, 0.75) - quantile(sorted, 0.25) };
  },
};

/** Linear between the two nearest values, as numpy has it. */
function quantile(sorted: Float64Array, p: number): number {
  const place = p * (sorted.length - 1), below = Math.floor(place);
  const low = sorted[below]!, high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (place - below) * (high - low);
}
