/** The lake's tables and views, as an engine sees them. */
import { ConfigError } from "../core/errors.ts";
import { BTCUSD_RAW, type ColumnType, type TableDefinition, TABLES } from "../core/tables.ts";
import { readRecords } from "../lake/ledger.ts";
import { lakeKind } from "../lake/open_lake.ts";
import type { ObjectStore } from "../lake/store.ts";
import { CANDLE_RECORDS, candleRecord } from "./candle_records.ts";
import { readCandlesSql } from "./candle_stage.ts";
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

/** View files in the order in which they build on each other. */
export const VIEWS = [
  "v_latest_partition",
  "v_latest_snapshot",
  "v_market_cap",
  "v_top_100",
  "v_top_gainers",
  "v_total_market_cap",
  "v_completeness",
] as const;

/** A view's name. */
export type ViewName = (typeof VIEWS)[number];

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
): Promise<void> {
  if (await lakeKind(store) === null) {
    throw new ConfigError(
      `Cannot read lake "${store.url}": there is no lake, make one with \`deno task pipeline --lake ${store.url}\``,
    );
  }
  for (const table of tables) {
    const select = table === BTCUSD_RAW ? await selectRawCandles(store) : await selectObjects(store, table);
    await engine.run(
      `CREATE OR REPLACE VIEW ${table.database}.${table.name} AS ${select ?? selectNothing(table)}`,
    );
  }
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

/** Defines views of `views/*.sql`. Call {@linkcode registerTables} with the tables beneath them first. */
export async function registerViews(
  engine: DuckDb,
  names: readonly ViewName[] = VIEWS,
): Promise<void> {
  for (const name of names) {
    await engine.runAthena(await viewSql(name));
  }
}

async function selectObjects(store: ObjectStore, table: TableDefinition): Promise<string | null> {
  const extension = ENDINGS[table.format];
  const objects = await store.list(table.prefix);
  if (!objects.some(({ key }) => key.endsWith(extension))) return null;
  const pattern = quote(`${await store.localPath(table.prefix)}**/*${extension}`);
  const hive = `hive_partitioning = true, hive_types = ${structOf(table.partitions)}`;
  const from = table.format === "parquet"
    ? `read_parquet(${pattern}, ${hive})`
    : table.format === "csv"
    ? `(SELECT * REPLACE (${casts(table)}) FROM read_csv(${pattern}, header = true, all_varchar = true,
       union_by_name = true, ${hive}))`
    : `read_json(${pattern}, format = 'newline_delimited', columns = ${structOf(table.columns)}, ${hive})`;
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
