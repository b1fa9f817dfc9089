/** The models by target and name. */
import type { TargetName } from "../features/targets.ts";
import { drift, ewma, garch, har, logHar, mean, naive, seasonalNaive, zero } from "./baselines.ts";
import { BoostedTrees } from "./boosted_trees.ts";
import type { Contestant } from "./leaderboard.ts";
import type { Learns } from "./learns.ts";
import { RandomForest } from "./random_forest.ts";
import { rowModel } from "./row_model.ts";
import { tunedModel } from "./tuned_model.ts";

/** Columns of the heterogeneous autoregression for a market that never closes: a day, a week, a month. */
const HAR = ["vol_1", "vol_mean_7", "vol_mean_30"];

const LOG_HAR = HAR.map((name) => `log_${name}`);

/** How fast EWMA may forget; RiskMetrics' 0.94 is made for stocks. */
const LAMBDAS = [0.5, 0.7, 0.8, 0.9, 0.94, 0.97];

/** What trees are told: the same and the days before, what the price did, what was traded, and the weekend. */
const TREE_COLUMNS = [
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
/** Breiman's settings for regression, a third of the features a split, with leaves of some rows; all rows so far. */
const FOREST = {
  ...{ trees: 100, maxFeatures: 1 / 3, minSamplesLeaf: 5, minNumSamples: 10, maxDepth: 20 },
  maxTrainRows: Number.MAX_SAFE_INTEGER,
};
/** Small steps, each on half of the rows; the newest rows are too telling to be kept for stopping early. */
const BOOSTING = { learningRate: 0.05, maxIter: 150, subsample: 0.5, validationFraction: 0 };

const baseline = (make: Contestant["make"]): Contestant => ({ make, baseline: true, random: false });

/** Trees on some columns. */
const trees = (columns: readonly string[], learns: Learns): Record<string, Contestant> => ({
  random_forest: {
    make: (seed) => rowModel(new RandomForest({ ...FOREST, seed }), { columns, learns }),
    baseline: false,
    random: true,
  },
  boosted_trees: {
    make: (seed) => rowModel(new BoostedTrees({ ...BOOSTING, seed }), { columns, learns }),
    baseline: false,
    random: true,
  },
});

/** Who takes part where nothing else is said: the baselines of volatility forecasts, and what has to beat them. */
export const VOLATILITY_MODELS: Readonly<Record<string, Contestant>> = {
  persistence: baseline(() => naive("vol_1")),
  seasonal_naive: baseline(() => seasonalNaive("vol_1")),
  ewma: baseline(() => ewma("vol_1")),
  ewma_tuned: baseline(() => tunedModel("ewma_tuned", LAMBDAS.map((lambda) => ewma("vol_1", lambda)))),
  har: baseline(() => har(HAR)),
  log_har: baseline(() => logHar(LOG_HAR, { forecasts: "mean" })),
  log_har_median: baseline(() => logHar(LOG_HAR, { forecasts: "median" })),
  garch: baseline(() => garch("log_return_1")),
  ...trees(TREE_COLUMNS, "log"),
};

/** A price: trees learn the way from today's close, for they know no price beyond those they were shown. */
const PRICE_MODELS: Readonly<Record<string, Contestant>> = {
  persistence: baseline(() => naive("close")),
  seasonal_naive: baseline(() => seasonalNaive("close")),
  drift: baseline(() => drift("close")),
  ...trees(TREE_COLUMNS, { log_ratio_to: "close" }),
};

/** A log return: nobody has to beat more than "nothing happens". */
const RETURN_MODELS: Readonly<Record<string, Contestant>> = {
  zero: baseline(() => zero()),
  mean: baseline(() => mean()),
  persistence: baseline(() => naive("past_return")),
  seasonal_naive: baseline(() => seasonalNaive("past_return")),
  ...trees(TREE_COLUMNS, "value"),
};

/** The models of each target. */
export const MODELS: Readonly<Record<TargetName, Readonly<Record<string, Contestant>>>> = {
  volatility: VOLATILITY_MODELS,
  realised_volatility: VOLATILITY_MODELS,
  price: PRICE_MODELS,
  return: RETURN_MODELS,
};
