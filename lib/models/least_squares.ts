/** Ordinary least squares, by Householder's triangularisation: stable where columns are nearly alike. */
import { ModelError } from "../core/errors.ts";

/** A fitted linear model. */
export interface LeastSquares {
  /** One a column, in their order. */
  coefficients: Float64Array;
  /** Standard errors under independent errors of one variance. */
  standard_errors: Float64Array;
  /** Mean squared residual, with the degrees of freedom that the columns leave. */
  residual_variance: number;
  residuals: Float64Array;
}

/** A diagonal entry this small beside its column's length means that the column adds nothing to those before it. */
const DEPENDENT = 1e-10;

/**
 * Finds the coefficients that leave the least sum of squares (Golub 1965, *Numerische Mathematik* 7).
 *
 * @param columns one array a regressor, all of one length; a constant is a column of ones.
 * @param y as long as the columns.
 * @throws {ModelError} where there are not more rows than columns, a value is not finite, or columns depend on each other.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * const ones = Float64Array.of(1, 1, 1, 1), x = Float64Array.of(0, 1, 2, 3);
 * const { coefficients } = leastSquares([ones, x], Float64Array.of(1, 3, 5, 7));
 * assertAlmostEquals(coefficients[0]!, 1, 1e-12);
 * assertAlmostEquals(coefficients[1]!, 2, 1e-12);
 * ```
 */
export function leastSquares(columns: readonly Float64Array[], y: Float64Array): LeastSquares {
  const rows = y.length, count = columns.length;
  if (rows <= count) {
    throw new ModelError(
      `Cannot fit a line: ${rows} rows for ${count} coefficients, give more rows than coefficients`,
    );
  }
  for (const column of [...columns, y]) {
    if (column.length === rows && column.every(Number.isFinite)) continue;
    throw new ModelError(
      `Cannot fit a line: a column has ${column.length} values of ${rows}, or one that is not finite; ` +
        `leave such rows out`,
    );
  }
  // Q'A = R in place of the columns, Q'y in place of a copy of y.
  const a = columns.map((column) => column.slice()), qy = y.slice();
  const diagonal = new Float64Array(count);
  for (let k = 0; k < count; k++) {
    const column = a[k]!;
    const whole = norm(columns[k]!, 0), rest = norm(column, k);
    if (!(rest > DEPENDENT * whole)) {
      throw new ModelError(
        `Cannot fit a line: column ${k + 1} is a combination of the ones before it, leave it out`,
      );
    }
    const alpha = column[k]! > 0 ? -rest : rest;
    // The reflection's vector takes the place of the column below the diagonal.
    column[k]! -= alpha;
    const scale = -1 / (alpha * column[k]!);
    for (const other of [...a.slice(k + 1), qy]) {
      let dot = 0;
      for (let i = k; i < rows; i++) dot += column[i]! * other[i]!;
      for (let i = k; i < rows; i++) other[i]! -= scale * dot * column[i]!;
    }
    diagonal[k] = alpha;
  }
  const r = (i: number, j: number) => i === j ? diagonal[i]! : a[j]![i]!;
  const coefficients = new Float64Array(count);
  for (let i = count - 1; i >= 0; i--) {
    let rest = qy[i]!;
    for (let j = i + 1; j < count; j++) rest -= r(i, j) * coefficients[j]!;
    coefficients[i] = rest / r(i, i);
  }
  const residuals = y.map((value, row) => {
    let fitted = 0;
    for (let j = 0; j < count; j++) fitted += columns[j]![row]! * coefficients[j]!;
    return value - fitted;
  });
  const residual_variance = residuals.reduce((sum, e) => sum + e * e, 0) / (rows - count);
  return {
    coefficients,
    standard_errors: Float64Array.from(inverseRowNorms(r, count), (n) => Math.sqrt(residual_variance) * n),
    residual_variance,
    residuals,
  };
}

function norm(values: Float64Array, from: number): number {
  let sum = 0;
  for (let i = from; i < values.length; i++) sum += values[i]! ** 2;
  return Math.sqrt(sum);
}

/** Lengths of the rows of R⁻¹: the roots of the diagonal of (A'A)⁻¹. */
function inverseRowNorms(r: (i: number, j: number) => number, count: number): number[] {
  const squares = new Array<number>(count).fill(0);
  for (let column = 0; column < count; column++) {
    const x = new Float64Array(count);
    for (let i = column; i >= 0; i--) {
      let rest = i === column ? 1 : 0;
      for (let j = i + 1; j <= column; j++) rest -= r(i, j) * x[j]!;
      x[i] = rest / r(i, i);
      squares[i]! += x[i]! ** 2;
    }
  }
  return squares.map(Math.sqrt);
}
