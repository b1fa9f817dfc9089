/** The two ways in which the reference project saves a frame: one CSV file, and one Parquet file. */
import { tableFromIPC } from "apache-arrow";
import { Table as WasmTable, writeParquet } from "parquet-wasm";
import { QualityError } from "../core/errors.ts";
import { compactStamp } from "../core/time.ts";
import { openDataset } from "./dataset_folder.ts";
import type { DatasetFrame } from "./dataset_rows.ts";

/** A Polars frame, or anything else that gives itself as CSV. */
export interface CsvFrame {
  writeCSV(): string | Uint8Array;
}

/** Name of the file, or the clock that names it. */
export interface SaveToCsvOptions {
  /** `bitcoin_<time>.csv` where left out. */
  filename?: string;
  now?: () => Date;
}

/**
 * Saves a frame as a CSV file in a folder (a path, a `file://` URL or an S3 prefix), which is made where it is missing.
 *
 * @returns Where the file is.
 * @throws {TypeError} where the name is a path.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * const frame = { writeCSV: () => "timestamp,price_usd\n1700000000,37000\n" };
 * const path = await saveToCsv(frame, `file://${folder}`, { now: () => new Date("2026-01-02T03:04:05Z") });
 * assertEquals(path, `${folder}/bitcoin_20260102T030405Z.csv`);
 * ```
 */
export async function saveToCsv(
  frame: CsvFrame,
  outputDir: string,
  { now = () => new Date(), filename = `bitcoin_${compactStamp(now())}.csv` }: SaveToCsvOptions = {},
): Promise<string> {
  if (/[/\\\0]/.test(filename) || ["", ".", ".."].includes(filename)) {
    throw new TypeError(`Cannot save to "${filename}": give a file's name, and its folder before it`);
  }
  const csv = frame.writeCSV();
  return await saved(outputDir, filename, typeof csv === "string" ? new TextEncoder().encode(csv) : csv);
}

/**
 * Saves a frame as `data.parquet` in a folder (a path, a `file://` URL or an S3 prefix), which is made where it is
 * missing. For training, with a schema and row groups, see `materializeDataset`.
 *
 * @returns Where the file is.
 * @throws {QualityError} where the frame has no columns.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import pl from "nodejs-polars";
 * const folder = await Deno.makeTempDir();
 * const frame = pl.DataFrame({ timestamp: [1_700_000_000], price_usd: [37_000.5] });
 * const path = await saveToParquetArrow(frame, `file://${folder}/parquet`);
 * assertEquals(path, `${folder}/parquet/data.parquet`);
 * assertEquals(pl.readParquet(path).toRecords(), frame.toRecords());
 * ```
 */
export async function saveToParquetArrow(frame: DatasetFrame, outputPath: string): Promise<string> {
  const stream = frame.writeIPCStream();
  if (tableFromIPC(stream).numCols === 0) {
    throw new QualityError(`Cannot save to "${outputPath}": the frame has no columns, give it at least one`);
  }
  const file = writeParquet(WasmTable.fromIPCStream(stream));
  return await saved(outputPath, "data.parquet", file);
}

async function saved(folder: string, name: string, bytes: Uint8Array): Promise<string> {
  const store = await openDataset(folder);
  try {
    await store.put(name, bytes);
    return store.locate(name);
  } finally {
    await store.close();
  }
}
