/** For tests: small Parquet datasets in a temporary folder, and a store that counts what is asked of it. */
import { type Table, tableFromArrays, tableToIPC } from "apache-arrow";
import { Compression, Table as WasmTable, writeParquet, WriterPropertiesBuilder } from "parquet-wasm";
import { LocalStore } from "../lake/store_local.ts";

/** A Parquet file of a table. */
export function parquetOf(
  table: Table,
  { rowGroupRows = 1 << 20 }: { rowGroupRows?: number } = {},
): Uint8Array {
  const properties = new WriterPropertiesBuilder()
    .setCompression(Compression.SNAPPY)
    .setMaxRowGroupSize(rowGroupRows)
    .build();
  return writeParquet(WasmTable.fromIPCStream(tableToIPC(table, "stream")), properties);
}

/** Seconds and prices that tell which row they are: row 7 is `{ timestamp: 7n, price: 7 }`. */
export function numberedRows(from: number, to: number): Table {
  const numbers = Array.from({ length: to - from }, (_, at) => from + at);
  return tableFromArrays({
    timestamp: BigInt64Array.from(numbers, BigInt),
    price: Float32Array.from(numbers),
  });
}

/** A folder with files, which is removed in the end. */
export async function datasetFolder(
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<AsyncDisposable & { folder: string }> {
  const folder = await Deno.makeTempDir();
  for (const [path, content] of Object.entries(files)) {
    const file = `${folder}/${path}`;
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(file, typeof content === "string" ? new TextEncoder().encode(content) : content);
  }
  return { folder, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

/** A dataset of numbered rows, `parts` files with so many rows each. */
export function numberedDataset(
  parts: readonly number[],
  rowGroupRows: number,
): ReturnType<typeof datasetFolder> {
  let from = 0;
  return datasetFolder(Object.fromEntries(parts.map((rows, part) => {
    const table = numberedRows(from, from += rows);
    return [`part-${String(part).padStart(5, "0")}.parquet`, parquetOf(table, { rowGroupRows })];
  })));
}

/** Counts ranges and bytes. */
export class CountingStore extends LocalStore {
  ranges = 0;
  bytes = 0;
  whole = 0;

  override async getRange(key: string, start: number, length: number) {
    this.ranges++;
    const bytes = await super.getRange(key, start, length);
    this.bytes += bytes?.length ?? 0;
    return bytes;
  }

  override async get(key: string) {
    this.whole++;
    return await super.get(key);
  }
}
