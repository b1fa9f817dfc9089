import { ModelError } from "../core/errors.ts";
import { toColumns, trainingColumns } from "./feature_columns.ts";
import { bootstrap, growForest } from "./forest_growth.ts";
import type { Forecaster } from "./forecaster.ts";
import { LeafQuantiles } from "./leaf_quantiles.ts";
import { r2 } from "./metrics.ts";
import { seededRandom } from "./seeded_random.ts";
import { fromStockNode, type StockForest, type StockNode, toStockForest } from "./stock_forest.ts";
import { addForecasts, leafOf, type Tree } from "./tree.ts";

/** How a forest is grown. */
export interface ForestSettings {
  /** Number of trees. */
  trees: number;
  /** Share of the features, above 0 to 1, drawn for each split (rounded down, at least one). */
  maxFeatures: number;
  /** Deepest level of a split. */
  maxDepth: number;
  /** A node of at most this many rows is not split; a row that the bootstrap drew twice counts once. */
  minNumSamples: number;
  /** Rows that a leaf has at least. */
  minSamplesLeaf: number;
  /** Only this many rows, the most recent, are trained on. */
  maxTrainRows: number;
  /** 32-bit whole number; the same seed and rows give the same forest. */
  seed: number;
}

/** Settings for a small and smooth forest; 1,500 rows × 10 features take a few hundredths of a second on one core. */
export const FOREST_DEFAULTS: ForestSettings = {
  trees: 40,
  maxFeatures: 0.5,
  maxDepth: 6,
  minNumSamples: 20,
  minSamplesLeaf: 1,
  maxTrainRows: 1500,
  seed: 1,
};

/** A fitted forest as JSON: what `RandomForestRegression.load` of `ml-random-forest` reads, and what is ours besides. */
export interface StoredForest extends StockForest {
  settings: ForestSettings;
  /** Features a row. */
  columns: number;
}

/** What a forest says of rows that some of its trees did not see. */
export interface OutOfBag {
  /** One forecast a training row, by the trees whose bootstrap left it out; NaN where there is no such tree. */
  forecasts: Float64Array;
  /** Rows with a forecast. */
  rows: number;
  /** Share of their variance explained. */
  r2: number;
}

/** What was stored before `ml-random-forest`'s own format was. */
interface StoredForestV1 {
  name: "random_forest";
  settings: Omit<ForestSettings, "minSamplesLeaf">;
  columns: number;
  indexes: number[][];
  roots: StockNode[];
}

/**
 * A regression forest (Breiman 2001, "Random Forests", Machine Learning 45): each tree grows on a bootstrap of the rows
 * and tries a random few of the features at each split; forecasts are averaged. It is saved in the format of
 * `npm:ml-random-forest`, whose `RandomForestRegression.load` forecasts the same to the bit; the trees grow on sorted
 * typed arrays here (see `TreeGrower`), because that package splits all rows again for each candidate threshold. They
 * grow on one thread, or on more of them where `treeThreads` says so.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * const x = Array.from({ length: 200 }, (_, i) => [i / 200]);
 * const forest = new RandomForest({ trees: 5, maxFeatures: 1, maxTrainRows: 150 });
 * forest.fit(x, Float64Array.from(x, ([value]) => value! * 2));
 * assertAlmostEquals(forest.predict([[0.7]])[0]!, 1.4, 0.1);
 * assertEquals(forest.rowsLeftOut, 50);
 * ```
 *
 * @example In the package itself
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { RandomForestRegression } from "ml-random-forest";
 * const forest = new RandomForest({ trees: 3 });
 * forest.fit([[1], [2], [3]], Float64Array.of(1, 2, 3));
 * const stock = RandomForestRegression.load(JSON.parse(JSON.stringify(forest)));
 * assertEquals(stock.predict([[2.2]]), [...forest.predict([[2.2]])]);
 * ```
 */
export class RandomForest implements Forecaster {
  readonly name = "random_forest";
  /** Every setting in force. */
  readonly settings: ForestSettings;
  #rowsLeftOut = 0;
  #columns = 0;
  #trees: Tree[] = [];
  #training: { columns: Float64Array[]; y: Float64Array } | undefined;
  #quantiles: LeafQuantiles | undefined;

  /** @throws {RangeError} if a setting is out of its range. */
  constructor(settings: Partial<ForestSettings> = {}) {
    this.settings = { ...FOREST_DEFAULTS, ...settings };
    checkSettings(this.settings);
  }

  /** Rows of the last `fit` that were older than the newest `maxTrainRows`, so not trained on. */
  get rowsLeftOut(): number {
    return this.#rowsLeftOut;
  }

  /**
   * @param weights what each row counts; default 1. A row's weight multiplies how often the bootstrap drew it.
   * @throws {ModelError} if there is no row, rows differ in length, or a number is not finite.
   */
  fit(x: readonly (readonly number[])[], y: Float64Array, weights?: Float64Array): void {
    const { maxTrainRows, trees, seed, ...settings } = this.settings;
    const first = Math.max(0, x.length - maxTrainRows);
    const columns = trainingColumns("a forest", x, y, weights).map((column) => column.subarray(first));
    const labels = y.slice(first);
    const rows = {
      columns,
      y: labels,
      weights: weights?.subarray(first) ?? null,
      seed,
      settings: {
        maxFeatures: Math.max(1, Math.floor(columns.length * settings.maxFeatures)),
        maxDepth: settings.maxDepth,
        minSamplesSplit: settings.minNumSamples + 1,
        minSamplesLeaf: settings.minSamplesLeaf,
      },
    };
    this.#trees = growForest(rows, trees);
    this.#rowsLeftOut = first;
    this.#columns = columns.length;
    this.#training = { columns, y: labels };
    this.#quantiles = undefined;
  }

  /** @throws {ModelError} if the forest is not fitted, or a row does not fit it. */
  predict(x: readonly (readonly number[])[]): Float64Array {
    const trees = this.#fitted();
    const columns = toColumns(x, this.#columns);
    const sums = new Float64Array(x.length);
    for (const tree of trees) addForecasts(tree, columns, sums);
    return sums.map((sum) => sum / trees.length);
  }

  /**
   * Quantiles of each row's forecast, for intervals (Meinshausen 2006): see `LeafQuantiles`. Every training row counts
   * once, whatever its weight in `fit`.
   *
   * @param quantiles numbers from 0 to 1, such as 0.05 and 0.95 for an interval of 90 %.
   * @returns one array a quantile, one number a row.
   * @throws {RangeError} if a quantile is not from 0 to 1.
   * @throws {ModelError} if the forest was loaded rather than fitted: the rows are not saved with it.
   *
   * @example
   * ```ts
   * import { assert } from "@std/assert";
   * const x = Array.from({ length: 300 }, (_, i) => [i % 10]);
   * const forest = new RandomForest();
   * forest.fit(x, Float64Array.from(x, ([value], i) => value! + Math.sin(i)));
   * const [low, high] = forest.predictQuantiles([[4]], [0.1, 0.9]).map(([value]) => value!);
   * assert(low! > 3 && low! < 3.5 && high! > 4.5 && high! < 5);
   * ```
   */
  predictQuantiles(
    x: readonly (readonly number[])[],
    quantiles: readonly number[],
  ): Float64Array<ArrayBuffer>[] {
    const bad = quantiles.find((quantile) => !(quantile >= 0 && quantile <= 1));
    if (bad !== undefined) {
      throw new RangeError(`Cannot forecast a quantile: ${bad} is not a share, give a number from 0 to 1`);
    }
    const { columns, y } = this.#trainedHere("forecast quantiles");
    this.#quantiles ??= new LeafQuantiles(this.#trees, columns, y);
    return this.#quantiles.predict(toColumns(x, this.#columns), quantiles);
  }

  /**
   * A score without test rows (Breiman 2001, section 3.1): each training row is forecast by the trees whose bootstrap
   * left it out, about 37 in 100. Days that follow each other are alike, so it flatters forecasts of a time series.
   *
   * @throws {ModelError} if the forest was loaded rather than fitted, or every tree has seen every row.
   *
   * @example
   * ```ts
   * import { assert } from "@std/assert";
   * const x = Array.from({ length: 100 }, (_, i) => [i]);
   * const forest = new RandomForest({ maxDepth: 9, minNumSamples: 2 });
   * forest.fit(x, Float64Array.from(x, ([value]) => value!));
   * const { r2, rows } = forest.outOfBag();
   * assert(rows === 100 && r2 > 0.99 && r2 < 1);
   * ```
   */
  outOfBag(): OutOfBag {
    const { columns, y } = this.#trainedHere("score out of bag");
    const forecasts = new Float64Array(y.length), votes = new Uint32Array(y.length);
    for (const [index, tree] of this.#trees.entries()) {
      const drawn = bootstrap(null, seededRandom(this.settings.seed, index), new Float64Array(y.length));
      for (let row = 0; row < y.length; row++) {
        if (drawn[row]! > 0) continue;
        forecasts[row]! += tree.value[leafOf(tree, columns, row)]!;
        votes[row]!++;
      }
    }
    for (let row = 0; row < y.length; row++) forecasts[row]! /= votes[row]!;
    const seen = (_: number, row: number) => votes[row]! > 0;
    const actual = y.filter(seen);
    if (actual.length === 0) {
      throw new ModelError("Cannot score out of bag: every tree has seen every row, give more rows or trees");
    }
    return { forecasts, rows: actual.length, r2: r2(actual, forecasts.filter(seen)) };
  }

  /**
   * What share of the fall in squared error each feature's splits brought, averaged over the trees; sums to 1, or is all
   * 0 where nothing was split. It favours features of many values: `permutationImportance` does not.
   *
   * @throws {ModelError} if the forest was loaded rather than fitted.
   *
   * @example
   * ```ts
   * import { assert } from "@std/assert";
   * const x = Array.from({ length: 100 }, (_, i) => [i, 7]);
   * const forest = new RandomForest();
   * forest.fit(x, Float64Array.from(x, ([value]) => value!));
   * const [first, second] = forest.impurityImportance();
   * assert(Math.abs(first! - 1) < 1e-12 && second === 0);
   * ```
   */
  impurityImportance(): Float64Array {
    this.#trainedHere("weigh features");
    const shares = new Float64Array(this.#columns);
    for (const { feature, gain } of this.#trees) {
      const whole = gain.reduce((sum, value) => sum + value, 0);
      if (whole === 0) continue;
      feature.forEach((column, node) => column >= 0 && (shares[column]! += gain[node]! / whole));
    }
    const sum = shares.reduce((total, share) => total + share, 0);
    return sum > 0 ? shares.map((share) => share / sum) : shares;
  }

  /**
   * The fitted forest in the format of `ml-random-forest`; `load` gives back the same forecasts to the bit.
   *
   * @throws {ModelError} if the forest is not fitted.
   */
  toJSON(): StoredForest {
    const trees = this.#fitted();
    const { maxFeatures, seed, maxDepth, minNumSamples } = this.settings;
    const treeOptions = { maxDepth, minNumSamples };
    const stock = toStockForest(trees, this.#columns, { maxFeatures, seed, treeOptions });
    return { ...stock, settings: this.settings, columns: this.#columns };
  }

  /**
   * A forest from what `toJSON` gave, now or in earlier versions; it predicts, and `fit` trains it anew.
   *
   * @throws {ModelError} if `stored` is not a stored forest.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * const forest = new RandomForest({ trees: 3, maxFeatures: 1 });
   * forest.fit([[1], [2], [3]], Float64Array.of(1, 2, 3));
   * const copy = RandomForest.load(JSON.parse(JSON.stringify(forest)));
   * assertEquals(copy.predict([[2]]), forest.predict([[2]]));
   * ```
   */
  static load(stored: StoredForest | StoredForestV1): RandomForest {
    const roots = stored.name === "random_forest"
      ? stored.roots
      : stored.baseModel?.estimators?.map((tree) => tree.root);
    const indexes = stored.name === "random_forest" ? stored.indexes : stored.baseModel?.indexes;
    if (!roots?.length || roots.length !== indexes?.length || !stored.settings || !(stored.columns >= 1)) {
      throw new ModelError("Cannot load a forest: this is not a stored random forest, train again");
    }
    const forest = new RandomForest(stored.settings);
    forest.#columns = stored.columns;
    forest.#trees = roots.map((root, tree) => fromStockNode(root, indexes[tree]!));
    return forest;
  }

  #trainedHere(purpose: string) {
    this.#fitted();
    if (!this.#training) {
      throw new ModelError(
        `Cannot ${purpose}: this forest was loaded, without its training rows; call fit first`,
      );
    }
    return this.#training;
  }

  #fitted(): Tree[] {
    if (this.#trees.length === 0) {
      throw new ModelError('Cannot use "random_forest": it is not fitted, call fit first');
    }
    return this.#trees;
  }
}

function checkSettings(settings: ForestSettings): void {
  const { maxFeatures, seed, ...counts } = settings;
  if (!(maxFeatures > 0 && maxFeatures <= 1)) {
    throw new RangeError(
      `Cannot set maxFeatures: ${maxFeatures} is not a share, give a number above 0, at most 1`,
    );
  }
  if (!Number.isInteger(seed) || seed !== (seed | 0)) {
    throw new RangeError(`Cannot set seed: ${seed} is not a 32-bit whole number`);
  }
  for (const [name, value] of Object.entries(counts)) {
    if (!(Number.isInteger(value) && value >= 1)) {
      throw new RangeError(`Cannot set ${name}: ${value} is not a whole number from 1`);
    }
  }
}
