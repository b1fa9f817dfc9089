/**
 * Bars and what is computed from them, in one import: everything of this room that needs Polars, a native library, which
 * `mod.ts` therefore leaves out.
 *
 * @module
 */
export { BAD_PRINT, type TouchedPrint, winsoriseBadPrints } from "./bad_prints.ts";
export { type DailyCandle, dailyFrame } from "./daily_frame.ts";
export { type Feature, featureCatalogue, withFeatures } from "./feature_catalogue.ts";
export { OHLCV_COLUMNS, type OhlcvColumns, ohlcvFrame, soundBars } from "./ohlcv_frame.ts";
export { type RealisedOptions, realisedVolatility } from "./realised_volatility.ts";
export { resampleBars } from "./resample.ts";
export { type TargetOptions, type TargetRows, targetRows } from "./target_rows.ts";
