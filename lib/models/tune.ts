/** Trying settings out, on the training rows alone. */
import { ModelError } from "../core/errors.ts";
import type { SeriesRows } from "../features/series_rows.ts";
import { mae } from "./metrics.ts";
import { seededRandom } from "./seeded_random.ts";
import type { TrainRange } from "../features/train_range.ts";
import type { SeriesModel } from "./series_model.ts";
import { walkFolds, walkForward } from "./walk_forward.ts";

/** Values to try, by setting. */
export type TuningSpace = Readonly<Record<string, readonly number[]>>;

/** One choice of settings. */
export type Settings = Readonly<Record<string, number>>;

/**
 * Every combination, the last setting changing fastest.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(gridOf({ a: [1, 2], b: [3] }), [{ a: 1, b: 3 }, { a: 2, b: 3 }]);
 * ```
 */
export function gridOf(space: TuningSpace): Settings[] {
  return Object.entries(space).reduce<Settings[]>(
    (made, [name, values]) => made.flatMap((each) => values.map((value) => ({ ...each, [name]: value }))),
    [{}],
  );
}

/**
 * Some combinations, drawn without repeats; all of them where there are no more.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const drawn = randomOf({ a: [1, 2, 3], b: [4, 5] }, 4, 7);
 * assertEquals([drawn.length, new Set(drawn.map((each) => JSON.stringify(each))).size], [4, 4]);
 * assertEquals(randomOf({ a: [1, 2, 3], b: [4, 5] }, 4, 7), drawn);
 * ```
 */
export function randomOf(space: TuningSpace, count: number, seed: number): Settings[] {
  const all = gridOf(space), random = seededRandom(seed);
  return Array.from(
    { length: Math.min(count, all.length) },
    () => all.splice(Math.floor(random() * all.length), 1)[0]!,
  );
}

/** How to tune. */
export interface TuneOptions<S extends Settings> {
  /** Makes the model of a choice. */
  make: (settings: S) => SeriesModel;
  candidates: readonly S[];
  /** Inner folds: the newest half of the rows, cut into so many stretches. */
  folds?: number;
  /** Told of each choice when it has been tried. */
  onTried?: (tried: Tried<S>, done: number) => void;
}

/** What came of a choice. */
export interface Tried<S extends Settings = Settings> {
  settings: S;
  /** Mean absolute error over the inner folds, in the target's unit; null where the model could not be trained. */
  mae: number | null;
  /** Why it could not. */
  problem: string | null;
}

/**
 * Walks each choice over inner folds of the training rows and gives them with the lowest mean absolute error first. The
 * models are handed rows that end with the training range: what comes later cannot be read.
 *
 * @throws {ModelError} where no choice could be trained.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ewma } from "./baselines.ts";
 * import { walkFolds } from "./walk_forward.ts";
 * const v = Float64Array.from({ length: 60 }, (_, i) => 2 + Math.sin(i * i));
 * const days = Array.from(v, (_, i) => `day ${i}`);
 * const rows = { days, columns: { v }, target: v.map((_, i) => v[i + 1] ?? NaN), horizon: 1 };
 * const [fold] = walkFolds({ rows: 59, horizon: 1 }, { start: 50, refit_every: 9 });
 * const [best] = tune(rows, fold!.train, {
 *   make: ({ lambda }) => ewma("v", lambda), candidates: gridOf({ lambda: [0, 0.9] }),
 * });
 * assertEquals(best!.settings, { lambda: 0.9 });
 * ```
 */
export function tune<S extends Settings>(
  rows: SeriesRows,
  train: TrainRange,
  { make, candidates, folds = 3, onTried }: TuneOptions<S>,
): Tried<S>[] {
  const known = rowsOf(rows, train);
  const count = known.days.length, start = count >> 1;
  const inner = walkFolds({ rows: count, horizon: rows.horizon }, {
    start,
    refit_every: Math.ceil((count - start) / folds),
  });
  const { from, until } = { from: inner[0]!.test.from, until: inner.at(-1)!.test.until };
  const actual = known.target.subarray(from, until);
  const tried = candidates.map((settings, i): Tried<S> => {
    const result = ((): Tried<S> => {
      try {
        const { forecasts } = walkForward(make(settings), known, inner);
        return { settings, mae: mae(actual, forecasts), problem: null };
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        return { settings, mae: null, problem: error.message };
      }
    })();
    onTried?.(result, i + 1);
    return result;
  }).sort((a, b) => (a.mae ?? Infinity) - (b.mae ?? Infinity));
  if (tried[0]?.mae == null) {
    throw new ModelError(
      `Cannot tune: none of ${tried.length} choices could be trained. ${tried[0]?.problem ?? ""}`,
    );
  }
  return tried;
}

/** The rows of a range as rows of their own. */
function rowsOf({ days, columns, target, horizon }: SeriesRows, { from, until }: TrainRange): SeriesRows {
  return {
    days: days.slice(from, until),
    columns: Object.fromEntries(
      Object.entries(columns).map(([name, values]) => [name, values.slice(from, until)]),
    ),
    target: target.slice(from, until),
    horizon,
  };
}
