/** The baselines that every other model has to beat: models like any other, each small enough to be checked by hand. */
import { ModelError } from "../core/errors.ts";
import { DAY_MS, utcDay } from "../core/time.ts";
import { columnOf, type SeriesRows } from "../features/series_rows.ts";
import { LEAST_VOLATILITY } from "../features/targets.ts";
import { fitGarch, type Garch, garchVariances } from "./garch.ts";
import { leastSquares } from "./least_squares.ts";
import { jsonModel, readJsonModel } from "./model_files.ts";
import type { RowRange, SeriesModel } from "./series_model.ts";

/** A model with nothing to learn. */
function rule(name: string, predict: SeriesModel["predict"]): SeriesModel {
  return {
    name,
    fit() {},
    predict,
    save: () => jsonModel({ name }),
    load: (files) => void readJsonModel(files, name),
  };
}

function forecast({ from, until }: RowRange, at: (row: number) => number): Float64Array {
  return Float64Array.from({ length: until - from }, (_, i) => at(from + i));
}

/**
 * Tomorrow is like today.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const rows = { days: ["a", "b"], columns: { vol_1: Float64Array.of(3, 5) }, target: Float64Array.of(5, NaN), horizon: 1 };
 * assertEquals(naive("vol_1").predict(rows, { from: 0, until: 2 }), Float64Array.of(3, 5));
 * ```
 */
export function naive(column: string): SeriesModel {
  return rule("persistence", (rows, at) => forecast(at, (row) => columnOf(rows, column)[row]!));
}

/**
 * Tomorrow is like the same day of the week before: the newest day that lies a whole number of periods before the
 * target. Where that day has no row, the one a period earlier stands in, and so on; today's value where none has.
 *
 * @param period Days.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * // Friday, Saturday and the next Friday: the Saturday after it is like the one before.
 * const days = ["2026-01-02", "2026-01-03", "2026-01-09"], vol_1 = Float64Array.of(3, 5, 4);
 * const rows = { days, columns: { vol_1 }, target: Float64Array.of(5, NaN, NaN), horizon: 1 };
 * assertEquals(seasonalNaive("vol_1").predict(rows, { from: 2, until: 3 }), Float64Array.of(5));
 * ```
 */
export function seasonalNaive(column: string, period = 7): SeriesModel {
  return rule("seasonal_naive", (rows, at) => {
    const { days, horizon } = rows, values = columnOf(rows, column);
    const rowOf = new Map(days.map((day, row) => [day, row])), oldest = Date.parse(days[0]!);
    const back = Math.ceil(horizon / period) * period - horizon;
    return forecast(at, (row) => {
      for (let time = Date.parse(days[row]!) - back * DAY_MS; time >= oldest; time -= period * DAY_MS) {
        const like = rowOf.get(utcDay(time));
        if (like !== undefined) return values[like]!;
      }
      return values[row]!;
    });
  });
}

/** Nothing changes: for returns. */
export function zero(): SeriesModel {
  return rule("zero", (_, at) => forecast(at, () => 0));
}

/** The mean of the targets so far: for returns, whose drift it is (Goyal and Welch 2008, *Review of Financial Studies* 21(4)). */
export function mean(): SeriesModel {
  let centre = NaN;
  return {
    name: "mean",
    fit(rows, { from, until }) {
      centre = rows.target.subarray(from, until).reduce((sum, value) => sum + value, 0) / (until - from);
    },
    predict: (_, at) => forecast(at, () => centre),
    save: () => jsonModel({ name: "mean", centre }),
    load: (files) => void ({ centre } = readJsonModel(files, "mean")),
  };
}

/** Today's value and the mean daily change of the training rows, for each day ahead. */
export function drift(column: string): SeriesModel {
  let change = 0;
  return {
    name: "drift",
    fit(rows, { from, until }) {
      if (until - from < 2) {
        throw new ModelError(`Cannot fit drift: ${until - from} rows, give two or more`);
      }
      const values = columnOf(rows, column);
      // Rows beside holes are left out, so days are counted.
      const days = (Date.parse(rows.days[until - 1]!) - Date.parse(rows.days[from]!)) / DAY_MS;
      change = (values[until - 1]! - values[from]!) / days;
    },
    predict: (rows, at) => forecast(at, (row) => columnOf(rows, column)[row]! + rows.horizon * change),
    save: () => jsonModel({ name: "drift", change }),
    load: (files) => void ({ change } = readJsonModel(files, "drift")),
  };
}

/**
 * The exponentially weighted mean of squared volatility, of RiskMetrics (J.P. Morgan 1996): `σ² ← λ σ² + (1 − λ) v²`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const rows = { days: ["a", "b"], columns: { vol_1: Float64Array.of(3, 5) }, target: Float64Array.of(5, NaN), horizon: 1 };
 * assertEquals(ewma("vol_1", 0.5).predict(rows, { from: 1, until: 2 }), Float64Array.of(Math.sqrt(17)));
 * ```
 */
export function ewma(column: string, lambda = 0.94): SeriesModel {
  return rule("ewma", (rows, { from, until }) => {
    const volatility = columnOf(rows, column);
    const forecasts = new Float64Array(until - from);
    let variance = volatility[0]! ** 2;
    for (let row = 1; row < until; row++) {
      if (row - 1 >= from) forecasts[row - 1 - from] = Math.sqrt(variance);
      variance = lambda * variance + (1 - lambda) * volatility[row]! ** 2;
    }
    if (until > from) forecasts[until - 1 - from] = Math.sqrt(variance);
    return forecasts;
  });
}

/**
 * The heterogeneous autoregression of realised volatility (Corsi 2009, *Journal of Financial Econometrics* 7(2)): a
 * linear model of a day, a week and a month, by least squares.
 *
 * @param columns Volatility of the day and its means over longer spans.
 */
export function har(columns: readonly string[]): SeriesModel {
  let coefficients: Float64Array = new Float64Array();
  return {
    name: "har",
    fit: (rows, train) =>
      void (coefficients = line(rows, train, { columns, target: rows.target }).coefficients),
    predict: (rows, at) =>
      forecast(at, (row) => Math.max(LEAST_VOLATILITY, along(rows, columns, coefficients, row))),
    save: () => jsonModel({ name: "har", coefficients: [...coefficients] }),
    load: (files) => void (coefficients = Float64Array.from(readJsonModel(files, "har").coefficients)),
  };
}

/**
 * HAR of logarithms. Volatility is skewed, so the mean of what may come, `exp(line + s²/2)` if it is lognormal, lies above
 * its middle, `exp(line)`: the mean has the least squared error, the middle the least absolute one. A model that is
 * judged by absolute errors has to beat a baseline that forecasts the middle, too.
 *
 * @param columns Log volatility of the day and its means over longer spans.
 */
export function logHar(
  columns: readonly string[],
  { forecasts }: { forecasts: "mean" | "median" },
): SeriesModel {
  let coefficients: Float64Array = new Float64Array(), shift = 0;
  const name = forecasts === "mean" ? "log_har" : "log_har_median";
  return {
    name,
    fit(rows, train) {
      const fit = line(rows, train, { columns, target: rows.target.map(Math.log) });
      coefficients = fit.coefficients;
      shift = forecasts === "mean" ? fit.residual_variance / 2 : 0;
    },
    predict: (rows, at) => forecast(at, (row) => Math.exp(along(rows, columns, coefficients, row) + shift)),
    save: () => jsonModel({ name, coefficients: [...coefficients], shift }),
    load(files) {
      const state = readJsonModel(files, name);
      coefficients = Float64Array.from(state.coefficients);
      shift = state.shift;
    },
  };
}

function line(
  rows: SeriesRows,
  { from, until }: RowRange,
  { columns, target }: { columns: readonly string[]; target: Float64Array },
) {
  const ones = new Float64Array(until - from).fill(1);
  const regressors = columns.map((name) => columnOf(rows, name).slice(from, until));
  return leastSquares([ones, ...regressors], target.slice(from, until));
}

function along(
  rows: SeriesRows,
  columns: readonly string[],
  coefficients: Float64Array,
  row: number,
): number {
  return columns.reduce(
    (sum, name, i) => sum + coefficients[i + 1]! * columnOf(rows, name)[row]!,
    coefficients[0]!,
  );
}

/**
 * GARCH(1,1) on daily returns, brought to the target's unit: returns from close to close and ranges within a day measure
 * volatility on different scales, so its forecasts are multiplied by the ratio of both means on the training rows. The
 * forecast for several days ahead is the variance of that day. Where the search finds no top of the likelihood, EWMA
 * stands in, scaled the same way, and the model says so.
 *
 * @param column Log returns of the day.
 */
export function garch(column: string): SeriesModel {
  let model: Garch | null = null, scale = 1, fallback: string | null = null;
  const volatilities = (rows: SeriesRows, until: number): Float64Array => {
    const returns = columnOf(rows, column).slice(0, until).map((value) => 100 * value);
    if (model === null) return ewmaOf(returns);
    const { omega, alpha, beta } = model;
    const persists = alpha + beta;
    return garchVariances(model, returns).slice(1).map((variance) => {
      for (let day = 1; day < rows.horizon; day++) variance = omega + persists * variance;
      return Math.sqrt(variance);
    });
  };
  return {
    name: "garch",
    get fallback() {
      return fallback;
    },
    fit(rows, { from, until }) {
      // The last training row's own return is known, too.
      const returns = columnOf(rows, column).slice(from, until).map((value) => 100 * value);
      const fitted = fitGarch(returns);
      model = fitted.converged ? fitted : null;
      fallback = fitted.converged
        ? null
        : `GARCH found no top of the likelihood in ${until - from} returns: EWMA stands in`;
      const mine = volatilities(rows, until);
      let sum = 0, target = 0;
      for (let row = from; row < until; row++) {
        sum += mine[row]!;
        target += rows.target[row]!;
      }
      scale = target / sum;
    },
    predict(rows, { from, until }) {
      return volatilities(rows, until).slice(from, until).map((each) => scale * each);
    },
    save: () => jsonModel({ name: "garch", model, scale, fallback }),
    load: (files) => void ({ model, scale, fallback } = readJsonModel(files, "garch")),
  };
}

function ewmaOf(returns: Float64Array): Float64Array {
  let variance = returns[0]! ** 2;
  return returns.map((value, i) => {
    if (i > 0) variance = 0.94 * variance + 0.06 * value ** 2;
    return Math.sqrt(variance);
  });
}
