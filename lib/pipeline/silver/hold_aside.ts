/**
 * Write, audit, publish: months of candles that fail their checks do not become visible. Their rows stay aside with a
 * report, and what was published of these months before stays as it was.
 */
import { OHLCV_BARS, OHLCV_HOURLY, OHLCV_MINUTE, type TableDefinition } from "../../core/tables.ts";
import type { ObjectStore } from "../../lake/store.ts";
import { type HeldPart, monthName } from "../../quality/mod.ts";
import { TIMEFRAMES } from "../../sources/candle_timeframe.ts";
import { makesHours, type PartAudit } from "../../warehouse/audit_parts.ts";
import { type DuckDb, quote } from "../../warehouse/engine_duckdb.ts";
import { materializeSql, partitionKey } from "../../warehouse/materialize.ts";

/** Root of what is held. */
const QUARANTINE = "quarantine/";

/** A partition of silver that keeps its published content, or stays absent. */
export interface HeldPartition {
  table: TableDefinition;
  symbol: string;
  key: string;
}

/** Where the rows of a held month lie: under the key that they would have had. */
export function quarantineKey({ symbol, timeframe, year, month }: PartAudit): string {
  if (timeframe === "1m") return QUARANTINE + partitionKey(OHLCV_MINUTE, { symbol, year, month });
  if (timeframe === "1h") return QUARANTINE + partitionKey(OHLCV_HOURLY, { symbol, year, month });
  return QUARANTINE + partitionKey(OHLCV_BARS, { symbol, timeframe, year });
}

/** The time that cannot be published because of a held month: other bars than minutes and hours have a file a year. */
function rangeOf({ timeframe, year, month }: PartAudit): [from_ms: number, until_ms: number] {
  const whole = timeframe !== "1m" && timeframe !== "1h";
  return whole
    ? [Date.UTC(year, 0), Date.UTC(year + 1, 0)]
    : [Date.UTC(year, month - 1), Date.UTC(year, month)];
}

/** Partitions of silver that must not change. */
export function heldPartitions(held: readonly HeldPart[]): HeldPartition[] {
  const partitions = new Map<string, HeldPartition>();
  const hold = (table: TableDefinition, values: { symbol: string } & Record<string, string | number>) => {
    const key = partitionKey(table, values);
    partitions.set(key, { table, symbol: values.symbol, key });
  };
  for (const { part } of held) {
    const { symbol, timeframe, year, month } = part;
    if (timeframe === "1m") hold(OHLCV_MINUTE, { symbol, year, month });
    else if (timeframe !== "1h") hold(OHLCV_BARS, { symbol, timeframe, year });
    if (!makesHours(TIMEFRAMES[timeframe]!)) continue;
    const [from, until] = rangeOf(part);
    for (let at = new Date(from); at.getTime() < until; at = new Date(Date.UTC(year, at.getUTCMonth() + 1))) {
      hold(OHLCV_HOURLY, { symbol, year, month: at.getUTCMonth() + 1 });
    }
  }
  return [...partitions.values()];
}

/** Puts the rows of held months aside, each with its report, and takes them out of `crypto_analytics.btcusd_raw`. */
export async function holdAside(
  engine: DuckDb,
  held: readonly HeldPart[],
  { store, run_id }: { store: ObjectStore; run_id: string },
): Promise<void> {
  if (held.length === 0) return;
  const bars = "crypto_analytics.btcusd_raw";
  await engine.run(`CREATE OR REPLACE TABLE stage.unchecked AS SELECT * FROM ${bars}`);
  const conditions: string[] = [];
  for (const [key, months] of Map.groupBy(held, ({ part }) => quarantineKey(part))) {
    const { symbol, timeframe } = months[0]!.part;
    const [from, until] = rangeOf(months[0]!.part);
    const within = `symbol = ${quote(symbol)} AND timeframe = ${quote(timeframe)}
      AND time >= ${from} AND time < ${until}`;
    const path = `${await store.scratch()}/held-${conditions.length}.parquet`;
    // As an enum it would name all sources that were loaded.
    await engine.run(
      `COPY (SELECT time, open, high, low, close, volume, source::VARCHAR AS source FROM stage.unchecked
      WHERE ${within} ORDER BY time) TO ${quote(path)} (FORMAT parquet, COMPRESSION snappy)`,
    );
    await store.putFile(key, path);
    const report = {
      run_id,
      symbol,
      timeframe,
      months: months.map(({ part, findings }) => ({ month: monthName(part), rows: part.rows, findings })),
    };
    await store.put(reportKey(key), new TextEncoder().encode(`${JSON.stringify(report, null, 2)}\n`));
    conditions.push(`(${within})`);
  }
  await engine.run(
    `CREATE OR REPLACE VIEW ${bars} AS SELECT * FROM stage.unchecked WHERE NOT (${conditions.join(" OR ")})`,
  );
}

function reportKey(key: string): string {
  return key.replace(/[^/]+$/, "report.json");
}

/** Takes away what was held of a symbol's year and is not any more. */
export async function releaseHeld(
  store: ObjectStore,
  { symbol, year }: { symbol: string; year: number },
  held: readonly HeldPart[],
): Promise<void> {
  const still = new Set(held.flatMap(({ part }) => [quarantineKey(part), reportKey(quarantineKey(part))]));
  for (const table of [OHLCV_MINUTE, OHLCV_HOURLY, OHLCV_BARS]) {
    for (const { key } of await store.list(`${QUARANTINE}${table.prefix}symbol=${symbol}/`)) {
      if (key.includes(`/year=${year}/`) && !still.has(key)) await store.delete(key);
    }
  }
}

/** Adds published partitions to the engine's silver, so that gold is made of all that is visible. */
export async function addPublished(
  engine: DuckDb,
  partitions: readonly { table: TableDefinition; key: string }[],
  store: ObjectStore,
): Promise<void> {
  const there = [];
  for (const partition of partitions) if (await store.head(partition.key)) there.push(partition);
  for (const [table, mine] of Map.groupBy(there, (partition) => partition.table)) {
    const name = `${table.database}.${table.name}`;
    const paths = await Promise.all(mine.map(async ({ key }) => quote(await store.localPath(key))));
    const types = Object.entries(table.partitions)
      .map(([column, type]) => `${column}: ${quote(type === "int" ? "INTEGER" : "VARCHAR")}`);
    const published = `SELECT * FROM read_parquet([${paths.join(", ")}], hive_partitioning = true,
      hive_types = {${types.join(", ")}})`;
    if (table === OHLCV_HOURLY) {
      await engine.run(`INSERT INTO ${name} BY NAME ${published}`);
      continue;
    }
    await engine.viewFromAthena(`stage.${table.name}_made`, await materializeSql(table));
    await engine.run(
      `CREATE OR REPLACE VIEW ${name} AS SELECT * FROM stage.${table.name}_made UNION ALL BY NAME ${published}`,
    );
  }
}
