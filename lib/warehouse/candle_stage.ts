/**
 * Candle files into the engine: typed, checked, each bar once. After {@linkcode CandleStage.seal} the table
 * `crypto_analytics.btcusd_raw` holds what the materializations read.
 */
import { LakeError, SqlError } from "../core/errors.ts";
import type { Reject } from "../core/rows.ts";
import { explainWriteError } from "../lake/store_local.ts";
import {
  CANDLE_COLUMNS,
  type CandleFile,
  cleanCandles,
  type RowCheck,
  soundCandleSql,
} from "../sources/candles_csv.ts";
import { type DuckDb, enumOf, quote } from "./engine_duckdb.ts";
import { insertCandles } from "./insert_candles.ts";
import { type Fill, type SourceSpan, sourceSpans, wholeDays, yearStart } from "./silver_units.ts";

/** Where a candle file belongs. */
export interface CandleOrigin {
  symbol: string;
  source: string;
}

/** What came of loading one file. */
export interface LoadReport {
  /** Rows that are sound, duplicates still among them. */
  rows: number;
  /** Lines that were refused. */
  rejects: Reject[];
  /** First and last bar, epoch milliseconds; zero where there is none. */
  from_ms: number;
  to_ms: number;
}

/** A file in the engine. */
interface LoadedFile {
  table: string;
  timeframe: string;
  origin: CandleOrigin;
  report: LoadReport;
}

/** What is to be made of the loaded files; left out, all of it. */
export interface SealScope {
  /** Years by symbol. */
  years?: ReadonlyMap<string, readonly number[]>;
  /** What the sources have, those of files that were not loaded included, in the order of their arrival. */
  spans?: readonly SourceSpan[];
  fills?: readonly Fill[];
}

/** One series of equal bars from one source: a table of the engine. */
export interface StagedSeries extends CandleOrigin {
  timeframe: string;
  table: string;
  rows: number;
  /** Rows that stood before an earlier one. */
  out_of_order: number;
  /** Repeats of a bar with the very same values. */
  duplicates: number;
  /** Bars that came twice with different values: the later one stands, these earlier ones were put aside. */
  conflicts: Reject[];
  /** The same counts by UTC year, for years that have any. */
  settled: ReadonlyMap<number, SettledCounts>;
}

/** What was settled between the rows of a year. */
export interface SettledCounts {
  out_of_order: number;
  duplicates: number;
  conflicts: number;
}

/**
 * Collects candle files in an engine.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { inspectCandles } from "../sources/candles_csv.ts";
 * import { openDuckDb } from "./engine_duckdb.ts";
 * const scratch = await Deno.makeTempDir();
 * await Deno.writeTextFile(
 *   `${scratch}/a.csv`,
 *   "time,open,close,high,low,volume\n1512086400000,1,2,3,1,5\n1512086460000,2,2,1,2,1\n",
 * );
 * using engine = await openDuckDb();
 * const stage = new CandleStage(engine, { scratch, latestMs: Date.UTC(2020, 0) });
 * const file = await inspectCandles(`${scratch}/a.csv`);
 * const { rows, rejects } = await stage.load(file, { symbol: "BTCUSD", source: "csv" });
 * assertEquals([rows, rejects[0]!.reason], [1, "high_below_low"]);
 * ```
 */
export class CandleStage {
  #engine: Promise<DuckDb>;
  #scratch: string;
  #latestMs: number;
  #files: LoadedFile[] = [];

  /** The engine may still be opening: decompression does not wait for it. */
  constructor(
    engine: DuckDb | Promise<DuckDb>,
    { scratch, latestMs }: { scratch: string; latestMs: number },
  ) {
    this.#engine = Promise.resolve(engine);
    this.#scratch = scratch;
    this.#latestMs = latestMs;
  }

  /** Forgets what was loaded, and gives its memory back. */
  async clear(): Promise<void> {
    this.#files = [];
    await (await this.#engine).run("DROP SCHEMA stage CASCADE; CREATE SCHEMA stage");
  }

  /**
   * Loads a file. A sound file goes through the engine's own CSV reader at full speed; at the first sign of a bad
   * line the file is read again, line by line, and the bad lines come back with their reasons.
   *
   * @param check a check that the engine does not make: the file is read line by line from the start.
   * @throws {LakeError} where a gzip file is damaged.
   * @throws {QualityError} where it does not hold lines of text, or next to no candles.
   */
  async load(file: CandleFile, origin: CandleOrigin, check: RowCheck | null = null): Promise<LoadReport> {
    const table = `stage.file_${this.#files.length}`;
    try {
      const sound = check === null ? await this.#loadSound(file, table) : null;
      const report = sound ?? await this.#loadCleaned(file, { table, check });
      this.#files.push({ table, timeframe: file.timeframe, origin, report });
      return report;
    } catch (error) {
      // A full disk or a missing right shows as an operating system's error; anything else is a fault of ours.
      throw /\(os error \d+\)/.test(String(error)) ? explainWriteError(this.#scratch, error) : error;
    }
  }

  /** Loads the sound lines of a file that has others as well. */
  async #loadCleaned(
    file: CandleFile,
    { table, check }: { table: string; check: RowCheck | null },
  ): Promise<LoadReport> {
    const path = `${this.#scratch}/clean-${this.#files.length}.csv`;
    const { kept, rejects } = await cleanCandles(file, {
      cleanPath: path,
      latestMs: this.#latestMs,
      ...(check ? { check } : {}),
    });
    const clean = { ...file, path, gzip: false, quoted: false, columns: [...CANDLE_COLUMNS] };
    const sound = await this.#loadSound(clean, table);
    await Deno.remove(path);
    if (sound?.rows === kept) return { ...sound, rejects };
    throw new LakeError(
      `Cannot load "${file.name}": ${kept} lines passed the line check but the engine took ${
        sound?.rows ?? 0
      }, ` +
        `please report this file`,
    );
  }

  /** Loads a file without any bad line; null at the first sign of one. */
  async #loadSound(file: CandleFile, table: string): Promise<LoadReport | null> {
    try {
      await insertCandles(file, { engine: this.#engine, table, scratch: this.#scratch });
    } catch (error) {
      if (error instanceof SqlError && /CSV Error|Conversion Error|Invalid Input Error/.test(error.message)) {
        return null;
      }
      throw error;
    }
    const engine = await this.#engine;
    // As a filter: what the table's own lowest and highest values say of it is not looked for row by row.
    const bad = await engine.read(
      `SELECT 1 FROM ${table} WHERE NOT (${soundCandleSql(this.#latestMs)}) LIMIT 1`,
    );
    if (bad.rows.length > 0) return null;
    const { rows } = await engine.read(
      `SELECT count(*), coalesce(min(time), 0), coalesce(max(time), 0) FROM ${table}`,
    );
    const [count, from_ms, to_ms] = rows[0]!.map(Number) as [number, number, number];
    return { rows: count, rejects: [], from_ms, to_ms };
  }

  /**
   * Settles order, repeats and sources, and defines `crypto_analytics.btcusd_raw` over everything that was loaded: of
   * each symbol and length of bars each bar once, sorted by time. A day belongs to the first source whose history
   * spans it; another one gives its bars to the days beyond, and wherever a fill says so.
   */
  async seal({ years, spans = this.#loadedSpans(), fills = [] }: SealScope = {}): Promise<StagedSeries[]> {
    const loaded = this.#files.filter((file) => file.report.rows > 0);
    const groups = Map.groupBy(
      loaded,
      ({ origin, timeframe }) => JSON.stringify([origin.symbol, timeframe, origin.source]),
    );
    const series: StagedSeries[] = [];
    for (const span of spans) {
      const files = groups.get(JSON.stringify([span.symbol, span.timeframe, span.source]));
      if (!files) continue;
      const within = years && yearsSql(years.get(span.symbol) ?? []);
      series.push(await this.#settle(files, { table: `stage.series_${series.length}`, within }));
    }
    const sources = series.map(({ source }) => source);
    const markets = Map.groupBy(series, ({ symbol, timeframe }) => JSON.stringify([symbol, timeframe]));
    const selects: string[] = [];
    for (const mine of markets.values()) {
      const { symbol, timeframe } = mine[0]!;
      const from = await this.#chooseSources(mine, {
        sources,
        table: `stage.market_${selects.length}`,
        spans: spans.filter((span) => span.symbol === symbol && span.timeframe === timeframe),
        fills: fills.filter((fill) => fill.symbol === symbol && fill.timeframe === timeframe),
      });
      const symbolSql = `${quote(symbol)}::${enumOf(series.map((one) => one.symbol))}`;
      const timeframeSql = `${quote(timeframe)}::${enumOf(series.map((one) => one.timeframe))}`;
      selects.push(`SELECT *, ${symbolSql} AS symbol, ${timeframeSql} AS timeframe FROM (${from})`);
    }
    const empty =
      `SELECT 0::BIGINT AS time, 0::DOUBLE AS open, 0::DOUBLE AS close, 0::DOUBLE AS high, 0::DOUBLE AS low,
      0::DOUBLE AS volume, '' AS source, '' AS symbol, '' AS timeframe WHERE false`;
    await (await this.#engine).run(
      `CREATE OR REPLACE VIEW crypto_analytics.btcusd_raw AS ${selects.join(" UNION ALL ") || empty}`,
    );
    return series;
  }

  /** What the loaded files span, their sources in the order in which they were loaded. */
  #loadedSpans(): SourceSpan[] {
    return sourceSpans(
      this.#files.map(({ timeframe, origin, report }) => ({ ...origin, timeframe, ...report })),
    );
  }

  /** A query that gives each bar of a market once, sorted, with the source it is from. */
  async #chooseSources(
    market: readonly StagedSeries[],
    { sources, table, spans, fills }: {
      /** Names of all sources, other markets' among them. */
      sources: readonly string[];
      table: string;
      spans: readonly SourceSpan[];
      fills: readonly Fill[];
    },
  ): Promise<string> {
    const select = ({ table, source }: StagedSeries) =>
      `SELECT *, ${quote(source)}::${enumOf(sources)} AS source FROM ${table}`;
    if (market.length === 1) return select(market[0]!);
    const engine = await this.#engine;
    const own = market.map((series) => {
      const rank = spans.findIndex(({ source }) => source === series.source);
      const taken = spans.slice(0, rank).map(wholeDays);
      const free = taken.map(([from, until]) => `NOT (time >= ${from} AND time < ${until})`);
      return `${select(series)} WHERE ${free.join(" AND ") || "true"}`;
    });
    await engine.run(`CREATE OR REPLACE TABLE ${table}_own AS ${own.join(" UNION ALL ")}`);
    const filled: string[] = [];
    for (const { source, ranges } of fills) {
      const series = market.find((candidate) => candidate.source === source);
      if (!series || ranges.length === 0) continue;
      const values = ranges.map(([from, until]) => `(${from}, ${until})`).join(", ");
      filled.push(`SELECT f.* FROM (${select(series)}) AS f
        JOIN (VALUES ${values}) AS r (from_ms, until_ms) ON f.time >= r.from_ms AND f.time < r.until_ms
        ANTI JOIN ${table}_own USING (time)`);
    }
    // Two fills may offer the same bar: the first one gives it.
    await engine.run(`CREATE OR REPLACE TABLE ${table} AS SELECT * FROM (
        SELECT *, 0 AS fill FROM ${table}_own
        ${filled.map((query, i) => `UNION ALL SELECT *, ${i + 1} AS fill FROM (${query})`).join("\n")})
      QUALIFY row_number() OVER (PARTITION BY time ORDER BY fill) = 1 ORDER BY time;
      ALTER TABLE ${table} DROP COLUMN fill; DROP TABLE ${table}_own`);
    return `SELECT * FROM ${table}`;
  }

  async #settle(
    files: readonly LoadedFile[],
    { table, within }: { table: string; within: string | undefined },
  ): Promise<StagedSeries> {
    const { origin, timeframe } = files[0]!;
    const where = within === undefined ? "" : ` WHERE ${within}`;
    const all = files.map((file) => `SELECT * FROM ${file.table}${where}`).join(" UNION ALL ");
    const kind = files.length === 1 ? "VIEW" : "TABLE";
    await (await this.#engine).run(`CREATE OR REPLACE ${kind} ${table}_all AS ${all}`);
    const late = await this.#number(
      `SELECT count(*) FROM (SELECT time <= lag(time) OVER () AS late FROM ${table}_all) WHERE late`,
    );
    const settled = late > 0 ? await this.#settleRows(table) : { counts: new Map(), conflicts: [] };
    const from = late > 0 ? table : `${table}_all`;
    const sum = (count: keyof SettledCounts) =>
      [...settled.counts.values()].reduce((total, counts) => total + counts[count], 0);
    return {
      ...origin,
      timeframe,
      table: from,
      rows: await this.#number(`SELECT count(*) FROM ${from}`),
      out_of_order: sum("out_of_order"),
      duplicates: sum("duplicates"),
      conflicts: settled.conflicts,
      settled: settled.counts,
    };
  }

  /** Sorts the rows of `<table>_all` into a table in which each time stands once: the row that came last. */
  async #settleRows(table: string): Promise<{ counts: Map<number, SettledCounts>; conflicts: Reject[] }> {
    const engine = await this.#engine;
    await engine.run(`
      CREATE OR REPLACE TABLE ${table}_seen AS SELECT *, row_number() OVER () AS arrival FROM ${table}_all;
      CREATE OR REPLACE TABLE ${table} AS
        SELECT * EXCLUDE (arrival) FROM ${table}_seen
        QUALIFY row_number() OVER (PARTITION BY time ORDER BY arrival DESC) = 1 ORDER BY time`);
    const conflicts = await this.#conflicts(table);
    const { rows } = await engine.read(`
      SELECT year(make_timestamp(time * 1000)), count(*) FILTER (late), count(*) - count(DISTINCT time)
      FROM (SELECT time, coalesce(time < lag(time) OVER (ORDER BY arrival), false) AS late FROM ${table}_seen)
      GROUP BY 1`);
    await engine.run(`DROP TABLE ${table}_seen`);
    const counts = new Map<number, SettledCounts>();
    for (const row of rows) {
      const [year, out_of_order, repeats] = row.map(Number) as [number, number, number];
      const mine = conflicts.filter(({ raw }) => yearOf(raw) === year).length;
      if (out_of_order + repeats === 0) continue;
      counts.set(year, { out_of_order, duplicates: repeats - mine, conflicts: mine });
    }
    return { counts, conflicts };
  }

  async #conflicts(table: string): Promise<Reject[]> {
    const { rows } = await (await this.#engine).read(`
      SELECT concat_ws(',', s.time, s.open, s.close, s.high, s.low, s.volume) AS raw
      FROM ${table}_seen AS s JOIN ${table} AS t USING (time)
      WHERE (s.open, s.close, s.high, s.low, s.volume) IS DISTINCT FROM (t.open, t.close, t.high, t.low, t.volume)
      ORDER BY s.arrival`);
    return rows.map(([raw]) => ({
      line: null,
      reason: "conflicting_duplicate",
      detail: "a later row has the same time and other values; the later one stands",
      raw: String(raw),
    }));
  }

  async #number(sql: string): Promise<number> {
    const { rows } = await (await this.#engine).read(sql);
    return Number(rows[0]![0]);
  }
}

/** The UTC year of a row of `time,open,…`. */
export function yearOf(row: string): number {
  return new Date(Number(row.slice(0, row.indexOf(",")))).getUTCFullYear();
}

/** A condition that holds for times in some years. */
function yearsSql(years: readonly number[]): string {
  const ranges = years.map((year) => `time >= ${yearStart(year)} AND time < ${yearStart(year + 1)}`);
  return ranges.map((range) => `(${range})`).join(" OR ") || "false";
}
