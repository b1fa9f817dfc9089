/** Counts for the quality checks, made by the engine. */
import { type TableDefinition } from "../core/tables.ts";
import { TIMEFRAMES } from "../sources/candles_csv.ts";
import type { DuckDb } from "./engine_duckdb.ts";

/** A series of equal bars: a relation with `time` in epoch ms, sorted, and what was settled before it became so. */
export interface SettledSeries {
  table: string;
  symbol: string;
  source: string;
  timeframe: string;
  rows: number;
  out_of_order: number;
  duplicates: number;
  conflicts: number;
}

/** Counts within one series; the shape is what `quality/` judges. */
export async function auditSeries(engine: DuckDb, series: SettledSeries, rejected: Record<string, number>) {
  const step = TIMEFRAMES[series.timeframe]!;
  const counts = await firstRow(
    engine,
    `SELECT min(time), max(time),
       count(*) FILTER (WHERE volume IS NULL), count(*) FILTER (WHERE volume = 0),
       count(*) FILTER (WHERE low < 0 OR volume < 0),
       count(*) FILTER (WHERE open > high OR open < low OR close > high OR close < low),
       count(*) FILTER (WHERE time % ${step} <> 0)
     FROM ${series.table}`,
  );
  const gapsOf = `SELECT time, lag(time) OVER () AS before FROM ${series.table}`;
  const missing = `(time - before) // ${step} - 1`;
  const [gaps, missingBars] = await firstRow(
    engine,
    `SELECT count(*), coalesce(sum(${missing}), 0) FROM (${gapsOf}) WHERE ${missing} > 0`,
  );
  const longest = await engine.read(
    `SELECT before, time, ${missing} AS missing FROM (${gapsOf}) WHERE ${missing} > 0 ORDER BY missing DESC, time LIMIT 3`,
  );
  const [from, to, nullVolume, zeroVolume, negative, inconsistent, offGrid] = counts;
  return {
    symbol: series.symbol,
    source: series.source,
    timeframe: series.timeframe,
    rows: series.rows,
    from_ms: from!,
    to_ms: to!,
    rejected,
    null_volume: nullVolume!,
    zero_volume: zeroVolume!,
    negative: negative!,
    ohlc_inconsistent: inconsistent!,
    off_grid: offGrid!,
    out_of_order: series.out_of_order,
    duplicates: series.duplicates,
    conflicts: series.conflicts,
    gaps: gaps!,
    missing_bars: missingBars!,
    longest_gaps: longest.rows.map((row) => {
      const [before, time, count] = row.map(Number);
      return { from_ms: before!, to_ms: time!, missing: count! };
    }),
  };
}

/** Counts within one table of the lake, given the columns that make a row's key and those of its low and high. */
export async function auditTable(
  engine: DuckDb,
  table: TableDefinition,
  { key, low, high }: { key: readonly string[]; low: string; high: string },
) {
  const name = `${table.database}.${table.name}`;
  const { rows: described } = await engine.read(`DESCRIBE ${name}`);
  const required = Object.keys(table.columns).filter((column) => column !== "volume");
  const [rows, nulls, duplicates, inverted] = await firstRow(
    engine,
    `SELECT count(*), count(*) FILTER (WHERE ${required.map((column) => `${column} IS NULL`).join(" OR ")}),
       count(*) - count(DISTINCT (${key.join(", ")})), count(*) FILTER (WHERE ${low} > ${high})
     FROM ${name}`,
  );
  return {
    columns: Object.fromEntries(
      described.map(([column, type]) => [String(column), String(type).toLowerCase()]),
    ),
    rows: rows!,
    nulls: nulls!,
    duplicates: duplicates!,
    inverted: inverted!,
  };
}

async function firstRow(engine: DuckDb, sql: string): Promise<number[]> {
  const { rows } = await engine.read(sql);
  return rows[0]!.map(Number);
}
