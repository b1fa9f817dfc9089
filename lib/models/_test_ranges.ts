import type { TrainRange } from "../features/train_range.ts";
import { walkFolds } from "./walk_forward.ts";

/** The first rows as what a walk's fold learns from. */
export function firstRows(count: number): TrainRange {
  return walkFolds({ rows: count + 1, horizon: 1 }, { start: count, refit_every: 1 })[0]!.train;
}
