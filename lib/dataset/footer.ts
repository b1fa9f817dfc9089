/** Footers: what a Parquet file says about its schema and its row groups. */
import { type FileMetaData, parquetMetadata, type ParquetType, type SchemaElement } from "hyparquet";
import { LakeError } from "../core/errors.ts";
import type { ObjectInfo, ObjectStore } from "../lake/store.ts";

/** A footer of a usual file lies within its last bytes, so that one range is enough. */
const TAIL_BYTES = 64 << 10;
/** Magic, footer, length of the footer, magic. */
const SMALLEST_FILE = 12;
/** A decoder counts rows of a row group in 32 bits. */
const MAX_ROWS = 2n ** 31n - 1n;

/**
 * Reads a file's footer, in one range or, where it is long, two.
 *
 * @throws {LakeError} where the object is gone, torn, or no Parquet file.
 */
export async function readFooter(store: ObjectStore, { key, size }: ObjectInfo): Promise<FileMetaData> {
  const fail = (state: string, cause?: unknown) =>
    new LakeError(
      `Cannot read "${store.locate(key)}": ${state}, write the file again or take it out of the dataset`,
      { cause },
    );
  if (size < SMALLEST_FILE) throw fail(`it has ${size} bytes, too few for a Parquet file`);
  let tail = await readTail(store, key, size, Math.min(size, TAIL_BYTES));
  if (tail === null) throw fail("it is gone");
  const magic = new TextDecoder("latin1").decode(tail.subarray(-4));
  if (magic === "PARE") throw fail("its footer is encrypted, which is not supported");
  if (magic !== "PAR1") throw fail(`it does not end as a Parquet file does (truncated, or another format)`);
  const length = new DataView(tail.buffer, tail.byteOffset).getUint32(tail.length - 8, true);
  if (length + 8 > size) throw fail(`its footer claims ${length} bytes of a file of ${size}`);
  if (length + 8 > tail.length) tail = await readTail(store, key, size, length + 8);
  if (tail === null) throw fail("it is gone");
  try {
    return parsedFooter(tail);
  } catch (cause) {
    throw fail(`its footer is damaged (${(cause as Error).message})`, cause);
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

async function readTail(store: ObjectStore, key: string, size: number, length: number) {
  const bytes = await store.getRange(key, size - length, length);
  return bytes?.length === length ? bytes : null;
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
