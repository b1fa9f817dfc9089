/** What Athena has to be told before a query runs: databases, tables and views, each after what it stands on. */
import { type AthenaPlace, createDatabase, createTable, updateTable } from "../core/athena_ddl.ts";
import { type TableDefinition, TABLES } from "../core/tables.ts";
import { databaseOf, mentionedTables, mentionedViews, VIEWS } from "./catalog.ts";

/** One statement, with the name of what it defines. */
export interface AthenaStatement {
  name: string;
  sql: string;
}

/** Tables that a query touches, directly or through a view; all of them where there is no query. */
export async function touchedTables(sql: string | undefined): Promise<readonly TableDefinition[]> {
  return sql === undefined ? TABLES : await mentionedTables(sql);
}

/**
 * The definitions that a query stands on, in the order in which they can be run; all of the lake's where there is no
 * query. Running them again changes nothing; with `update`, tables that are there already get today's ranges, words and
 * place.
 *
 * @throws {UsageError} where the lake's place, or a word in its keys, cannot stand in a statement.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const found = await athenaStatements("SELECT * FROM v_market_cap", { lake: "s3://prices" });
 * assertEquals(found.map(({ name }) => name), [
 *   "crypto_analytics",
 *   "crypto_gold",
 *   "crypto_analytics.processed_prices",
 *   "crypto_gold.v_latest_partition",
 *   "crypto_gold.v_latest_snapshot",
 *   "crypto_gold.v_market_cap",
 * ]);
 * ```
 */
export async function athenaStatements(
  sql: string | undefined,
  place: AthenaPlace,
  { update = false }: { update?: boolean } = {},
): Promise<AthenaStatement[]> {
  const tables = await touchedTables(sql);
  const views = (await mentionedViews(sql ?? VIEWS.join(" "))).map(({ name, sql }) => ({
    name,
    database: databaseOf(name)!,
    sql: sql.trim(),
  }));
  const databases = [...new Set([...tables, ...views].map(({ database }) => database))].sort();
  return [
    ...databases.map((name) => ({ name, sql: createDatabase(name) })),
    ...tables.flatMap((table) => {
      const name = `${table.database}.${table.name}`;
      const statements = [createTable(table, place), ...update ? [updateTable(table, place)] : []];
      return statements.map((sql) => ({ name, sql }));
    }),
    ...views.map(({ name, database, sql }) => ({ name: `${database}.${name}`, sql })),
  ];
}
