/** A model whose settings are chosen anew at each fit, on what may be learnt from and nothing else. */
import { ModelError } from "../core/errors.ts";
import { jsonModel, readJsonModel } from "./model_files.ts";
import type { SeriesModel } from "./series_model.ts";
import { tune } from "./tune.ts";

/** How settings are chosen. */
export interface TuningOptions {
  /** Stretches that the newest half of the training rows is cut into. */
  folds?: number;
  /** Told which candidate was chosen. */
  onChosen?: (candidate: number) => void;
}

/**
 * Makes one model of several with different settings. Each fit walks all of them over inner folds, in order of time and
 * within the training rows, takes the one of lowest mean absolute error, and fits it to all of them. So what is chosen
 * has never seen a day that it is judged on (nested validation: Varma and Simon 2006, *BMC Bioinformatics* 7(91)).
 *
 * @param candidates One model per choice; of equally good ones the first is taken.
 * @throws {ModelError} without a candidate; `fit` where the training rows are too few to be parted.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ewma } from "./baselines.ts";
 * import { walkFolds, walkForward } from "./walk_forward.ts";
 * const v = Float64Array.from({ length: 120 }, (_, i) => i % 2 === 0 ? 2 : 4);
 * const rows = { days: Array.from(v, (_, i) => `${i}`), columns: { v }, target: v.map((_, i) => v[i + 1] ?? NaN), horizon: 1 };
 * const chosen: number[] = [];
 * const model = tunedModel("ewma_tuned", [0, 0.94].map((lambda) => ewma("v", lambda)), {
 *   onChosen: (candidate) => chosen.push(candidate),
 * });
 * walkForward(model, rows, walkFolds({ rows: 119, horizon: 1 }, { start: 80, refit_every: 20 }));
 * assertEquals(chosen, [1, 1]); // what swings each day is forecast best by its mean
 * ```
 */
export function tunedModel(
  name: string,
  candidates: readonly SeriesModel[],
  { folds = 3, onChosen }: TuningOptions = {},
): SeriesModel {
  if (candidates.length === 0) {
    throw new ModelError(`Cannot tune "${name}": there is no candidate, give some`);
  }
  let best = 0;
  const chosen = () => candidates[best]!;
  const choices = candidates.map((_, candidate) => ({ candidate }));
  const make = ({ candidate }: typeof choices[number]) => candidates[candidate]!;
  return {
    name,
    get fallback() {
      return chosen().fallback ?? null;
    },
    fit(rows, train) {
      best = tune(rows, train, { candidates: choices, make, folds })[0]!.settings.candidate;
      onChosen?.(best);
      chosen().fit(rows, train);
    },
    predict: (rows, at) => chosen().predict(rows, at),
    save: () => ({ ...chosen().save(), ...jsonModel({ name, candidate: best }, "choice.json") }),
    load(files) {
      best = readJsonModel(files, name, "choice.json").candidate;
      if (!(best in candidates)) {
        throw new ModelError(`Cannot load "${name}": there is no candidate ${best}, train again`);
      }
      chosen().load(files);
    },
  };
}
