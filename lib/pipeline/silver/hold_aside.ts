/**
 * Write, audit, publish: months of candles that fail their checks do not become visible, nor do the hours of these
 * months. Their rows stay aside with a report, and what was published of these months before stays as it was. Other
 * months are published, those that share a year's file with a held one among them.
 */
import { OHLCV_BARS, OHLCV_HOURLY, OHLCV_MINUTE, type TableDefinition } from "../../core/tables.ts";
import type { ObjectStore } from "../../lake/store.ts";
import { type HeldPart, monthName } from "../../quality/mod.ts";
import { TIMEFRAMES } from "../../sources/candle_timeframe.ts";
import { makesHours, monthOf, type PartAudit } from "../../warehouse/audit_parts.ts";
import { type DuckDb, quote } from "../../warehouse/engine_duckdb.ts";
import { materializeSql, partitionKey } from "../../warehouse/materialize.ts";

/** Root of what is held. */
const QUARANTINE = "quarantine/";

/** The raw bars that silver is made of. */
const RAW = "crypto_analytics.btcusd_raw";

/** A partition of silver that keeps its published content, or stays absent. */
export interface HeldPartition {
  table: TableDefinition;
  symbol: string;
  key: string;
}

/** Where the rows of a held month lie: under the key that they would have had, of a year's file with the month. */
export function quarantineKey({ symbol, timeframe, year, month }: PartAudit): string {
  if (timeframe === "1m") return QUARANTINE + partitionKey(OHLCV_MINUTE, { symbol, year, month });
  if (timeframe === "1h") return QUARANTINE + partitionKey(OHLCV_HOURLY, { symbol, year, month });
  const key = partitionKey(OHLCV_BARS, { symbol, timeframe, year });
  return QUARANTINE + key.replace(/[^/]+$/, (file) => `month=${String(month).padStart(2, "0")}/${file}`);
}

/** Partitions of silver that must not change: months of minutes, and of hours that held bars go into. */
export function heldPartitions(held: readonly HeldPart[]): HeldPartition[] {
  const partitions = new Map<string, HeldPartition>();
  const hold = (table: TableDefinition, { symbol, year, month }: PartAudit) => {
    const key = partitionKey(table, { symbol, year, month });
    partitions.set(key, { table, symbol, key });
  };
  for (const { part } of held) {
    if (part.timeframe === "1m") hold(OHLCV_MINUTE, part);
    if (makesHours(TIMEFRAMES[part.timeframe]!)) hold(OHLCV_HOURLY, part);
  }
  return [...partitions.values()];
}

/**
 * Puts the rows of held months aside, each with its report, and takes them out of `crypto_analytics.btcusd_raw`. Where
 * their file is a whole year's, what it has of these months takes their place.
 */
export async function holdAside(
  engine: DuckDb,
  held: readonly HeldPart[],
  { store, run_id }: { store: ObjectStore; run_id: string },
): Promise<void> {
  if (held.length === 0) return;
  await engine.run(`CREATE OR REPLACE TABLE stage.unchecked AS SELECT * FROM ${RAW}`);
  for (const [i, { part, findings }] of held.entries()) {
    const { symbol, timeframe, rows } = part;
    const key = quarantineKey(part);
    const path = `${await store.scratch()}/held-${i}.parquet`;
    // As an enum it would name all sources that were loaded.
    await engine.run(
      `COPY (SELECT time, open, high, low, close, volume, source::VARCHAR AS source FROM stage.unchecked
      WHERE ${within(part)} ORDER BY time) TO ${quote(path)} (FORMAT parquet, COMPRESSION snappy)`,
    );
    await store.putFile(key, path);
    const report = { run_id, symbol, timeframe, months: [{ month: monthName(part), rows, findings }] };
    await store.put(reportKey(key), new TextEncoder().encode(`${JSON.stringify(report, null, 2)}\n`));
  }
  await engine.run(
    `CREATE OR REPLACE VIEW stage.passed AS SELECT * FROM stage.unchecked WHERE NOT (${anyOf(held)})`,
  );
  const years = await yearsAsPublished(engine, held, store);
  const others = years.map(({ where }) => ` AND NOT (${where})`).join("");
  const selects = [
    `SELECT * FROM stage.passed WHERE true${others}`,
    ...years.map(({ table }) => `SELECT * FROM ${table}`),
  ];
  await engine.run(`CREATE OR REPLACE VIEW ${RAW} AS ${selects.join(" UNION ALL BY NAME ")}`);
}

/** Tables of those published years in which months are held: what passed, and of the held months what is published. */
async function yearsAsPublished(
  engine: DuckDb,
  held: readonly HeldPart[],
  store: ObjectStore,
): Promise<{ table: string; where: string }[]> {
  const yearly = held.filter(({ part: { timeframe } }) => timeframe !== "1m" && timeframe !== "1h");
  const years: { table: string; where: string }[] = [];
  for (
    const [key, months] of Map.groupBy(
      yearly,
      ({ part: { symbol, timeframe, year } }) => partitionKey(OHLCV_BARS, { symbol, timeframe, year }),
    )
  ) {
    if (await store.head(key) === null) continue;
    const { symbol, timeframe, year } = months[0]!.part;
    const table = `stage.year_${years.length}`;
    const where = inRange({ symbol, timeframe }, [Date.UTC(year, 0), Date.UTC(year + 1, 0)]);
    await engine.run(`CREATE OR REPLACE TABLE ${table} AS
      SELECT * FROM stage.passed WHERE ${where}
      UNION ALL BY NAME SELECT * FROM (
        SELECT epoch_ms(bar_start) AS time, open, high, low, close, volume, source, ${
      quote(symbol)
    } AS symbol,
          ${quote(timeframe)} AS timeframe
        FROM read_parquet(${quote(await store.localPath(key))}, hive_partitioning = false)
      ) WHERE ${anyOf(months)} ORDER BY time`);
    years.push({ table, where });
  }
  return years;
}

/** A condition on rows: those of a month. */
function within(part: PartAudit): string {
  return inRange(part, monthOf(part));
}

function anyOf(held: readonly HeldPart[]): string {
  return held.map(({ part }) => `(${within(part)})`).join(" OR ");
}

function inRange(
  { symbol, timeframe }: { symbol: string; timeframe: string },
  [from, until]: readonly [from_ms: number, until_ms: number],
): string {
  return `symbol = ${quote(symbol)} AND timeframe = ${
    quote(timeframe)
  } AND time >= ${from} AND time < ${until}`;
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
