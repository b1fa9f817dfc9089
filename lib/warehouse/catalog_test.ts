import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../core/errors.ts";
import type { MarketPrice } from "../core/rows.ts";
import { TABLES } from "../core/tables.ts";
import { marketPricesKey } from "../lake/keys.ts";
import { encodeNdjson } from "../lake/ndjson.ts";
import { claimLake } from "../lake/open_lake.ts";
import { LocalStore } from "../lake/store_local.ts";
import { readers } from "./_test_candles.ts";
import { newestSnapshots, registerTables, registerViews, VIEWS } from "./catalog.ts";
import { type DuckDb, openDuckDb } from "./engine_duckdb.ts";

type Coin = [id: string, market_cap: number | null, change?: number | null, volume?: number | null];

/** An engine over a lake that holds market snapshots. */
async function overSnapshots(
  snapshots: Record<string, Coin[]>,
  run: (rows: (sql: string) => Promise<unknown[][]>, engine: DuckDb) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const store = new LocalStore(folder);
  await claimLake(store, "demo");
  for (const [time, coins] of Object.entries(snapshots)) {
    const slot = new Date(time);
    const rows = coins.map(([id, market_cap, change = 0, volume = 1]): MarketPrice => ({
      id,
      symbol: id.slice(0, 1),
      name: `Coin "${id}"`,
      current_price: 1.5,
      market_cap,
      market_cap_rank: null,
      volume_24h: volume,
      price_change_pct_1h: null,
      price_change_pct_24h: change,
      price_change_pct_7d: null,
      timestamp: slot.getTime() / 1000,
      source: "demo",
    }));
    await store.put(marketPricesKey(slot), encodeNdjson(rows));
  }
  using engine = await openDuckDb();
  await registerTables(engine, store);
  await registerViews(engine, await newestSnapshots(store));
  await run(readers(engine).rows, engine).finally(() => Deno.remove(folder, { recursive: true }));
}

Deno.test("registerTables() refuses a folder that is no lake, and names the command that makes one", async () => {
  const folder = await Deno.makeTempDir();
  using engine = await openDuckDb();
  for (const url of [folder, `${folder}/nothing`]) {
    await assertRejects(
      () => registerTables(engine, new LocalStore(url)),
      ConfigError,
      `Cannot read lake "${url}": there is no lake, make one with \`deno task pipeline --lake ${url}\``,
    );
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("registerTables() gives the tables of an empty lake their columns and no rows, and every view works", () =>
  overSnapshots({}, async (rows) => {
    const types: Record<string, string> = {
      string: "VARCHAR",
      int: "INTEGER",
      bigint: "BIGINT",
      double: "DOUBLE",
      date: "DATE",
      timestamp: "TIMESTAMP",
    };
    for (const { database, name, columns, partitions } of TABLES) {
      const wanted = Object.entries({ ...columns, ...partitions }).map((
        [column, type],
      ) => [column, types[type]]);
      const described = await rows(`DESCRIBE ${database}.${name}`);
      assertEquals([name, described.map(([column, type]) => [column, type])], [name, wanted]);
      assertEquals(await rows(`SELECT count(*) FROM ${database}.${name}`), [[0]]);
    }
    for (const view of VIEWS) {
      const wanted = view === "v_total_market_cap" ? 1 : 0;
      assertEquals([view, (await rows(`SELECT * FROM ${view}`)).length], [view, wanted]);
    }
  }));

Deno.test("registerTables() reads snapshots with their partition columns as numbers", () =>
  overSnapshots({ "2026-01-02T03:05:00Z": [["bitcoin", 5]] }, async (rows, engine) => {
    const columns = 'id, name, current_price, market_cap_rank, "timestamp", year, month, day, hour';
    const result = await engine.query(`SELECT ${columns} FROM processed_prices`);
    assertEquals(result.columns.slice(-4).map(({ type }) => type), Array(4).fill("INTEGER"));
    assertEquals(await rows(`SELECT ${columns} FROM crypto_analytics.processed_prices`), [
      ["bitcoin", 'Coin "bitcoin"', 1.5, null, 1767323100, 2026, 1, 2, 3],
    ]);
  }));

Deno.test("processed_prices_raw has the snapshots' own text, digit by digit, and analytics_prices its columns", () =>
  overSnapshots(
    { "2026-01-02T03:05:00Z": [["bitcoin", 9_007_199_254_740_991], ["new", null]] },
    async (rows) => {
      const columns = `id, current_price, market_cap, "timestamp", hour`;
      assertEquals(await rows(`SELECT ${columns} FROM crypto_analytics.processed_prices_raw ORDER BY id`), [
        ["bitcoin", "1.5", "9007199254740991", "1767323100", 3],
        ["new", "1.5", null, "1767323100", 3],
      ]);
      assertEquals(await rows(`SELECT ${columns} FROM crypto_gold.analytics_prices`), []);
    },
  ));

Deno.test("v_latest_snapshot takes the newest slot of the newest hour, also over a year's end", () =>
  overSnapshots({
    "2025-12-31T23:55:00Z": [["old-year", 9]],
    "2026-01-01T00:00:00Z": [["first-slot", 9], ["bitcoin", 9]],
    "2026-01-01T00:05:00Z": [["bitcoin", 3], ["ether", 2]],
    "2025-09-30T23:00:00Z": [["older", 9]],
  }, async (rows) => {
    assertEquals(await rows("SELECT * FROM v_latest_partition"), [[2026, 1, 1, 0, 1767225900]]);
    assertEquals(await rows("SELECT id, market_cap FROM v_latest_snapshot ORDER BY id"), [["bitcoin", 3], [
      "ether",
      2,
    ]]);
  }));

Deno.test("v_market_cap goes by size, ties by id, and leaves out coins without one", () =>
  overSnapshots({
    "2026-01-01T00:00:00Z": [["c", 5], ["none", null], ["b", 5], ["a", 1], ["d", 7]],
  }, async (rows) => {
    assertEquals(await rows("SELECT position, id, market_cap FROM v_market_cap ORDER BY position"), [
      [1, "d", 7],
      [2, "b", 5],
      [3, "c", 5],
      [4, "a", 1],
    ]);
  }));

Deno.test("v_top_100 holds exactly a hundred in order where ties stand at its end", () => {
  const coins = Array.from(
    { length: 120 },
    (_, i): Coin => [`coin-${String(119 - i).padStart(3, "0")}`, i < 90 ? 1000 - i : 5],
  );
  return overSnapshots({ "2026-01-01T00:00:00Z": [["none", null], ...coins] }, async (rows) => {
    const top = await rows("SELECT position, id FROM v_top_100");
    assertEquals(top.map(([position]) => position), Array.from({ length: 100 }, (_, i) => i + 1));
    assertEquals(top[0]![1], "coin-119");
    assertEquals(top.slice(90).map(([, id]) => id), Array.from({ length: 10 }, (_, i) => `coin-00${i}`));
  });
});

Deno.test("v_top_gainers goes by the day's change, ties by id, and leaves out unknown changes", () =>
  overSnapshots({
    "2026-01-01T00:00:00Z": [["c", 1, -2], ["b", 1, 3.5], ["none", 1, null], ["a", null, 3.5]],
  }, async (rows) => {
    assertEquals(await rows("SELECT id, price_change_pct_24h FROM v_top_gainers ORDER BY position"), [
      ["a", 3.5],
      ["b", 3.5],
      [
        "c",
        -2,
      ],
    ]);
  }));

Deno.test("v_total_market_cap adds up what is known, beyond 32 bits", () =>
  overSnapshots({
    "2026-01-01T00:00:00Z": [["a", 2_000_000_000_000, 0, 5], ["b", null, 0, null], ["c", 3, 0, 1]],
  }, async (rows) => {
    assertEquals(await rows("SELECT * FROM v_total_market_cap"), [[1767225600, 3, 2_000_000_000_003, 6]]);
  }));
