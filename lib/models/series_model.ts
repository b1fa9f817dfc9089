/** What a model of a series looks like: baselines, forests and networks alike. */
import type { SeriesRows } from "../features/series_rows.ts";
import type { RowRange, TrainRange } from "../features/train_range.ts";
import type { ModelFiles } from "./model_files.ts";

export type { RowRange };

/** A model, baselines included. */
export interface SeriesModel {
  /** Short and stable: `har`, `garch`. */
  readonly name: string;
  /**
   * Learns from rows whose targets are known; what was learnt before is forgotten. Columns before the range may be read,
   * targets may not.
   *
   * @throws {ModelError} where the rows are too few, or nothing in them varies.
   */
  fit(rows: SeriesRows, train: TrainRange): void;
  /** Forecasts from each row of a range, in the target's unit, by columns of rows up to that one only. */
  predict(rows: SeriesRows, at: RowRange): Float64Array;
  /**
   * What was learnt, as files.
   *
   * @throws {ModelError} before the first fit, where there is something to learn.
   */
  save(): ModelFiles;
  /**
   * Takes up what `save` gave: forecasts are the same to the bit.
   *
   * @throws {ModelError} where the files are cut, or of another model.
   */
  load(files: ModelFiles): void;
  /** Why the last fit could not do what the model's name says, and what it does instead; null where all went well. */
  readonly fallback?: string | null;
}
