/** What the warehouse tests share: candle files, a stage over them, and bars of a random walk. */
import { gzipSync } from "node:zlib";
import { PRICE_SAMPLES } from "../core/tables.ts";
import type { Candle } from "../core/rows.ts";
import { type CandleFile, inspectCandles } from "../sources/candles_csv.ts";
import { CandleStage, type LoadReport, type StagedSeries } from "./candle_stage.ts";
import { registerNothing } from "./catalog.ts";
import { type DuckDb, openDuckDb } from "./engine_duckdb.ts";

export const HEADER = "time,open,close,high,low,volume";
/** 2017-12-01T00:00Z. */
export const START = Date.UTC(2017, 11, 1);

/** A file to be loaded: its lines, and where it is said to come from. */
export interface TestFile {
  lines: readonly string[];
  source?: string;
  symbol?: string;
  gzip?: boolean;
  header?: string;
  /** Instead of what the first lines look like. */
  timeframe?: string;
}

/** An engine into which files were loaded, in order, and sealed. */
export interface Staged extends Disposable {
  engine: DuckDb;
  reports: LoadReport[];
  series: StagedSeries[];
  /** Rows of any query, 64-bit integers as numbers. */
  rows(sql: string): Promise<unknown[][]>;
  /** The sealed rows as `time,open,close,high,low,volume`, in the table's own order. */
  sealed(): Promise<string[]>;
}

/** Loads files into a new engine and seals them. */
export async function staged(
  files: readonly TestFile[],
  { threads = 2, latestMs = Date.UTC(2100, 0) } = {},
): Promise<Staged> {
  const scratch = await Deno.makeTempDir();
  const engine = await openDuckDb({ threads });
  const stage = new CandleStage(engine, { scratch, latestMs });
  const reports: LoadReport[] = [];
  for (const [i, file] of files.entries()) {
    const { symbol = "BTCUSD", source = "csv" } = file;
    reports.push(await stage.load(await writeCandles(`${scratch}/${i}_1m.csv`, file), { symbol, source }));
  }
  const series = await stage.seal();
  await registerNothing(engine, PRICE_SAMPLES);
  await Deno.remove(scratch, { recursive: true });
  return { engine, reports, series, ...readers(engine), [Symbol.dispose]: () => engine[Symbol.dispose]() };
}

/** Ways to read an engine's rows in a test. */
export function readers(engine: DuckDb) {
  const rows = async (sql: string) =>
    (await engine.read(sql)).rows.map((row) =>
      row.map((value) =>
        typeof value === "bigint" ? Number(value) : value instanceof Date ? value.toISOString() : value
      )
    );
  const sealed = async () =>
    (await rows(`SELECT ${HEADER} FROM crypto_analytics.btcusd_raw`)).map((row) => row.join());
  return { rows, sealed };
}

/** Writes a candle file and inspects it. */
export async function writeCandles(path: string, file: TestFile): Promise<CandleFile> {
  const text = `${file.header ?? HEADER}\n${file.lines.map((line) => `${line}\n`).join("")}`;
  await Deno.writeFile(path, file.gzip ? gzipSync(text) : new TextEncoder().encode(text));
  const inspected = await inspectCandles(path);
  return file.timeframe === undefined ? inspected : { ...inspected, timeframe: file.timeframe };
}

/** A bar as a line of a candle file. */
export function lineOf({ time, open, close, high, low, volume }: Candle): string {
  return [time, open, close, high, low, volume].join();
}

/** Bars of a seeded random walk between two instants; about one in `sparse` is left out, never the ends of a day. */
export function randomWalk(
  from: number,
  to: number,
  { step = 60_000, seed = 1, sparse = 5 } = {},
): Candle[] {
  let state = seed;
  // Numerical Recipes' linear congruential generator: enough for a test.
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const cents = (value: number) => Math.round(value * 100) / 100;
  const bars: Candle[] = [];
  let price = 10_000;
  for (let time = from; time < to; time += step) {
    const open = cents(price);
    price *= 1 + (random() - 0.5) / 100;
    const close = cents(price);
    const high = cents(Math.max(open, close) + random()), low = cents(Math.min(open, close) - random());
    const bar = { time, open, close, high, low, volume: Math.round(random() * 1e8) / 1e8 };
    const ofDay = time % 86_400_000;
    if (ofDay === 0 || ofDay === 86_400_000 - step || random() * sparse > 1) bars.push(bar);
  }
  return bars;
}

/** Lines of a file that is larger than a few pieces of a gzipped one: minutes with volumes whose sums depend on their order. */
export function manyLines(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const price = 10_000 + (i * 7919) % 1000, volume = ((i * 104_729) % 100_003) / 977;
    return [START + i * 60_000, price, price + 1, price + 2, price - 1, volume].join();
  });
}
