/** What a Parquet file says about its schema and its row groups, as a decoder wants it. */
import { type FileMetaData, parquetMetadata, type ParquetType, type SchemaElement } from "hyparquet";
import type { ObjectInfo, ObjectStore } from "../lake/store.ts";
import { readTail, unreadableParquet } from "./parquet_tail.ts";

/** A decoder counts rows of a row group in 32 bits. */
const MAX_ROWS = 2n ** 31n - 1n;

/**
 * Reads what a file says about itself.
 *
 * @throws {LakeError} where the object is gone, torn, or no Parquet file.
 */
export async function readFileMetaData(store: ObjectStore, object: ObjectInfo): Promise<FileMetaData> {
  const tail = await readTail(store, object);
  try {
    return parsedFooter(tail);
  } catch (cause) {
    throw unreadableParquet(store, object.key, `its footer is damaged (${(cause as Error).message})`, cause);
  }
}

/**
 * A footer of the bytes that end with it.
 *
 * @throws {Error} where it is damaged or contradicts itself.
 */
export function parsedFooter(bytes: Uint8Array): FileMetaData {
  const footer = parquetMetadata(bytes, { geoparquet: false });
  const columns = leaves(footer.schema);
  const names = new Set(topLevel(footer.schema).map(([root]) => root!.name));
  if (names.size !== footer.schema[0]!.num_children) throw new Error("its schema contradicts itself");
  for (const { columns: chunks, num_rows } of footer.row_groups) {
    if (typeof num_rows !== "bigint" || num_rows < 0n || num_rows > MAX_ROWS) {
      throw new Error(`${num_rows} rows`);
    }
    if (chunks.length !== columns.length) {
      throw new Error(`${chunks.length} chunks of ${columns.length} columns`);
    }
    for (const [at, { meta_data }] of chunks.entries()) {
      const { path, type } = columns[at]!;
      const sound = meta_data?.type === type && meta_data.codec !== undefined &&
        meta_data.path_in_schema.join("/") === path.join("/") &&
        [meta_data.num_values, meta_data.total_compressed_size, meta_data.data_page_offset].every((size) =>
          size >= 0n
        );
      if (!sound) throw new Error(`the chunk of column "${path}" contradicts the schema`);
    }
  }
  return footer;
}

/**
 * The part of a schema that given top-level columns need, in the file's own flattened form: the root comes first,
 * each group says how many children follow.
 */
export function projectSchema(
  schema: readonly SchemaElement[],
  wanted: (column: string) => boolean,
): SchemaElement[] {
  const kept = topLevel(schema).filter(([root]) => wanted(root!.name));
  return [{ ...schema[0]!, num_children: kept.length }, ...kept.flat()];
}

/** A schema's top-level columns, each with all that lies beneath it. */
export function topLevel(schema: readonly SchemaElement[]): SchemaElement[][] {
  const columns: SchemaElement[][] = [];
  let at = 1;
  while (at < schema.length) {
    const start = at;
    for (let open = 1; open > 0 && at < schema.length; at++) open += (schema[at]!.num_children ?? 0) - 1;
    columns.push(schema.slice(start, at));
  }
  return columns;
}

/** A schema's leaves, which are what a row group has chunks of. */
export function leaves(schema: readonly SchemaElement[]): { path: string[]; type: ParquetType }[] {
  let at = 1;
  const walk = (count: number, above: string[]): { path: string[]; type: ParquetType }[] =>
    Array.from({ length: count }, () => {
      const { name, num_children, type } = schema[at++]!;
      const path = [...above, name];
      return type ? [{ path, type }] : walk(num_children ?? 0, path);
    }).flat();
  return walk(schema[0]!.num_children ?? 0, []);
}
