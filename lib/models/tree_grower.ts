import { ModelError } from "../core/errors.ts";
import { argsort } from "./argsort.ts";
import { NodeList, type NodeSplit } from "./node_list.ts";
import { between, type Tree } from "./tree.ts";

/** When a tree stops, and how many columns compete for a split. */
export interface TreeSettings {
  /** Columns drawn for each node, from 1 to all. */
  maxFeatures: number;
  /** Levels of splits: 1 is a stump. */
  maxDepth: number;
  /** A node with fewer rows is a leaf. */
  minSamplesSplit: number;
  /** Rows that each side of a split must have. */
  minSamplesLeaf: number;
}

/** A node that waits to be grown: rows `from` … `to` of every order. */
interface Pending {
  from: number;
  to: number;
  depth: number;
  /** The node whose right child this is, or −1. */
  parent: number;
  /** A column whose order holds the node's rows (the others may not: see `#partition`). */
  column: number;
}

interface Split extends NodeSplit {
  /** Where the right side starts. */
  at: number;
}

/**
 * Grows regression trees as CART does (Breiman, Friedman, Olshen & Stone 1984, chapter 8): each node takes the split
 * that lowers the weighted squared error most, and a leaf forecasts its rows' weighted mean. As in random forests
 * (Breiman 2001, Machine Learning 45) a node may look at a random few of the columns only.
 *
 * Every column is sorted once. A node is a range of these orders, one split scans it from left to right with running
 * sums, and a stable partition hands both children sorted rows: a level of the tree costs `columns × rows`, without
 * any further sorting (as SLIQ does: Mehta, Agrawal & Rissanen 1996).
 *
 * As in scikit-learn a row counts once for the minimum numbers of rows, whatever its weight, a node is split for as
 * long as its labels differ, even where that gains nothing at first, and when no drawn column can be split the next
 * ones are tried. Columns are visited in random order, or equal gains would favour the first.
 *
 * @example A step is found where it is
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const grower = new TreeGrower([Float64Array.of(1, 2, 3, 4)], Float64Array.of(5, 5, 9, 9));
 * const { feature, threshold, value } = grower.grow(new Float64Array(4).fill(1), () => 0);
 * assertEquals([[...feature], threshold[0], [...value]], [[0, -1, -1], 2.5, [7, 5, 9]]);
 * ```
 */
export class TreeGrower {
  readonly #columns: readonly Float64Array[];
  readonly #y: Float64Array;
  readonly #settings: TreeSettings;
  readonly #sorted: readonly Uint32Array[];
  /** The current tree's rows, sorted by each column. */
  readonly #orders: Uint32Array[];
  /** Weight, and weight × (label − mean of all labels): centred, so that a high level costs no digits. */
  readonly #weights: Float64Array;
  readonly #weighted: Float64Array;
  readonly #goesLeft: Uint8Array;
  readonly #right: Uint32Array;
  readonly #visit: Uint32Array;
  /** Kept for the next tree: new memory for each would pile up before it is collected. */
  readonly #nodes: NodeList;

  /**
   * @param columns one array a feature.
   * @param sorted of each column, row numbers by value, equal values by label; sorted here where it is left out.
   * @throws {ModelError} if a value is NaN.
   */
  constructor(
    columns: readonly Float64Array[],
    y: Float64Array,
    { maxFeatures = columns.length, maxDepth = Infinity, minSamplesSplit = 2, minSamplesLeaf = 1 }: Partial<
      TreeSettings
    > = {},
    sorted = sortedColumns(columns, y),
  ) {
    this.#columns = columns;
    this.#y = y;
    this.#settings = { maxFeatures, maxDepth, minSamplesSplit, minSamplesLeaf };
    this.#sorted = sorted;
    this.#orders = columns.map(() => new Uint32Array(y.length));
    this.#weights = new Float64Array(y.length);
    this.#weighted = new Float64Array(y.length);
    this.#goesLeft = new Uint8Array(y.length);
    this.#right = new Uint32Array(y.length);
    this.#visit = Uint32Array.from(columns.keys());
    this.#nodes = new NodeList(Math.max(1, 2 * y.length - 1));
  }

  /**
   * One tree.
   *
   * @param weights one a row, 0 leaves a row out: how often a bootstrap drew it, or what it counts.
   * @param random draws columns; called only where there is more than one.
   * @throws {ModelError} if every weight is 0.
   */
  grow(weights: Float64Array, random: () => number): Tree {
    // A tree depends on what it is told alone, not on the trees before it.
    this.#visit.forEach((_, column) => this.#visit[column] = column);
    const rows = this.#start(weights);
    if (rows === 0) throw new ModelError("Cannot grow a tree: every weight is 0, give one row a weight");
    const { maxDepth, minSamplesSplit, minSamplesLeaf } = this.#settings;
    const nodes = this.#nodes;
    nodes.clear();
    const pending: Pending[] = [{ from: 0, to: rows, depth: 0, parent: -1, column: 0 }];
    const canSplit = (size: number, depth: number) =>
      depth < maxDepth && size >= minSamplesSplit && size >= 2 * minSamplesLeaf;
    for (let next = pending.pop(); next; next = pending.pop()) {
      const { from, to, depth, parent } = next;
      const { weight, mean, pure, value } = this.#summary(next);
      const node = nodes.add(value, parent);
      if (pure || !canSplit(to - from, depth)) continue;
      const split = this.#bestSplit(from, to, weight, mean, random);
      if (!split) continue;
      const { column, at } = split;
      nodes.split(node, split);
      if (canSplit(at - from, depth + 1) || canSplit(to - at, depth + 1)) this.#partition(from, to, split);
      pending.push({ from: at, to, depth: depth + 1, parent: node, column });
      pending.push({ from, to: at, depth: depth + 1, parent: -1, column });
    }
    return nodes.tree();
  }

  /** Takes the rows that have a weight into every order; returns their number. */
  #start(weights: Float64Array): number {
    const y = this.#y;
    let total = 0, sum = 0;
    for (let row = 0; row < y.length; row++) {
      total += weights[row]!;
      sum += weights[row]! * y[row]!;
    }
    const mean = sum / total;
    for (let row = 0; row < y.length; row++) {
      this.#weights[row] = weights[row]!;
      this.#weighted[row] = weights[row]! * (y[row]! - mean);
    }
    let count = 0;
    for (let column = 0; column < this.#sorted.length; column++) {
      const sorted = this.#sorted[column]!, order = this.#orders[column]!;
      count = 0;
      for (let at = 0; at < sorted.length; at++) {
        const row = sorted[at]!;
        order[count] = row;
        if (weights[row]! > 0) count++;
      }
    }
    return count;
  }

  /** A node's weight, centred mean and forecast; it is pure where all labels are equal. */
  #summary({ from, to, column }: Pending) {
    const order = this.#orders[column]!, weights = this.#weights, weighted = this.#weighted, y = this.#y;
    let weight = 0, sum = 0, labels = 0, min = Infinity, max = -Infinity;
    for (let at = from; at < to; at++) {
      const row = order[at]!, label = y[row]!;
      weight += weights[row]!;
      sum += weighted[row]!;
      labels += weights[row]! * label;
      if (label < min) min = label;
      if (label > max) max = label;
    }
    // Rounding must not carry a mean past the labels that it is the mean of.
    return {
      weight,
      mean: sum / weight,
      pure: min === max,
      value: Math.min(max, Math.max(min, labels / weight)),
    };
  }

  /** The split that gains most among the drawn columns, or undefined where no column can be split. */
  #bestSplit(
    from: number,
    to: number,
    weight: number,
    mean: number,
    random: () => number,
  ): Split | undefined {
    // Two rows can be parted in one way only: the first column that tells them apart is as good as any.
    const tries = to - from === 2 ? 1 : this.#settings.maxFeatures;
    const visit = this.#visit;
    let best: Split | undefined;
    for (let drawn = 0; drawn < visit.length && (drawn < tries || !best); drawn++) {
      if (drawn < visit.length - 1) {
        const other = drawn + Math.floor(random() * (visit.length - drawn));
        const column = visit[other]!;
        visit[other] = visit[drawn]!;
        visit[drawn] = column;
      }
      best = this.#scan(visit[drawn]!, { from, to, weight, mean }, best);
    }
    return best;
  }

  /**
   * Tries every threshold of one column. With labels centred on the node's mean, both sides' sums are `s` and `−s`, and
   * the squared error falls by `s² / w + s² / (W − w)`: that is `s² W / (w (W − w))`, where `w` is the left weight.
   */
  #scan(
    column: number,
    { from, to, weight, mean }: { from: number; to: number; weight: number; mean: number },
    best: Split | undefined,
  ): Split | undefined {
    const values = this.#columns[column]!, order = this.#orders[column]!;
    const weights = this.#weights, weighted = this.#weighted;
    let row = order[from]!, value = values[row]!;
    if (value === values[order[to - 1]!]!) return best;
    const { minSamplesLeaf } = this.#settings;
    const last = to - minSamplesLeaf;
    let found = -1, top = best ? best.gain / weight : -1, left = 0, sum = 0;
    for (let at = from + 1; at <= last; at++) {
      left += weights[row]!;
      sum += weighted[row]!;
      row = order[at]!;
      const next = values[row]!;
      if (next > value) {
        value = next;
        const centred = sum - left * mean;
        const gain = centred * centred / (left * (weight - left));
        if (gain > top && at - from >= minSamplesLeaf) {
          top = gain;
          found = at;
        }
      }
    }
    if (found < 0) return best;
    const threshold = between(values[order[found - 1]!]!, values[order[found]!]!);
    return { column, threshold, at: found, gain: top * weight };
  }

  /** Moves the left side's rows before the right side's in every order, each side still sorted. */
  #partition(from: number, to: number, { column, at }: Split): void {
    const goesLeft = this.#goesLeft, right = this.#right, by = this.#orders[column]!;
    for (let i = from; i < to; i++) goesLeft[by[i]!] = i < at ? 1 : 0;
    for (const order of this.#orders) {
      if (order === by) continue;
      let lefts = from, rights = 0;
      for (let i = from; i < to; i++) {
        const row = order[i]!, isLeft = goesLeft[row]!;
        order[lefts] = row;
        right[rights] = row;
        lefts += isLeft;
        rights += 1 - isLeft;
      }
      for (let i = 0; i < rights; i++) order[lefts + i] = right[i]!;
    }
  }
}

/** Of each column, row numbers by value; equal values by label, so that the order of rows does not matter. */
function sortedColumns(columns: readonly Float64Array[], y: Float64Array): Uint32Array[] {
  const byLabel = argsort(y);
  return columns.map((column, index) => sortedRows(column, byLabel, index));
}

/**
 * Row numbers of a column by value, equal values as in `order`.
 *
 * @throws {ModelError} if a value is NaN; `index` is the column's, for the message.
 */
export function sortedRows(column: Float64Array, order: Uint32Array, index: number): Uint32Array {
  const bad = column.findIndex(Number.isNaN);
  if (bad >= 0) {
    throw new ModelError(`Cannot grow a tree: row ${bad} of column ${index} is NaN, leave the row out`);
  }
  return argsort(column, order);
}
