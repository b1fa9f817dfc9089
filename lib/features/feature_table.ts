/** What a model is told about a day. */
export interface FeatureDefinition {
  /** Column name. */
  name: string;
  /** How many calendar days before day t its value may depend on; nothing after t, ever. */
  lookback_days: number;
  /** In one sentence. */
  meaning: string;
}

/**
 * The model's inputs, in column order: the one place where features are defined. `vol_1`, `vol_mean_7` and
 * `vol_mean_30` are the terms of the heterogeneous autoregressive model (Corsi 2009, Journal of Financial
 * Econometrics 7(2)) with crypto's 7-day week and 30-day month. A volatility of day t looks one day back (for the
 * return, or to judge a bad print), so a mean over 7 of them looks back 7 days.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(FEATURES[0]!.name, "vol_1");
 * assertEquals(Math.max(...FEATURES.map((feature) => feature.lookback_days)), 30);
 * ```
 */
export const FEATURES: readonly FeatureDefinition[] = [
  { name: "vol_1", lookback_days: 1, meaning: "Volatility proxy of the day." },
  { name: "vol_mean_7", lookback_days: 7, meaning: "Mean of the proxy over 7 days." },
  { name: "vol_mean_30", lookback_days: 30, meaning: "Mean of the proxy over 30 days." },
  { name: "log_return_1", lookback_days: 1, meaning: "ln(average price / average price of the day before)." },
  { name: "abs_return_1", lookback_days: 1, meaning: "|log_return_1|." },
  { name: "ma_7_ratio", lookback_days: 6, meaning: "Average price / its 7-day mean − 1." },
  { name: "ma_30_ratio", lookback_days: 29, meaning: "Average price / its 30-day mean − 1." },
  {
    name: "volatility_7",
    lookback_days: 7,
    meaning: "Standard deviation (n − 1) of 7 daily relative changes.",
  },
  {
    name: "volatility_30",
    lookback_days: 30,
    meaning: "Standard deviation (n − 1) of 30 daily relative changes.",
  },
  { name: "day_of_week", lookback_days: 0, meaning: "ISO day of the week in UTC, 1 = Monday to 7 = Sunday." },
];

/** Names of {@linkcode FEATURES}, in the order of a row's `x`. */
export const FEATURE_NAMES: readonly string[] = FEATURES.map((feature) => feature.name);

/** The label: the next calendar day's volatility proxy. */
export const TARGET_NAME = "target_vol_next";

/** How far ahead the label lies, in days. */
export const HORIZON_DAYS = 1;
