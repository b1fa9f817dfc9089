import { ModelError } from "../core/errors.ts";
import type { Tree } from "./tree.ts";

/** A node as `ml-cart` stores it: a leaf's forecast, or a split (below `splitValue` goes left). */
export type StockNode =
  | { distribution: number }
  | { splitColumn: number; splitValue: number; left: StockNode; right: StockNode };

/** What `RandomForestRegression.load` of `ml-random-forest` reads, as JSON. */
export interface StockForest {
  name: "RFRegression";
  selectionMethod: "mean";
  baseModel: {
    /** Columns that each tree sees, in its own numbering. */
    indexes: number[][];
    /** Columns a tree sees. */
    n: number;
    nEstimators: number;
    maxFeatures: number;
    replacement: false;
    useSampleBagging: true;
    isClassifier: false;
    seed: number;
    treeOptions: { maxDepth: number; minNumSamples: number };
    estimators: { name: "DTRegression"; options: Record<string, unknown>; root: StockNode }[];
  };
}

/**
 * Trees in the saved format of `ml-random-forest`: its `RandomForestRegression.load` gives equal forecasts.
 *
 * @param columns features a row; every tree may use all.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { RandomForestRegression } from "ml-random-forest";
 * import { TreeGrower } from "./tree_grower.ts";
 * const tree = new TreeGrower([Float64Array.of(1, 2)], Float64Array.of(5, 9)).grow(Float64Array.of(1, 1), () => 0);
 * const options = { maxFeatures: 1, seed: 1, treeOptions: { maxDepth: 5, minNumSamples: 1 } };
 * const stock = RandomForestRegression.load(toStockForest([tree], 1, options) as never);
 * assertEquals(stock.predict([[0], [3]]), [5, 9]);
 * ```
 */
export function toStockForest(
  trees: readonly Tree[],
  columns: number,
  { maxFeatures, seed, treeOptions }: Pick<StockForest["baseModel"], "maxFeatures" | "seed" | "treeOptions">,
): StockForest {
  const every = Array.from({ length: columns }, (_, column) => column);
  const options = { ...treeOptions, kind: "regression", gainFunction: "regression", splitFunction: "mean" };
  return {
    name: "RFRegression",
    selectionMethod: "mean",
    baseModel: {
      indexes: trees.map(() => every),
      n: columns,
      nEstimators: trees.length,
      maxFeatures,
      replacement: false,
      useSampleBagging: true,
      isClassifier: false,
      seed,
      treeOptions,
      estimators: trees.map((tree) => ({ name: "DTRegression", options, root: stockNode(tree, 0) })),
    },
  };
}

/**
 * A tree from `ml-cart`'s nodes.
 *
 * @param indexes the column that each of the tree's own column numbers stands for.
 * @throws {ModelError} if a node is missing or has no column.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const root = { splitColumn: 0, splitValue: 2, left: { distribution: 5 }, right: { distribution: 9 } };
 * assertEquals([...fromStockNode(root, [7]).feature], [7, -1, -1]);
 * ```
 */
export function fromStockNode(root: StockNode, indexes: readonly number[]): Tree {
  const feature: number[] = [], threshold: number[] = [], right: number[] = [], value: number[] = [];
  const push = (column: number, splitValue: number, forecast: number) => {
    threshold.push(splitValue);
    right.push(0);
    value.push(forecast);
    return feature.push(column) - 1;
  };
  const add = (node: StockNode | undefined): number => {
    if (node && "distribution" in node) return push(-1, 0, node.distribution);
    const column = node && indexes[node.splitColumn];
    if (column === undefined) {
      throw new ModelError("Cannot load a tree: a node is missing or has no column, train again");
    }
    const at = push(column, node!.splitValue, 0);
    add(node!.left);
    right[at] = add(node!.right);
    return at;
  };
  add(root);
  return {
    feature: Int32Array.from(feature),
    threshold: Float64Array.from(threshold),
    right: Int32Array.from(right),
    value: Float64Array.from(value),
    gain: new Float64Array(feature.length),
  };
}

function stockNode(tree: Tree, node: number): StockNode {
  const splitColumn = tree.feature[node]!;
  if (splitColumn < 0) return { distribution: tree.value[node]! };
  return {
    splitColumn,
    splitValue: tree.threshold[node]!,
    left: stockNode(tree, node + 1),
    right: stockNode(tree, tree.right[node]!),
  };
}
