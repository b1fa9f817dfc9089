/**
 * One row group as a Parquet file of its own: the chunks of the columns that were asked for, fetched by range, and a
 * small footer that says where they now lie. Any decoder reads it, a cache can keep it, and nothing else of the
 * source file travels.
 */
import type { ColumnChunk, RowGroup, SchemaElement } from "hyparquet";
import { ByteWriter } from "hyparquet-writer";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import { LakeError } from "../core/errors.ts";
import type { ObjectStore } from "../lake/store.ts";
import type { DatasetFile } from "./dataset_files.ts";
import { leaves, projectSchema } from "./file_metadata.ts";

/** Chunks that lie closer than this are fetched in one range: a request costs more than so many bytes. */
const GAP_BYTES = 64 << 10;
/** Ranges grow no longer than this by joining chunks. */
const RANGE_BYTES = 16 << 20;
const MAGIC = new TextEncoder().encode("PAR1");

/** A row group of a dataset. */
export interface RowGroupPiece {
  file: DatasetFile;
  /** Its number within the file. */
  index: number;
  rows: number;
  group: RowGroup;
  /** The file's schema. */
  schema: readonly SchemaElement[];
}

/** What was fetched, for diagnostics. */
export interface FetchCount {
  fetches: number;
  bytes: number;
}

/**
 * Fetches a row group's columns.
 *
 * @throws {LakeError} where the file is gone or shorter than its footer says.
 */
export async function fetchRowGroup(
  store: ObjectStore,
  piece: RowGroupPiece,
  columns: ReadonlySet<string>,
  count: FetchCount = { fetches: 0, bytes: 0 },
  room?: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const ranges = joined(chunksOf(piece, columns));
  const footer = footerOf(piece, columns, ranges);
  const bodies = await Promise.all(ranges.map(async ({ start, end }) => {
    // One range alone gets place for the footer, so that it need not be copied to get one.
    const bytes = ranges.length === 1
      ? await store.getRange(piece.file.key, start, end - start + footer.length, room)
      : await store.getRange(piece.file.key, start, end - start);
    count.fetches++;
    count.bytes += bytes?.length ?? 0;
    if (bytes === null || bytes.length < end - start) {
      throw damaged(store, piece, bytes ? `it ends before byte ${end}` : "it is gone");
    }
    return bytes;
  }));
  const [body] = bodies, length = ranges[0]!.end - ranges[0]!.start;
  if (bodies.length > 1 || body!.length < length + footer.length) {
    return joinBytes([
      ...bodies.map((bytes, at) => bytes.subarray(0, ranges[at]!.end - ranges[at]!.start)),
      footer,
    ]);
  }
  body!.set(footer, length);
  return body!.subarray(0, length + footer.length);
}

/** A Parquet file without rows, from which a decoder tells the Arrow types of all columns. */
export function emptyFile(schema: readonly SchemaElement[]): Uint8Array {
  const columns = leaves(schema).map(({ path, type }): ColumnChunk => ({
    file_offset: 0n,
    meta_data: {
      type,
      encodings: ["PLAIN"],
      path_in_schema: path,
      codec: "UNCOMPRESSED",
      num_values: 0n,
      total_uncompressed_size: 0n,
      total_compressed_size: 0n,
      data_page_offset: BigInt(MAGIC.length),
    },
  }));
  // A list of no row groups at all would be written without its element type.
  return footerBytes([...schema], [{ columns, total_byte_size: 0n, num_rows: 0n }]);
}

interface Chunk {
  start: number;
  end: number;
  column: ColumnChunk;
}

function chunksOf({ group }: RowGroupPiece, columns: ReadonlySet<string>): Chunk[] {
  return group.columns
    .filter(({ meta_data }) => columns.has(meta_data!.path_in_schema[0]!))
    .map((column) => {
      const [start, end] = chunkRange(column);
      return { start, end, column };
    })
    .sort((a, b) => a.start - b.start);
}

/**
 * Makes sure that a row group lies inside of its file.
 *
 * @throws {LakeError} where it does not: the footer is another file's, or the file was cut.
 */
export function checkInside(store: ObjectStore, piece: RowGroupPiece): void {
  for (const column of piece.group.columns) {
    const [start, end] = chunkRange(column);
    if (start >= MAGIC.length && end <= piece.file.size) continue;
    const state =
      `a column lies at bytes ${start} to ${end} of ${piece.file.size}: the footer is another file's`;
    throw damaged(store, piece, state);
  }
}

function chunkRange({ meta_data }: ColumnChunk): [start: number, end: number] {
  const { data_page_offset, dictionary_page_offset, total_compressed_size } = meta_data!;
  // Some writers say 0 where there is no dictionary.
  const start = Number(dictionary_page_offset || data_page_offset);
  return [Math.min(start, Number(data_page_offset)), start + Number(total_compressed_size)];
}

/** Bytes that are fetched together. */
interface Range {
  start: number;
  end: number;
  members: Chunk[];
}

function joined(chunks: readonly Chunk[]): Range[] {
  const ranges: Range[] = [];
  for (const chunk of chunks) {
    const last = ranges.at(-1);
    if (last && chunk.start - last.end <= GAP_BYTES && chunk.end - last.start <= RANGE_BYTES) {
      last.end = Math.max(last.end, chunk.end);
      last.members.push(chunk);
    } else {
      ranges.push({ start: chunk.start, end: chunk.end, members: [chunk] });
    }
  }
  return ranges;
}

/** The footer of a file in which the ranges follow each other from its first byte on. */
function footerOf(
  { group, schema }: RowGroupPiece,
  columns: ReadonlySet<string>,
  ranges: readonly Range[],
): Uint8Array {
  let at = 0;
  const shifts = new Map<ColumnChunk, bigint>();
  for (const { start, end, members } of ranges) {
    for (const { column } of members) shifts.set(column, BigInt(at - start));
    at += end - start;
  }
  const placed = group.columns.filter((column) => shifts.has(column))
    .map((column) => movedColumn(column, shifts.get(column)!));
  return footerBytes(projectSchema(schema, (name) => columns.has(name)), [{ ...group, columns: placed }]);
}

/** A column chunk elsewhere, without what a decoder of a whole row group does not need. */
function movedColumn({ meta_data }: ColumnChunk, shift: bigint): ColumnChunk {
  const { dictionary_page_offset, data_page_offset, statistics: _, encoding_stats: __, ...rest } = meta_data!;
  return {
    file_offset: 0n,
    meta_data: {
      type: rest.type,
      encodings: rest.encodings.filter((encoding) => encoding !== undefined),
      path_in_schema: rest.path_in_schema,
      codec: rest.codec,
      num_values: rest.num_values,
      total_uncompressed_size: rest.total_uncompressed_size,
      total_compressed_size: rest.total_compressed_size,
      data_page_offset: data_page_offset + shift,
      ...(dictionary_page_offset ? { dictionary_page_offset: dictionary_page_offset + shift } : {}),
    },
  };
}

/** A footer with its length and magic: the end of a Parquet file, of which decoders need no beginning. */
function footerBytes(schema: SchemaElement[], groups: RowGroup[]): Uint8Array {
  const footer = new ByteWriter();
  writeMetadata(footer, {
    version: 2,
    schema,
    num_rows: groups.reduce((sum, { num_rows }) => sum + num_rows, 0n),
    row_groups: groups.map(({ columns, num_rows, total_byte_size }) => ({
      columns,
      num_rows,
      total_byte_size,
    })),
    metadata_length: 0,
  });
  return joinBytes([footer.getBytes(), MAGIC]);
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** An error about one row group's file. */
export function damaged(store: ObjectStore, piece: RowGroupPiece, state: string, cause?: unknown): LakeError {
  return new LakeError(
    `Cannot read row group ${piece.index} of "${store.locate(piece.file.key)}": ${state}, ` +
      `write the dataset again or take the file out of it`,
    { cause },
  );
}
