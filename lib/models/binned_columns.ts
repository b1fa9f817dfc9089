import { argsort } from "./argsort.ts";
import { ThreadTeam } from "./thread_team.ts";
import { between } from "./tree.ts";

/** Columns whose values are replaced by the number of their bin, from 0 to 254. */
export interface BinnedColumns {
  rows: number;
  /** One array a column: bin `b` ends before `edges[b]`, so `value < edges[b]` is the same as `bin <= b`. */
  edges: Float64Array[];
  /** Bins of four columns a number, the first column in the lowest byte: one read serves four histograms. */
  packed: Uint32Array[];
}

/** Where a team keeps bins: memory that all its threads see. */
export interface BinMemory {
  /** Room for 255 edges a column, and how many there are. */
  edges: Float64Array[];
  counts: Int32Array;
  /** As in {@linkcode BinnedColumns}. */
  packed: Uint32Array[];
}

const MOST_EDGES = 255;

/** Memory for the bins of so many rows and columns. */
export function binMemory(rows: number, columns: number): BinMemory {
  return {
    edges: Array.from({ length: columns }, () => new Float64Array(new SharedArrayBuffer(8 * MOST_EDGES))),
    counts: new Int32Array(new SharedArrayBuffer(4 * columns)),
    packed: Array.from(
      { length: Math.ceil(columns / 4) },
      () => new Uint32Array(new SharedArrayBuffer(4 * rows)),
    ),
  };
}

/**
 * Sorts values into at most `maxBins` bins a column: each distinct value is a bin of its own where there are few, and
 * bins hold about as many rows each where there are many (as LightGBM: Ke et al. 2017, NIPS 30).
 *
 * @param columns one array of finite numbers a feature.
 * @param maxBins from 2 to 255.
 * @param team the threads that do it, each with the same memory.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const { edges, packed } = binColumns([Float64Array.of(7, 1, 1, 3)], 255);
 * assertEquals([[...edges[0]!], [...packed[0]!]], [[2, 5], [2, 0, 0, 1]]);
 * ```
 */
export function binColumns(
  columns: readonly Float64Array[],
  maxBins: number,
  memory = binMemory(columns[0]!.length, columns.length),
  team = ThreadTeam.alone(),
): BinnedColumns {
  const [first, end] = team.share(columns.length);
  for (let column = first; column < end; column++) {
    const values = columns[column]!, order = argsort(values);
    const edges = binEdges(values, order, maxBins);
    memory.edges[column]!.set(edges);
    memory.counts[column] = edges.length;
    // A byte of each packed number is one column's, so that threads do not write over each other.
    const bins = new Uint8Array(memory.packed[column >> 2]!.buffer), byte = column & 3;
    for (let at = 0, bin = 0; at < order.length; at++) {
      const row = order[at]!, value = values[row]!;
      while (bin < edges.length && edges[bin]! <= value) bin++;
      bins[4 * row + byte] = bin;
    }
  }
  team.barrier();
  const edges = memory.edges.map((room, column) => room.subarray(0, memory.counts[column]));
  return { rows: columns[0]!.length, edges, packed: memory.packed };
}

/** The edges of a column's bins; `order` is that of its rows by value. */
function binEdges(values: Float64Array, order: Uint32Array, maxBins: number): Float64Array {
  const rows = order.length, sorted = (at: number) => values[order[at]!]!;
  const edges: number[] = [];
  for (let at = 1; at < rows && edges.length < maxBins; at++) {
    if (sorted(at) > sorted(at - 1)) edges.push(between(sorted(at - 1), sorted(at)));
  }
  if (edges.length < maxBins) return Float64Array.from(edges);
  edges.length = 0;
  for (let bin = 1; bin < maxBins; bin++) {
    // Behind the quantile of the inverted distribution function and the values that equal it, as scikit-learn has it.
    let next = Math.ceil(bin * rows / maxBins);
    const value = sorted(next - 1);
    while (next < rows && sorted(next) === value) next++;
    if (next === rows) break;
    const edge = between(value, sorted(next));
    if (edge > (edges.at(-1) ?? -Infinity)) edges.push(edge);
  }
  return Float64Array.from(edges);
}
