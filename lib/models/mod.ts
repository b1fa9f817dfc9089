/**
 * Models: what tomorrow's volatility may be, and whether that is worth more than saying "as today". Every model is a
 * `Forecaster`; baselines are models like any other. `metrics.ts` scores, `evaluate.ts` compares the random forest with
 * persistence on the same test days and names a champion, `registry.ts` alone writes the `models/` folder. Trees grow in
 * `tree_grower.ts`. Import `random_forest.ts`, `evaluate.ts` and `registry.ts` directly.
 *
 * @module
 */
export type { CompareOptions, Comparison, ModelMetrics, RowSpan, TestPrediction } from "./evaluate.ts";
export type { Forecaster } from "./forecaster.ts";
export { mae, mase, r2, rmse } from "./metrics.ts";
export { persistence } from "./persistence.ts";
export type { ForestSettings } from "./random_forest.ts";
export type { LoadedModel, SavedMetrics, SaveResult } from "./registry.ts";
export {
  type ManifestHeader,
  type ManifestRow,
  MODEL_CODE_VERSION,
  readManifest,
} from "./training_manifest.ts";
