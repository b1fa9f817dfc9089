import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { PROCESSED_PRICES } from "../core/tables.ts";
import { HOUR_MS } from "../core/time.ts";
import { hourFolder, hourOf } from "../lake/hour_folders.ts";
import { marketPricesKey } from "../lake/keys.ts";
import { LocalStore } from "../lake/store_local.ts";
import { snapshotLakes, type TestSnapshot, writeSnapshots } from "./_test_lakes.ts";
import { plainHour, plainViews } from "./_test_plain_views.ts";
import { registerStatement, VIEWS } from "./catalog.ts";
import { type DuckDb, openDuckDb } from "./engine_duckdb.ts";
import { buildHour, insertHour } from "./market_hours.ts";
import { hourKey } from "./materialize.ts";

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
  for (const hour of await hoursOf(store)) {
    if (!which(hour.start_ms)) continue;
    const path = `${await store.scratch()}/hour.parquet`;
    if (await buildHour(engine, store, hour, { path, kind: "demo" }) > 0) {
      await store.putFile(hourKey(hour.start_ms), path);
    }
  }
}

Deno.test("every view over snapshots, and the hours beneath, equal a plain computation on 120 generated lakes", async () => {
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
    { numRuns: 120, seed: 5 },
  );
});
