/**
 * A dataset's rows as a sequence of blocks. Without a row shuffle a block is a row group; with one it is the next
 * `shuffleRows` rows, mixed. Where a block starts decides what is in it and in which order, so that a reader that is
 * given a {@linkcode Cursor} goes on as if it had never stopped.
 */
import type { KeptRows, RowGroups } from "./row_groups.ts";
import { permutation } from "./shuffle.ts";
import { allRowsShared, type RowChoice } from "./gather_rows.ts";

/** Where a reader stands. */
export interface Cursor {
  epoch: number;
  /** Place in the epoch's order of the row group in which the block starts. */
  group: number;
  /** Rows of that row group that belong to blocks before. */
  row: number;
  /** What was given of the block already. */
  taken: number;
}

/** The start. */
export const START: Readonly<Cursor> = { epoch: 0, group: 0, row: 0, taken: 0 };

/** Some rows in the order in which they are given. */
export interface Block extends RowChoice {
  /** Where the next block starts. */
  next: Cursor;
}

/** Settings of {@linkcode nextBlock}. */
export interface BlockOptions {
  /** Infinity for a reader without end. */
  epochs: number;
  /** Rows that are mixed with each other, or 0. */
  shuffleRows: number;
  seed: number;
}

/** The block that starts at a cursor, or the first one after it that has rows; null at the end. */
export async function nextBlock(
  groups: RowGroups,
  cursor: Cursor,
  options: BlockOptions,
): Promise<{ block: Block; start: Cursor } | null> {
  let { epoch, group, row } = cursor;
  if (groups.count === 0) return null;
  let emptyGroups = 0;
  // Two epochs' row groups without a row: none of any epoch has one. In one epoch's time a shuffle may hide the only
  // one that has, first at the beginning and then at the end.
  while (emptyGroups <= 2 * groups.count) {
    if (group >= groups.count) [epoch, group, row] = [epoch + 1, 0, 0];
    if (epoch >= options.epochs) return null;
    const start = { epoch, group, row, taken: 0 };
    const block = options.shuffleRows > 0
      ? await mixed(groups, start, options)
      : whole(await groups.inEpoch(epoch, group), start);
    if (block.rows.length > 0) return { block, start };
    emptyGroups += Math.max(block.next.group - group, 1);
    ({ epoch, group, row } = block.next);
  }
  return null;
}

function whole({ batch, rows }: KeptRows, { epoch, group }: Cursor): Block {
  return {
    batches: [batch],
    which: null,
    rows: rows ?? allRowsShared(batch.numRows),
    next: { epoch, group: group + 1, row: 0, taken: 0 },
  };
}

async function mixed(groups: RowGroups, start: Cursor, { shuffleRows, seed }: BlockOptions): Promise<Block> {
  let { group, row } = start;
  const parts: { kept: KeptRows; from: number; to: number }[] = [];
  let count = 0;
  while (count < shuffleRows && group < groups.count) {
    const kept = await groups.inEpoch(start.epoch, group);
    const to = Math.min(kept.count, row + shuffleRows - count);
    if (to > row) parts.push({ kept, from: row, to });
    count += to - row;
    [group, row] = to < kept.count ? [group, to] : [group + 1, 0];
  }
  const which = new Uint32Array(count), rows = new Uint32Array(count);
  const order = permutation(count, { seed, of: "rows", address: [start.epoch, start.group, start.row] });
  const places = new Uint32Array(count);
  for (let at = 0; at < count; at++) places[order[at]!] = at;
  let at = 0;
  for (const [number, { kept, from, to }] of parts.entries()) {
    for (let row = from; row < to; row++, at++) {
      which[places[at]!] = number;
      rows[places[at]!] = kept.rows ? kept.rows[row]! : row;
    }
  }
  return {
    batches: parts.map(({ kept }) => kept.batch),
    which: parts.length > 1 ? which : null,
    rows,
    next: { epoch: start.epoch, group, row, taken: 0 },
  };
}
