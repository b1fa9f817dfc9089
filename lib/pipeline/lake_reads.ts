/** What steps read back from the lake, through the same tables and views as everybody else. */
import type { DailyPrice, MarketPriceDoubles } from "../core/rows.ts";
import { OHLCV_HOURLY, PROCESSED_PARTITIONED, PROCESSED_PRICES } from "../core/tables.ts";
import { utcDay } from "../core/time.ts";
import type { ObjectStore } from "../lake/store.ts";
import { newestSnapshots, registerTables, registerViews } from "../warehouse/catalog.ts";
import { type DuckDb, quote } from "../warehouse/engine_duckdb.ts";
import { partitionKey } from "../warehouse/materialize.ts";
import type { RunContext } from "./context.ts";

/** The newest market snapshot. */
export interface LatestMarkets {
  /** ISO 8601, UTC. */
  snapshot_at: string;
  rows: MarketPriceDoubles[];
}

/** The newest snapshot in the lake, largest coins first, or null where there is none. */
export async function latestMarkets(context: RunContext): Promise<LatestMarkets | null> {
  const newest = await newestSnapshots(context.store);
  if (newest === null) return null;
  const engine = await context.engineOnLake();
  await registerTables(engine, context.store, [PROCESSED_PRICES], () => ({ hours: [newest] }));
  await registerViews(engine, newest, ["v_latest_partition", "v_latest_snapshot"]);
  const columns = Object.keys(PROCESSED_PRICES.columns);
  const { rows } = await engine.read(
    `SELECT ${columns.map((name) => `"${name}"`).join(", ")} FROM crypto_gold.v_latest_snapshot
     ORDER BY market_cap DESC NULLS LAST, id`,
  );
  if (rows.length === 0) return null;
  const markets = rows.map((row) =>
    Object.fromEntries(
      columns.map((name, i) => [name, typeof row[i] === "bigint" ? Number(row[i]) : row[i]]),
    ) as unknown as MarketPriceDoubles
  );
  return { snapshot_at: new Date(markets[0]!.timestamp * 1000).toISOString(), rows: markets };
}

/** Daily prices of Bitcoin, oldest first. */
export async function dailyPrices(context: RunContext): Promise<DailyPrice[]> {
  const engine = await context.engineOnLake();
  await registerTables(engine, context.store, [PROCESSED_PARTITIONED]);
  await registerViews(engine, null, ["v_btc_daily"]);
  const { rows } = await engine.read(
    `SELECT CAST(day AS VARCHAR), avg_price_usd, min_price_usd, max_price_usd FROM crypto_gold.v_btc_daily ORDER BY day`,
  );
  return rows.map(([day, avg, min, max]) => ({
    day: String(day),
    avg_price_usd: Number(avg),
    min_price_usd: Number(min),
    max_price_usd: Number(max),
  }));
}

/**
 * The newest day of a market that is over: not today by the clock, nor later, and not a last day whose hourly candles
 * stop before its last hour.
 *
 * @param newest its newest day in the lake, `YYYY-MM-DD`.
 */
export async function lastCompleteDay(
  engine: DuckDb,
  store: ObjectStore,
  { symbol, newest, now }: { symbol: string; newest: string; now: Date },
): Promise<string> {
  const [year, month] = newest.split("-") as [string, string];
  const hours = partitionKey(OHLCV_HOURLY, { symbol, year, month });
  const known = await store.head(hours) !== null;
  const { rows } = known
    ? await engine.read(
      `SELECT epoch_ms(max(hour_start)) FROM read_parquet(${quote(await store.localPath(hours))})`,
    )
    : { rows: [] };
  const dayBefore = (day: string) => utcDay(Date.parse(`${day}T00:00:00Z`) - 1);
  const yesterday = dayBefore(utcDay(now));
  let last = newest;
  if (rows.length > 0) {
    const hour = new Date(Number(rows[0]![0]));
    if (utcDay(hour) === newest && hour.getUTCHours() < 23) last = dayBefore(newest);
  }
  return last < yesterday ? last : yesterday;
}
