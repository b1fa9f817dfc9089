/** A model and the naive forecast on the same later days, in numbers and words. */
import { ModelError } from "../core/errors.ts";
import { type SeriesRows, targetDay } from "../features/series_rows.ts";
import { mae, mase, r2, rmse } from "./metrics.ts";
import type { RowRange, SeriesModel } from "./series_model.ts";
import type { ForecastErrors } from "./trained_model.ts";

/** What came out. */
export interface Judgement {
  metrics: ForecastErrors & { mae_ratio: number };
  naive: ForecastErrors & { model: string };
  verdict: string;
  /** The model's forecasts of the later days. */
  forecasts: Float64Array;
}

/**
 * Judges a fitted model on later days.
 *
 * @throws {ModelError} where a forecast is no finite number.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { drift, naive } from "./baselines.ts";
 * import { walkFolds } from "./walk_forward.ts";
 * const v = Float64Array.from({ length: 30 }, (_, i) => (i * i) % 7 + i);
 * const days = Array.from(v, (_, i) => new Date(86_400_000 * i).toISOString().slice(0, 10));
 * const rows = { days, columns: { v }, target: v.map((_, i) => v[i + 1] ?? NaN), horizon: 1 };
 * const [fold] = walkFolds({ rows: 29, horizon: 1 }, { start: 20, refit_every: 9 });
 * const { train, test } = fold!, model = drift("v");
 * model.fit(rows, train);
 * const { metrics, naive: { mae }, verdict } = judgeForecasts(rows, { model, naive: naive("v"), train, test });
 * assertEquals(metrics.mae_ratio, metrics.mae / mae);
 * assertEquals(verdict.startsWith("persistence wins"), metrics.mae >= mae);
 * const lost = { ...model, predict: () => new Float64Array(test.until - test.from).fill(NaN) };
 * assertThrows(() => judgeForecasts(rows, { model: lost, naive: naive("v"), train, test }), Error, "from 1970-01-21 is NaN");
 * ```
 */
export function judgeForecasts(
  rows: SeriesRows,
  { model, naive, train, test }: { model: SeriesModel; naive: SeriesModel; train: RowRange; test: RowRange },
): Judgement {
  const actualOf = ({ from, until }: RowRange) => rows.target.slice(from, until);
  const scale = mae(actualOf(train), naive.predict(rows, train));
  const actual = actualOf(test);
  const errorsOf = (forecasts: Float64Array): ForecastErrors => ({
    mae: mae(actual, forecasts),
    rmse: rmse(actual, forecasts),
    r2: r2(actual, forecasts),
    mase: scale > 0 ? mase(actual, forecasts, scale) : null,
  });
  const forecasts = finiteForecasts(rows, model, test);
  const mine = errorsOf(forecasts),
    theirs = { model: naive.name, ...errorsOf(finiteForecasts(rows, naive, test)) };
  const mae_ratio = mine.mae / theirs.mae;
  const days = `on ${actual.length} later days (${targetDay(rows, test.from)} to ${
    targetDay(rows, test.until - 1)
  })`;
  const ratio = mae_ratio.toFixed(3) === "1.000" ? mae_ratio.toPrecision(6) : mae_ratio.toFixed(3);
  const words = naive.name === "zero" ? "saying that nothing happens" : 'saying "as today"';
  const error = `${model.name}'s mean absolute error is ${ratio} × that of ${words} ${days}`;
  const larger = mine.rmse < theirs.rmse
    ? ""
    : `; its root mean squared error is not lower (${(mine.rmse / theirs.rmse).toFixed(3)} ×)`;
  const verdict = model.name === naive.name
    ? `${naive.name} is the naive forecast itself.`
    : mae_ratio < 1
    ? `${error}${larger}. One split without a test of significance: deno task leaderboard tests.`
    : `${naive.name} wins: ${error}. Serve ${naive.name}.`;
  return { metrics: { ...mine, mae_ratio }, naive: theirs, verdict, forecasts };
}

function finiteForecasts(rows: SeriesRows, model: SeriesModel, at: RowRange): Float64Array {
  const forecasts = model.predict(rows, at);
  const bad = forecasts.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return forecasts;
  throw new ModelError(
    `Cannot judge ${model.name}: its forecast from ${rows.days[at.from + bad]} is ${
      forecasts[bad]
    }, train it with ` +
      "other settings or other days",
  );
}
