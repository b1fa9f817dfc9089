/**
 * Models: what tomorrow's volatility may be, and whether that is worth more than saying "as today". Every model is a
 * `Forecaster`; baselines are models like any other. `metrics.ts` scores, `evaluate.ts` compares the random forest with
 * persistence on the same test days and names a champion, `registry.ts` alone writes the `models/` folder. Trees
 * grow in `tree_grower.ts` (the forest's, on sorted columns) and `histogram_grower.ts` (the boosted ones, on binned
 * columns); `lstm/` holds an LSTM layer for tfjs that runs in WebAssembly, with its Dropout, Adam and threads, and the
 * training of the network that is made of them. `contestants.ts` has every model by target and name.
 * Import `random_forest.ts`, `boosted_trees.ts`, `lstm/…`, `evaluate.ts` and `registry.ts` directly.
 *
 * @module
 */
export type { BoostingSettings, LossCurve, StoredBoostedTrees } from "./boosted_trees.ts";
export type { LossName } from "./boosting_loss.ts";
export type { CompareOptions, Comparison, ModelMetrics, RowSpan, TestPrediction } from "./evaluate.ts";
export type { Forecaster } from "./forecaster.ts";
export { mae, mase, r2, rmse } from "./metrics.ts";
export { persistence } from "./persistence.ts";
export { type FeatureImportance, permutationImportance } from "./permutation_importance.ts";
export type { ForestSettings, OutOfBag, StoredForest } from "./random_forest.ts";
export type { LoadedModel, SavedMetrics, SaveResult } from "./registry.ts";
export {
  type ManifestHeader,
  type ManifestRow,
  MODEL_CODE_VERSION,
  readManifest,
} from "./training_manifest.ts";
