import { leafOf, type Tree } from "./tree.ts";

/**
 * Quantiles of a forest's forecasts (Meinshausen 2006, "Quantile Regression Forests", Journal of Machine Learning
 * Research 7): a new row gives each training row the weight `1 / (rows of the leaf that both fall into)`, averaged over
 * the trees; the weighted labels are the forecast's distribution.
 *
 * @example One tree with the leaves {1, 2} and {8, 9}
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { TreeGrower } from "./tree_grower.ts";
 * const columns = [Float64Array.of(0, 0, 1, 1)], y = Float64Array.of(1, 2, 8, 9);
 * const tree = new TreeGrower(columns, y).grow(new Float64Array(4).fill(1), () => 0);
 * const quantiles = new LeafQuantiles([tree], columns, y);
 * assertEquals(quantiles.predict([Float64Array.of(0, 1)], [0.5, 0.9]), [Float64Array.of(1, 8), Float64Array.of(2, 9)]);
 * ```
 */
export class LeafQuantiles {
  /** Labels, lowest first. */
  readonly #labels: Float64Array;
  readonly #leaves: { tree: Tree; start: Uint32Array; ranks: Uint32Array }[];

  /** @param columns the rows that the trees were trained on, one array a feature. */
  constructor(trees: readonly Tree[], columns: readonly Float64Array[], y: Float64Array) {
    const byLabel = Uint32Array.from(y.keys()).sort((a, b) => y[a]! - y[b]!);
    this.#labels = Float64Array.from(byLabel, (row) => y[row]!);
    this.#leaves = trees.map((tree) => ({ tree, ...ranksByLeaf(tree, columns, byLabel) }));
  }

  /**
   * One array a quantile, one number a row: the lowest label that at least this share of the weight does not exceed.
   *
   * @param columns the rows to forecast, one array a feature.
   * @param quantiles numbers from 0 to 1.
   */
  predict(columns: readonly Float64Array[], quantiles: readonly number[]): Float64Array<ArrayBuffer>[] {
    const rows = columns[0]!.length;
    const forecasts = quantiles.map(() => new Float64Array(rows));
    const weights = new Float64Array(this.#labels.length);
    for (let row = 0; row < rows; row++) {
      weights.fill(0);
      for (const { tree, start, ranks } of this.#leaves) {
        const leaf = leafOf(tree, columns, row);
        const from = start[leaf]!, to = start[leaf + 1]!;
        const share = 1 / ((to - from) * this.#leaves.length);
        for (let at = from; at < to; at++) weights[ranks[at]!]! += share;
      }
      for (const [index, quantile] of quantiles.entries()) {
        forecasts[index]![row] = weightedQuantile(this.#labels, weights, quantile);
      }
    }
    return forecasts;
  }
}

/** The training rows of each node, by the rank of their label: those of node `k` stand from `start[k]` on. */
function ranksByLeaf(tree: Tree, columns: readonly Float64Array[], byLabel: Uint32Array) {
  const leaves = Uint32Array.from(byLabel, (row) => leafOf(tree, columns, row));
  const start = new Uint32Array(tree.feature.length + 1);
  for (const leaf of leaves) start[leaf + 1]!++;
  for (let node = 0; node < tree.feature.length; node++) start[node + 1]! += start[node]!;
  const next = start.slice();
  const ranks = new Uint32Array(leaves.length);
  for (const [rank, leaf] of leaves.entries()) ranks[next[leaf]!++] = rank;
  return { start, ranks };
}

/** Weights sum to 1 but for rounding, which must not make a quantile of a forecast a label of weight 0. */
function weightedQuantile(labels: Float64Array, weights: Float64Array, quantile: number): number {
  let sum = 0, label = NaN;
  for (let rank = 0; rank < labels.length; rank++) {
    if (weights[rank] === 0) continue;
    sum += weights[rank]!;
    label = labels[rank]!;
    if (sum >= quantile - 1e-12) break;
  }
  return label;
}
