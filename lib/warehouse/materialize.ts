/** Tables of the lake from staged rows: one `.sql` file a table, one object a partition. */
import { allEnded } from "../core/all_ended.ts";
import {
  ANALYTICS_PRICES,
  type ColumnType,
  OHLCV_BARS,
  OHLCV_DAILY,
  OHLCV_HOURLY,
  OHLCV_MINUTE,
  PROCESSED_PARTITIONED,
  type TableDefinition,
} from "../core/tables.ts";
import { DAY_MS } from "../core/time.ts";
import type { LakeKind } from "../lake/open_lake.ts";
import type { ObjectStore, PutResult } from "../lake/store.ts";
import { explainWriteError } from "../lake/store_local.ts";
import { type DuckDb, enumOf, quote } from "./engine_duckdb.ts";

/** One partition object that a materialization wrote, or would have. */
export interface PartitionWrite {
  key: string;
  result: PutResult;
}

/** A partition that is about to be committed. */
export interface BuiltPartition {
  table: TableDefinition;
  key: string;
  /** Local file. */
  path: string;
}

/** Files that a session builds between two commits. */
const GROUP = 4;

/** Silver: what is made of raw candles. */
export const SILVER = [OHLCV_MINUTE, OHLCV_BARS, OHLCV_HOURLY] as const;

/** Tables in the order in which they build on each other. */
export const MATERIALIZED = [...SILVER, OHLCV_DAILY, PROCESSED_PARTITIONED] as const;

/** Silver that is the raw bars themselves: views, whose column `time` says where partitions begin. */
const BARS: readonly TableDefinition[] = [OHLCV_MINUTE, OHLCV_BARS];

/** The statement behind a materialized table, in Athena's dialect. */
export async function materializeSql(table: TableDefinition): Promise<string> {
  return await Deno.readTextFile(new URL(`./materialize/${table.name}.sql`, import.meta.url));
}

/**
 * Runs the materializations over `crypto_analytics.btcusd_raw` and the tables of `PRICE_SAMPLES` in the engine. Each query runs
 * on one thread, so that floating-point sums are the same to the last bit in every run; two sessions work side by
 * side. `onTable` hears of each table as soon as it is there, with a session that is free to write it, and perhaps
 * another one that will be. Before gold is made of silver, `onSilver` may add rows to it.
 */
export async function materializeTables(
  engine: DuckDb,
  { onTable = async () => {}, onSilver = async () => {} }: {
    onTable?: (table: TableDefinition, session: DuckDb, helper?: Promise<DuckDb>) => Promise<void>;
    onSilver?: (session: DuckDb) => Promise<void>;
  } = {},
): Promise<void> {
  await engine.run(`SET GLOBAL threads = 1`);
  for (const table of BARS) {
    await engine.viewFromAthena(nameOf(table), await materializeSql(table));
  }
  using second = await engine.fork();
  const build = async (session: DuckDb, table: TableDefinition) => {
    await session.createFromAthena(nameOf(table), await materializeSql(table));
    if (table !== OHLCV_HOURLY) await onTable(table, session);
  };
  const aggregates = async () => {
    await build(engine, OHLCV_HOURLY);
    await onTable(OHLCV_HOURLY, engine);
    await onSilver(engine);
    await build(engine, OHLCV_DAILY);
    await build(engine, PROCESSED_PARTITIONED);
    return engine;
  };
  const first = aggregates();
  const bars = async () => {
    for (const table of BARS) await onTable(table, second, first);
  };
  await allEnded([first, bars()]);
}

function nameOf(table: TableDefinition): string {
  return `${table.database}.${table.name}`;
}

/**
 * Writes tables of the engine into the lake, one Parquet object (Snappy) a partition, rows in the order of the first
 * column. Partitions that hold the same bytes already are left alone. Each file's key-value metadata say whether the
 * prices are real (`live`) or simulated (`demo`). `onBuilt` sees each file before it is committed.
 */
export async function writeTables(
  engine: DuckDb,
  tables: readonly TableDefinition[],
  { store, kind, helper, onBuilt = async () => {} }: {
    store: ObjectStore;
    kind: LakeKind;
    /** A second session that takes part once it is free. */
    helper?: Promise<DuckDb> | undefined;
    onBuilt?: (partition: BuiltPartition, engine: DuckDb) => Promise<void>;
  },
): Promise<PartitionWrite[]> {
  const folder = `${await store.scratch()}/tables`;
  await Deno.mkdir(folder, { recursive: true });
  const puts: Promise<PartitionWrite>[] = [];
  const commit = async (partition: BuiltPartition): Promise<PartitionWrite> => {
    await onBuilt(partition, engine);
    return { key: partition.key, result: await store.putFile(partition.key, partition.path) };
  };
  const built = (partition: BuiltPartition) => {
    const put = commit(partition);
    // It may fail while other partitions are still being built: that is told below, once all have ended.
    put.catch(() => {});
    puts.push(put);
  };
  const build = async () => {
    for (const table of tables) {
      const to = { folder: `${folder}/${table.name}`, kind, helper, built };
      await copyPartitions(engine, table, to);
    }
  };
  try {
    await build().finally(() => Promise.allSettled(puts));
    const written = await Promise.all(puts);
    return written.sort((a, b) => (a.key < b.key ? -1 : 1));
  } catch (error) {
    throw explainWriteError("the tables' partitions", error);
  }
}

/** Where partition files are built, and who takes them. */
interface Destination {
  folder: string;
  kind: LakeKind;
  helper: Promise<DuckDb> | undefined;
  built: (partition: BuiltPartition) => void;
}

function parquetOptions(table: TableDefinition, kind: LakeKind): string {
  // Prices hardly repeat: looking for a dictionary costs a tenth of the time and saves 2 % of the bytes.
  return `FORMAT parquet, COMPRESSION snappy, DICTIONARY_SIZE_LIMIT 1,
    KV_METADATA {"lakebook.lake": ${quote(kind)}, "lakebook.table": ${quote(table.name)}}`;
}

/** Builds the partitions of a table, a few at a time, while the store commits those that are ready. */
async function copyPartitions(
  engine: DuckDb,
  table: TableDefinition,
  { folder, kind, helper, built }: Destination,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const parts = BARS.includes(table) ? await barParts(engine, table) : await valueParts(engine, table);
  const waiting = parts.map((part, i) => ({ ...part, path: `${folder}/${i}.parquet` }));
  const work = async (session: DuckDb) => {
    while (waiting.length > 0) {
      const group = waiting.splice(0, GROUP);
      // One COPY a partition: PARTITION_BY would write them all in one go, but it does not keep rows in order.
      const copies = group.map(({ columns, where, path }) =>
        `COPY (SELECT ${columns.join(", ")} FROM ${nameOf(table)} WHERE ${where}) TO ${quote(path)}
          (${parquetOptions(table, kind)});`
      );
      await session.run(copies.join("\n"));
      for (const { values, path } of group) built({ table, key: partitionKey(table, values), path });
    }
  };
  await allEnded([work(engine), helper?.then(work)]);
}

/** One partition of a table in the engine. */
interface TablePart {
  values: Record<string, string | number>;
  columns: string[];
  /** What its rows have in common, and their order where they are not in it already. */
  where: string;
}

async function valueParts(engine: DuckDb, table: TableDefinition): Promise<TablePart[]> {
  const partitions = Object.keys(table.partitions);
  const columns = Object.keys(table.columns);
  const { rows } = await engine.read(
    `SELECT DISTINCT ${partitions.join(", ")} FROM ${nameOf(table)} ORDER BY ALL`,
  );
  return rows.map((row) => {
    const values = Object.fromEntries(partitions.map((partition, at) => [partition, String(row[at])]));
    const equal = partitions.map((partition) => `${partition} = ${quote(values[partition]!)}`);
    return { values, columns, where: `${equal.join(" AND ")} ORDER BY ${columns[0]}` };
  });
}

/** The same for the raw bars, which are sorted: found, and then read, by their `time`, at a tenth of the dates' cost. */
async function barParts(engine: DuckDb, table: TableDefinition): Promise<TablePart[]> {
  const named = textColumns(table.partitions), texts = textColumns(table.columns);
  const { rows } = await engine.read(
    `SELECT DISTINCT time // ${DAY_MS}, ${[...named, ...texts].join(", ")} FROM ${nameOf(table)}
      WHERE time IS NOT NULL ORDER BY ALL`,
  );
  const monthly = "month" in table.partitions;
  const partOf = ([day, ...words]: readonly unknown[]) => {
    const at = new Date(Number(day) * DAY_MS);
    const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
    const [from, until] = monthly
      ? [Date.UTC(year, month), Date.UTC(year, month + 1)]
      : [Date.UTC(year, 0), Date.UTC(year + 1, 0)];
    const names = Object.fromEntries(named.map((name, i) => [name, String(words[i])]));
    const equal = named.map((name) => `${name} = ${quote(names[name]!)}`);
    return {
      values: { ...names, year, ...monthly ? { month: month + 1 } : {} },
      where: [...equal, `time >= ${from}`, `time < ${until}`].join(" AND "),
    };
  };
  const parts = Map.groupBy(rows, (row) => partOf(row).where);
  return Array.from(parts.values(), (days) => {
    // Names are enums in the engine, of all that was loaded: a file has those of its own rows.
    const columns = Object.keys(table.columns).map((name) => {
      const at = 1 + named.length + texts.indexOf(name);
      return texts.includes(name)
        ? `${name}::${enumOf(days.map((row) => String(row[at])))} AS ${name}`
        : name;
    });
    return { ...partOf(days[0]!), columns };
  });
}

function textColumns(columns: Readonly<Record<string, ColumnType>>): string[] {
  return Object.keys(columns).filter((name) => columns[name] === "string");
}

/** The partition values of an hour, by its start. */
export function hourValues(start_ms: number): Record<"year" | "month" | "day" | "hour", number> {
  const hour = new Date(start_ms);
  return {
    year: hour.getUTCFullYear(),
    month: hour.getUTCMonth() + 1,
    day: hour.getUTCDate(),
    hour: hour.getUTCHours(),
  };
}

/** The key of an hour's object in `analytics_prices`, by the hour's start. */
export function hourKey(start_ms: number): string {
  return partitionKey(ANALYTICS_PRICES, hourValues(start_ms));
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
