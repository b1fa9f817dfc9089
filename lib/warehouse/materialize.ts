/** Tables of the lake from staged rows: one `.sql` file a table, one object a partition. */
import { OHLCV_DAILY, OHLCV_HOURLY, PROCESSED_PARTITIONED, type TableDefinition } from "../core/tables.ts";
import type { LakeKind } from "../lake/open_lake.ts";
import type { ObjectStore, PutResult } from "../lake/store.ts";
import { explainWriteError } from "../lake/store_local.ts";
import { type DuckDb, quote } from "./engine_duckdb.ts";

/** One partition object that a materialization wrote, or would have. */
export interface PartitionWrite {
  key: string;
  result: PutResult;
}

/** Files that a session builds between two commits. */
const GROUP = 8;

/** Tables in the order in which they build on each other. */
export const MATERIALIZED = [OHLCV_HOURLY, OHLCV_DAILY, PROCESSED_PARTITIONED] as const;

/** The statement behind a materialized table, in Athena's dialect. */
export async function materializeSql(table: TableDefinition): Promise<string> {
  return await Deno.readTextFile(new URL(`./materialize/${table.name}.sql`, import.meta.url));
}

/**
 * Runs the materializations over `crypto_analytics.btcusd_raw` and the tables of `PRICE_SAMPLES` in the engine. Each query runs
 * on one thread, so that floating-point sums are the same to the last bit in every run; the two that scan the
 * bars run side by side. `onTable` hears of each table as soon as it is there, with a session that is free to write
 * it while the other one goes on.
 */
export async function materializeTables(
  engine: DuckDb,
  { onTable = async () => {} }: { onTable?: (table: TableDefinition, session: DuckDb) => Promise<void> } = {},
): Promise<void> {
  await engine.run(`SET GLOBAL threads = 1`);
  using second = await engine.fork();
  const build = async (session: DuckDb, table: TableDefinition) => {
    await session.createFromAthena(`${table.database}.${table.name}`, await materializeSql(table));
  };
  const hourly = build(engine, OHLCV_HOURLY);
  const ends = await Promise.allSettled([
    hourly.then(() => onTable(OHLCV_HOURLY, engine)),
    build(second, PROCESSED_PARTITIONED)
      .then(() => onTable(PROCESSED_PARTITIONED, second))
      .then(() => hourly)
      .then(() => build(second, OHLCV_DAILY))
      .then(() => onTable(OHLCV_DAILY, second)),
  ]);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

/**
 * Writes tables of the engine into the lake, one Parquet object (Snappy) a partition, rows in the order of the first
 * column. Partitions that hold the same bytes already are left alone. Each file's key-value metadata say whether the
 * prices are real (`live`) or simulated (`demo`).
 */
export async function writeTables(
  engine: DuckDb,
  tables: readonly TableDefinition[],
  { store, kind }: { store: ObjectStore; kind: LakeKind },
): Promise<PartitionWrite[]> {
  const scratch = await store.scratch();
  const files = (await Promise.all(tables.map((table) => partitionCopies(engine, table, { scratch, kind }))))
    .flat();
  using second = await engine.fork();
  const puts: Promise<PartitionWrite>[] = [];
  // Two sessions build files, a few at a time, while the store commits those that are ready.
  const lane = async (session: DuckDb, mine: typeof files) => {
    for (let at = 0; at < mine.length; at += GROUP) {
      const group = mine.slice(at, at + GROUP);
      await session.run(group.map(({ copy }) => copy).join("\n"));
      puts.push(...group.map(async ({ key, path }) => ({ key, result: await store.putFile(key, path) })));
    }
  };
  const lanes = await Promise.allSettled([
    lane(engine, files.filter((_, i) => i % 2 === 0)),
    lane(second, files.filter((_, i) => i % 2 === 1)),
  ]);
  const ends = await Promise.allSettled([...puts]);
  for (const end of [...lanes, ...ends]) {
    if (end.status === "rejected") throw explainWriteError("the tables' partitions", end.reason);
  }
  const written = await Promise.all(puts);
  return written.sort((a, b) => (a.key < b.key ? -1 : 1));
}

async function partitionCopies(
  engine: DuckDb,
  table: TableDefinition,
  { scratch, kind }: { scratch: string; kind: LakeKind },
): Promise<{ key: string; path: string; copy: string }[]> {
  const name = `${table.database}.${table.name}`;
  const partitions = Object.keys(table.partitions);
  const columns = Object.keys(table.columns);
  const { rows } = await engine.read(`SELECT DISTINCT ${partitions.join(", ")} FROM ${name} ORDER BY ALL`);
  return rows.map((row, i) => {
    const values = Object.fromEntries(partitions.map((partition, at) => [partition, String(row[at])]));
    const where = partitions.map((partition) => `${partition} = ${quote(values[partition]!)}`).join(" AND ");
    const path = `${scratch}/${table.name}-${i}.parquet`;
    // One COPY a partition: PARTITION_BY would write them all in one go, but it does not keep rows in order.
    const copy = `COPY (SELECT ${columns.join(", ")} FROM ${name} WHERE ${where} ORDER BY ${columns[0]})
      TO ${quote(path)} (FORMAT parquet, COMPRESSION snappy,
      KV_METADATA {"lakebook.lake": ${quote(kind)}, "lakebook.table": ${quote(table.name)}});`;
    return { key: partitionKey(table, values), path, copy };
  });
}

/** The key of a partition's object: months, days and hours have two digits. */
export function partitionKey(
  table: TableDefinition,
  values: Readonly<Record<string, string | number>>,
): string {
  const folders = Object.keys(table.partitions).map((name) => {
    const text = String(values[name]);
    return `${name}=${table.partitions[name] === "int" && name !== "year" ? text.padStart(2, "0") : text}/`;
  });
  return `${table.prefix}${folders.join("")}part-0.parquet`;
}
