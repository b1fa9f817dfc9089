/** The lake's streams of bars, and the gaps in each, found by the engine. */
import { OHLCV_BARS, OHLCV_DAILY, OHLCV_HOURLY, OHLCV_MINUTE, type TableDefinition } from "../core/tables.ts";
import { GapFinder, type StreamBars } from "../core/gap_finder.ts";
import { DAY_MS } from "../core/time.ts";
import type { ObjectStore } from "../lake/store.ts";
import { TIMEFRAMES } from "../sources/candle_timeframe.ts";
import { type DuckDb, quote } from "./engine_duckdb.ts";
import type { FillRecord } from "./fill_records.ts";

/** Bars of one symbol and length, over all sources. */
export interface BarStream {
  symbol: string;
  timeframe: string;
  /** Milliseconds of a bar. */
  step_ms: number;
  table: TableDefinition;
  /** Objects that hold its bars, in order of time; none where nothing of it reached the table. */
  keys: readonly string[];
}

/** Which table holds bars of which length, and when one of its bars starts. */
const BAR_TABLES = [
  { table: OHLCV_MINUTE, timeframe: "1m", start: "epoch_ms(minute_start)" },
  { table: OHLCV_BARS, timeframe: null, start: "epoch_ms(bar_start)" },
  { table: OHLCV_HOURLY, timeframe: "1h", start: "epoch_ms(hour_start)" },
  { table: OHLCV_DAILY, timeframe: "1d", start: `epoch_ms(CAST("day" AS TIMESTAMP))` },
] as const;

const FINER_THAN_HOUR = ["1m", "3m", "5m", "15m", "30m", "1h"];

/**
 * Whether bars of a length go into a stream: hours are made of what is shorter, days of everything.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(["1m", "5m", "1h"].map((length) => feeds(length, "1h")), [true, true, true]);
 * assertEquals(["1m", "5m", "1h"].map((length) => feeds(length, "5m")), [false, true, false]);
 * ```
 */
export function feeds(timeframe: string, stream: string): boolean {
  if (stream === "1d") return timeframe in TIMEFRAMES;
  return stream === "1h" ? FINER_THAN_HOUR.includes(timeframe) : timeframe === stream;
}

/** The table of a stream's bars. */
export function tableOfStream(timeframe: string): TableDefinition {
  return barTable(timeframe).table;
}

function barTable(timeframe: string) {
  return BAR_TABLES.find((entry) => entry.timeframe === timeframe) ?? BAR_TABLES[1];
}

/**
 * The streams that the lake's tables hold, and those of `further` that should be there.
 *
 * @param further Symbols and lengths of which something was asked for, or came.
 */
export async function listStreams(
  store: ObjectStore,
  further: readonly { symbol: string; timeframe: string }[] = [],
): Promise<BarStream[]> {
  const keys = new Map<string, string[]>();
  const keysOf = (symbol: string, timeframe: string) => {
    const name = JSON.stringify([symbol, timeframe]);
    if (!keys.has(name)) keys.set(name, []);
    return keys.get(name)!;
  };
  for (const { table, timeframe } of BAR_TABLES) {
    for (const { key } of await store.list(table.prefix)) {
      const { symbol, timeframe: written } = partitionOf(key);
      const length = timeframe ?? written;
      if (!key.endsWith(".parquet") || symbol === undefined || length === undefined) continue;
      if (barTable(length).table === table) keysOf(symbol, length).push(key);
    }
  }
  for (const { symbol, timeframe } of further) keysOf(symbol, timeframe);
  return [...keys].map(([name, keys]) => {
    const [symbol, timeframe] = JSON.parse(name) as [string, string];
    return { symbol, timeframe, step_ms: TIMEFRAMES[timeframe]!, table: barTable(timeframe).table, keys };
  }).filter(({ step_ms }) => step_ms !== undefined)
    .sort((a, b) => (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : a.step_ms - b.step_ms));
}

/** Values of the partitions in a key: `{symbol: "BTCUSD", year: "2017"}`. */
export function partitionOf(key: string): Record<string, string> {
  return Object.fromEntries(
    [...key.matchAll(/([a-z]+)=([^/]+)\//g)].map(([, name, value]) => [name!, value!]),
  );
}

/** The time that a partition's key stands for: a month, a year, or null where the key says neither. */
export function partitionRange(key: string): { from_ms: number; until_ms: number } | null {
  const { year, month } = partitionOf(key);
  if (year === undefined) return null;
  return month === undefined
    ? { from_ms: Date.UTC(Number(year), 0), until_ms: Date.UTC(Number(year) + 1, 0) }
    : { from_ms: Date.UTC(Number(year), Number(month) - 1), until_ms: Date.UTC(Number(year), Number(month)) };
}

/** Reads a stream's gaps; bars from `until_ms` on do not count. */
export async function readStreamBars(
  engine: DuckDb,
  store: ObjectStore,
  stream: BarStream,
  until_ms: number,
): Promise<StreamBars> {
  const { step_ms } = stream;
  if (stream.keys.length === 0) return new GapFinder(step_ms).end()!;
  const starts = `SELECT t FROM (SELECT t - t % ${step_ms} AS t FROM (${await startsSql(store, stream)}))
    WHERE t >= ${MIN_MS} AND t < ${Math.min(until_ms, MAX_MS)}`;
  // The objects are in order of time, and so are the rows in each: no sort is needed, and a doubt shows.
  const sorted = `SELECT DISTINCT t FROM (${starts}) ORDER BY t`;
  return (await walkStarts(engine.columns(starts), step_ms) ??
    await walkStarts(engine.columns(sorted), step_ms))!;
}

/** Bounds that the engine's 64-bit integers and a `Date` share. */
const MIN_MS = Date.UTC(1900, 0), MAX_MS = Date.UTC(2200, 0);

/** Null where the starts are not in order, each once. */
async function walkStarts(
  chunks: AsyncIterable<Float64Array[]>,
  step_ms: number,
): Promise<StreamBars | null> {
  const finder = new GapFinder(step_ms);
  for await (const [starts] of chunks) {
    finder.add(starts!);
    if (!finder.orderly) return null;
  }
  return finder.end();
}

/** SQL for the starts `t` of a stream's bars and their `source`; the stream must have objects. */
export async function startsSql(
  store: ObjectStore,
  { table, timeframe, symbol, keys }: BarStream,
): Promise<string> {
  const start = barTable(timeframe).start;
  const folder = `${table.prefix}symbol=${symbol}/`;
  const local = await store.localPath(folder);
  const paths = keys.map((key) => quote(`${local}${key.slice(folder.length)}`));
  return `SELECT ${start} AS t, source FROM read_parquet([${paths.join(", ")}], hive_partitioning = false)`;
}

/** How many bars of a stream another source gave, by UTC day (its midnight), within the ranges of its fills. */
export async function readFilledDays(
  engine: DuckDb,
  store: ObjectStore,
  stream: BarStream,
  { fills, from_ms, until_ms }: { fills: readonly FillRecord[]; from_ms: number; until_ms: number },
): Promise<Map<number, number>> {
  const days = new Map<number, number>();
  if (stream.keys.length === 0) return days;
  const bars = await startsSql(store, stream);
  for (const { source, ranges } of fills) {
    if (ranges.length === 0) continue;
    const { rows } = await engine.read(
      `SELECT (t // ${DAY_MS} * ${DAY_MS})::DOUBLE AS midnight, count(*)::DOUBLE
       FROM (${bars}) JOIN ${rangesSql(ranges)} ON t >= range_from AND t < range_until
       WHERE source = ${quote(source)} AND t >= ${Math.max(from_ms, MIN_MS)} AND t < ${
        Math.min(until_ms, MAX_MS)
      } GROUP BY midnight`,
    );
    for (const [midnight, count] of rows as number[][]) {
      days.set(midnight!, (days.get(midnight!) ?? 0) + count!);
    }
  }
  return days;
}

/** Ranges as a table `(range_from, range_until)`. */
export function rangesSql(ranges: readonly (readonly [number, number])[]): string {
  const list = (at: 0 | 1) => `unnest([${ranges.map((range) => range[at]).join(", ")}]::BIGINT[])`;
  return `(SELECT ${list(0)} AS range_from, ${list(1)} AS range_until)`;
}
