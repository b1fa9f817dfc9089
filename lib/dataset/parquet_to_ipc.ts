import { readParquet } from "parquet-wasm";

/**
 * A Parquet file as an Arrow IPC stream of one record batch, by the Parquet decoder of Apache Arrow's Rust project,
 * compiled to WebAssembly. It stands in a module of its own because workers load it, and load nothing else.
 *
 * @throws {Error} of the decoder's own kind where the bytes are damaged.
 */
export function parquetToIpc(file: Uint8Array, rows: number): Uint8Array<ArrayBuffer> {
  return readParquet(file, { batchSize: rows }).intoIPCStream() as Uint8Array<ArrayBuffer>;
}
