import type { TrainRange } from "../features/train_range.ts";
import { walkFolds } from "./walk_forward.ts";

/** The first rows as what a walk's fold learns from. */
export function firstRows(count: number): TrainRange {
  return walkFolds({ rows: count + 1, horizon: 1 }, { start: count, refit_every: 1 })[0]!.train;
}

/** The part of a model that no test of these asks for. */
export const notSaved = {
  save: () => {
    throw new Error("not saved here");
  },
  load: () => {
    throw new Error("not loaded here");
  },
};
