/** Writes datasets: Parquet parts, and the summary files that say which parts belong to it. */
import type { RecordBatch, Schema } from "apache-arrow";
import { LakeError, QualityError } from "../core/errors.ts";
import { digestFile } from "../lake/digest.ts";
import type { StoreOptions } from "../lake/open_lake.ts";
import type { ObjectStore } from "../lake/store.ts";
import { arrowSchemaOf } from "./arrow_schema.ts";
import { takeRows } from "./column_builder.ts";
import {
  COMMON_METADATA_KEY,
  containedKey,
  isOwnPart,
  METADATA_KEY,
  openDataset,
  partName,
} from "./dataset_folder.ts";
import { summaryFiles } from "./dataset_metadata.ts";
import { type DatasetSource, storedBatches } from "./dataset_rows.ts";
import { fileOf, PartSpool, type SpooledPart } from "./part_spool.ts";
import { checkPartitionFields, partitionFolder } from "./partitions.ts";
import { RowGroupBuffer } from "./row_group_buffer.ts";
import type { FieldValue } from "./field_values.ts";
import { Unischema } from "./unischema.ts";

/** How a dataset is cut into files and row groups. */
export interface MaterializeOptions extends StoreOptions {
  /** A row group ends when its rows fill so many MiB of memory (before compression); 32 where left out. */
  rowGroupSizeMb?: number;
  /** A row group has so many rows at most. */
  rowGroupRows?: number;
  /** Fields whose values name folders (`symbol=BTCUSD/`) instead of standing in the files. */
  partitionBy?: readonly string[];
  /** Files in each folder (1 where left out), as far as there are rows for them. Their order is the rows' order. */
  files?: number;
}

/** One Parquet file of a dataset. */
export interface DatasetPart {
  key: string;
  rows: number;
  rowGroups: number;
  bytes: number;
}

/** What was written. */
export interface MaterializedDataset {
  url: string;
  rows: number;
  parts: DatasetPart[];
}

/** Memory for rows that wait for their row group, in row groups: with many partitions the fullest goes first. */
const WAITING_GROUPS = 4;

/**
 * Writes a dataset that this project's readers, Petastorm and pyarrow read, in the place of the one that may be there.
 *
 * Rows keep their order within a folder, and memory is bounded by a few row groups, however many rows come.
 *
 * **What a crash leaves.** Parts are named after their bytes, so new ones never replace old ones. They are built in the
 * store's scratch folder and put in place, then `_common_metadata`, and then, as the one act that counts, `_metadata`;
 * the old parts go last. Readers that go by `_metadata` (this project's, and Petastorm's) see the old dataset up to
 * that act and the new one from it on, on disk and on S3, and no moment without a dataset, which a folder that is
 * renamed could not give. A first write begins with a `_common_metadata` without row groups, so that until the end
 * readers fail rather than find half of the rows. Two limits. Petastorm takes the schema from `_common_metadata`: write a dataset whose schema
 * changes to a new folder. Readers that take every file of the folder (`pyarrow.parquet.read_table`) see parts of both
 * between the first part and the last removal, and after a crash until the next call, which clears up.
 *
 * @throws {QualityError} where there are no rows, or a row does not keep the schema: nothing is written then.
 * @throws {LakeError} where the folder holds Parquet files of another writer, or a write fails.
 * @throws {LockError} where another process writes the same dataset.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { BitcoinSchema } from "./unischema.ts";
 * const folder = await Deno.makeTempDir();
 * const rows = [{ timestamp: 1_700_000_000, price: 37_000 }, { timestamp: 1_700_000_060, price: 37_010 }];
 * const { parts } = await materializeDataset(`file://${folder}`, BitcoinSchema, rows, { rowGroupRows: 1 });
 * assertEquals(parts.map(({ rows, rowGroups }) => [rows, rowGroups]), [[2, 2]]);
 * ```
 */
export async function materializeDataset(
  url: string,
  schema: Unischema,
  source: DatasetSource,
  { rowGroupSizeMb = 32, rowGroupRows = Infinity, partitionBy = [], files = 1, ...options }:
    MaterializeOptions = {},
): Promise<MaterializedDataset> {
  checkPartitionFields(schema, partitionBy);
  for (const [name, value] of Object.entries({ rowGroupSizeMb, rowGroupRows, files })) {
    if (!(value > 0) || (name !== "rowGroupSizeMb" && value !== Infinity && !Number.isInteger(value))) {
      throw new RangeError(`Cannot materialize with ${name} ${value}: use a positive number`);
    }
  }
  const store = await openDataset(url, options);
  try {
    await using _lock = await store.lock("materializeDataset");
    await refuseForeignParts(store);
    const spooled = await spool(store, schema, source, { rowGroupSizeMb, rowGroupRows, partitionBy, files });
    return await commit(store, schema, spooled);
  } finally {
    await store.close();
  }
}

async function refuseForeignParts(store: ObjectStore): Promise<void> {
  const foreign = (await store.list("")).find(({ key }) => key.endsWith(".parquet") && !isOwnPart(key));
  if (foreign) {
    throw new LakeError(
      `Cannot materialize into "${store.url}": "${foreign.key}" was written by something else, choose an empty folder`,
    );
  }
}

type Cut = Required<Pick<MaterializeOptions, "rowGroupSizeMb" | "rowGroupRows" | "partitionBy" | "files">>;

/** Takes all rows to files in the scratch folder, a row group at a time. */
async function spool(
  store: ObjectStore,
  schema: Unischema,
  source: DatasetSource,
  cut: Cut,
): Promise<SpooledPart[]> {
  const { partitionBy, rowGroupSizeMb, rowGroupRows, files } = cut;
  const all = arrowSchemaOf(schema);
  const inFiles = arrowSchemaOf(fileSchema(schema, partitionBy));
  const scratch = await store.scratch();
  const limits = { maxBytes: rowGroupSizeMb * (1 << 20), maxRows: rowGroupRows };
  const folders = new Map<string, { buffer: RowGroupBuffer; spool: PartSpool }>();
  for await (const batch of storedBatches(schema, all, source)) {
    for (const [folder, rows] of split(batch, inFiles, partitionBy)) {
      let open = folders.get(folder);
      if (!open) {
        const spool = new PartSpool(folder, inFiles, `${scratch}/spool-${folders.size}`);
        open = { buffer: new RowGroupBuffer(limits), spool };
        folders.set(folder, open);
      }
      for (const group of open.buffer.add(rows)) await open.spool.add(group);
    }
    let waiting = [...folders.values()].reduce((sum, { buffer }) => sum + buffer.bytes, 0);
    while (waiting > WAITING_GROUPS * limits.maxBytes) {
      const fullest = [...folders.values()].reduce((a, b) => b.buffer.bytes > a.buffer.bytes ? b : a);
      waiting -= fullest.buffer.bytes;
      for (const group of fullest.buffer.rest(1)) await fullest.spool.add(group);
    }
  }
  const parts: SpooledPart[] = [];
  for (const [, { buffer, spool }] of [...folders].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const group of buffer.rest(Math.max(1, files - spool.rowGroups))) await spool.add(group);
    parts.push(...spool.parts(files));
  }
  if (parts.length > 0) return parts;
  throw new QualityError(
    `Cannot materialize into "${store.url}": there are no rows, give at least one; what was there before is unharmed`,
  );
}

/** The schema without the fields that name folders. */
function fileSchema(schema: Unischema, partitionBy: readonly string[]): Unischema {
  return new Unischema(
    schema.name,
    [...schema.fields.values()].filter(({ name }) => !partitionBy.includes(name)),
  );
}

/** A batch's rows by their folders. */
function split(
  batch: RecordBatch,
  inFiles: Schema,
  partitionBy: readonly string[],
): Iterable<[string, RecordBatch]> {
  if (partitionBy.length === 0) return [["", batch]];
  const columns = partitionBy.map((name) => batch.getChild(name)!);
  const places = new Map<string, number[]>();
  for (let i = 0; i < batch.numRows; i++) {
    const row = Object.fromEntries(partitionBy.map((name, n) => [name, columns[n]!.get(i) as FieldValue]));
    const folder = partitionFolder(partitionBy, row);
    const known = places.get(folder);
    if (known) known.push(i);
    else places.set(folder, [i]);
  }
  return [...places].map(([folder, rows]) => [folder, takeRows(batch, inFiles, rows)]);
}

/** Puts parts in place, then the summary files, and takes away what they do not name. */
async function commit(
  store: ObjectStore,
  schema: Unischema,
  spooled: readonly SpooledPart[],
): Promise<MaterializedDataset> {
  const placed: (DatasetPart & { spooled: SpooledPart })[] = [];
  const path = `${await store.scratch()}/part`;
  const { footer } = spooled[0]!;
  if (await store.head(METADATA_KEY) === null) {
    await store.put(COMMON_METADATA_KEY, summaryFiles(schema, footer, []).commonMetadata);
  }
  for (const part of spooled) {
    await fileOf(part, path);
    const { size, sha256 } = await digestFile(path);
    const key = await containedKey(store, `${part.folder}${partName(part.index, sha256)}`);
    await store.putFile(key, path);
    const { rows, groups } = part;
    placed.push({ key, rows, rowGroups: groups.length, bytes: size, spooled: part });
  }
  const { metadata, commonMetadata } = summaryFiles(schema, footer, placed);
  await store.put(COMMON_METADATA_KEY, commonMetadata);
  await store.put(METADATA_KEY, metadata);
  const kept = new Set(placed.map(({ key }) => key));
  for (const { key } of await store.list("")) {
    if (isOwnPart(key) && !kept.has(key)) await store.delete(key);
  }
  return {
    url: store.url,
    rows: placed.reduce((sum, { rows }) => sum + rows, 0),
    parts: placed.map(({ key, rows, rowGroups, bytes }) => ({ key, rows, rowGroups, bytes })),
  };
}
