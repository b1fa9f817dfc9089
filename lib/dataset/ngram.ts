/**
 * Windows of rows that follow each other in time. Petastorm's end with their row group; these go on into the next row
 * group and the next file, so that every window of the dataset is given.
 */
import type { RecordBatch } from "apache-arrow";
import { LakeError } from "../core/errors.ts";
import type { Cursor } from "./blocks.ts";
import type { DatasetRow } from "./field_values.ts";
import type { Dataset } from "./scan_dataset.ts";
import type { Find } from "./reader.ts";
import type { ReaderPlan } from "./reader_plan.ts";
import type { RowGroupPiece } from "./row_group_file.ts";
import type { KeptRows, RowGroups } from "./row_groups.ts";
import { type RowOf, rowOf, valueOf } from "./row_values.ts";
import { permutation } from "./shuffle.ts";
import type { FieldSelector, Unischema, UnischemaField } from "./unischema.ts";

/** Settings of an {@linkcode NGram}. */
export interface NGramOptions {
  /** Fields of each row of a window, by its place: `{ 0: ["timestamp", "price"], 1: ["price"] }`. */
  fields: Readonly<Record<number, readonly FieldSelector[]>>;
  /** Rows further apart than this, in the timestamps' own unit, do not follow each other. */
  deltaThreshold: number;
  /** The field that orders rows. */
  timestampField: string;
  /** Whether a row may be in several windows. */
  timestampOverlap?: boolean;
}

/** A window: a row for each place. */
export type Window = Record<number, DatasetRow>;

/**
 * Asks {@linkcode makeReader} for windows instead of rows.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const pair = new NGram({
 *   fields: { 0: ["timestamp", "price"], 1: ["price"] },
 *   deltaThreshold: 60,
 *   timestampField: "timestamp",
 * });
 * assertEquals([pair.first, pair.length], [0, 2]);
 * ```
 */
export class NGram {
  readonly fields: NGramOptions["fields"];
  readonly deltaThreshold: number;
  readonly timestampField: string;
  readonly timestampOverlap: boolean;
  /** The first place, and how many rows there are from it to the last one. */
  readonly first: number;
  readonly length: number;

  /** @throws {RangeError} where there are no places, or they are no whole numbers, or the threshold is negative. */
  constructor({ fields, deltaThreshold, timestampField, timestampOverlap = true }: NGramOptions) {
    const places = Object.keys(fields).map(Number);
    if (places.length === 0 || !places.every(Number.isInteger)) {
      throw new RangeError(
        `Cannot make an NGram of places ${Object.keys(fields)}: give fields by whole numbers`,
      );
    }
    if (!(deltaThreshold >= 0)) {
      throw new RangeError(`Cannot make an NGram with deltaThreshold ${deltaThreshold}: give 0 or more`);
    }
    this.fields = fields;
    this.deltaThreshold = deltaThreshold;
    this.timestampField = timestampField;
    this.timestampOverlap = timestampOverlap;
    this.first = Math.min(...places);
    this.length = Math.max(...places) - this.first + 1;
  }
}

/** The fields that windows need, the timestamp among them. */
export function fieldsOfNGram(ngram: NGram, schema: Unischema): UnischemaField[] {
  const selectors = [...new Set([...Object.values(ngram.fields).flat(), ngram.timestampField])];
  return [...schema.createSchemaView(selectors).fields.values()];
}

/** Orders row groups by the smallest timestamp that their statistics name; without statistics they stay in place. */
export function byTime({ timestampField }: NGram): (a: RowGroupPiece, b: RowGroupPiece) => number {
  const least = ({ group }: RowGroupPiece): number => {
    const chunk = group.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === timestampField);
    const { min_value, min } = chunk?.meta_data?.statistics ?? {};
    return Number(min_value ?? min ?? NaN);
  };
  return (a, b) => {
    const delta = least(a) - least(b);
    return Number.isNaN(delta) ? 0 : delta;
  };
}

/** Rows of a row group in the order of time. */
interface TimedRows {
  batch: RecordBatch;
  rows: Uint32Array;
  times: Float64Array;
}

/** Finds windows: those that start in a row group come together. */
export function itemsOfNGram(
  dataset: Dataset,
  { plan, ngram, schema }: { plan: ReaderPlan; ngram: NGram; schema: Unischema },
): Find<Window> {
  const timestamp = schema.fields.get(ngram.timestampField)!;
  const places = Object.entries(ngram.fields).map(([place, selectors]) => ({
    place: Number(place),
    skip: Number(place) - ngram.first,
    fields: [...schema.createSchemaView(selectors).fields.values()],
  }));
  const timed = timedRows(dataset, timestamp);
  return async (groups, cursor) => {
    if (groups.count === 0) return null;
    // See `nextBlock` for the end of a reader that finds nothing.
    for (let { epoch, group, row } = cursor, empty = 0; empty <= 2 * groups.count; empty++) {
      if (group >= groups.count) [epoch, group, row] = [epoch + 1, 0, 0];
      if (epoch >= plan.epochs) return null;
      const start: Cursor = { epoch, group, row, taken: 0 };
      const chain = await chainOf(groups, groups.pieceAt(epoch, group), { timed, ngram, start, dataset });
      const { starts, carry } = windowStarts(chain, row, ngram);
      const next: Cursor = { epoch, group: group + 1, row: carry, taken: 0 };
      if (starts.length > 0) {
        const order = plan.shuffleRows > 0
          ? permutation(starts.length, { seed: plan.seed, of: "rows", address: [epoch, group, row] })
          : null;
        const rows = places.map(({ fields }) => chain.parts.map(({ batch }) => rowOf(fields, batch)));
        const at = (index: number) => windowAt(chain, starts[order ? order[index]! : index]!, places, rows);
        return { items: { length: starts.length, at }, start, next };
      }
      ({ group, row } = next);
    }
    return null;
  };
}

/** A row group's rows, and as many of the following ones as its last window needs. */
interface Chain {
  parts: TimedRows[];
  /** Rows of the row group itself. */
  own: number;
  /** For each row: which part, which of its rows, and when. */
  which: Uint32Array;
  rows: Uint32Array;
  times: Float64Array;
}

async function chainOf(
  groups: RowGroups,
  piece: number,
  { timed, ngram, start, dataset }: {
    timed: (kept: KeptRows) => TimedRows;
    ngram: NGram;
    start: Cursor;
    dataset: Dataset;
  },
): Promise<Chain> {
  const own = timed(await groups.inEpoch(start.epoch, start.group));
  const parts = [own];
  let more = own.rows.length === 0 ? 0 : ngram.length - 1;
  let count = own.rows.length;
  for (let next = piece + 1; more > 0; next++) {
    const kept = await groups.numbered(next, { epoch: start.epoch, at: start.group + next - piece });
    if (kept === null) break;
    const following = timed(kept);
    if (following.rows.length === 0) continue;
    const last = parts.at(-1)!.times.at(-1)!;
    if (following.times[0]! < last) {
      throw new LakeError(
        `Cannot make windows of "${dataset.name}": a row group begins at ${
          following.times[0]
        } while the one before ` +
          `it ends at ${last}, write the dataset sorted by "${ngram.timestampField}"`,
      );
    }
    const take = Math.min(more, following.rows.length);
    parts.push({
      ...following,
      rows: following.rows.subarray(0, take),
      times: following.times.subarray(0, take),
    });
    more -= take;
    count += take;
  }
  const which = new Uint32Array(count), rows = new Uint32Array(count), times = new Float64Array(count);
  let at = 0;
  for (const [number, part] of parts.entries()) {
    which.fill(number, at, at + part.rows.length);
    rows.set(part.rows, at);
    times.set(part.times, at);
    at += part.rows.length;
  }
  return { parts, own: own.rows.length, which, rows, times };
}

/** Rows of the row group at which a window starts; `carry` rows of the next one are in a window already. */
function windowStarts(
  { times, own }: Chain,
  skip: number,
  { length, deltaThreshold, timestampOverlap }: NGram,
): { starts: Uint32Array; carry: number } {
  const starts = new Uint32Array(own);
  let count = 0;
  /** The first row from which on all rows follow each other, up to the one looked at. */
  let since = 0;
  let free = skip;
  for (let last = 0; last < times.length; last++) {
    if (last > 0 && times[last]! - times[last - 1]! > deltaThreshold) since = last;
    const start = last - length + 1;
    if (start < since || start < free || start >= own) continue;
    starts[count++] = start;
    if (!timestampOverlap) free = start + length;
  }
  return { starts: starts.subarray(0, count), carry: Math.max(free - own, 0) };
}

function windowAt(
  { which, rows }: Chain,
  start: number,
  places: readonly { place: number; skip: number }[],
  readers: readonly (readonly RowOf[])[],
): Window {
  const window: Window = {};
  for (const [at, { place, skip }] of places.entries()) {
    window[place] = readers[at]![which[start + skip]!]!(rows[start + skip]!);
  }
  return window;
}

/** Rows in the order of their timestamps, which are sorted at most once a row group. */
function timedRows(dataset: Dataset, timestamp: UnischemaField): (kept: KeptRows) => TimedRows {
  const known = new WeakMap<KeptRows, TimedRows>();
  return (kept) => {
    const found = known.get(kept);
    if (found) return found;
    const value = valueOf(timestamp, kept.batch);
    const rows = kept.rows ?? Uint32Array.from({ length: kept.count }, (_, row) => row);
    const times = Float64Array.from(rows, (row) => timeOf(value(row), dataset, timestamp));
    const sorted = times.every((time, at) => at === 0 || times[at - 1]! <= time);
    const order = sorted ? null : Array.from(rows.keys()).sort((a, b) => times[a]! - times[b]! || a - b);
    const timed = {
      batch: kept.batch,
      rows: order ? Uint32Array.from(order, (at) => rows[at]!) : rows,
      times: order ? Float64Array.from(order, (at) => times[at]!) : times,
    };
    known.set(kept, timed);
    return timed;
  };
}

function timeOf(value: unknown, dataset: Dataset, { name }: UnischemaField): number {
  const time = value === null ? NaN : Number(value);
  if (Number.isNaN(time)) {
    throw new LakeError(
      `Cannot make windows of "${dataset.name}": field "${name}" holds ${value}, which is no time; leave such rows ` +
        `out with filters or a predicate`,
    );
  }
  return time;
}
