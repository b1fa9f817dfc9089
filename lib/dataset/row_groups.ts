/**
 * A reader's row groups: fetched ahead, decoded (ahead by workers, or when their turn comes), and cut down to the rows
 * that are wanted.
 */
import { type RecordBatch, Schema } from "apache-arrow";
import { decodeRowGroup } from "./decode_row_group.ts";
import { DecodeWorkers } from "./decode_workers.ts";
import { type CacheOptions, DiskCache } from "./disk_cache.ts";
import { type Alternatives, matchingRows } from "./filters.ts";
import { withHiveColumns } from "./hive_columns.ts";
import type { Dataset } from "./scan_dataset.ts";
import { Prefetch } from "./prefetch.ts";
import { damaged, fetchRowGroup, type RowGroupPiece } from "./row_group_file.ts";
import { permutation } from "./shuffle.ts";
import { allRowsShared } from "./gather_rows.ts";

/** What a reader did so far. */
export interface Diagnostics {
  /** Row groups of the dataset, and those of them that this reader reads: after pruning, in its shard. */
  row_groups: number;
  row_groups_chosen: number;
  /** Row groups that were decoded, repeats included. */
  row_groups_read: number;
  /** Rows in them, and rows that filters and predicate let through. */
  rows_read: number;
  rows_kept: number;
  /** Requests to the store, and the bytes that came. */
  fetches: number;
  bytes_fetched: number;
  cache_hits: number;
  /** Row groups that wait in memory for their turn. */
  prefetched: number;
}

/** A decoded row group, and the rows of it that are wanted; null stands for all. */
export interface KeptRows {
  batch: RecordBatch;
  rows: Uint32Array | null;
  count: number;
}

/** Which rows of a batch a predicate lets through. */
export type RowTest = (batch: RecordBatch) => (row: number) => boolean;

/** Settings of {@linkcode RowGroups}. */
export interface RowGroupsOptions {
  /** The row groups that may be read, in their order. */
  pieces: readonly RowGroupPiece[];
  /** Numbers of those that are: this shard's. */
  chosen: Uint32Array;
  /** Columns of the batches, those that only filters and predicate look at included. */
  schema: Schema;
  filters: Alternatives;
  test: RowTest | null;
  shuffleSeed: number | null;
  epochs: number;
  prefetch: number;
  workers: number;
  cache: CacheOptions | null;
}

/** What was loaded of a row group: a batch where workers decode, else the file's bytes; null where no column is stored. */
type Loaded = RecordBatch | Uint8Array | null;

/** Decoded row groups that are kept for the case that they are asked for again. */
const DECODED = 2;

/** The row groups of a dataset in the order of an epoch. */
export class RowGroups {
  readonly diagnostics: Diagnostics;
  readonly #dataset: Dataset;
  readonly #options: RowGroupsOptions;
  readonly #storedSchema: Schema;
  readonly #stored: ReadonlySet<string>;
  readonly #cache: DiskCache | null;
  readonly #workers: DecodeWorkers | null;
  readonly #loaded: Prefetch<Loaded>;
  readonly #decoded = new Map<number, Promise<KeptRows>>();
  #order: { epoch: number; order: Uint32Array } | null = null;

  constructor(dataset: Dataset, options: RowGroupsOptions) {
    const { chosen: { length }, schema, epochs, prefetch, workers, cache } = options;
    this.#dataset = dataset;
    this.#options = options;
    const hive = new Set(dataset.hive.map(({ name }) => name));
    this.#storedSchema = new Schema(schema.fields.filter(({ name }) => !hive.has(name)));
    this.#stored = new Set(this.#storedSchema.names as string[]);
    this.#cache = cache && new DiskCache(cache);
    this.#workers = workers > 0 ? new DecodeWorkers(workers, this.#storedSchema) : null;
    this.#loaded = new Prefetch(
      (at) => this.#load(this.pieceAt(Math.floor(at / length), at % length)),
      { ahead: prefetch, end: length === 0 ? 0 : length * epochs },
    );
    this.diagnostics = {
      row_groups: dataset.pieces.length,
      row_groups_chosen: length,
      row_groups_read: 0,
      rows_read: 0,
      rows_kept: 0,
      fetches: 0,
      bytes_fetched: 0,
      cache_hits: 0,
      prefetched: 0,
    };
  }

  /** How many row groups an epoch has. */
  get count(): number {
    return this.#options.chosen.length;
  }

  /** The number of the row group at a place of an epoch's order. */
  pieceAt(epoch: number, at: number): number {
    const { shuffleSeed, chosen } = this.#options;
    if (shuffleSeed === null) return chosen[at]!;
    if (this.#order?.epoch !== epoch) {
      const order = permutation(this.count, { seed: shuffleSeed, of: "rowGroups", address: [epoch] });
      this.#order = { epoch, order };
    }
    return chosen[this.#order.order[at]!]!;
  }

  /** The row group at a place of an epoch's order. */
  async inEpoch(epoch: number, at: number): Promise<KeptRows> {
    return await this.#decode(this.pieceAt(epoch, at), () => this.#loaded.take(epoch * this.count + at));
  }

  /**
   * The row group of a number, of this shard or not; null behind the last one. Where it is the one at a place of the
   * epoch's order, it is not fetched twice.
   */
  async numbered(piece: number, { epoch, at }: { epoch: number; at: number }): Promise<KeptRows | null> {
    if (piece >= this.#options.pieces.length) return null;
    const inOrder = at < this.count && this.pieceAt(epoch, at) === piece;
    return await this.#decode(
      piece,
      () => inOrder ? this.#loaded.take(epoch * this.count + at) : this.#load(piece),
    );
  }

  /** Forgets what was loaded and decoded. */
  clear(): void {
    this.#loaded.clear();
    this.#decoded.clear();
  }

  /** Ends the workers. */
  [Symbol.dispose](): void {
    this.clear();
    this.#workers?.[Symbol.dispose]();
  }

  #decode(piece: number, load: () => Promise<Loaded>): Promise<KeptRows> {
    const known = this.#decoded.get(piece);
    if (known) return known;
    const decoding = load().then((loaded) => this.#keep(this.#options.pieces[piece]!, loaded));
    decoding.catch(() => this.#decoded.delete(piece));
    this.#decoded.set(piece, decoding);
    for (const oldest of this.#decoded.keys()) {
      if (this.#decoded.size <= DECODED) break;
      this.#decoded.delete(oldest);
    }
    return decoding;
  }

  async #load(number: number): Promise<Loaded> {
    if (this.#stored.size === 0) return null;
    const piece = this.#options.pieces[number]!;
    const bytes = await this.#fetch(piece);
    if (this.#workers === null) return bytes;
    return await this.#workers.decode(bytes, piece.rows).catch((cause) => {
      // A closed reader is no damage.
      throw cause instanceof TypeError ? cause : this.#undecoded(piece, cause);
    });
  }

  async #fetch(piece: RowGroupPiece): Promise<Uint8Array<ArrayBuffer>> {
    const { store, fingerprint } = this.#dataset;
    const key = `${fingerprint} ${piece.file.path} ${piece.index} ${[...this.#stored].sort()}`;
    const cached = await this.#cache?.get(key);
    if (cached) {
      this.diagnostics.cache_hits++;
      return cached;
    }
    const count = { fetches: 0, bytes: 0 };
    const bytes = await fetchRowGroup(store, piece, this.#stored, count, this.#workers?.room());
    this.diagnostics.fetches += count.fetches;
    this.diagnostics.bytes_fetched += count.bytes;
    await this.#cache?.put(key, bytes);
    return bytes;
  }

  #decodeHere(piece: RowGroupPiece, bytes: Uint8Array): RecordBatch {
    try {
      return decodeRowGroup(bytes, piece.rows, this.#storedSchema);
    } catch (cause) {
      throw this.#undecoded(piece, cause);
    }
  }

  #undecoded(piece: RowGroupPiece, cause: unknown): Error {
    return damaged(this.#dataset.store, piece, `it does not decode (${(cause as Error).message})`, cause);
  }

  #keep(piece: RowGroupPiece, loaded: Loaded): KeptRows {
    const { schema, filters, test } = this.#options;
    const { hive } = this.#dataset;
    const { diagnostics } = this;
    diagnostics.prefetched = this.#loaded.size;
    const stored = loaded instanceof Uint8Array ? this.#decodeHere(piece, loaded) : loaded;
    const batch = withHiveColumns(stored, { schema, rows: piece.rows, columns: hive, file: piece.file });
    let rows = filters.length > 0 ? matchingRows(filters, batch) : null;
    if (test) {
      const passes = test(batch);
      rows = (rows ?? allRowsShared(batch.numRows)).filter(passes);
    }
    const count = rows?.length ?? batch.numRows;
    diagnostics.row_groups_read++;
    diagnostics.rows_read += piece.rows;
    diagnostics.rows_kept += count;
    return { batch, rows: count === batch.numRows ? null : rows, count };
  }
}
