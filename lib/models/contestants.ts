/** The models by target and name. */
import { UsageError } from "../core/errors.ts";
import { nearestName } from "../core/nearest_name.ts";
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

/** Settings that may be tried out; others are worth less of a search. */
const FOREST_SPACE = { maxFeatures: [1 / 3, 0.5, 1], minSamplesLeaf: [3, 5, 10, 20] };
const BOOSTING_SPACE = { learningRate: [0.02, 0.05, 0.1], maxIter: [75, 150, 300], maxDepth: [2, 3, 4, 6] };
const LSTM_SPACE = {
  lookBack: [15, 30, 60],
  units: [16, 32, 50],
  dropout: [0, 0.2],
  learningRate: [0.0005, 0.001, 0.003],
  batchSize: [16, 32, 64],
};

/** Each fit of a walk adds a month to years: a smaller network and fewer passes will do, or it would take a night. */
const LSTM_ON_A_WALK = { lookBack: 30, units: 16, epochs: 15, patience: 3 };

const baseline = (make: Contestant["make"]): Contestant => ({ make, baseline: true, random: false });

/** Trees on some columns. */
const trees = (columns: readonly string[], learns: Learns): Record<string, Contestant> => ({
  random_forest: {
    make: (seed, settings) =>
      rowModel(new RandomForest({ ...FOREST, ...settings, seed }), {
        columns,
        learns,
        load: RandomForest.load,
      }),
    space: FOREST_SPACE,
    knobs: ["trees", "maxDepth", "minNumSamples"],
    baseline: false,
    random: true,
  },
  boosted_trees: {
    make: (seed, settings) =>
      rowModel(new BoostedTrees({ ...BOOSTING, ...settings, seed }), {
        columns,
        learns,
        load: BoostedTrees.load,
      }),
    space: BOOSTING_SPACE,
    knobs: ["subsample", "minSamplesLeaf", "maxBins", "validationFraction"],
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

/** What the LSTM is shown of each target: the target's own past, as in the course. */
const LSTM_SEES: Readonly<
  Record<TargetName, { columns: string[]; learns: Learns; scaler: "min_max" | "standard" }>
> = {
  volatility: { columns: ["log_vol_1"], learns: "log", scaler: "standard" },
  realised_volatility: { columns: ["log_vol_1"], learns: "log", scaler: "standard" },
  price: { columns: ["close"], learns: "value", scaler: "min_max" },
  return: { columns: ["past_return"], learns: "value", scaler: "standard" },
};

/** Who takes part on request only: a model that takes long, or loads much. */
const ON_REQUEST = ["lstm"];

/** Short names that a person may type. */
const SHORT: Readonly<Record<string, string>> = { forest: "random_forest", gbt: "boosted_trees" };

/** Names of all models of a target, those included that take part on request only. */
export function modelNames(target: TargetName): string[] {
  return [...Object.keys(MODELS[target]), ...ON_REQUEST];
}

/**
 * A model by its name. TensorFlow is loaded for `lstm`, and for nobody else.
 *
 * @throws {UsageError} where there is none of that name for the target.
 *
 * @example
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * assertEquals((await modelNamed("forest", "volatility")).make(1).name, "random_forest");
 * await assertRejects(() => modelNamed("har", "price"), Error, "it forecasts volatility and");
 * ```
 */
export async function modelNamed(name: string, target: TargetName): Promise<Contestant> {
  const full = SHORT[name] ?? name, known = MODELS[target][full];
  if (known) return known;
  if (full === "lstm") {
    const { LstmModel } = await import("./lstm/lstm_model.ts");
    const make: Contestant["make"] = (seed, settings) =>
      new LstmModel({ ...LSTM_SEES[target], ...settings, seed });
    const knobs = ["patience", "minDelta", "validationShare"];
    return { make, space: LSTM_SPACE, knobs, on_a_walk: LSTM_ON_A_WALK, baseline: false, random: true };
  }
  const names = modelNames(target);
  const nearest = nearestName(name, names);
  const elsewhere = Object.entries(MODELS).filter(([, models]) => full in models).map(([each]) => each);
  throw new UsageError(
    `Cannot find model "${name}": ${
      elsewhere.length > 0 ? `it forecasts ${elsewhere.join(" and ")} only` : "there is none of that name"
    }, ${nearest && elsewhere.length === 0 ? `did you mean ${nearest}? Choose` : "choose"} among ${
      names.join(", ")
    }`,
  );
}
