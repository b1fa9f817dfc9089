import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ANALYTICS_PRICES, PROCESSED_PRICES } from "../core/tables.ts";
import { HOUR_MS, SLOT_MS } from "../core/time.ts";
import { hourFolder, marketPricesKey } from "../lake/keys.ts";
import { LocalStore } from "../lake/store_local.ts";
import { writeSnapshots } from "./_test_lakes.ts";
import { registerStatement, statementObjects, VIEWS } from "./catalog.ts";
import { openDuckDb } from "./engine_duckdb.ts";
import { buildHours } from "./market_hours.ts";
import { hourKey } from "./materialize.ts";

const NEWEST = Date.UTC(2026, 2, 1, 3);

const BITCOIN = {
  ...{ id: "bitcoin", symbol: "btc", name: "Bitcoin", current_price: 2, market_cap: 3, market_cap_rank: 1 },
  ...{
    volume_24h: 4,
    price_change_pct_1h: 0,
    price_change_pct_24h: 1,
    price_change_pct_7d: 2,
    source: "demo",
  },
};

/** A store that counts what it is asked for. */
class CountingStore extends LocalStore {
  asked = 0;

  override list(prefix: string) {
    this.asked += 1;
    return super.list(prefix);
  }

  override folders(prefix: string) {
    this.asked += 1;
    return super.folders(prefix);
  }
}

/**
 * A lake whose newest three hours are good, and `older` hours before the look-back in which every object is garbage:
 * whoever opens one fails.
 */
async function oldLake(older: number): Promise<CountingStore & AsyncDisposable> {
  const store = new CountingStore(await Deno.makeTempDir());
  const snapshots = [0, 1, 2].flatMap((back) =>
    [0, 1].map((slot) => ({ slot_ms: NEWEST - back * HOUR_MS + slot * SLOT_MS, coins: [BITCOIN] }))
  );
  await writeSnapshots(store, snapshots);
  const start_ms = NEWEST - 2 * HOUR_MS;
  const folder = hourFolder(PROCESSED_PRICES.prefix, start_ms);
  using engine = await openDuckDb();
  const hour = { start_ms, folder, objects: await store.list(folder) };
  const [built] = await buildHours(engine, store, [hour], { folder: await store.scratch(), kind: "demo" });
  await store.putFile(hourKey(start_ms), built!.path!);
  for (let hour = 0; hour < older; hour++) {
    const old = NEWEST - (200 + hour) * HOUR_MS;
    for (const key of [marketPricesKey(new Date(old)), hourKey(old)]) {
      await Deno.mkdir(store.locate(key.slice(0, key.lastIndexOf("/"))), { recursive: true });
      await Deno.writeTextFile(store.locate(key), "garbage, and longer than an object without a row is");
    }
  }
  store.asked = 0;
  return Object.assign(store, {
    async [Symbol.asyncDispose]() {
      await store.close();
      await Deno.remove(store.url, { recursive: true });
    },
  });
}

Deno.test("every view opens the same objects, and asks the store as often, in an old lake as in a young one", async () => {
  const told: unknown[] = [];
  for (const older of [0, 24 * 20]) {
    await using store = await oldLake(older);
    using engine = await openDuckDb();
    const answers: unknown[] = [];
    for (const view of VIEWS) {
      const sql = `SELECT * FROM crypto_gold.${view}`.replace(
        "crypto_gold.v_completeness",
        "lakebook.v_completeness",
      );
      store.asked = 0;
      await registerStatement(engine, store, sql);
      // Garbage that is opened fails.
      const rows = (await engine.read(sql)).rows.sort((a, b) => String(a) < String(b) ? -1 : 1);
      answers.push([view, store.asked, rows, await statementObjects(store, sql)]);
    }
    told.push(answers);
  }
  assertEquals(told[1], told[0]);
  const [young] = told as [string, number, unknown[], { table: { name: string }; keys: string[] }[]][][];
  const opened = Object.fromEntries(
    young!.map((
      [view, , , tables],
    ) => [view, tables.map(({ table, keys }) => `${table.name} ${keys.length}`)]),
  );
  assertEquals(opened.v_top_100, ["processed_prices 2"]);
  assertEquals(opened.v_btc_24h, ["processed_prices 4", "analytics_prices 1"]);
  assertEquals(young!.find(([view]) => view === "v_btc_24h")![2].length, 6);
});

Deno.test("EXPLAIN shows that a condition on the hour leaves one file of a table that is named outright", async () => {
  await using store = await oldLake(0);
  const gold = (await store.get(hourKey(NEWEST - 2 * HOUR_MS)))!;
  for (let back = 3; back < 51; back++) await store.put(hourKey(NEWEST - back * HOUR_MS), gold);
  using engine = await openDuckDb();
  const sql =
    `SELECT count(*) FROM ${ANALYTICS_PRICES.name} WHERE year = 2026 AND month = 3 AND day = 1 AND hour = 1`;
  await registerStatement(engine, store, sql);
  const plan = (await engine.query(`EXPLAIN ${sql}`)).rows.map(([line]) => String(line));
  const scan = plan.findIndex((line) => line.includes("READ_PARQUET"));
  const words = plan.slice(scan).map((line) => line.replaceAll(/[│┌└─┘┐┴┬]/g, "").trim());
  assertEquals(words.find((line) => line.startsWith("Scanning Files")), "Scanning Files: 1/49");
  for (const filter of ["(month = 3)", "(day = 1)", "(hour = 1)"]) {
    assertStringIncludes(words.join(" "), filter);
  }
  assertEquals((await engine.query(sql)).rows, [[2n]]);
});

Deno.test("a view gives the same rows where its table is named outright beside it", async () => {
  await using store = await oldLake(0);
  using engine = await openDuckDb();
  const views = ["v_latest_snapshot", "v_recent_prices", "v_btc_24h", "v_trendline_core"];
  for (const view of views) {
    const sql = `SELECT * FROM crypto_gold.${view} ORDER BY "timestamp"`;
    await registerStatement(engine, store, sql);
    const { rows } = await engine.read(sql);
    assert(rows.length > 0);
    await registerStatement(engine, store, `${sql} /* processed_prices, analytics_prices */`);
    assertEquals([view, ...(await engine.read(sql)).rows], [view, ...rows]);
  }
});
