/**
 * A binary regression tree in flat arrays, one entry a node, in pre-order: the root is node 0 and the left child of
 * node `k` is `k + 1`.
 */
export interface Tree {
  /** The column that a node splits on; −1 in a leaf. */
  feature: Int32Array;
  /** A row whose value is below goes left, any other goes right. */
  threshold: Float64Array;
  /** The right child. */
  right: Int32Array;
  /** A leaf's forecast. */
  value: Float64Array;
  /** How much a split lowers the summed squared error; 0 in a leaf and in a tree that was loaded. */
  gain: Float64Array;
}

/** Bytes of a node in a tree's arrays. */
const NODE_BYTES = 32;

/** A tree of so many nodes, all 0, in one piece of memory that threads can share. */
export function newTree(nodes: number): Tree {
  return treeIn(new SharedArrayBuffer(NODE_BYTES * nodes));
}

/**
 * The tree that lies in a piece of memory, `tree.value.buffer` of one that {@linkcode newTree} made.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const tree = newTree(3);
 * tree.value.set([0, 10, 20]);
 * assertEquals([...treeIn(tree.value.buffer).value], [0, 10, 20]);
 * ```
 */
export function treeIn(memory: ArrayBufferLike): Tree {
  const nodes = memory.byteLength / NODE_BYTES;
  return {
    threshold: new Float64Array(memory, 0, nodes),
    value: new Float64Array(memory, 8 * nodes, nodes),
    gain: new Float64Array(memory, 16 * nodes, nodes),
    feature: new Int32Array(memory, 24 * nodes, nodes),
    right: new Int32Array(memory, 28 * nodes, nodes),
  };
}

/**
 * The leaf that a row falls into.
 *
 * @param columns one array a feature.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const stump = {
 *   feature: Int32Array.of(0, -1, -1),
 *   threshold: Float64Array.of(2.5, 0, 0),
 *   right: Int32Array.of(2, 0, 0),
 *   value: Float64Array.of(0, 10, 20),
 *   gain: new Float64Array(3),
 * };
 * assertEquals([0, 1].map((row) => stump.value[leafOf(stump, [Float64Array.of(2, 3)], row)]), [10, 20]);
 * ```
 */
export function leafOf({ feature, threshold, right }: Tree, columns: readonly Float64Array[], row: number) {
  let node = 0;
  for (let column = feature[0]!; column >= 0; column = feature[node]!) {
    node = columns[column]![row]! < threshold[node]! ? node + 1 : right[node]!;
  }
  return node;
}

/**
 * Adds a tree's forecasts to `sums`, one a row.
 *
 * @example See {@linkcode leafOf}, which it repeats for every row.
 */
export function addForecasts(tree: Tree, columns: readonly Float64Array[], sums: Float64Array): void {
  const { value } = tree;
  for (let row = 0; row < sums.length; row++) sums[row]! += value[leafOf(tree, columns, row)]!;
}

/**
 * A threshold with `low` below it and `high` not: halfway, or `high` where rounding would fall back on `low`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals([between(1, 2), between(0, Number.MIN_VALUE)], [1.5, Number.MIN_VALUE]);
 * ```
 */
export function between(low: number, high: number): number {
  const middle = low / 2 + high / 2;
  return middle > low ? middle : high;
}
