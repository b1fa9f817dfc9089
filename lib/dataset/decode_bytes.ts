/** A row group's bytes into the bytes that Arrow wants. Workers load this module, so it loads no Arrow. */
import { readParquet } from "parquet-wasm";
import { decodeFlatColumn, type FlatColumn } from "./flat_columns.ts";
import { flatChunks, type NumberWidths } from "./flat_pages.ts";

/** A decoded row group: its columns, or an Arrow IPC stream of one record batch. */
export type DecodedBytes = { columns: FlatColumn[] } | { ipc: Uint8Array<ArrayBuffer> };

/**
 * Decodes a Parquet file of one row group: by the project's own kernel where all columns are flat numbers (see
 * `flat_pages.ts`), else by the decoder of Apache Arrow's Rust project, compiled to WebAssembly. Both give the same.
 *
 * @throws {Error} of the decoder's own kind where the bytes are damaged.
 */
export function decodeBytes(file: Uint8Array, rows: number, widths: NumberWidths): DecodedBytes {
  const chunks = flatChunks(file, rows, widths);
  if (chunks) return { columns: chunks.map((chunk) => decodeFlatColumn(file, chunk, rows)) };
  return { ipc: readParquet(file, { batchSize: rows }).intoIPCStream() as Uint8Array<ArrayBuffer> };
}

/** What decoded bytes lie in. */
export function buffersOf(decoded: DecodedBytes): ArrayBuffer[] {
  if ("ipc" in decoded) return [decoded.ipc.buffer];
  return decoded.columns.flatMap(({ values, nullBitmap }) => [values, ...(nullBitmap ? [nullBitmap] : [])])
    .map(({ buffer }) => buffer);
}
