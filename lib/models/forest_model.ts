/** A random forest as a model of a series. */
import { columnOf, type SeriesRows } from "../features/series_rows.ts";
import { type ForestSettings, RandomForest } from "./random_forest.ts";
import type { SeriesModel } from "./series_model.ts";

/**
 * A forest on logarithms of a positive target. Its forecast is `exp` of the mean log, which lies in the middle of a
 * lognormal target rather than at its mean: that is what the least absolute error asks for.
 *
 * @param columns What it is told of a day.
 */
export function forestModel(columns: readonly string[], settings: Partial<ForestSettings>): SeriesModel {
  const forest = new RandomForest({ maxTrainRows: Number.MAX_SAFE_INTEGER, ...settings });
  const matrix = (rows: SeriesRows, from: number, until: number) => {
    const chosen = columns.map((name) => columnOf(rows, name));
    return Array.from({ length: until - from }, (_, i) => chosen.map((column) => column[from + i]!));
  };
  return {
    name: "random_forest",
    fit: (rows, { from, until }) =>
      forest.fit(matrix(rows, from, until), rows.target.slice(from, until).map(Math.log)),
    predict: (rows, { from, until }) => forest.predict(matrix(rows, from, until)).map(Math.exp),
  };
}
