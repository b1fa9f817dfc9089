/** Market snapshots of one hour into `crypto_gold.analytics_prices`: `materialize/insert_last_hour.sql`, run by DuckDB. */
import { allEnded } from "../core/all_ended.ts";
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
 * Inserts what the objects of some hours of a day hold into the engine's own `crypto_gold.analytics_prices`, which is
 * made where it is not there; what is in it already is not inserted again. Gives the number of its rows.
 *
 * @param sql Another template than the repository's.
 */
export async function insertHours(
  engine: DuckDb,
  store: ObjectStore,
  hours: readonly HourFolder[],
  { sql }: { sql?: string | undefined } = {},
): Promise<number> {
  const paths = await Promise.all(hours.map(async ({ folder, objects }) => {
    const local = await store.localPath(folder);
    return objects.map(({ key }) => quote(`${local}${key.slice(folder.length)}`));
  }));
  const files = `[${paths.flat().join(", ")}]`;
  await engine.run(`CREATE OR REPLACE VIEW ${RAW} AS ${readObjectsSql(PROCESSED_PRICES_RAW, files)}`);
  await engine.run(`CREATE TABLE IF NOT EXISTS ${TARGET} (${tableColumns(ANALYTICS_PRICES)})`);
  const places = hourPlaces(hours[0]!.start_ms, hours.at(-1)!.start_ms);
  await engine.run(fillTemplate(await translate(sql ?? await insertHourSql()), places));
  return Number((await engine.read(`SELECT count(*) FROM ${TARGET}`)).rows[0]![0]);
}

/** A partition that {@linkcode buildHours} has built. */
export interface BuiltHour {
  start_ms: number;
  rows: number;
  /** Local Parquet file; null where the hour has no usable row. */
  path: string | null;
}

/**
 * Builds whole partitions of some hours of a day as local Parquet files (GZIP, by time and id) from the hours' objects:
 * the same objects give the same bytes, whichever hours are built along with theirs.
 */
export async function buildHours(
  engine: DuckDb,
  store: ObjectStore,
  hours: readonly HourFolder[],
  { folder, kind, sql }: { folder: string; kind: LakeKind; sql?: string | undefined },
): Promise<BuiltHour[]> {
  await engine.run(`DROP TABLE IF EXISTS ${TARGET}`);
  await insertHours(engine, store, hours, { sql });
  const found = await engine.read(`SELECT hour, count(*) FROM ${TARGET} GROUP BY hour`);
  const counts = new Map(found.rows.map(([hour, count]) => [hour, Number(count)]));
  const columns = Object.keys(ANALYTICS_PRICES.columns).map((name) => `"${name}"`).join(", ");
  const built = hours.map(({ start_ms }) => {
    const { hour } = hourValues(start_ms), rows = counts.get(hour) ?? 0;
    return { start_ms, rows, hour, path: rows === 0 ? null : `${folder}/${start_ms}.parquet` };
  });
  const copies = built.filter(({ path }) => path !== null).map(({ hour, path }) =>
    `COPY (SELECT ${columns} FROM ${TARGET} WHERE hour = ${hour} ORDER BY "timestamp", id) TO ${quote(path!)}
      (FORMAT parquet, COMPRESSION ${ANALYTICS_PRICES.compression},
       KV_METADATA {"lakebook.lake": ${quote(kind)}, "lakebook.table": ${quote(ANALYTICS_PRICES.name)}});`
  );
  // A COPY of so few rows is one thread's work, so two go side by side.
  using second = await engine.fork();
  const half = copies.length >> 1;
  const works = [[engine, copies.slice(0, half)], [second, copies.slice(half)]] as const;
  await allEnded(works.map(([session, mine]) => session.run(mine.join("\n"))));
  return built;
}
