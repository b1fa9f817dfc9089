/**
 * Means and deviations over windows of rows, as Polars expressions.
 *
 * Polars' own rollingMean and rollingStd update a running sum: after a bad print their results stay off for the rest
 * of the column (7.6e-6 relative on a 10⁶-fold spike), which breaks the look-back promise. Summing the shifted columns
 * costs as many passes as the window has rows and is exact; null plus anything is null.
 */
import pl from "nodejs-polars";

/** Mean of a row and the ones before it; null where one of them is. */
export function windowMean(column: pl.Expr, rows: number): pl.Expr {
  return sumOf(Array.from({ length: rows }, (_, age) => column.shift(age))).div(rows);
}

/** Standard deviation around {@linkcode windowMean}: two passes, divisor n − 1, as pandas and numpy (ddof = 1) have it. */
export function windowStd(column: pl.Expr, mean: pl.Expr, rows: number): pl.Expr {
  const squares = Array.from({ length: rows }, (_, age) => {
    const deviation = column.shift(age).minus(mean);
    return deviation.mul(deviation);
  });
  return sumOf(squares).div(rows - 1).pow(0.5);
}

function sumOf(terms: pl.Expr[]): pl.Expr {
  return terms.reduce((sum, term) => sum.plus(term));
}
