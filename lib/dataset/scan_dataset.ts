/** What a dataset holds, known from its footers alone: schema, row groups, partitions, key-value metadata. */
import { Schema } from "apache-arrow";
import type { FileMetaData, SchemaElement } from "hyparquet";
import { LakeError } from "../core/errors.ts";
import { digestOf } from "../lake/digest.ts";
import type { StoreOptions } from "../lake/open_lake.ts";
import type { ObjectInfo, ObjectStore } from "../lake/store.ts";
import { type DatasetFile, type DatasetFiles, listDatasetFiles } from "./dataset_files.ts";
import { decodeSchema } from "./decode_row_group.ts";
import { isOwnPart } from "./dataset_folder.ts";
import { schemaIn } from "./dataset_metadata.ts";
import { parsedFooter, readFileMetaData, topLevel } from "./file_metadata.ts";
import { type HiveColumn, hiveColumns, hiveField } from "./hive_columns.ts";
import { footerOf, keyValuesOf } from "./parquet_footer.ts";
import { type DatasetPlace, openPlace } from "./place.ts";
import { checkInside, emptyFile, type RowGroupPiece } from "./row_group_file.ts";
import type { Unischema } from "./unischema.ts";

/** Footers that are read at the same time. */
const FOOTERS_AT_ONCE = 16;

/** An open dataset. */
export interface Dataset extends AsyncDisposable {
  name: string;
  store: ObjectStore;
  /** All columns as they are stored; partition columns come last. */
  schema: Schema;
  hive: readonly HiveColumn[];
  /** In the order of files and, within a file, of row groups. Row groups without rows are left out. */
  pieces: readonly RowGroupPiece[];
  /** The schema that the summary files carry, or null. */
  unischema(): Unischema | null;
  /** Changes when a file is added, taken away or written anew; the dataset's place does not matter. */
  fingerprint: string;
}

/**
 * Opens a dataset: lists it, and reads `_metadata` where it is there, else each part's footer.
 *
 * @throws {LakeError} where a file is damaged, missing or another schema's.
 *
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { LakeError } from "../core/errors.ts";
 * const folder = await Deno.makeTempDir();
 * await assertRejects(() => scanDataset(folder), LakeError, "no *.parquet file lies in it");
 * ```
 */
export async function scanDataset(where: DatasetPlace, options: StoreOptions = {}): Promise<Dataset> {
  const place = await openPlace(where, options);
  const { store, name } = place;
  try {
    const listed = await listDatasetFiles(place);
    const summary = listed.metadata && await readSummary(store, listed.metadata);
    if (!summary && place.file === null) refuseOwnParts(name, listed.files);
    const footers = summary
      ? split(summary.footer, listed, name)
      : await readFileMetaDatas(store, listed.files);
    sameSchemas(name, footers);
    const common = listed.commonMetadata && await readSummary(store, listed.commonMetadata);
    const hive = hiveColumns(footers.map(({ file }) => file));
    const { schema } = footers[0]!.footer;
    const pieces = footers.flatMap(({ file, footer }) =>
      footer.row_groups.map((group, index): RowGroupPiece => ({
        file,
        index,
        rows: Number(group.num_rows),
        group,
        schema: footer.schema,
      })).filter(({ rows }) => rows > 0)
    );
    for (const piece of pieces) checkInside(store, piece);
    return {
      name,
      store,
      schema: schemaWithHive(schema, hive, name),
      hive,
      pieces,
      unischema: () =>
        (summary && schemaIn(summary.keyValues, name)) ?? (common && schemaIn(common.keyValues, name)),
      fingerprint: fingerprint(pieces),
      [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
    };
  } catch (error) {
    await place[Symbol.asyncDispose]();
    throw error;
  }
}

interface FileFooter {
  file: DatasetFile;
  footer: FileMetaData;
}

async function readFileMetaDatas(store: ObjectStore, files: readonly DatasetFile[]): Promise<FileFooter[]> {
  const footers: FileFooter[] = [];
  for (let from = 0; from < files.length; from += FOOTERS_AT_ONCE) {
    const some = files.slice(from, from + FOOTERS_AT_ONCE);
    footers.push(
      ...await Promise.all(some.map(async (file) => ({ file, footer: await readFileMetaData(store, file) }))),
    );
  }
  return footers;
}

/** A summary file, which is nothing but a footer. */
interface Summary {
  footer: FileMetaData;
  keyValues: ReadonlyMap<string, Uint8Array>;
}

async function readSummary(store: ObjectStore, { key }: ObjectInfo): Promise<Summary> {
  const fail = (state: string, cause?: unknown) =>
    new LakeError(
      `Cannot read "${
        store.locate(key)
      }": ${state}, write the dataset's metadata again or take this file away`,
      { cause },
    );
  const bytes = await store.get(key);
  if (bytes === null) throw fail("it is gone");
  try {
    return {
      footer: parsedFooter(bytes),
      keyValues: keyValuesOf(footerOf(bytes, key)),
    };
  } catch (cause) {
    throw fail(`it is truncated or no Parquet footer (${(cause as Error).message})`, cause);
  }
}

/** The parts' footers out of `_metadata`. */
function split(summary: FileMetaData, { files, metadata }: DatasetFiles, name: string): FileFooter[] {
  const groups = Map.groupBy(summary.row_groups, (group) => group.columns[0]?.file_path ?? "");
  const byPath = new Map(files.map((file) => [file.path, file]));
  const fail = (state: string) =>
    new LakeError(`Cannot read dataset "${name}": ${state}, write the dataset's "${metadata!.key}" again`);
  for (const path of groups.keys()) {
    if (path.split("/").includes("..") || /^([a-z]+:|\/)/i.test(path)) {
      throw fail(`_metadata names "${path}", which is outside of the dataset`);
    }
    if (!byPath.has(path)) throw fail(`part "${path}", which _metadata names, is missing`);
  }
  // A part of ours that is not named belongs to a write that has not been finished.
  const named = files.filter(({ path }) => groups.has(path) || !isOwnPart(path));
  const unknown = named.find(({ path }) => !groups.has(path));
  if (unknown && groups.size > 0) throw fail(`_metadata does not name "${unknown.path}"`);
  return named.map((file) => ({ file, footer: { ...summary, row_groups: groups.get(file.path) ?? [] } }));
}

/** Without `_metadata` nobody knows which parts of ours are the dataset. */
function refuseOwnParts(name: string, files: readonly DatasetFile[]): void {
  const own = files.find(({ path }) => isOwnPart(path));
  if (!own) return;
  throw new LakeError(
    `Cannot read dataset "${name}": "${own.path}" is a part of a dataset and there is no _metadata here, write the ` +
      `dataset to its end, or read the whole of it and filter its partitions`,
  );
}

/** Parts must have the same columns of the same types; whether a column may be null may differ. */
function sameSchemas(name: string, footers: readonly FileFooter[]): void {
  const [first, ...others] = footers;
  const known = columnTypes(first!.footer.schema);
  for (const { file, footer } of others) {
    if (footer.schema === first!.footer.schema) continue;
    const types = columnTypes(footer.schema);
    const odd = [...new Set([...known.keys(), ...types.keys()])].find((key) =>
      known.get(key) !== types.get(key)
    );
    if (odd === undefined) continue;
    const say = (map: Map<string, string>) => map.get(odd) ?? "no such column";
    throw new LakeError(
      `Cannot read dataset "${name}": column "${odd}" is ${say(known)} in "${first!.file.path}" and ${
        say(types)
      } ` +
        `in "${file.path}", write the parts with one schema`,
    );
  }
}

function columnTypes(schema: readonly SchemaElement[]): Map<string, string> {
  return new Map(
    topLevel(schema).map((elements) => [
      elements[0]!.name,
      elements.map(
        ({ name, type, type_length, converted_type, logical_type, num_children, precision, scale }, at) => {
          const kind = logical_type ? JSON.stringify(logical_type) : converted_type ?? "";
          return [
            at === 0 ? "" : name,
            type ?? `group of ${num_children}`,
            type_length,
            kind,
            precision,
            scale,
          ]
            .filter((part) => part !== undefined && part !== "").join(" ");
        },
      ).join(", "),
    ]),
  );
}

function schemaWithHive(
  elements: readonly SchemaElement[],
  hive: readonly HiveColumn[],
  name: string,
): Schema {
  const stored = decodeSchema(emptyFile(elements));
  const both = hive.find((column) => stored.fields.some((field) => field.name === column.name));
  if (both) {
    throw new LakeError(
      `Cannot read dataset "${name}": "${both.name}" is a column of the files and a partition of the folders, ` +
        `drop one of both`,
    );
  }
  return new Schema([...stored.fields, ...hive.map(hiveField)]);
}

function fingerprint(pieces: readonly RowGroupPiece[]): string {
  const lines = pieces.map(({ file, index, rows, group }) =>
    `${file.path} ${file.size} ${index} ${rows} ${group.total_byte_size}`
  );
  return digestOf(new TextEncoder().encode(lines.join("\n"))).sha256.slice(0, 32);
}
