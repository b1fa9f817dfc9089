/** The models of volatility by name. */
import { ewma, garch, har, logHar, naive, seasonalNaive } from "./baselines.ts";
import { forestModel } from "./forest_model.ts";
import type { Contestant } from "./leaderboard.ts";

/** Columns of the heterogeneous autoregression for a market that never closes: a day, a week, a month. */
const HAR = ["vol_1", "vol_mean_7", "vol_mean_30"];

const LOG_HAR = HAR.map((name) => `log_${name}`);

/** What a forest is told: the same and the days before, what the price did, what was traded, and the weekend. */
const FOREST_COLUMNS = [
  ...LOG_HAR,
  "log_vol_before_1",
  "log_vol_before_2",
  "log_vol_before_3",
  "log_return_1",
  "abs_return_1",
  "loss_1",
  "log_volume_ratio",
  "weekend_next",
];
/** scikit-learn's usual settings for noisy regression: a third of the features a split, leaves of some rows. */
const FOREST = { trees: 100, maxFeatures: 1 / 3, minSamplesLeaf: 5, minNumSamples: 10, maxDepth: 20 };

const baseline = (make: Contestant["make"]): Contestant => ({ make, baseline: true, random: false });

/** Who takes part where nothing else is said: the baselines of volatility forecasts, and what has to beat them. */
export const VOLATILITY_MODELS: Readonly<Record<string, Contestant>> = {
  persistence: baseline(() => naive("vol_1")),
  seasonal_naive: baseline(() => seasonalNaive("vol_1")),
  ewma: baseline(() => ewma("vol_1")),
  har: baseline(() => har(HAR)),
  log_har: baseline(() => logHar(LOG_HAR, { forecasts: "mean" })),
  log_har_median: baseline(() => logHar(LOG_HAR, { forecasts: "median" })),
  garch: baseline(() => garch("log_return_1")),
  random_forest: {
    make: (seed) => forestModel(FOREST_COLUMNS, { ...FOREST, seed }),
    baseline: false,
    random: true,
  },
};
