/** Which objects an engine cannot read: its own messages do not always name them. */
import type { TableDefinition } from "../core/tables.ts";
import { SqlError } from "../core/errors.ts";
import type { ObjectStore } from "../lake/store.ts";
import { readObjectsSql, statementObjects, tableObjects } from "./catalog.ts";
import { type DuckDb, quote } from "./engine_duckdb.ts";

/** What the engine says of a statement that is wrong, whatever the objects hold. */
const STATEMENT_AT_FAULT = /^(Parser|Binder|Catalog|Permission|Not implemented) Error/;

/** What it says where an object went away meanwhile: another run has replaced its partition. */
const GONE = /^IO Error: (No files found|Cannot open file)/;

/** Objects of a table, among some, that cannot be read to their end: halves are read until one object is left. */
export async function damagedAmong(
  engine: DuckDb,
  store: ObjectStore,
  { table, keys }: { table: TableDefinition; keys: readonly string[] },
): Promise<string[]> {
  if (keys.length === 0) return [];
  const local = await store.localPath(table.prefix);
  const paths = keys.map((key) => quote(`${local}${key.slice(table.prefix.length)}`));
  try {
    await engine.read(`SELECT count(COLUMNS(*)) FROM (${readObjectsSql(table, `[${paths.join(", ")}]`)})`);
    return [];
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    if (GONE.test(error.message)) return [];
    if (keys.length === 1) return [...keys];
    const half = keys.length >> 1;
    return [
      ...await damagedAmong(engine, store, { table, keys: keys.slice(0, half) }),
      ...await damagedAmong(engine, store, { table, keys: keys.slice(half) }),
    ];
  }
}

/** Objects that a statement reads and that are damaged, where its error may come from that. */
export async function damagedBehind(
  error: SqlError,
  engine: DuckDb,
  store: ObjectStore,
  sql: string,
): Promise<string[]> {
  if (STATEMENT_AT_FAULT.test(error.message)) return [];
  return await damagedIn(engine, store, await statementObjects(store, sql));
}

/** The same for whoever reads tables as a whole, without a statement that names them. */
export async function damagedBehindTables(
  error: SqlError,
  engine: DuckDb,
  store: ObjectStore,
  tables: readonly TableDefinition[],
): Promise<string[]> {
  if (STATEMENT_AT_FAULT.test(error.message)) return [];
  return await damagedIn(engine, store, await tableObjects(store, tables));
}

async function damagedIn(
  engine: DuckDb,
  store: ObjectStore,
  objects: readonly { table: TableDefinition; keys: readonly string[] }[],
): Promise<string[]> {
  const damaged: string[] = [];
  for (const each of objects) damaged.push(...await damagedAmong(engine, store, each));
  return damaged;
}
