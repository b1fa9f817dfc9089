import { ModelError } from "../core/errors.ts";
import { type BoostingLoss, boostingLoss, type LossName } from "./boosting_loss.ts";
import { startBoosting } from "./boosting_rounds.ts";
import { toColumns, trainingColumns } from "./feature_columns.ts";
import type { Forecaster } from "./forecaster.ts";
import { addForecasts, type Tree } from "./tree.ts";

/** How trees are boosted; in brackets what scikit-learn (first) and Spark's `GBTRegressor` (second) call it. */
export interface BoostingSettings {
  /** What is minimised (`loss`; `lossType`). */
  loss: LossName;
  /** For the loss `quantile`, above 0 and below 1 (`quantile`; none). */
  quantile: number;
  /** What share of each tree is added, above 0 to 1 (`learning_rate`; `stepSize`). */
  learningRate: number;
  /** Most trees (`max_iter`; `maxIter`). */
  maxIter: number;
  /** Levels of splits a tree, from 1 to 16 (`max_depth`; `maxDepth`). */
  maxDepth: number;
  /** Rows that a leaf has at least (`min_samples_leaf`; `minInstancesPerNode`). */
  minSamplesLeaf: number;
  /** Bins a feature, from 2 to 255 (`max_bins`; `maxBins`). */
  maxBins: number;
  /** Share of the rows, above 0 to 1, that each tree grows on, drawn anew (`subsample`; `subsamplingRate`). */
  subsample: number;
  /** Share of the rows, the newest, that are kept to stop early; 0 trains on all of them (`validation_fraction`; none). */
  validationFraction: number;
  /** Trees without a lower loss on the newest rows before boosting stops (`n_iter_no_change`; none). */
  nIterNoChange: number;
  /** 32-bit whole number (`random_state`; `seed`). */
  seed: number;
}

/** Small trees and small steps, for a few thousand noisy rows. */
export const BOOSTING_DEFAULTS: BoostingSettings = {
  loss: "squared_error",
  quantile: 0.5,
  learningRate: 0.1,
  maxIter: 100,
  maxDepth: 3,
  minSamplesLeaf: 20,
  maxBins: 255,
  subsample: 1,
  validationFraction: 0.1,
  nIterNoChange: 10,
  seed: 1,
};

/** Raised when the saved format changes. */
const VERSION = 1;

/** Fitted trees as JSON. */
export interface StoredBoostedTrees {
  name: "boosted_trees";
  version: number;
  settings: BoostingSettings;
  /** Features a row. */
  columns: number;
  /** The score before the first tree. */
  start: number;
  trees: Record<"feature" | "threshold" | "right" | "value", number[]>[];
}

/** Mean losses, before the first tree and after each one. */
export interface LossCurve {
  /** On the rows that were trained on. */
  train: number[];
  /** On the newest rows, that were kept to stop early; empty without them. */
  validation: number[];
}

/**
 * Gradient-boosted regression trees (Friedman 2001): each tree is grown on what the ones before got wrong, and a share
 * of it is added. Trees grow on histograms (see `HistogramGrower`), a random share of the rows each if asked for
 * (Friedman 2002, Computational Statistics & Data Analysis 38). Boosting stops when the loss on the newest rows falls
 * no more, and the trees after the best one are dropped: rows must come oldest first, as for every `Forecaster`.
 * Labels are rounded a little to choose splits (see `Histogram`), not for the leaves' values. Many rows are trained on
 * by as many threads as `treeThreads` says; the trees are the same to the bit.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * const x = Array.from({ length: 400 }, (_, i) => [i % 20, i % 7]);
 * const y = Float64Array.from(x, ([a]) => a! < 10 ? 1 : 3);
 * const model = new BoostedTrees({ maxIter: 200 });
 * model.fit(x, y);
 * assertAlmostEquals(model.predict([[4, 0]])[0]!, 1, 1e-6);
 * const copy = BoostedTrees.load(JSON.parse(JSON.stringify(model)));
 * assertEquals(copy.predict(x), model.predict(x));
 * ```
 */
export class BoostedTrees implements Forecaster {
  readonly name = "boosted_trees";
  /** Every setting in force. */
  readonly settings: BoostingSettings;
  #columns = 0;
  #start = NaN;
  #trees: Tree[] = [];
  #curve: LossCurve = { train: [], validation: [] };

  /** @throws {RangeError} if a setting is out of its range. */
  constructor(settings: Partial<BoostingSettings> = {}) {
    this.settings = { ...BOOSTING_DEFAULTS, ...settings };
    checkSettings(this.settings);
  }

  /** Trees that are in use. */
  get trees(): number {
    return this.#trees.length;
  }

  /** How the last `fit` went, the trees that were dropped included; empty in a model that was loaded. */
  get curve(): LossCurve {
    return this.#curve;
  }

  /**
   * @throws {ModelError} if there is no row, rows differ in length, a number is not finite, or labels of the loss
   *   `qlike` are not above 0.
   */
  fit(x: readonly (readonly number[])[], y: Float64Array): void {
    const { settings } = this;
    const columns = trainingColumns("boosted trees", x, y);
    if (settings.loss === "qlike" && !y.every((label) => label > 0)) {
      throw new ModelError(
        'Cannot fit boosted trees to the loss "qlike": a label is not above 0, leave its row out',
      );
    }
    const cut = x.length - Math.floor(x.length * settings.validationFraction);
    const loss = boostingLoss(settings.loss, settings.quantile);
    const labels = y.slice(0, cut), start = loss.step(labels, new Float64Array(cut));
    using boosting = startBoosting(columns.map((column) => column.subarray(0, cut)), labels, {
      start,
      settings,
    });
    const train = new Scored(loss, labels, boosting.scores);
    const kept = columns.map((column) => column.subarray(cut));
    const validation = new Scored(loss, y.subarray(cut), new Float64Array(x.length - cut).fill(start));

    const curve: LossCurve = { train: [train.meanLoss()], validation: [] };
    if (cut < x.length) curve.validation.push(validation.meanLoss());
    const trees: Tree[] = [];
    let best = 0;
    while (trees.length < settings.maxIter && trees.length - best < settings.nIterNoChange) {
      const tree = boosting.round();
      trees.push(tree);
      curve.train.push(train.meanLoss());
      if (cut === x.length) {
        best = trees.length;
        continue;
      }
      addForecasts(tree, kept, validation.scores);
      curve.validation.push(validation.meanLoss());
      if (curve.validation.at(-1)! < curve.validation[best]!) best = trees.length;
    }
    this.#columns = columns.length;
    this.#start = start;
    this.#trees = trees.slice(0, best);
    this.#curve = curve;
  }

  /** @throws {ModelError} if the model is not fitted, or a row does not fit it. */
  predict(x: readonly (readonly number[])[]): Float64Array {
    this.#checkFitted();
    const scores = new Float64Array(x.length).fill(this.#start);
    const columns = toColumns(x, this.#columns);
    for (const tree of this.#trees) addForecasts(tree, columns, scores);
    return scores.map(boostingLoss(this.settings.loss, this.settings.quantile).forecast);
  }

  /**
   * The fitted trees; `load` gives back the same forecasts to the bit.
   *
   * @throws {ModelError} if the model is not fitted.
   */
  toJSON(): StoredBoostedTrees {
    this.#checkFitted();
    return {
      name: this.name,
      version: VERSION,
      settings: this.settings,
      columns: this.#columns,
      start: this.#start,
      trees: this.#trees.map(({ feature, threshold, right, value }) => ({
        feature: [...feature],
        threshold: [...threshold],
        right: [...right],
        value: [...value],
      })),
    };
  }

  /**
   * A model from what `toJSON` gave; it predicts, and `fit` trains it anew.
   *
   * @throws {ModelError} if `stored` is something else, or of another version.
   *
   * @example See {@linkcode BoostedTrees}.
   */
  static load(stored: StoredBoostedTrees): BoostedTrees {
    if (stored?.name !== "boosted_trees" || !Array.isArray(stored.trees) || !Number.isFinite(stored.start)) {
      throw new ModelError("Cannot load boosted trees: these are not stored boosted trees, train again");
    }
    if (stored.version !== VERSION) {
      throw new ModelError(
        `Cannot load boosted trees: their format is version ${stored.version}, this is ${VERSION}; train again`,
      );
    }
    for (const { feature, threshold, right, value } of stored.trees) {
      if (
        new Set([feature?.length, threshold?.length, right?.length, value?.length]).size > 1 ||
        !feature?.length
      ) {
        throw new ModelError("Cannot load boosted trees: a tree is cut, train again");
      }
    }
    const model = new BoostedTrees(stored.settings);
    model.#columns = stored.columns;
    model.#start = stored.start;
    model.#trees = stored.trees.map(({ feature, threshold, right, value }) => ({
      feature: Int32Array.from(feature),
      threshold: Float64Array.from(threshold),
      right: Int32Array.from(right),
      value: Float64Array.from(value),
      gain: new Float64Array(feature.length),
    }));
    return model;
  }

  #checkFitted(): void {
    if (Number.isNaN(this.#start)) {
      throw new ModelError('Cannot use "boosted_trees": it is not fitted, call fit first');
    }
  }
}

/** Labels, and the scores that the trees so far give their rows. */
class Scored {
  constructor(
    readonly loss: BoostingLoss,
    readonly labels: Float64Array,
    readonly scores: Float64Array,
  ) {}

  meanLoss(): number {
    let sum = 0;
    for (let row = 0; row < this.labels.length; row++) {
      sum += this.loss.loss(this.labels[row]!, this.scores[row]!);
    }
    return sum / this.labels.length;
  }
}

function checkSettings(settings: BoostingSettings): void {
  const check = (name: keyof BoostingSettings, allowed: boolean, range: string) => {
    if (!allowed) throw new RangeError(`Cannot set ${name}: ${settings[name]} is not ${range}`);
  };
  const whole = (
    name: "maxIter" | "maxDepth" | "minSamplesLeaf" | "maxBins" | "nIterNoChange",
    least: number,
    most: number,
  ) =>
    check(
      name,
      Number.isInteger(settings[name]) && settings[name] >= least && settings[name] <= most,
      `a whole number from ${least}${most < Infinity ? ` to ${most}` : ""}`,
    );
  check(
    "loss",
    ["squared_error", "absolute_error", "quantile", "qlike"].includes(settings.loss),
    "a known loss: squared_error, absolute_error, quantile or qlike",
  );
  check("quantile", settings.quantile > 0 && settings.quantile < 1, "above 0 and below 1");
  check("learningRate", settings.learningRate > 0 && settings.learningRate <= 1, "above 0, at most 1");
  check("subsample", settings.subsample > 0 && settings.subsample <= 1, "above 0, at most 1");
  check(
    "validationFraction",
    settings.validationFraction >= 0 && settings.validationFraction < 1,
    "from 0, below 1",
  );
  check("seed", settings.seed === (settings.seed | 0), "a 32-bit whole number");
  whole("maxIter", 1, Infinity);
  whole("maxDepth", 1, 16);
  whole("minSamplesLeaf", 1, Infinity);
  whole("maxBins", 2, 255);
  whole("nIterNoChange", 1, Infinity);
}
