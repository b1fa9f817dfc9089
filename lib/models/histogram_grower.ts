import type { BinnedColumns } from "./binned_columns.ts";
import { bestSplit, COLUMN, type Histogram, sumTerms, termScale } from "./histogram.ts";
import { NodeList, type NodeSplit } from "./node_list.ts";
import { ThreadTeam } from "./thread_team.ts";
import type { Tree } from "./tree.ts";

/** Limits of a tree. */
export interface GrowthLimits {
  /** Levels of splits, from 1 to 16. */
  maxDepth: number;
  /** Rows that a leaf has at least. */
  minSamplesLeaf: number;
}

/** From … to. */
type Segment = [number, number];

/** A leaf and its rows: of those that the tree was grown on, in their new order, one segment a thread. */
export interface LeafRows {
  node: number;
  segments: [Segment, ...Segment[]];
}

/** What a team shares while it grows trees. */
export interface GrowthMemory {
  /** The rows that a tree is grown on come first; they are sorted by leaf, each thread's share of them for itself. */
  rows: Uint32Array;
  /** What the tree is to forecast, by row. */
  labels: Float64Array;
  /** The largest label of each thread's rows. */
  largest: Float64Array;
  /** What nodes hold, and what threads other than the first have summed of a batch's nodes. */
  histograms: Histogram[];
  sums: Histogram[][];
  /** The best split of each thread's columns, for both children of a batch's nodes. */
  splits: Float64Array;
  /** Where a thread's rows of a node begin and end, by node and thread. */
  segments: Uint32Array;
}

/** Most nodes that are split between two barriers. */
const BATCH = 8;
/** How a split is told, see `FoundSplit`. */
const OVER = 0, UNDER = 1, SPLIT_COLUMN = 2, SPLIT_BIN = 3, LEFT = 4, SPLIT_WORDS = 5;

interface Split extends NodeSplit {
  bin: number;
  /** Rows that go left, of all threads. */
  left: number;
}

interface GrowingNode {
  /** Its number among all nodes of the tree, in the order of their making. */
  id: number;
  depth: number;
  /** Rows of all threads. */
  count: number;
  /** This thread's rows. */
  from: number;
  to: number;
  /** While splits of it or of its children are looked for. */
  histogram?: Histogram | undefined;
  split?: Split | undefined;
  children?: [GrowingNode, GrowingNode];
}

/** Nodes whose splits are looked for: what the larger one holds is its parent's histogram, until the smaller is known. */
interface Pair {
  smaller: GrowingNode;
  larger?: GrowingNode;
}

/** Memory for the trees of a team of at most `threads`. */
export function growthMemory(
  rows: number,
  columns: number,
  { maxDepth }: GrowthLimits,
  threads = 1,
): GrowthMemory {
  const shared = (length: number) => new SharedArrayBuffer(length);
  const histogram = () => new Float64Array(shared(8 * COLUMN * 4 * Math.ceil(columns / 4)));
  const histograms = (length: number) => Array.from({ length }, histogram);
  return {
    rows: new Uint32Array(shared(4 * rows)),
    labels: new Float64Array(shared(8 * rows)),
    largest: new Float64Array(shared(8 * threads)),
    histograms: histograms(maxDepth + 4 * BATCH),
    sums: Array.from({ length: threads - 1 }, () => histograms(BATCH)),
    splits: new Float64Array(shared(8 * SPLIT_WORDS * 2 * BATCH * threads)),
    segments: new Uint32Array(shared(4 * 2 * mostNodes(rows, maxDepth) * threads)),
  };
}

/**
 * Grows regression trees by squared error on binned columns, for boosting: a node's rows are summed into one histogram
 * a column, and only the bins' edges are tried as thresholds. Of two children only the smaller one is summed, the other
 * is what remains of the parent's histogram (as LightGBM: Ke et al. 2017).
 *
 * Each thread of a team sums its share of the rows and looks for splits in its share of the columns. All of them come
 * to know the same splits, and so grow the same tree, which is the one that a thread alone would grow.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { binColumns } from "./binned_columns.ts";
 * const binned = binColumns([Float64Array.of(1, 2, 3, 4)], 255);
 * const limits = { maxDepth: 1, minSamplesLeaf: 1 };
 * const memory = growthMemory(4, 1, limits);
 * memory.rows.set([0, 1, 2, 3]);
 * memory.labels.set([5, 5, 9, 9]);
 * const { tree, leaves } = new HistogramGrower(binned, limits, memory).grow(4);
 * assertEquals([tree.threshold[0], leaves.map(({ segments }) => segments)], [2.5, [[[0, 2]], [[2, 4]]]]);
 * ```
 */
export class HistogramGrower {
  readonly #binned: BinnedColumns;
  readonly #limits: GrowthLimits;
  readonly #memory: GrowthMemory;
  readonly #team: ThreadTeam;
  /** What each row adds to its bins; the same, in the order of the rows that are summed. */
  readonly #terms: Float64Array;
  readonly #ordered: Float64Array;
  #scale = termScale(1, 1);
  /** The memory's rows, this thread's part at work, and those on the right side of a split. */
  readonly #rows: Uint32Array;
  readonly #right: Uint32Array;
  /** Histograms that no node holds at the moment. */
  readonly #free: Histogram[];
  #nodes = 0;

  constructor(binned: BinnedColumns, limits: GrowthLimits, memory: GrowthMemory, team = ThreadTeam.alone()) {
    this.#binned = binned;
    this.#limits = limits;
    this.#memory = memory;
    this.#team = team;
    this.#terms = new Float64Array(binned.rows);
    this.#ordered = new Float64Array(binned.rows);
    this.#rows = new Uint32Array(binned.rows);
    this.#right = new Uint32Array(binned.rows);
    this.#free = [...memory.histograms];
  }

  /**
   * One tree on the first `count` rows of the memory. The values of its leaves are 0: they are for the loss to set.
   * A thread needs the labels of its share of these rows only.
   */
  grow(count: number): { tree: Tree; leaves: LeafRows[] } {
    const [from, to] = this.#team.share(count);
    this.#rows.set(this.#memory.rows.subarray(from, to), from);
    this.#setTerms(count, from, to);
    this.#nodes = 0;
    const root = this.#node({ depth: 0, count, from, to });
    const open: GrowingNode[] = [];
    if (this.#canSplit(root)) {
      root.histogram = this.#free.pop()!;
      open.push(...this.#findSplits([{ smaller: root }]));
    }
    while (open.length > 0) {
      // A depth-first walk of the last node needs a histogram a level.
      const batch = open.splice(-Math.min(BATCH, Math.max(1, this.#free.length - this.#limits.maxDepth)));
      open.push(...this.#findSplits(batch.flatMap((node) => this.#divide(node) ?? [])));
    }
    this.#memory.rows.set(this.#rows.subarray(from, to), from);
    this.#team.barrier();
    return this.#inPreOrder(root, count);
  }

  #setTerms(count: number, from: number, to: number): void {
    const { labels, largest } = this.#memory, rows = this.#rows, terms = this.#terms;
    let mine = 0;
    for (let at = from; at < to; at++) mine = Math.max(mine, Math.abs(labels[rows[at]!]!));
    largest[this.#team.thread] = mine;
    this.#team.barrier();
    const { one, perUnit } = this.#scale = termScale(
      count,
      Math.max(...largest.subarray(0, this.#team.threads)),
    );
    for (let at = from; at < to; at++) {
      const row = rows[at]!;
      terms[row] = one + Math.floor(labels[row]! * perUnit + 0.5);
    }
  }

  #node(rows: Pick<GrowingNode, "depth" | "count" | "from" | "to">): GrowingNode {
    const { thread, threads } = this.#team;
    const id = this.#nodes++;
    this.#memory.segments.set([rows.from, rows.to], 2 * (id * threads + thread));
    return { id, ...rows };
  }

  #canSplit({ count, depth }: GrowingNode): boolean {
    return depth < this.#limits.maxDepth && count >= 2 * this.#limits.minSamplesLeaf;
  }

  /** Splits a node; gives its children where splits of them are to be looked for. */
  #divide(node: GrowingNode): Pair | null {
    const { from, to, count, histogram } = node, split = node.split!;
    const at = this.#partition(from, to, split);
    const depth = node.depth + 1;
    const left = this.#node({ depth, count: split.left, from, to: at });
    const right = this.#node({ depth, count: count - split.left, from: at, to });
    node.children = [left, right];
    node.histogram = undefined;
    const [smaller, larger] = left.count <= right.count ? [left, right] : [right, left];
    if (!this.#canSplit(larger)) {
      this.#free.push(histogram!);
      return null;
    }
    larger.histogram = histogram!;
    smaller.histogram = this.#free.pop()!;
    return { smaller, larger };
  }

  /** Sets the nodes' histograms and splits; gives those that have one. */
  #findSplits(pairs: Pair[]): GrowingNode[] {
    if (pairs.length === 0) return [];
    const { thread } = this.#team, { sums } = this.#memory;
    for (const [index, { smaller }] of pairs.entries()) {
      this.#sum(smaller, thread === 0 ? smaller.histogram! : sums[thread - 1]![index]!);
    }
    this.#team.barrier();
    for (const [index, pair] of pairs.entries()) this.#search(pair, index);
    this.#team.barrier();
    const nodes = pairs.flatMap(({ smaller, larger }, index) => {
      smaller.split = this.#agreed(smaller, 2 * index);
      if (!larger) return [smaller];
      larger.split = this.#agreed(larger, 2 * index + 1);
      return [smaller, larger];
    });
    return nodes.filter((node) => {
      if (!node.split) this.#free.push(node.histogram!);
      return node.split;
    });
  }

  /** Sums this thread's rows of a node. */
  #sum({ from, to }: GrowingNode, histogram: Histogram): void {
    const rows = this.#rows, terms = this.#terms, ordered = this.#ordered, { packed } = this.#binned;
    for (let at = from; at < to; at++) ordered[at] = terms[rows[at]!]!;
    histogram.fill(0);
    sumTerms(histogram, packed, { rows, terms: ordered, from, to });
  }

  /** Puts together what the threads have summed in this thread's columns, and looks there for splits. */
  #search({ smaller, larger }: Pair, index: number): void {
    const [first, end] = this.#team.share(this.#binned.edges.length);
    const from = first * COLUMN, to = end * COLUMN, whole = smaller.histogram!;
    for (const sums of this.#memory.sums.slice(0, this.#team.threads - 1)) {
      const part = sums[index]!;
      for (let bin = from; bin < to; bin++) whole[bin]! += part[bin]!;
    }
    this.#tell(2 * index, smaller, first, end);
    if (!larger) return;
    const rest = larger.histogram!;
    for (let bin = from; bin < to; bin++) rest[bin]! -= whole[bin]!;
    this.#tell(2 * index + 1, larger, first, end);
  }

  /** Tells the team the best split of a child in these columns. */
  #tell(child: number, { count, histogram }: GrowingNode, first: number, end: number): void {
    const { minSamplesLeaf } = this.#limits, one = this.#scale.one;
    const found = bestSplit(histogram!, this.#binned.edges, { first, end, count, one, minSamplesLeaf });
    const { over, under, column, bin, left } = found;
    this.#memory.splits.set([over, under, column, bin, left], this.#splitAt(this.#team.thread, child));
  }

  /** The best of what the threads have found. */
  #agreed({ count }: GrowingNode, child: number): Split | undefined {
    const { splits } = this.#memory;
    let best = this.#splitAt(0, child);
    for (let thread = 1; thread < this.#team.threads; thread++) {
      const other = this.#splitAt(thread, child);
      if (splits[other + OVER]! * splits[best + UNDER]! > splits[best + OVER]! * splits[other + UNDER]!) {
        best = other;
      }
    }
    if (!(splits[best + OVER]! > 0)) return undefined;
    const column = splits[best + SPLIT_COLUMN]!, bin = splits[best + SPLIT_BIN]!;
    const gain = splits[best + OVER]! / splits[best + UNDER]! * count / this.#scale.perUnit ** 2;
    const threshold = this.#binned.edges[column]![bin]!;
    return { column, bin, threshold, gain, left: splits[best + LEFT]! };
  }

  #splitAt(thread: number, child: number): number {
    return (thread * 2 * BATCH + child) * SPLIT_WORDS;
  }

  /** Moves rows of the left side before the others, both in their old order; returns where the right side starts. */
  #partition(from: number, to: number, { column, bin }: Split): number {
    const rows = this.#rows, right = this.#right;
    const four = this.#binned.packed[column >> 2]!, shift = (column & 3) * 8;
    let rights = 0;
    for (let at = from; at < to; at++) {
      const row = rows[at]!;
      const isRight = (bin - ((four[row]! >>> shift) & 255)) >>> 31; // the sign: a branch would be foreseen half the time
      rows[at - rights] = row;
      right[rights] = row;
      rights += isRight;
    }
    rows.set(right.subarray(0, rights), to - rights);
    return to - rights;
  }

  #inPreOrder(root: GrowingNode, count: number): { tree: Tree; leaves: LeafRows[] } {
    const { threads } = this.#team, { segments } = this.#memory;
    const nodes = new NodeList(mostNodes(count, this.#limits.maxDepth));
    const leaves: LeafRows[] = [];
    const add = ({ id, split, children }: GrowingNode, parent: number) => {
      const node = nodes.add(0, parent);
      if (children) {
        nodes.split(node, split!);
        add(children[0], -1);
        add(children[1], node);
        return;
      }
      const segment = (thread: number): Segment => {
        const at = 2 * (id * threads + thread);
        return [segments[at]!, segments[at + 1]!];
      };
      const others = Array.from({ length: threads - 1 }, (_, index) => segment(index + 1));
      leaves.push({ node, segments: [segment(0), ...others] });
    };
    add(root, -1);
    return { tree: nodes.tree(), leaves };
  }
}

/** The most nodes that a tree of so many rows and levels can have. */
export function mostNodes(rows: number, maxDepth: number): number {
  return Math.min(2 * rows - 1, 2 ** (maxDepth + 1) - 1);
}
