/**
 * Features: prices become what a model may know at the end of a day, and nothing later. On bars of any length:
 * `ohlcv_frame.ts` checks them and puts holes in their places, `feature_catalogue.ts` defines each feature once,
 * `resample.ts` and `realised_volatility.ts` make longer bars and days of minutes, `target_rows.ts` makes rows for models
 * of what `targets.ts` names; all that needs Polars, a native library, is in `bars.ts`. For the pipeline's daily prices:
 * `volatility_proxy.ts` decides what "volatility" means for this data and says so, `feature_table.ts` is the list,
 * `daily_features.ts` computes it. `split_by_time.ts` cuts rows into past and future, and `scaler.ts` takes nothing that
 * was not cut. Pure: no clock, no files, no network.
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
export { fitScale, type Scale, scaled, type ScalerKind, scaleRows, unscaled } from "./scaler.ts";
export { columnOf, type SeriesRows } from "./series_rows.ts";
export { type Target, TARGET_NAMES, type TargetName, TARGETS } from "./targets.ts";
export { type Timeframe, timeframe } from "./timeframe.ts";
export { type RowRange, someOf, type TrainRange } from "./train_range.ts";
