/** Market snapshots of one hour into `crypto_gold.analytics_prices`: `materialize/insert_last_hour.sql`, run by DuckDB. */
import { ANALYTICS_PRICES, PROCESSED_PRICES_RAW } from "../core/tables.ts";
import type { HourFolder } from "../lake/hour_folders.ts";
import type { LakeKind } from "../lake/open_lake.ts";
import type { ObjectStore } from "../lake/store.ts";
import { readObjectsSql, tableColumns } from "./catalog.ts";
import { type DuckDb, quote } from "./engine_duckdb.ts";
import { hourValues } from "./materialize.ts";
import { fillTemplate, translate } from "./translate.ts";

const TARGET = `${ANALYTICS_PRICES.database}.${ANALYTICS_PRICES.name}`;
const RAW = `${PROCESSED_PRICES_RAW.database}.${PROCESSED_PRICES_RAW.name}`;

/** The statement, in Athena's dialect, with places for {@linkcode hourPlaces}. */
export async function insertHourSql(): Promise<string> {
  return await Deno.readTextFile(new URL("./materialize/insert_last_hour.sql", import.meta.url));
}

/**
 * What the places of {@linkcode insertHourSql} are filled with, for hours of one day: `${year}`, `${month}`, `${day}`,
 * `${first_hour}` and `${last_hour}`; and `${hour}`, for templates that know one hour only.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const { day, hour, first_hour, last_hour } = hourPlaces(Date.UTC(2026, 0, 2, 3), Date.UTC(2026, 0, 2, 5));
 * assertEquals([day, hour, first_hour, last_hour], [2, 3, 3, 5]);
 * ```
 */
export function hourPlaces(first_ms: number, last_ms = first_ms): Record<string, number> {
  const { hour, ...day } = hourValues(first_ms);
  return { ...day, hour, first_hour: hour, last_hour: hourValues(last_ms).hour };
}

/**
 * Inserts what an hour's objects hold into the engine's own `crypto_gold.analytics_prices`, which is made where it is
 * not there; what is in it already is not inserted again. Gives the number of its rows.
 */
export async function insertHour(
  engine: DuckDb,
  store: ObjectStore,
  { start_ms, folder, objects }: HourFolder,
): Promise<number> {
  const local = await store.localPath(folder);
  const paths = objects.map(({ key }) => quote(`${local}${key.slice(folder.length)}`));
  await engine.run(`CREATE OR REPLACE VIEW ${RAW} AS ${readObjectsSql(PROCESSED_PRICES_RAW, `[${paths}]`)}`);
  await engine.run(`CREATE TABLE IF NOT EXISTS ${TARGET} (${tableColumns(ANALYTICS_PRICES)})`);
  await engine.run(fillTemplate(await translate(await insertHourSql()), hourPlaces(start_ms)));
  return Number((await engine.read(`SELECT count(*) FROM ${TARGET}`)).rows[0]![0]);
}

/**
 * Builds the whole partition of an hour as a local Parquet file (GZIP, by time and id) from the hour's objects: the
 * same objects give the same bytes. Gives the number of its rows; where there is none, there is no file.
 */
export async function buildHour(
  engine: DuckDb,
  store: ObjectStore,
  hour: HourFolder,
  { path, kind }: { path: string; kind: LakeKind },
): Promise<number> {
  await engine.run(`DROP TABLE IF EXISTS ${TARGET}`);
  const rows = await insertHour(engine, store, hour);
  if (rows === 0) return 0;
  const columns = Object.keys(ANALYTICS_PRICES.columns).map((name) => `"${name}"`).join(", ");
  await engine.run(
    `COPY (SELECT ${columns} FROM ${TARGET} ORDER BY "timestamp", id) TO ${quote(path)}
      (FORMAT parquet, COMPRESSION ${ANALYTICS_PRICES.compression},
       KV_METADATA {"lakebook.lake": ${quote(kind)}, "lakebook.table": ${quote(ANALYTICS_PRICES.name)}})`,
  );
  return rows;
}
