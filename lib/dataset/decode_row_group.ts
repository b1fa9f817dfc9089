/** Parquet bytes into Arrow, by the Parquet decoder of Apache Arrow's Rust project, compiled to WebAssembly. */
import { type RecordBatch, type Schema, tableFromIPC } from "apache-arrow";
import { readParquet, readSchema } from "parquet-wasm";

/**
 * Decodes a Parquet file of one row group into one record batch.
 *
 * @throws {Error} of the decoder's own kind where the bytes are damaged.
 */
export function decodeRowGroup(file: Uint8Array, rows: number): RecordBatch {
  const table = tableFromIPC(readParquet(file, { batchSize: rows }).intoIPCStream());
  if (table.numRows !== rows || table.batches.length !== 1) {
    throw new Error(`${table.numRows} rows came of ${rows}`);
  }
  return table.batches[0]!;
}

/** The Arrow schema of a Parquet file. */
export function decodeSchema(file: Uint8Array): Schema {
  return tableFromIPC(readSchema(file).intoIPCStream()).schema;
}
