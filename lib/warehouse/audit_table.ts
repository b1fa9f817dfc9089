/** What a table of the lake holds, counted for the quality checks. */
import { type TableDefinition } from "../core/tables.ts";
import type { DuckDb } from "./engine_duckdb.ts";

/** What was counted in one table of the lake after it was written. */
export interface TableAudit {
  /** Columns of the objects themselves, with the engine's type names in lower case. */
  columns: Record<string, string>;
  rows: number;
  /** Rows that lack a value in a column that must have one. */
  nulls: number;
  /** Rows beyond the first of a key. */
  duplicates: number;
  /** Rows whose low lies above its high. */
  inverted: number;
}

/** Counts within one table of the lake, given the columns that make a row's key and those of its low and high. */
export async function auditTable(
  engine: DuckDb,
  table: TableDefinition,
  { key, low, high }: { key: readonly string[]; low: string; high: string },
): Promise<TableAudit> {
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
