/** Walking forward: a model forecasts what was not there when it was fitted, again and again. */
import { ModelError } from "../core/errors.ts";
import type { SeriesRows } from "../features/series_rows.ts";
import type { RowRange, TrainRange } from "../features/train_range.ts";
import type { SeriesModel } from "./series_model.ts";

/** How to walk. */
export interface WalkOptions {
  /** First row to forecast from. */
  start: number;
  /** One past the last row; a final holdout begins there. Default: all whose target is known. */
  until?: number;
  /** A model is fitted anew after so many rows. */
  refit_every: number;
  /** `expanding` learns from all rows so far, a number from that many newest ones (rolling). */
  window?: "expanding" | number;
  /** Rows between the last target that is learnt from and the row that is forecast from; none where it is left out. */
  embargo?: number;
  /** First row that may be learnt from; the first of all where it is left out. */
  first?: number;
}

/** One stretch of the walk: what is learnt from, and what is forecast with it. */
export interface Fold {
  train: TrainRange;
  test: RowRange;
}

/**
 * The folds of a walk. A row is learnt from only where its target is known before the first row of the test range
 * (purge: targets lie `horizon` rows later), less the embargo.
 *
 * @throws {ModelError} where no row can be learnt from, or none forecast.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folds = walkFolds({ rows: 10, horizon: 2 }, { start: 6, refit_every: 3 });
 * assertEquals(folds.map(({ train }) => train.until), [5, 8]);
 * assertEquals(folds.map(({ test }) => [test.from, test.until]), [[6, 9], [9, 10]]);
 * ```
 */
export function walkFolds(
  { rows, horizon }: { rows: number; horizon: number },
  { start, until = rows, refit_every, window = "expanding", embargo = 0, first = 0 }: WalkOptions,
): Fold[] {
  const least = { refit_every: 1, horizon: 1, embargo: 0, first: 0, window: 1 };
  const given = { refit_every, horizon, embargo, first, window: window === "expanding" ? 1 : window };
  for (const name of Object.keys(least) as (keyof typeof least)[]) {
    if (Number.isInteger(given[name]) && given[name] >= least[name]) continue;
    throw new RangeError(`Cannot walk: ${name} is ${given[name]}, give a whole number from ${least[name]}`);
  }
  const folds: Fold[] = [];
  for (let from = start; from < Math.min(until, rows); from += refit_every) {
    const learnt = from - horizon + 1 - embargo;
    const oldest = window === "expanding" ? first : Math.max(first, learnt - window);
    if (learnt - oldest < 1) {
      throw new ModelError(
        `Cannot walk from row ${from}: no target is known ${embargo} rows before it, start later`,
      );
    }
    folds.push({
      train: { from: oldest, until: learnt } as TrainRange,
      test: { from, until: Math.min(from + refit_every, until, rows) },
    });
  }
  if (folds.length === 0) {
    throw new ModelError(`Cannot walk: row ${start} is beyond the last of ${Math.min(until, rows)} rows`);
  }
  return folds;
}

/** What a model forecast on a walk. */
export interface Walk {
  model: string;
  /** The rows that were forecast from. */
  rows: RowRange;
  forecasts: Float64Array;
  /** Each different fallback that a fit named. */
  fallbacks: string[];
}

/** Walks one model over folds that follow one another. */
export function walkForward(model: SeriesModel, rows: SeriesRows, folds: readonly Fold[]): Walk {
  const from = folds[0]!.test.from, until = folds.at(-1)!.test.until;
  const forecasts = new Float64Array(until - from);
  const fallbacks = new Set<string>();
  for (const { train, test } of folds) {
    model.fit(rows, train);
    if (model.fallback) fallbacks.add(model.fallback);
    const made = model.predict(rows, test);
    const bad = made.findIndex((value) => !Number.isFinite(value));
    if (made.length !== test.until - test.from || bad >= 0) {
      throw new ModelError(
        `Cannot score "${model.name}": its forecast from ${rows.days[test.from + Math.max(0, bad)]} is ${
          made[bad]
        }, ` +
          `see the rows before it`,
      );
    }
    forecasts.set(made, test.from - from);
  }
  return { model: model.name, rows: { from, until }, forecasts, fallbacks: [...fallbacks] };
}
