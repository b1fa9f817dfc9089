import { RandomForestRegression } from "ml-random-forest";
import { ModelError } from "../core/errors.ts";
import type { Forecaster } from "./forecaster.ts";

/** How a forest is grown. */
export interface ForestSettings {
  /** Number of trees. */
  trees: number;
  /** Share of the features, above 0 to 1, drawn for each tree (for the whole tree, not at each split). */
  maxFeatures: number;
  /** Deepest level of a split below the root. */
  maxDepth: number;
  /** A node of at most this many rows is not split. */
  minNumSamples: number;
  /** Only this many rows, the most recent, are trained on. */
  maxTrainRows: number;
  /** 32-bit whole number; the same seed and rows give the same forest. */
  seed: number;
}

/**
 * Settings for a short wait, not for the best score: `ml-random-forest` splits all rows again for each candidate
 * threshold, so a tree costs the square of its rows (3,500 rows × 10 features × 100 trees take 145 s). With these,
 * 1,500 rows × 10 features take about 6 s and 600 rows about 1 s on one core.
 */
export const FOREST_DEFAULTS: ForestSettings = {
  trees: 40,
  maxFeatures: 0.5,
  maxDepth: 6,
  minNumSamples: 20,
  maxTrainRows: 1500,
  seed: 1,
};

/** A node as stored: a leaf's value, or a split (`<` goes left). */
type StoredNode =
  | { distribution: number }
  | { splitColumn: number; splitValue: number; left: StoredNode; right: StoredNode };

/** What `ml-random-forest` keeps in a node; its type declarations leave trees out. */
interface LibraryNode {
  distribution?: number;
  splitColumn: number;
  splitValue: number;
  left?: LibraryNode;
  right?: LibraryNode;
}

/** A fitted forest as plain JSON. */
export interface StoredForest {
  name: "random_forest";
  settings: ForestSettings;
  /** Features a row. */
  columns: number;
  /** Columns that each tree sees, in its own numbering. */
  indexes: number[][];
  /** One root a tree. */
  roots: StoredNode[];
}

/**
 * A regression forest (Breiman 2001, "Random Forests", Machine Learning 45) over `ml-random-forest`: bootstrap rows and
 * a random subset of features for each tree, forecasts averaged.
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
 */
export class RandomForest implements Forecaster {
  readonly name = "random_forest";
  /** Every setting in force. */
  readonly settings: ForestSettings;
  #rowsLeftOut = 0;
  #columns = 0;
  #model: RandomForestRegression | undefined;

  /** @throws {RangeError} if a setting is out of its range. */
  constructor(settings: Partial<ForestSettings> = {}) {
    this.settings = { ...FOREST_DEFAULTS, ...settings };
    checkSettings(this.settings);
  }

  /** Rows of the last `fit` that were older than the newest `maxTrainRows`, so not trained on. */
  get rowsLeftOut(): number {
    return this.#rowsLeftOut;
  }

  /** @throws {ModelError} if there is no row, rows differ in length, or a number is not finite. */
  fit(x: readonly (readonly number[])[], y: Float64Array): void {
    const { maxTrainRows, trees, maxFeatures, maxDepth, minNumSamples, seed } = this.settings;
    const columns = x[0]?.length ?? 0;
    if (x.length !== y.length || columns === 0) {
      throw new ModelError(
        `Cannot fit a forest: ${x.length} rows and ${y.length} labels, give as many of each, above 0`,
      );
    }
    checkRows(x, columns);
    if (!y.every(Number.isFinite)) {
      throw new ModelError("Cannot fit a forest: a label is not finite, leave its row out");
    }
    const first = Math.max(0, x.length - maxTrainRows);
    const model = new RandomForestRegression({
      nEstimators: trees,
      maxFeatures: Math.max(1, Math.floor(columns * maxFeatures)),
      replacement: false,
      useSampleBagging: true,
      noOOB: true,
      seed,
      treeOptions: { maxDepth, minNumSamples },
    });
    model.train(x.slice(first).map((row) => [...row]), [...y.subarray(first)]);
    this.#rowsLeftOut = first;
    this.#columns = columns;
    this.#model = model;
  }

  /** @throws {ModelError} if the forest is not fitted, or a row does not fit it. */
  predict(x: readonly (readonly number[])[]): Float64Array {
    const model = this.#fitted();
    if (x.length === 0) return new Float64Array(0);
    checkRows(x, this.#columns);
    return Float64Array.from(model.predict(x.map((row) => [...row])));
  }

  /**
   * The fitted forest, without what only training needs; `load` gives back the same forecasts to the bit.
   *
   * @throws {ModelError} if the forest is not fitted.
   */
  toJSON(): StoredForest {
    const model = this.#fitted();
    const estimators = model.estimators as unknown as { root: LibraryNode }[];
    return {
      name: this.name,
      settings: this.settings,
      columns: this.#columns,
      indexes: model.indexes!,
      roots: estimators.map((tree) => storeNode(tree.root)),
    };
  }

  /**
   * A forest from what `toJSON` gave; it predicts, and `fit` trains it anew.
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
  static load(stored: StoredForest): RandomForest {
    if (stored?.name !== "random_forest" || stored.roots?.length !== stored.indexes?.length) {
      throw new ModelError("Cannot load a forest: this is not a stored random forest, train again");
    }
    const forest = new RandomForest(stored.settings);
    const { trees, maxFeatures, maxDepth, minNumSamples, seed } = forest.settings;
    const treeOptions = { maxDepth, minNumSamples };
    forest.#columns = stored.columns;
    forest.#model = RandomForestRegression.load(
      {
        name: "RFRegression",
        selectionMethod: "mean",
        baseModel: {
          indexes: stored.indexes,
          n: stored.indexes[0]!.length,
          nEstimators: trees,
          maxFeatures,
          replacement: false,
          useSampleBagging: true,
          noOOB: true,
          isClassifier: false,
          seed,
          treeOptions,
          estimators: stored.roots.map((root) => ({
            name: "DTRegression",
            options: {
              ...treeOptions,
              kind: "regression",
              gainFunction: "regression",
              splitFunction: "mean",
            },
            root,
          })),
        },
      } as unknown as Parameters<typeof RandomForestRegression.load>[0],
    );
    return forest;
  }

  #fitted(): RandomForestRegression {
    if (!this.#model) throw new ModelError('Cannot use "random_forest": it is not fitted, call fit first');
    return this.#model;
  }
}

function storeNode({ distribution, splitColumn, splitValue, left, right }: LibraryNode): StoredNode {
  if (!left || !right) return { distribution: distribution! };
  return { splitColumn, splitValue, left: storeNode(left), right: storeNode(right) };
}

function checkRows(x: readonly (readonly number[])[], columns: number): void {
  const bad = x.findIndex((row) => row.length !== columns || !row.every(Number.isFinite));
  if (bad >= 0) {
    throw new ModelError(`Cannot use row ${bad}: it must have ${columns} finite numbers, leave it out`);
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
