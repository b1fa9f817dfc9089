/**
 * Features: daily prices become what a model may know at the end of a day, and nothing later. `volatility_proxy.ts`
 * decides what "volatility" means for this data and says so, `feature_table.ts` is the list of features,
 * `daily_features.ts` computes them with Polars (import it directly: Polars is a native library),
 * `training_rows.ts` takes complete rows out of the frame and `split_by_time.ts` cuts them into past and future.
 * Pure: no clock, no files, no network.
 *
 * @module
 */
export { type CalendarGrid, calendarGrid } from "./calendar_grid.ts";
export {
  FEATURE_NAMES,
  type FeatureDefinition,
  FEATURES,
  HORIZON_DAYS,
  TARGET_NAME,
} from "./feature_table.ts";
export { splitByTime, type SplitOptions, type TimeSplit } from "./split_by_time.ts";
export { type LatestRow, latestRow, type TrainingRows, trainingRows } from "./training_rows.ts";
export { type VolatilityProxy, volatilityProxy, type VolatilityProxyKind } from "./volatility_proxy.ts";
