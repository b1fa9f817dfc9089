/**
 * The functions of the course "Batch processing of Bitcoin price data with Petastorm", under their names: CSV files and
 * datasets into Polars frames, moving average and volatility, charts, and a report. Places are paths or `file://` URLs.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type RecordBatch, Table, tableToIPC } from "apache-arrow";
import pl from "nodejs-polars";
import { SourceError } from "../core/errors.ts";
import { type BatchReaderOptions, makeBatchReader } from "../dataset/batch_reader.ts";
import { fromFileUrl } from "../dataset/file_url.ts";
import type { DatasetPlace } from "../dataset/place.ts";
import {
  calculateMovingAverage,
  calculateVolatility,
  prepareBitcoinFrame,
} from "../features/price_samples.ts";
import type { Chart } from "../report/chart.ts";
import { samplesChart } from "../report/samples_chart.ts";

export { calculateMovingAverage, calculateVolatility, prepareBitcoinFrame };
export { saveToCsv, saveToParquetArrow } from "../dataset/save_frames.ts";

/** What {@linkcode loadAllCsvsFromFolder} found. */
export interface LoadedCsvs {
  /** All rows, file after file; a column that a file lacks is null there. Empty where no file could be read. */
  frame: pl.DataFrame;
  /** Files that were left out, and why. */
  skipped: { file: string; problem: string }[];
}

/**
 * Reads all `.csv` files of a folder, in the order of their names. A file that cannot be read is skipped and reported.
 *
 * @throws {SourceError} where there is no such folder.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/a.csv`, "timestamp,price_usd\n2024-01-01,43000\n");
 * await Deno.writeTextFile(`${folder}/b.csv`, "");
 * const { frame, skipped } = await loadAllCsvsFromFolder(`file://${folder}`);
 * assertEquals([frame.height, skipped.map(({ file }) => file)], [1, ["b.csv"]]);
 * ```
 */
export async function loadAllCsvsFromFolder(place: string): Promise<LoadedCsvs> {
  const folder = fromFileUrl(place);
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name).catch((cause) => {
    throw new SourceError(`Cannot read folder "${folder}": ${cause.message}, check the path`, { cause });
  });
  const skipped: LoadedCsvs["skipped"] = [];
  const frames: pl.DataFrame[] = [];
  for (const file of names.filter((name) => name.toLowerCase().endsWith(".csv")).sort()) {
    try {
      // Text first: two files may disagree whether a price without a decimal point is a whole number.
      const frame = pl.readCSV(Buffer.from(await readText(`${folder}/${file}`)), { inferSchemaLength: 0 });
      frames.push(frame);
    } catch (error) {
      skipped.push({ file, problem: (error as Error).message });
    }
  }
  const frame = frames.length === 0 ? pl.DataFrame({}) : pl.concat(frames, { how: "diagonal" });
  return { frame: withNumbers(frame), skipped };
}

/** A file's text, where it is text. */
async function readText(path: string): Promise<string> {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(await Deno.readFile(path));
  if (text.trim() === "") throw new Error("the file is empty");
  if (text.includes("\0")) throw new Error("the file is no text");
  return text;
}

/** Columns of text that hold nothing but numbers, as numbers. */
function withNumbers(frame: pl.DataFrame): pl.DataFrame {
  const numeric = frame.columns.filter((name) =>
    frame.getColumn(name).toArray().every((value) =>
      value === null || /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(String(value))
    )
  );
  return numeric.length === 0
    ? frame
    : frame.withColumns(...numeric.map((name) => pl.col(name).cast(pl.Float64)));
}

/**
 * A whole dataset as one frame. Takes {@linkcode makeBatchReader}'s options: columns, filters, shards, a shuffle.
 *
 * @throws {LakeError} where the dataset is missing or damaged.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { materializeDataset } from "../dataset/materialize.ts";
 * import { BitcoinSchema } from "../dataset/unischema.ts";
 * const folder = await Deno.makeTempDir();
 * await materializeDataset(folder, BitcoinSchema, [{ timestamp: 1, price: 0.5 }, { timestamp: 2, price: 0.25 }]);
 * const frame = await loadPetastormBatches(`file://${folder}`);
 * assertEquals(frame.getColumn("price").toArray(), [0.5, 0.25]);
 * ```
 */
export async function loadPetastormBatches(
  place: DatasetPlace,
  options: BatchReaderOptions = {},
): Promise<pl.DataFrame> {
  await using reader = await makeBatchReader(place, options);
  const batches = await Array.fromAsync(reader);
  const table = new Table(batches[0]?.schema ?? reader.schema, batches);
  return pl.readIPC(Buffer.from(tableToIPC(table, "file")));
}

/**
 * A dataset's batches, one after the other. Leaving the loop closes the reader.
 *
 * @throws {LakeError} where the dataset is missing or damaged.
 */
export async function* loadFromParquet(
  place: DatasetPlace,
  options: BatchReaderOptions = {},
): AsyncGenerator<RecordBatch, void, undefined> {
  await using reader = await makeBatchReader(place, options);
  yield* reader;
}

/** Names of the columns of a Parquet file or a dataset; no row is read. */
export async function getParquetColumns(place: DatasetPlace): Promise<string[]> {
  await using reader = await makeBatchReader(place);
  return reader.schema.fields.map(({ name }) => String(name));
}

/**
 * The price in time, with the moving average of 7 where {@linkcode calculateMovingAverage} has added it.
 *
 * @param frame Of {@linkcode prepareBitcoinFrame}.
 */
export function plotPriceTrend(frame: pl.DataFrame): Chart {
  const lines = [{ label: "Price", values: numbersOf(frame, "price_usd") }];
  if (frame.columns.includes("ma_7")) {
    lines.push({ label: "Mean of 7", values: numbersOf(frame, "ma_7") });
  }
  return samplesChart(timesOf(frame), lines, { title: "Bitcoin price", format: "$~s" });
}

/** The volatility over 7 rows, which is computed where the frame lacks it. */
export function plotVolatility(frame: pl.DataFrame): Chart {
  const full = frame.columns.includes("volatility_7") ? frame : calculateVolatility(frame);
  const lines = [{ label: "Volatility of 7", values: numbersOf(full, "volatility_7") }];
  return samplesChart(timesOf(full), lines, {
    title: "Volatility of Bitcoin's price",
    format: "~%",
    height: 220,
  });
}

/** What {@linkcode generateReport} says. */
export interface PriceReport {
  rows: number;
  from: Date;
  to: Date;
  mean: number;
  /** Standard deviation, divisor n − 1; null for a single price. */
  std: number | null;
  min: number;
  median: number;
  max: number;
  latest: number;
  /** Relative change against the last price that is 24 hours old or older; null where none is. */
  change_24h: number | null;
  /** The frame with `ma_7` and `volatility_7`. */
  frame: pl.DataFrame;
  charts: { price: Chart; volatility: Chart };
  /** All of it in words. */
  toString(): string;
}

const DAY_MS = 86_400_000;

/**
 * Moving average, volatility, the prices in figures, and both charts.
 *
 * @throws {SourceError} where there is no price.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import pl from "nodejs-polars";
 * const timestamp = ["2024-01-01", "2024-01-02", "2024-01-03"];
 * const report = generateReport(pl.DataFrame({ timestamp, price_usd: [100, 110, 99] }));
 * assertEquals([report.rows, report.median, report.latest], [3, 100, 99]);
 * assertEquals(report.change_24h!.toFixed(2), "-0.10");
 * ```
 */
export function generateReport(raw: pl.DataFrame): PriceReport {
  const frame = calculateVolatility(calculateMovingAverage(prepareBitcoinFrame(raw)));
  const times = timesOf(frame), prices = numbersOf(frame, "price_usd") as number[];
  if (prices.length === 0) {
    throw new SourceError(
      "Cannot report on prices: no row has a time and a price, look at the frame you gave",
    );
  }
  const sorted = prices.toSorted((a, b) => a - b);
  const mean = prices.reduce((sum, price) => sum + price, 0) / prices.length;
  const squares = prices.reduce((sum, price) => sum + (price - mean) ** 2, 0);
  const from = times[0]!, to = times.at(-1)!, latest = prices.at(-1)!;
  const dayAgo = times.findLastIndex((time) => time.getTime() <= to.getTime() - DAY_MS);
  const half = (prices.length - 1) / 2;
  const report = {
    rows: prices.length,
    from,
    to,
    mean,
    std: prices.length > 1 ? Math.sqrt(squares / (prices.length - 1)) : null,
    min: sorted[0]!,
    median: (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2,
    max: sorted.at(-1)!,
    latest,
    change_24h: dayAgo < 0 ? null : latest / prices[dayAgo]! - 1,
  };
  return {
    ...report,
    frame,
    charts: { price: plotPriceTrend(frame), volatility: plotVolatility(frame) },
    toString: () => inWords(report),
  };
}

function inWords(report: Omit<PriceReport, "frame" | "charts" | "toString">): string {
  const usd = (value: number | null) => value === null ? "–" : `$${value.toFixed(2)}`;
  const { rows, from, to, mean, std, min, median, max, latest, change_24h } = report;
  return [
    `${rows} prices from ${from.toISOString()} to ${to.toISOString()}`,
    `mean ${usd(mean)}, standard deviation ${usd(std)}`,
    `lowest ${usd(min)}, median ${usd(median)}, highest ${usd(max)}`,
    `latest ${usd(latest)}` +
    (change_24h === null
      ? ", no price is 24 hours older"
      : `, ${(100 * change_24h).toFixed(2)}% in 24 hours`),
  ].join("\n");
}

function timesOf(frame: pl.DataFrame): Date[] {
  return frame.getColumn("timestamp").toArray() as unknown as Date[];
}

function numbersOf(frame: pl.DataFrame, column: string): (number | null)[] {
  return frame.getColumn(column).toArray() as (number | null)[];
}
