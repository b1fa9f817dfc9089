import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { PROCESSED_PRICES } from "../core/tables.ts";
import { HOUR_MS } from "../core/time.ts";
import { hourFolder, hourOf } from "../lake/keys.ts";
import { LocalStore } from "../lake/store_local.ts";
import { snapshotLakes, type TestSnapshot, writeSnapshots } from "./_test_lakes.ts";
import { plainHour, plainViews } from "./_test_plain_views.ts";
import { registerStatement, registerViews, VIEWS } from "./catalog.ts";
import { type DuckDb, openDuckDb } from "./engine_duckdb.ts";
import { buildHours, hourPlaces, insertHours } from "./market_hours.ts";
import { hourKey } from "./materialize.ts";
import { fillTemplate } from "./translate.ts";

/** A year's end lies in what the views look back to. */
const NEWEST = Date.UTC(2026, 0, 1, 2);

const SNAPSHOT_VIEWS = VIEWS.filter((view) =>
  !["v_btc_daily", "v_ohlcv_daily", "v_completeness"].includes(view)
);

/** Rows with every whole number as a bigint, -0 as 0, times in ISO 8601. */
function normal(rows: readonly unknown[][]): unknown[][] {
  return rows.map((row) =>
    row.map((value) =>
      value instanceof Date ? value.toISOString() : Number.isInteger(value) ? BigInt(value as number) : value
    )
  );
}

const ORDERS: Record<string, string> = {
  v_latest_snapshot: "id",
  v_recent_prices: `"timestamp", id`,
  v_trendline_core: "hour_start, id",
  v_btc_24h: `"timestamp"`,
};

async function readView(engine: DuckDb, view: string): Promise<unknown[][]> {
  const order = ORDERS[view] ?? (/partition|total/.test(view) ? "1" : "position");
  return normal((await engine.read(`SELECT * FROM crypto_gold.${view} ORDER BY ${order}`)).rows);
}

/** The hours of a lake, oldest first. */
async function hoursOf(store: LocalStore) {
  const objects = await store.list(PROCESSED_PRICES.prefix);
  return [...Map.groupBy(objects, ({ key }) => hourOf(key)!)].map(([start_ms, objects]) => ({
    start_ms,
    folder: hourFolder(PROCESSED_PRICES.prefix, start_ms),
    objects,
  }));
}

async function withLake(run: (store: LocalStore) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const store = new LocalStore(folder);
  try {
    await run(store);
  } finally {
    await store.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Materializes the hours of a lake that `which` wants. */
async function materialize(engine: DuckDb, store: LocalStore, which: (start_ms: number) => boolean) {
  const days = Map.groupBy(
    (await hoursOf(store)).filter(({ start_ms }) => which(start_ms)),
    ({ start_ms }) => Math.floor(start_ms / (24 * HOUR_MS)),
  );
  for (const hours of days.values()) {
    const folder = await store.scratch();
    for (const { start_ms, path } of await buildHours(engine, store, hours, { folder, kind: "demo" })) {
      if (path !== null) await store.putFile(hourKey(start_ms), path);
    }
  }
}

Deno.test("every view over snapshots, and the hours beneath, equal a plain computation on 100 generated lakes", async () => {
  using making = await openDuckDb();
  using engine = await openDuckDb();
  await fc.assert(
    fc.asyncProperty(
      snapshotLakes(NEWEST),
      fc.integer({ min: 0, max: 7 }),
      (snapshots, missing) =>
        withLake(async (store) => {
          await writeSnapshots(store, snapshots);
          // Some hours were never materialized, and the newest one is not over.
          const which = (start_ms: number) => start_ms < NEWEST && (start_ms / HOUR_MS) % 8 !== missing;
          await materialize(making, store, which);
          for (const { start_ms } of await hoursOf(store)) {
            const expected = which(start_ms) ? plainHour(snapshots, start_ms) : [];
            const made = await store.head(hourKey(start_ms))
              ? (await making.read(
                `SELECT * FROM read_parquet('${store.locate(hourKey(start_ms))}', hive_partitioning = false)`,
              )).rows
              : [];
            assertEquals(normal(made), normal(expected));
          }
          const expected = plainViews(snapshots, which);
          await registerStatement(engine, store, SNAPSHOT_VIEWS.join());
          for (const view of SNAPSHOT_VIEWS) {
            assertEquals([view, ...await readView(engine, view)], [view, ...normal(expected[view]!)]);
          }
        }),
    ),
    { numRuns: 100, seed: 5 },
  );
});

Deno.test("insert_last_hour.sql inserts nothing the second time, and what came late the third time", async () => {
  await withLake(async (store) => {
    using engine = await openDuckDb();
    const coin = (id: string, price: number) => ({
      id,
      symbol: id,
      name: id,
      current_price: price,
      source: "demo",
    });
    const slot_ms = NEWEST - HOUR_MS;
    const late = { slot_ms: slot_ms + HOUR_MS / 2, coins: [coin("bitcoin", 2)] };
    await writeSnapshots(store, [{ slot_ms, coins: [coin("bitcoin", 1), coin("tether", 1)] }]);
    const counts: number[] = [];
    for (const snapshots of [[], [], [late]] as TestSnapshot[][]) {
      await writeSnapshots(store, snapshots);
      counts.push(await insertHours(engine, store, await hoursOf(store)));
    }
    assertEquals(counts, [2, 2, 3]);
  });
});

Deno.test("v_btc_daily and v_ohlcv_daily equal a plain computation, gaps and zeros included", async () => {
  using engine = await openDuckDb();
  const price = fc.constantFrom(0, 0.5, 1, 3, 1e-9, 97_000.25);
  const day = fc.record({
    at: fc.integer({ min: 0, max: 9 }),
    symbol: fc.constantFrom("A", "B"),
    low: price,
    close: price,
  });
  const days = fc.uniqueArray(day, { maxLength: 9, selector: ({ at, symbol }) => `${symbol}${at}` });
  const date = (at: number) => new Date(Date.UTC(2025, 11, 27 + at));
  const percent = (value: number, base: number | undefined) => base ? (value / base - 1) * 100 : null;
  await fc.assert(
    fc.asyncProperty(days, async (days) => {
      const sql = days.map(({ at, symbol, low, close }) =>
        `('${symbol}', DATE '${date(at).toISOString().slice(0, 10)}', ${low}::DOUBLE, ${close}::DOUBLE)`
      );
      const rows = `(SELECT * FROM (VALUES ${[
        "('', NULL::DATE, NULL, NULL)",
        ...sql,
      ]}) AS t (symbol, day, low, close)
        WHERE day IS NOT NULL)`;
      await engine.run(`CREATE OR REPLACE VIEW crypto_gold.ohlcv_daily AS
        SELECT *, close AS open, close AS high, 1.0 AS volume, 'demo' AS source, year(day) AS year FROM ${rows}`);
      await engine.run(`CREATE OR REPLACE VIEW crypto_gold.processed_partitioned AS
        SELECT day, close AS avg_price_usd, low AS min_price_usd, close AS max_price_usd, year(day) AS year
        FROM ${rows} WHERE symbol = 'A'`);
      await registerViews(engine, null, ["v_btc_daily", "v_ohlcv_daily"]);
      const before = (one: typeof days[number]) =>
        days.find(({ at, symbol }) => symbol === one.symbol && at === one.at - 1)?.close;
      const sorted = days.toSorted((a, b) =>
        a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : a.at - b.at
      );
      assertEquals(
        (await engine.read(
          "SELECT symbol, day, change_pct, range_pct FROM v_ohlcv_daily ORDER BY symbol, day",
        )).rows,
        sorted.map((
          one,
        ) => [one.symbol, date(one.at), percent(one.close, before(one)), percent(one.close, one.low)]),
      );
      assertEquals(
        (await engine.read(
          "SELECT day, avg_price_usd, min_price_usd, change_pct FROM v_btc_daily ORDER BY day",
        )).rows,
        sorted.filter(({ symbol }) => symbol === "A")
          .map((one) => [date(one.at), one.close, one.low, percent(one.close, before(one))]),
      );
    }),
    { numRuns: 100, seed: 5 },
  );
});

Deno.test("every statement of the warehouse parses as Athena's SQL", async () => {
  const { Dialect, parse } = await import("@polyglot-sql/sdk");
  for (const folder of ["views", "materialize"]) {
    for await (const { name } of Deno.readDir(new URL(folder, import.meta.url))) {
      const sql = await Deno.readTextFile(new URL(`${folder}/${name}`, import.meta.url));
      const filled = fillTemplate(sql, hourPlaces(NEWEST));
      const { success } = parse(filled, Dialect.Athena);
      assertEquals([name, success], [name, true]);
      assert(/^-- \w/.test(sql), `${name} begins with what it is`);
    }
  }
});
