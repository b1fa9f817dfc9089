/** A model of single rows as a model of a series. */
import { ModelError } from "../core/errors.ts";
import { columnOf, type SeriesRows } from "../features/series_rows.ts";
import type { Forecaster } from "./forecaster.ts";
import { type Learns, learnt } from "./learns.ts";
import { jsonModel, readJsonModel } from "./model_files.ts";
import type { SeriesModel } from "./series_model.ts";

/** How a forecaster of rows is used. */
export interface RowModelOptions {
  /** What it is told of a day. */
  columns: readonly string[];
  learns: Learns;
  /** Makes the forecaster of what its `toJSON` gave; one that is not saved needs none. */
  // deno-lint-ignore no-explicit-any -- each forecaster checks its own JSON
  load?: (stored: any) => Forecaster;
}

/**
 * Fits a forecaster of rows to the target in some form (see {@linkcode Learns}).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { walkFolds, walkForward } from "./walk_forward.ts";
 * let mean = NaN;
 * const model = rowModel({
 *   name: "average",
 *   fit: (_, y) => void (mean = y.reduce((sum, value) => sum + value, 0) / y.length),
 *   predict: (x) => new Float64Array(x.length).fill(mean),
 * }, { columns: ["v"], learns: "log" });
 * const v = Float64Array.of(1, 4, 9);
 * const rows = { days: ["a", "b", "c"], columns: { v }, target: Float64Array.of(4, 16, 8), horizon: 1 };
 * const { forecasts } = walkForward(model, rows, walkFolds({ rows: 3, horizon: 1 }, { start: 2, refit_every: 1 }));
 * assertEquals(forecasts[0]!.toFixed(9), "8.000000000");
 * ```
 */
export function rowModel(forecaster: Forecaster, { columns, learns, load }: RowModelOptions): SeriesModel {
  const { name } = forecaster;
  const matrix = (rows: SeriesRows, from: number, until: number) => {
    const chosen = columns.map((column) => columnOf(rows, column));
    return Array.from({ length: until - from }, (_, i) => chosen.map((column) => column[from + i]!));
  };
  return {
    name,
    fit(rows, { from, until }) {
      const { form } = learnt(rows, learns);
      const y = Float64Array.from({ length: until - from }, (_, i) => form(from + i));
      forecaster.fit(matrix(rows, from, until), y);
    },
    predict(rows, { from, until }) {
      const { back } = learnt(rows, learns);
      return forecaster.predict(matrix(rows, from, until)).map((value, i) => back(from + i, value));
    },
    save: () => jsonModel({ name, columns, learns, forecaster }),
    load(files) {
      const state = readJsonModel(files, name);
      if (!load || JSON.stringify([state.columns, state.learns]) !== JSON.stringify([columns, learns])) {
        throw new ModelError(
          `Cannot load "${name}": it was trained on other columns or another target, train again`,
        );
      }
      forecaster = load(state.forecaster);
    },
  };
}
