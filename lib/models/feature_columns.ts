import { ModelError } from "../core/errors.ts";

/**
 * Turns rows into columns, which trees are grown and read on.
 *
 * @param width features a row.
 * @param allocate gives the memory of a column.
 * @throws {ModelError} if a row has another length, or a number is not finite.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(toColumns([[1, 2], [3, 4]], 2), [Float64Array.of(1, 3), Float64Array.of(2, 4)]);
 * ```
 */
export function toColumns(
  x: readonly (readonly number[])[],
  width: number,
  allocate: (rows: number) => Float64Array = (rows) => new Float64Array(rows),
): Float64Array[] {
  const columns = Array.from({ length: width }, () => allocate(x.length));
  for (let row = 0; row < x.length; row++) {
    const values = x[row]!;
    let finite = values.length === width;
    for (let column = 0; column < width; column++) {
      const value = values[column]!;
      columns[column]![row] = value;
      finite &&= Number.isFinite(value);
    }
    if (!finite) {
      throw new ModelError(`Cannot use row ${row}: it must have ${width} finite numbers, leave it out`);
    }
  }
  return columns;
}

/**
 * Checks what a model is asked to learn from, and gives the rows as columns, in memory that threads can share.
 *
 * @param model for messages: `a forest`.
 * @throws {ModelError} if there is no row, labels or weights do not match, or a number is not finite.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * assertThrows(() => trainingColumns("a forest", [[1], [NaN]], Float64Array.of(1, 2)), Error, "Cannot use row 1");
 * ```
 */
export function trainingColumns(
  model: string,
  x: readonly (readonly number[])[],
  y: Float64Array,
  weights?: Float64Array,
): Float64Array[] {
  const width = x[0]?.length ?? 0;
  if (x.length !== y.length || width === 0) {
    throw new ModelError(
      `Cannot fit ${model}: ${x.length} rows and ${y.length} labels, give as many of each, above 0`,
    );
  }
  if (!y.every(Number.isFinite)) {
    throw new ModelError(`Cannot fit ${model}: a label is not finite, leave its row out`);
  }
  if (weights) {
    if (weights.length !== y.length) {
      throw new ModelError(
        `Cannot fit ${model}: ${weights.length} weights for ${y.length} rows, give one a row`,
      );
    }
    if (!weights.every((weight) => weight > 0 && weight < Infinity)) {
      throw new ModelError(`Cannot fit ${model}: a weight is not a number above 0, leave its row out`);
    }
  }
  return toColumns(x, width, (rows) => new Float64Array(new SharedArrayBuffer(8 * rows)));
}
