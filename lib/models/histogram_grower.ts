import type { BinnedColumns } from "./binned_columns.ts";
import { NodeList, type NodeSplit } from "./node_list.ts";
import type { Tree } from "./tree.ts";

/** A leaf and its rows: `from` … `to` of the rows that the tree was grown on, in their new order. */
export interface LeafRows {
  node: number;
  from: number;
  to: number;
}

/**
 * For each column, 256 bins. A bin is one number, so that a row costs one addition a column: `rows × 2^k + sum of labels`,
 * with labels rounded to whole multiples of a unit. Together both stay below 2^53, where doubles hold whole numbers
 * exactly: sums and differences come out the same in any order. That leaves the largest of 1,000 labels 32 bits, of
 * 100,000 labels 18, of a million 12.
 */
type Histogram = Float64Array<ArrayBuffer>;

interface Pending {
  from: number;
  to: number;
  depth: number;
  parent: number;
  /** Undefined where the node will not be split. */
  histogram: Histogram | undefined;
}

interface BinSplit extends NodeSplit {
  bin: number;
}

const COLUMN = 256;

/**
 * Grows regression trees by squared error on binned columns, for boosting: a node's rows are summed into one histogram
 * a column, and only the bins' edges are tried as thresholds. Of two children only the smaller one is summed, the other
 * is what remains of the parent's histogram (as LightGBM: Ke et al. 2017).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { binColumns } from "./binned_columns.ts";
 * const binned = binColumns([Float64Array.of(1, 2, 3, 4)], 255);
 * const grower = new HistogramGrower(binned, { maxDepth: 1, minSamplesLeaf: 1 });
 * const { tree, leaves } = grower.grow(Uint32Array.of(0, 1, 2, 3), Float64Array.of(5, 5, 9, 9));
 * assertEquals([tree.threshold[0], leaves.map(({ from, to }) => [from, to])], [2.5, [[0, 2], [2, 4]]]);
 * ```
 */
export class HistogramGrower {
  readonly #binned: BinnedColumns;
  readonly #maxDepth: number;
  readonly #minSamplesLeaf: number;
  /** What each row adds to its bins; the same, in the order of the rows that are summed. */
  readonly #terms: Float64Array;
  readonly #ordered: Float64Array;
  /** A row in a bin: 2^k. */
  #row = 1;
  /** Labels are rounded to multiples of this. */
  #unit = 1;
  readonly #right: Uint32Array;
  /** Histograms that no node holds at the moment. */
  readonly #free: Histogram[] = [];

  constructor(
    binned: BinnedColumns,
    { maxDepth, minSamplesLeaf }: { maxDepth: number; minSamplesLeaf: number },
  ) {
    this.#binned = binned;
    this.#maxDepth = maxDepth;
    this.#minSamplesLeaf = minSamplesLeaf;
    this.#terms = new Float64Array(binned.rows);
    this.#ordered = new Float64Array(binned.rows);
    this.#right = new Uint32Array(binned.rows);
  }

  /**
   * One tree. The values of its leaves are 0: they are for the loss to set.
   *
   * @param rows the rows to grow on; they are sorted by leaf.
   * @param labels one a row of all.
   */
  grow(rows: Uint32Array, labels: Float64Array): { tree: Tree; leaves: LeafRows[] } {
    const nodes = new NodeList(Math.min(2 * rows.length - 1, 2 ** (this.#maxDepth + 1) - 1));
    const leaves: LeafRows[] = [];
    this.#setTerms(rows, labels);
    const histogram = this.#canSplit(rows.length, 0) ? this.#sum(rows, 0, rows.length) : undefined;
    const pending: Pending[] = [{ from: 0, to: rows.length, depth: 0, parent: -1, histogram }];
    for (let next = pending.pop(); next; next = pending.pop()) {
      const { from, to, depth, parent, histogram } = next;
      const node = nodes.add(0, parent);
      const split = histogram && this.#bestSplit(histogram);
      if (!split) {
        leaves.push({ node, from, to });
        if (histogram) this.#free.push(histogram);
        continue;
      }
      nodes.split(node, split);
      const at = this.#partition(rows, from, to, split);
      const [left, right] = this.#children(rows, { from, at, to, depth: depth + 1, histogram });
      pending.push({ from: at, to, depth: depth + 1, parent: node, histogram: right });
      pending.push({ from, to: at, depth: depth + 1, parent: -1, histogram: left });
    }
    return { tree: nodes.tree(), leaves };
  }

  /** Sets every row's term, with k such that n rows and their labels' sum, below 2^(k − 1), stay below 2^53. */
  #setTerms(rows: Uint32Array, labels: Float64Array): void {
    let largest = 0;
    for (let at = 0; at < rows.length; at++) largest = Math.max(largest, Math.abs(labels[rows[at]!]!));
    const bits = Math.ceil(Math.log2(rows.length + 1));
    // A power of 2, so that scaling by it does not round; labels that are next to 0 all round to 0.
    const perUnit = 2 ** Math.floor(52 - 2 * bits - Math.log2(Math.max(largest, 1e-200)));
    const one = 2 ** (53 - bits);
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at]!;
      this.#terms[row] = one + Math.floor(labels[row]! * perUnit + 0.5);
    }
    this.#row = one;
    this.#unit = 1 / perUnit;
  }

  #canSplit(size: number, depth: number): boolean {
    return depth < this.#maxDepth && size >= 2 * this.#minSamplesLeaf;
  }

  /** The children's histograms: the smaller child's is summed, the larger one's is the parent's without it. */
  #children(
    rows: Uint32Array,
    { from, at, to, depth, histogram }: {
      from: number;
      at: number;
      to: number;
      depth: number;
      histogram: Histogram;
    },
  ): [Histogram | undefined, Histogram | undefined] {
    if (!this.#canSplit(Math.max(at - from, to - at), depth)) {
      this.#free.push(histogram);
      return [undefined, undefined];
    }
    const leftIsSmaller = at - from <= to - at;
    const smaller = leftIsSmaller ? this.#sum(rows, from, at) : this.#sum(rows, at, to);
    for (let i = 0; i < histogram.length; i++) histogram[i]! -= smaller[i]!;
    return leftIsSmaller ? [smaller, histogram] : [histogram, smaller];
  }

  #sum(rows: Uint32Array, from: number, to: number): Histogram {
    const histogram = this.#free.pop()?.fill(0) ??
      new Float64Array(this.#binned.packed.length * 4 * COLUMN);
    const terms = this.#terms, ordered = this.#ordered;
    for (let at = from; at < to; at++) ordered[at] = terms[rows[at]!]!;
    for (const [index, four] of this.#binned.packed.entries()) {
      const sums = histogram.subarray(index * 4 * COLUMN, (index + 1) * 4 * COLUMN);
      sumFour(sums, four, rows, ordered, from, to);
    }
    return histogram;
  }

  /** The split that gains most, or undefined where none gains. */
  #bestSplit(histogram: Histogram): BinSplit | undefined {
    const { edges } = this.#binned, one = this.#row;
    let whole = 0;
    for (let bin = 0; bin < COLUMN; bin++) whole += histogram[bin]!;
    const count = Math.round(whole / one);
    const mean = (whole - count * one) / count;
    const least = this.#minSamplesLeaf;
    let top = 0, bestColumn = -1, bestBin = 0;
    for (let column = 0; column < edges.length; column++) {
      let sums = 0;
      const first = column * COLUMN, bins = edges[column]!.length;
      for (let bin = 0; bin < bins; bin++) {
        const value = histogram[first + bin]!;
        if (value === 0) continue;
        sums += value;
        const left = Math.round(sums / one);
        if (left < least) continue;
        if (count - left < least) break;
        const centred = sums - left * one - left * mean;
        const gain = centred * centred / (left * (count - left));
        if (gain > top) {
          top = gain;
          bestColumn = column;
          bestBin = bin;
        }
      }
    }
    if (bestColumn < 0) return undefined;
    const gain = top * count * this.#unit ** 2;
    return { column: bestColumn, bin: bestBin, threshold: edges[bestColumn]![bestBin]!, gain };
  }

  /** Moves rows of the left side before the others, both in their old order; returns where the right side starts. */
  #partition(rows: Uint32Array, from: number, to: number, { column, bin }: BinSplit): number {
    const four = this.#binned.packed[column >> 2]!, shift = (column & 3) * 8, right = this.#right;
    let lefts = from, rights = 0;
    for (let at = from; at < to; at++) {
      const row = rows[at]!;
      const isLeft = ((four[row]! >>> shift) & 255) <= bin ? 1 : 0;
      rows[lefts] = row;
      right[rights] = row;
      lefts += isLeft;
      rights += 1 - isLeft;
    }
    rows.set(right.subarray(0, rights), lefts);
    return lefts;
  }
}

/** Adds each row's term to its bin in four columns. */
function sumFour(
  sums: Histogram,
  four: Uint32Array,
  rows: Uint32Array,
  ordered: Float64Array,
  from: number,
  to: number,
): void {
  for (let at = from; at < to; at++) {
    const bins = four[rows[at]!]!, term = ordered[at]!;
    sums[bins & 255]! += term;
    sums[COLUMN | ((bins >>> 8) & 255)]! += term;
    sums[2 * COLUMN | ((bins >>> 16) & 255)]! += term;
    sums[3 * COLUMN | (bins >>> 24)]! += term;
  }
}
