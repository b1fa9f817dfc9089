/** Parquet bytes into Arrow. */
import { type RecordBatch, type Schema, tableFromIPC } from "apache-arrow";
import { readSchema } from "parquet-wasm";
import { parquetToIpc } from "./parquet_to_ipc.ts";

/**
 * Decodes a Parquet file of one row group into one record batch.
 *
 * @throws {Error} of the decoder's own kind where the bytes are damaged.
 */
export function decodeRowGroup(file: Uint8Array, rows: number): RecordBatch {
  return batchOf(parquetToIpc(file, rows), rows);
}

/** The one record batch of an Arrow IPC stream, whose bytes it keeps using. */
export function batchOf(ipc: Uint8Array, rows: number): RecordBatch {
  const table = tableFromIPC(ipc);
  if (table.numRows !== rows || table.batches.length !== 1) {
    throw new Error(`${table.numRows} rows came of ${rows}`);
  }
  return table.batches[0]!;
}

/** The Arrow schema of a Parquet file. */
export function decodeSchema(file: Uint8Array): Schema {
  return tableFromIPC(readSchema(file).intoIPCStream()).schema;
}
