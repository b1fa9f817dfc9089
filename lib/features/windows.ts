/**
 * Means and deviations over windows of rows, as Polars expressions.
 *
 * Polars' own rollingMean and rollingStd update a running sum: after a bad print their results stay off for the rest
 * of the column (7.6e-6 relative on a 10⁶-fold spike), which breaks the look-back promise. Summing the shifted columns
 * costs as many passes as the window has rows and is exact; null plus anything is null.
 */
import pl from "nodejs-polars";

/**
 * Mean of a row and the ones before it; null where one of them is.
 *
 * @param rows A whole number from 1 on.
 * @throws {RangeError} for any other.
 */
export function windowMean(column: pl.Expr, rows: number): pl.Expr {
  checkWindow(rows, 1);
  return sumOf(ages(0, rows).map((age) => column.shift(age))).div(rows);
}

/**
 * Standard deviation of a row and the ones before it, divisor n − 1, as pandas and numpy (ddof = 1) have it; null where
 * one of them is. Distances are taken from the row itself, which lies in the window: so nothing cancels, however far
 * from zero the column is.
 *
 * @param rows A whole number from 2 on.
 * @throws {RangeError} for any other.
 */
export function windowStd(column: pl.Expr, rows: number): pl.Expr {
  checkWindow(rows, 2);
  const distances = ages(1, rows).map((age) => column.shift(age).minus(column));
  const sum = sumOf(distances), squares = sumOf(distances.map((each) => each.mul(each)));
  return squares.minus(sum.mul(sum).div(rows)).div(rows - 1).pow(0.5);
}

function ages(from: number, until: number): number[] {
  return Array.from({ length: until - from }, (_, i) => from + i);
}

function sumOf(terms: pl.Expr[]): pl.Expr {
  return terms.reduce((sum, term) => sum.plus(term));
}

function checkWindow(rows: number, least: number): void {
  if (Number.isInteger(rows) && rows >= least) return;
  throw new RangeError(`Cannot roll over ${rows} rows: give a whole number from ${least} on`);
}
