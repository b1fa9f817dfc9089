/** The lake's tables and views, as an engine sees them. */
import { ConfigError } from "../core/errors.ts";
import {
  ANALYTICS_PRICES,
  BTCUSD_RAW,
  type ColumnType,
  PROCESSED_PRICES,
  type TableDefinition,
  TABLES,
} from "../core/tables.ts";
import { hasObjects, type HourFolder, hoursBack, newestHour } from "../lake/hour_folders.ts";
import { readRecords } from "../lake/ledger.ts";
import { encodeNdjson } from "../lake/ndjson.ts";
import { lakeKind } from "../lake/open_lake.ts";
import type { ObjectStore } from "../lake/store.ts";
import { CANDLE_RECORDS, candleRecord } from "./candle_records.ts";
import { readCandlesSql } from "./insert_candles.ts";
import { type DuckDb, quote } from "./engine_duckdb.ts";

const DUCKDB_TYPES: Readonly<Record<ColumnType, string>> = {
  string: "VARCHAR",
  int: "INTEGER",
  bigint: "BIGINT",
  double: "DOUBLE",
  date: "DATE",
  timestamp: "TIMESTAMP",
};

const ENDINGS: Readonly<Record<TableDefinition["format"], string>> = {
  parquet: ".parquet",
  ndjson: ".ndjson.gz",
  json: ".json",
  csv: ".csv",
};

/** How the keys of a table's objects end. Athena's INSERT names the objects that it adds without an ending. */
function endingOf(table: TableDefinition): string {
  return table === ANALYTICS_PRICES ? "" : ENDINGS[table.format];
}

/** View files in the order in which they build on each other. */
export const VIEWS = [
  "v_latest_partition",
  "v_latest_snapshot",
  "v_market_cap",
  "v_top_100",
  "v_top_gainers",
  "v_trending",
  "v_volume_24h",
  "v_total_market_cap",
  "v_recent_prices",
  "v_trendline_core",
  "v_btc_24h",
  "v_btc_daily",
  "v_ohlcv_daily",
  "v_completeness",
] as const;

/** Name of a view. */
export type ViewName = (typeof VIEWS)[number];

/**
 * How many hours, the newest one included, a view looks back in the tables of snapshots. The views' own conditions say
 * the same; here it keeps the engine from listing ten years of objects to answer from one hour's.
 */
const LOOK_BACK: Partial<Record<ViewName, { snapshots: number; hours?: number }>> = {
  v_latest_partition: { snapshots: 1 },
  v_latest_snapshot: { snapshots: 1 },
  v_market_cap: { snapshots: 1 },
  v_top_100: { snapshots: 1 },
  v_top_gainers: { snapshots: 1 },
  v_trending: { snapshots: 1 },
  v_volume_24h: { snapshots: 1 },
  v_total_market_cap: { snapshots: 1 },
  v_recent_prices: { snapshots: 2, hours: 168 },
  v_trendline_core: { snapshots: 2, hours: 168 },
  v_btc_24h: { snapshots: 2, hours: 25 },
};

/** An object without a row is no larger. */
const EMPTY_SNAPSHOT = encodeNdjson([]).length;

/** What of a table is read. */
export interface TableParts {
  /** Only these hours of it. */
  hours?: readonly HourFolder[] | undefined;
  /** Not these objects. */
  without?: ReadonlySet<string>;
}

/**
 * Defines every table of the lake in the engine, over the objects that are there now; a table without objects
 * has its columns and no rows.
 *
 * @throws {ConfigError} where there is no lake.
 */
export async function registerTables(
  engine: DuckDb,
  store: ObjectStore,
  tables: readonly TableDefinition[] = TABLES,
  parts: (table: TableDefinition) => TableParts = () => ({}),
): Promise<void> {
  if (await lakeKind(store) === null) {
    throw new ConfigError(
      `Cannot read lake "${store.url}": there is no lake, make one with \`deno task pipeline --lake ${store.url}\``,
    );
  }
  for (const table of tables) {
    const select = table === BTCUSD_RAW
      ? await selectRawCandles(store)
      : await selectObjects(store, table, parts(table));
    await engine.run(
      `CREATE OR REPLACE VIEW ${table.database}.${table.name} AS ${select ?? selectNothing(table)}`,
    );
  }
}

/** The newest hour that holds a snapshot besides some objects, or null where none does. */
export async function newestSnapshots(
  store: ObjectStore,
  { without = new Set() }: { without?: ReadonlySet<string> } = {},
): Promise<HourFolder | null> {
  const ending = endingOf(PROCESSED_PRICES);
  return await newestHour(
    store,
    PROCESSED_PRICES.prefix,
    ({ key, size }) => key.endsWith(ending) && size > EMPTY_SNAPSHOT && !without.has(key),
  );
}

/**
 * Defines what a statement needs, and no more: all views, and the tables beneath those that it names. Snapshots that
 * only views ask for are there as far back as these look. A table that the statement does not name cannot be read.
 *
 * @param without Objects that are left out.
 */
export async function registerStatement(
  engine: DuckDb,
  store: ObjectStore,
  sql: string,
  { without = new Set() }: { without?: ReadonlySet<string> } = {},
): Promise<void> {
  const newest = await newestSnapshots(store, { without });
  // Views are bound when they are made: over tables that have columns and nothing else, that costs nothing.
  await registerUnread(engine, TABLES);
  await registerViews(engine, newest);
  const hours = await hoursBehind(store, sql, newest);
  await registerTables(engine, store, await mentionedTables(sql), (table) => ({
    hours: hours.get(table),
    without,
  }));
}

/** The objects that a statement may read, table by table; raw candle files, which have a reader of their own, aside. */
export async function statementObjects(
  store: ObjectStore,
  sql: string,
): Promise<{ table: TableDefinition; keys: string[] }[]> {
  const hours = await hoursBehind(store, sql, await newestSnapshots(store));
  const tables = (await mentionedTables(sql)).filter((table) => table !== BTCUSD_RAW);
  return await Promise.all(tables.map(async (table) => {
    const objects = hours.get(table)?.flatMap(({ objects }) => objects) ?? await store.list(table.prefix);
    return {
      table,
      keys: objects.map(({ key }) => key).filter((key) => key.endsWith(endingOf(table))),
    };
  }));
}

/** All objects of some tables, table by table. */
export async function tableObjects(
  store: ObjectStore,
  tables: readonly TableDefinition[],
): Promise<{ table: TableDefinition; keys: string[] }[]> {
  return await Promise.all(tables.map(async (table) => {
    const keys = (await store.list(table.prefix)).map(({ key }) => key);
    return { table, keys: keys.filter((key) => key.endsWith(endingOf(table))) };
  }));
}

/** The hours of those tables of which a statement needs no more. */
async function hoursBehind(
  store: ObjectStore,
  sql: string,
  newest: HourFolder | null,
): Promise<Map<TableDefinition, HourFolder[]>> {
  const hours = new Map<TableDefinition, HourFolder[]>();
  for (const [table, count] of lookBack(sql)) {
    const range = newest && { newest_ms: newest.start_ms, count, ending: endingOf(table) };
    hours.set(table, range ? await hoursBack(store, table.prefix, range) : []);
  }
  return hours;
}

/**
 * Tables of snapshots that a statement reaches through views only, and how many hours back these look.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const hours = (sql: string) => [...lookBack(sql)].map(([{ name }, count]) => [name, count]);
 * assertEquals(hours("SELECT * FROM v_top_100"), [["processed_prices", 1]]);
 * assertEquals(hours("SELECT * FROM v_btc_24h"), [["processed_prices", 2], ["analytics_prices", 25]]);
 * assertEquals(hours("SELECT * FROM v_top_100 JOIN processed_prices USING (id)"), []);
 * ```
 */
export function lookBack(sql: string): Map<TableDefinition, number> {
  const looks = VIEWS.filter((view) => names(sql, view)).map((view) => LOOK_BACK[view] ?? { snapshots: 0 });
  const wanted: [TableDefinition, number][] = [
    [PROCESSED_PRICES, Math.max(0, ...looks.map(({ snapshots }) => snapshots))],
    [ANALYTICS_PRICES, Math.max(0, ...looks.map(({ hours = 0 }) => hours))],
  ];
  return new Map(wanted.filter(([{ name }, count]) => count > 0 && !names(sql, name)));
}

/**
 * The tables that a statement names, directly or through a view. Whatever else is in the lake need not be listed, or
 * fetched, to answer it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const names = async (sql: string) => (await mentionedTables(sql)).map(({ name }) => name);
 * assertEquals(await names("SELECT * FROM V_TOP_100"), ["processed_prices"]);
 * assertEquals(await names("SHOW TABLES"), []);
 * ```
 */
export async function mentionedTables(sql: string): Promise<TableDefinition[]> {
  const texts = [sql, ...(await mentionedViews(sql)).map(({ sql }) => sql)];
  return TABLES.filter(({ name }) => texts.some((text) => names(text, name)));
}

/** The views that a statement names, directly or through another one, each after those beneath it. */
export async function mentionedViews(sql: string): Promise<{ name: ViewName; sql: string }[]> {
  const views: { name: ViewName; sql: string }[] = [];
  for (const name of VIEWS.toReversed()) {
    if ([sql, ...views.map(({ sql }) => sql)].some((text) => names(text, name))) {
      views.unshift({ name, sql: await viewSql(name) });
    }
  }
  return views;
}

/**
 * The database of a table or view, or null where there is none of that name.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(["v_top_100", "OHLCV_DAILY", "gaps", "nothing"].map(databaseOf), [
 *   "crypto_gold",
 *   "crypto_gold",
 *   "lakebook",
 *   null,
 * ]);
 * ```
 */
export function databaseOf(name: string): TableDefinition["database"] | null {
  const wanted = name.toLowerCase();
  if ((VIEWS as readonly string[]).includes(wanted)) {
    return wanted === "v_completeness" ? "lakebook" : "crypto_gold";
  }
  return TABLES.find((table) => table.name === wanted)?.database ?? null;
}

function names(text: string, name: string): boolean {
  return new RegExp(`\\b${name}\\b`, "i").test(text);
}

async function viewSql(name: string): Promise<string> {
  return await Deno.readTextFile(new URL(`./views/${name}.sql`, import.meta.url));
}

/** Defines tables that have their columns and no rows, for an engine without a lake. */
export async function registerNothing(engine: DuckDb, tables: readonly TableDefinition[]): Promise<void> {
  for (const table of tables) {
    await engine.run(`CREATE OR REPLACE VIEW ${table.database}.${table.name} AS ${selectNothing(table)}`);
  }
}

/**
 * Defines tables that have their columns and refuse to be read: {@linkcode mentionedTables} did not find their names,
 * so their objects are not here. An empty table in their place would give a wrong answer.
 */
export async function registerUnread(engine: DuckDb, tables: readonly TableDefinition[]): Promise<void> {
  for (const table of tables) {
    const text = `Cannot read table "${table.name}": the statement does not name it, write its name out`;
    const select = selectNothing(table).replace(/WHERE false$/, `WHERE error(${quote(text)})::BOOLEAN`);
    await engine.run(`CREATE OR REPLACE VIEW ${table.database}.${table.name} AS ${select}`);
  }
}

/**
 * Defines views of `views/*.sql`. Call {@linkcode registerTables} with the tables beneath them first.
 *
 * @param newest What {@linkcode newestSnapshots} gives: the one view with a form of its own is made from it.
 */
export async function registerViews(
  engine: DuckDb,
  newest: HourFolder | null,
  names: readonly ViewName[] = VIEWS,
): Promise<void> {
  for (const name of names) {
    if (name === "v_latest_partition") await engine.run(latestPartitionSql(newest));
    else await engine.runAthena(await viewSql(name));
  }
}

/** `v_latest_partition`, with the hour that the keys tell instead of a search through the newest days. */
function latestPartitionSql(newest: HourFolder | null): string {
  const hour = newest && new Date(newest.start_ms);
  const where = hour
    ? `year = ${hour.getUTCFullYear()} AND month = ${hour.getUTCMonth() + 1} AND day = ${hour.getUTCDate()}
       AND hour = ${hour.getUTCHours()}`
    : "false";
  return `CREATE OR REPLACE VIEW crypto_gold.v_latest_partition AS
    SELECT year, month, day, hour, max("timestamp") AS latest_timestamp
    FROM crypto_analytics.processed_prices WHERE ${where} GROUP BY year, month, day, hour`;
}

async function selectObjects(
  store: ObjectStore,
  table: TableDefinition,
  { hours, without = new Set() }: TableParts,
): Promise<string | null> {
  const files = hours || without.size > 0
    ? await objectPaths(store, table, { hours, without })
    : await objectPattern(store, table);
  return files && readObjectsSql(table, files);
}

/** One pattern for all objects of a table. */
async function objectPattern(store: ObjectStore, table: TableDefinition): Promise<string | null> {
  const ending = endingOf(table);
  if (!await hasObjects(store, table.prefix, ending)) return null;
  return quote(`${await store.localPath(table.prefix)}**/*${ending}`);
}

/** The objects of some hours, or all objects, but for some: one by one. */
async function objectPaths(
  store: ObjectStore,
  table: TableDefinition,
  { hours, without }: { hours: TableParts["hours"]; without: ReadonlySet<string> },
): Promise<string | null> {
  const folders = hours ?? [{ folder: table.prefix, objects: await store.list(table.prefix) }];
  const paths = await Promise.all(folders.map(async ({ folder, objects }) => {
    const local = await store.localPath(folder);
    return objects.filter(({ key }) => key.endsWith(endingOf(table)) && !without.has(key))
      .map(({ key }) => quote(`${local}${key.slice(folder.length)}`));
  }));
  return paths.flat().length === 0 ? null : `[${paths.flat().join(", ")}]`;
}

/**
 * A query over objects of a table.
 *
 * @param files In SQL: a path, a pattern or a list of them.
 */
export function readObjectsSql(table: TableDefinition, files: string): string {
  const hive = `hive_partitioning = true, hive_types = ${structOf(table.partitions)}`;
  const from = table.format === "parquet"
    ? `read_parquet(${files}, ${hive})`
    : table.format === "csv"
    ? `(SELECT * REPLACE (${casts(table)}) FROM read_csv(${files}, header = true, all_varchar = true,
       union_by_name = true, ${hive}))`
    : `read_json(${files}, format = 'newline_delimited', columns = ${structOf(table.columns)}, ${hive})`;
  return `SELECT ${columnList(table)} FROM ${from}`;
}

async function selectRawCandles(store: ObjectStore): Promise<string | null> {
  const records = [...(await readRecords(store, CANDLE_RECORDS)).values()].map(candleRecord);
  const selects = await Promise.all(
    records.map(async ({ key, columns, symbol, source, timeframe }) =>
      `SELECT *, ${quote(symbol)} AS symbol, ${quote(source)} AS source, ${quote(timeframe)} AS timeframe
     FROM (${readCandlesSql(await store.localPath(key), columns, { header: true, skipBadLines: true })})`
    ),
  );
  return selects.length === 0 ? null : selects.join(" UNION ALL ");
}

/** The columns of a table with their types in DuckDB's words, partition columns included. */
export function tableColumns(table: TableDefinition): string {
  return Object.entries({ ...table.columns, ...table.partitions })
    .map(([name, type]) => `"${name}" ${DUCKDB_TYPES[type]}`).join(", ");
}

function casts(table: TableDefinition): string {
  return Object.entries(table.columns)
    .map(([name, type]) => `TRY_CAST("${name}" AS ${DUCKDB_TYPES[type]}) AS "${name}"`).join(", ");
}

function selectNothing(table: TableDefinition): string {
  const columns = Object.entries({ ...table.columns, ...table.partitions })
    .map(([name, type]) => `NULL::${DUCKDB_TYPES[type]} AS "${name}"`);
  return `SELECT ${columns.join(", ")} WHERE false`;
}

function columnList(table: TableDefinition): string {
  return [...Object.keys(table.columns), ...Object.keys(table.partitions)].map((name) => `"${name}"`).join(
    ", ",
  );
}

function structOf(columns: Readonly<Record<string, ColumnType>>): string {
  return `{${
    Object.entries(columns).map(([name, type]) => `"${name}": ${quote(DUCKDB_TYPES[type])}`).join(", ")
  }}`;
}
