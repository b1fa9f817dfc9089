/** What a reader is asked for, checked against a dataset: which row groups, which columns, in which order. */
import { Schema } from "apache-arrow";
import { ConfigError } from "../core/errors.ts";
import { digestOf } from "../lake/digest.ts";
import type { CacheOptions } from "./disk_cache.ts";
import { type Alternatives, checkedFilters, type Filters, mayMatch } from "./filters.ts";
import type { Dataset } from "./scan_dataset.ts";
import type { Predicate } from "./predicates.ts";
import type { RowGroupPiece } from "./row_group_file.ts";

/** Settings that both readers have. */
export interface ReaderOptions {
  /** Reads row groups in an order of their own each epoch. Off, rows come exactly as they lie in the files. */
  shuffleRowGroups?: boolean;
  /** Mixes so many rows with each other at a time; they are in memory together. 0 mixes none. */
  shuffleRows?: number;
  /** What all shuffling follows from; equal seeds give equal orders. */
  seed?: number;
  /** Passes over the dataset; null for no end. */
  numEpochs?: number | null;
  /** Reads only every `shardCount`-th row group, beginning with this one (counted from 0). */
  curShard?: number;
  shardCount?: number;
  /** Gives only rows that it lets through. */
  predicate?: Predicate;
  /** Gives only rows that fulfil them, and does not fetch row groups that cannot have any. */
  filters?: Filters;
  /** Row groups that are fetched ahead of the one in use, decoded where workers do it; this bounds the memory. */
  prefetch?: number;
  /**
   * Threads that decode ahead, beside the reader's own; 0 for none. Left out, two where there are 32 MB or more to
   * decode (less is read before a thread has started).
   */
  workers?: number;
  /** Keeps fetched row groups in a local folder. */
  cache?: CacheOptions;
  /** For datasets on S3, named by URL: credentials and endpoint. */
  env?: Readonly<Record<string, string | undefined>>;
}

/** A reader's settings, complete. */
export interface ReaderPlan {
  /** Row groups that may hold a row that is asked for; in the order of `compare`, or of the files. */
  pieces: readonly RowGroupPiece[];
  /** Numbers of the ones in this shard. */
  chosen: Uint32Array;
  /** Columns that have to be fetched. */
  schema: Schema;
  filters: Alternatives;
  predicate: Predicate | null;
  shuffleSeed: number | null;
  shuffleRows: number;
  seed: number;
  epochs: number;
  prefetch: number;
  workers: number;
  cache: CacheOptions | null;
  /** Changes with every setting that changes what is given, or in which order; `numEpochs` is none of them. */
  fingerprint: string;
}

/** Workers pay from here on: they take about 0.1 s to start, and decode some hundreds of MB a second. */
const WORKER_BYTES = 32 << 20;

const MAX_SEED = 2 ** 32 - 1;

/**
 * Checks a reader's settings.
 *
 * @param columns The columns that are asked for.
 * @param extra.settings What else decides what the reader gives.
 * @param extra.compare Another order of row groups than that of the files.
 * @throws {RangeError} where a number is out of its range, or a column is not there.
 * @throws {ConfigError} where there are more shards than row groups.
 */
export function planReader(
  dataset: Dataset,
  columns: readonly string[],
  options: ReaderOptions,
  { settings = "", compare }: {
    settings?: string;
    compare?: (a: RowGroupPiece, b: RowGroupPiece) => number;
  } = {},
): ReaderPlan {
  const { shuffleRowGroups = false, shuffleRows = 0, seed = 0, numEpochs = 1, prefetch = 2 } = options;
  const { curShard, shardCount, predicate = null, cache = null } = options;
  whole("shuffleRows", shuffleRows, 0);
  whole("seed", seed, 0, MAX_SEED);
  whole("prefetch", prefetch, 0);
  if (options.workers !== undefined) whole("workers", options.workers, 0);
  if (numEpochs !== null) whole("numEpochs", numEpochs, 1);
  const filters = options.filters ? checkedFilters(options.filters, dataset.schema) : [];
  for (const field of predicate?.fields ?? []) {
    if (!dataset.schema.fields.some(({ name }) => name === field)) {
      throw new RangeError(
        `Cannot ask about field "${field}": the dataset has ${
          dataset.schema.fields.map(({ name }) => name).join(", ")
        }`,
      );
    }
  }
  const needed = new Set([
    ...columns,
    ...filters.flat().map(([column]) => column),
    ...predicate?.fields ?? [],
  ]);
  const pieces = filters.length === 0
    ? [...dataset.pieces]
    : dataset.pieces.filter((piece) => mayMatch(filters, piece, dataset.hive));
  if (compare) pieces.sort(compare);
  const chosen = shard(dataset, pieces.length, curShard, shardCount);
  return {
    pieces,
    chosen,
    schema: new Schema(dataset.schema.fields.filter(({ name }) => needed.has(name))),
    filters,
    predicate,
    shuffleSeed: shuffleRowGroups ? seed : null,
    shuffleRows,
    seed,
    epochs: numEpochs ?? Infinity,
    prefetch,
    workers: options.workers ?? usefulWorkers(pieces, chosen, needed),
    cache,
    fingerprint: fingerprint([
      settings,
      columns,
      shuffleRowGroups || shuffleRows > 0 ? [shuffleRowGroups, shuffleRows, seed] : [],
      [curShard ?? 0, shardCount ?? 1],
      predicate?.description ?? "",
      filters,
    ]),
  };
}

/** How many workers are worth their start. */
function usefulWorkers(
  pieces: readonly RowGroupPiece[],
  chosen: Uint32Array,
  columns: ReadonlySet<string>,
): number {
  let bytes = 0;
  for (const number of chosen) {
    for (const { meta_data } of pieces[number]!.group.columns) {
      if (columns.has(meta_data!.path_in_schema[0]!)) bytes += Number(meta_data!.total_uncompressed_size);
    }
    if (bytes >= WORKER_BYTES) return Math.min(2, navigator.hardwareConcurrency);
  }
  return 0;
}

/** The row groups of a shard, evenly spread. */
function shard(dataset: Dataset, count: number, curShard?: number, shardCount?: number): Uint32Array {
  if ((curShard === undefined) !== (shardCount === undefined)) {
    throw new TypeError("Cannot shard: give both curShard and shardCount, or none of them");
  }
  if (shardCount === undefined) return Uint32Array.from({ length: count }, (_, at) => at);
  whole("shardCount", shardCount, 1);
  whole("curShard", curShard!, 0, shardCount - 1);
  if (count > 0 && shardCount > count) {
    throw new ConfigError(
      `Cannot read "${dataset.name}" in ${shardCount} shards: only ${count} row groups are to be read and a shard ` +
        `needs one at least, use fewer shards or write smaller row groups`,
    );
  }
  return Uint32Array.from(
    { length: Math.ceil((count - curShard!) / shardCount) },
    (_, at) => curShard! + at * shardCount,
  );
}

function whole(name: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} on` : `from ${min} to ${max}`;
  throw new RangeError(`Cannot use ${name} ${value}: give a whole number ${range}`);
}

function fingerprint(settings: unknown): string {
  const text = JSON.stringify(settings, (_, value) => typeof value === "bigint" ? `${value}n` : value);
  return digestOf(new TextEncoder().encode(text)).sha256.slice(0, 32);
}
