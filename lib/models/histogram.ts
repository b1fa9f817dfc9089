/** Histograms of binned columns, and the split that they tell. */

/**
 * For each column, 256 bins. A bin is one number, so that a row costs one addition a column: `rows × 2^k + sum of labels`,
 * with labels rounded to whole multiples of a unit. Together both stay below 2^53, where doubles hold whole numbers
 * exactly: sums and differences come out the same in any order, on any number of threads. That leaves the largest of
 * 1,000 labels 32 bits, of 100,000 labels 18, of a million 12.
 */
export type Histogram = Float64Array;

/** Bins a column in a histogram. */
export const COLUMN = 256;

/** How rows and labels are written as one number. */
export interface TermScale {
  /** A row: 2^k. */
  one: number;
  /** A label is rounded after a multiplication by this, a power of 2, which does not round. */
  perUnit: number;
}

/** The split that gains most in some columns. */
export interface FoundSplit {
  /** The gain is `over / under`, in a unit of its own; 0 where nothing gains. */
  over: number;
  under: number;
  column: number;
  bin: number;
  /** Rows that go left. */
  left: number;
}

/** With k such that so many rows and their labels' sum, below 2^(k − 1), stay below 2^53. */
export function termScale(rows: number, largest: number): TermScale {
  const bits = Math.ceil(Math.log2(rows + 1));
  const least = Math.max(largest, 1e-200); // labels that are next to 0 all round to 0
  return { one: 2 ** (53 - bits), perUnit: 2 ** Math.floor(52 - 2 * bits - Math.log2(least)) };
}

/** Adds the terms of the rows from … to, each to its bin in every column. */
export function sumTerms(
  histogram: Histogram,
  packed: readonly Uint32Array[],
  { rows, terms, from, to }: { rows: Uint32Array; terms: Float64Array; from: number; to: number },
): void {
  for (let index = 0; index < packed.length; index += 2) {
    const sums = histogram.subarray(index * 4 * COLUMN), next = packed[index + 1];
    if (next) sumEight(sums, packed[index]!, next, rows, terms, from, to);
    else sumFour(sums, packed[index]!, rows, terms, from, to);
  }
}

/**
 * Looks for a split in the columns from `first` to before `end`. Gains are compared as fractions, without a division, so
 * that equal ones stay equal and the first one has precedence.
 */
export function bestSplit(
  histogram: Histogram,
  edges: readonly Float64Array[],
  { first, end, count, one, minSamplesLeaf }: {
    first: number;
    end: number;
    /** Rows of the node. */
    count: number;
    one: number;
    minSamplesLeaf: number;
  },
): FoundSplit {
  const perRow = 1 / one;
  let whole = 0;
  for (let bin = 0; bin < COLUMN; bin++) whole += histogram[first * COLUMN + bin]!;
  const mean = (whole - count * one) / count;
  let over = 0, under = 1, bestColumn = 0, bestBin = 0, bestLeft = 0;
  for (let column = first; column < end; column++) {
    const start = column * COLUMN, bins = edges[column]!.length;
    let sum = 0;
    for (let bin = 0; bin < bins; bin++) {
      const value = histogram[start + bin]!;
      if (value === 0) continue;
      sum += value;
      const left = Math.floor(sum * perRow + 0.5);
      if (left < minSamplesLeaf) continue;
      const right = count - left;
      if (right < minSamplesLeaf) break;
      const centred = sum - left * one - left * mean;
      const square = centred * centred, product = left * right;
      if (square * under > over * product) {
        over = square;
        under = product;
        bestColumn = column;
        bestBin = bin;
        bestLeft = left;
      }
    }
  }
  return { over, under, column: bestColumn, bin: bestBin, left: bestLeft };
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

/** The same in eight columns, with fewer reads a column. */
function sumEight(
  sums: Histogram,
  four: Uint32Array,
  next: Uint32Array,
  rows: Uint32Array,
  ordered: Float64Array,
  from: number,
  to: number,
): void {
  for (let at = from; at < to; at++) {
    const row = rows[at]!, bins = four[row]!, more = next[row]!, term = ordered[at]!;
    sums[bins & 255]! += term;
    sums[COLUMN | ((bins >>> 8) & 255)]! += term;
    sums[2 * COLUMN | ((bins >>> 16) & 255)]! += term;
    sums[3 * COLUMN | (bins >>> 24)]! += term;
    sums[4 * COLUMN | (more & 255)]! += term;
    sums[5 * COLUMN | ((more >>> 8) & 255)]! += term;
    sums[6 * COLUMN | ((more >>> 16) & 255)]! += term;
    sums[7 * COLUMN | (more >>> 24)]! += term;
  }
}
