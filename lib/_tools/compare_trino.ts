/**
 * Compares Trino, the engine behind Athena, with DuckDB: the same generated lakes, the same `.sql` files, row by row.
 *
 * It wants a server as `trino.ts` says. Run it with `deno run --allow-read --allow-write --allow-env --allow-ffi
 * --allow-sys --allow-net=127.0.0.1 lib/_tools/compare_trino.ts --server http://127.0.0.1:8080 --catalog hive --lakes 20
 * --seed 1`. It drops and makes the tables and views of the schemas `crypto_analytics` and `crypto_gold` of that catalog.
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseArgs } from "node:util";
import {
  ANALYTICS_PRICES,
  OHLCV_DAILY,
  PROCESSED_PARTITIONED,
  PROCESSED_PRICES,
  PROCESSED_PRICES_RAW,
} from "../core/tables.ts";
import { DAY_MS, HOUR_MS } from "../core/time.ts";
import { hourFolder, hourOf } from "../lake/keys.ts";
import { LocalStore } from "../lake/store_local.ts";
import { snapshotLakes, type TestSnapshot, writeSnapshots } from "../warehouse/_test_lakes.ts";
import { registerStatement, registerTables, VIEWS } from "../warehouse/catalog.ts";
import { openDuckDb } from "../warehouse/engine_duckdb.ts";
import { hourBatches } from "../pipeline/steps/hours_to_make.ts";
import { buildHours, hourPlaces, insertHourSql } from "../warehouse/market_hours.ts";
import { hourKey } from "../warehouse/materialize.ts";
import { fillTemplate } from "../warehouse/translate.ts";
import { makeTable, Trino } from "./trino.ts";

/** The views that this program has rows for. */
const COMPARED = VIEWS.filter((view) => view !== "v_completeness");

/** Rows in one order and one spelling, whichever engine they come from. */
function normal(rows: readonly unknown[][]): string[] {
  return rows.map((row) =>
    JSON.stringify(row.map((value) => {
      if (value instanceof Date) return value.toISOString();
      if (typeof value === "bigint") return String(value);
      if (typeof value === "number") return String(value);
      // Trino's timestamps and dates.
      if (typeof value === "string" && /^\d{4}-\d{2}-\d{2}( |$)/.test(value)) {
        return new Date(`${value.replace(" ", "T")}${value.includes(" ") ? "Z" : ""}`).toISOString();
      }
      return value;
    }))
  ).sort();
}

/** Candles and daily prices for the views over them: some days, with gaps. */
async function writeDays(store: LocalStore, today: number): Promise<void> {
  using engine = await openDuckDb();
  const days = [9, 8, 7, 5, 4, 1, 0].map((back, i) => {
    const day = new Date(today - back * DAY_MS).toISOString().slice(0, 10);
    return { day, year: day.slice(0, 4), value: (i * 37) % 11 };
  });
  for (const year of new Set(days.map(({ year }) => year))) {
    const values = days.filter((one) => one.year === year).map(({ day, value }) =>
      `(DATE '${day}', ${value}.1::DOUBLE, ${value}.0::DOUBLE, ${value + 1}.5::DOUBLE)`
    );
    const rows = `(VALUES ${values.join()}) AS t (day, a, b, c)`;
    const places = [
      [
        `${PROCESSED_PARTITIONED.prefix}year=${year}`,
        `day, a AS avg_price_usd, b AS min_price_usd, c AS max_price_usd`,
      ],
      [
        `${OHLCV_DAILY.prefix}symbol=BTCUSD/year=${year}`,
        `day, a AS open, c AS high, b AS low, a AS close, a * 2 AS volume, 'demo' AS source`,
      ],
    ] as const;
    for (const [folder, columns] of places) {
      await Deno.mkdir(`${store.url}/${folder}`, { recursive: true });
      await engine.run(
        `COPY (SELECT ${columns} FROM ${rows} ORDER BY day) TO '${store.url}/${folder}/part-0.parquet' (FORMAT parquet)`,
      );
    }
  }
}

/** Compares one lake; gives the number of rows that were equal. */
async function compareLake(
  trino: Trino,
  snapshots: readonly TestSnapshot[],
  newest_ms: number,
): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "lakebook_trino_" });
  const store = new LocalStore(folder);
  try {
    // Trino, under another user, reads and writes here.
    await Deno.chmod(folder, 0o777);
    await writeSnapshots(store, snapshots);
    await writeDays(store, newest_ms);
    await makeTable(trino, PROCESSED_PRICES, `${folder}/${PROCESSED_PRICES.prefix.slice(0, -1)}`);
    await makeTable(trino, PROCESSED_PRICES_RAW, `${folder}/${PROCESSED_PRICES_RAW.prefix.slice(0, -1)}`);
    for (const table of [PROCESSED_PARTITIONED, OHLCV_DAILY]) {
      await makeTable(trino, table, `${folder}/${table.prefix.slice(0, -1)}`);
    }
    const gold = `${folder}/trino_gold`;
    await makeTable(trino, ANALYTICS_PRICES, gold);
    await Deno.chmod(gold, 0o777);

    using engine = await openDuckDb();
    const insert = await insertHourSql();
    const objects = await store.list(PROCESSED_PRICES.prefix);
    const hours = [...Map.groupBy(objects, ({ key }) => hourOf(key)!)]
      .filter(([start_ms]) => start_ms < newest_ms)
      .map(([start_ms, found]) => (
        { start_ms, folder: hourFolder(PROCESSED_PRICES.prefix, start_ms), objects: found }
      ));
    for (const day of hourBatches(hours, insert)) {
      const built = await buildHours(engine, store, day, { folder: await store.scratch(), kind: "demo" });
      for (const { start_ms, path } of built) if (path !== null) await store.putFile(hourKey(start_ms), path);
      const made = built.reduce((sum, { rows }) => sum + rows, 0);
      const statement = fillTemplate(insert, hourPlaces(day[0]!.start_ms, day.at(-1)!.start_ms));
      assertEquals(await trino.run(statement), [[made]]);
      assertEquals(await trino.run(statement), [[0]], "a rerun inserts nothing");
    }
    using reader = await openDuckDb();
    let equal = 0;
    const compare = async (name: string) => {
      const sql = `SELECT * FROM crypto_gold.${name}`;
      const [ours, theirs] = [normal((await reader.read(sql)).rows), normal(await trino.run(sql))];
      assertEquals([name, ...theirs], [name, ...ours]);
      equal += ours.length;
    };
    await registerTables(reader, store, [ANALYTICS_PRICES]);
    await compare("analytics_prices");
    using viewer = await openDuckDb();
    await registerStatement(viewer, store, COMPARED.join());
    for (const view of COMPARED) {
      await trino.run(await Deno.readTextFile(new URL(`../warehouse/views/${view}.sql`, import.meta.url)));
      const sql = `SELECT * FROM crypto_gold.${view}`;
      const [ours, theirs] = [normal((await viewer.read(sql)).rows), normal(await trino.run(sql))];
      assertEquals([view, ...theirs], [view, ...ours]);
      equal += ours.length;
    }
    for (const view of COMPARED.toReversed()) await trino.run(`DROP VIEW crypto_gold.${view}`);
    return equal;
  } finally {
    await store.close();
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      server: { type: "string", default: "http://127.0.0.1:8080" },
      catalog: { type: "string", default: "hive" },
      lakes: { type: "string", default: "20" },
      seed: { type: "string", default: "1" },
    },
  });
  const trino = new Trino(values.server, values.catalog);
  for (const schema of ["crypto_analytics", "crypto_gold"]) {
    await trino.run(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
  }
  const newest_ms = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  // v_latest_partition looks two days back on Athena, through every record: foreign values there fail the query.
  const recent = snapshotLakes(newest_ms, { oddHours: 72 }).filter((snapshots) =>
    snapshots.every(({ coins }) => coins.length === 0) ||
    snapshots.some(({ slot_ms, coins }) => coins.length > 0 && newest_ms - slot_ms < DAY_MS)
  );
  const lakes = fc.sample(recent, { numRuns: Number(values.lakes), seed: Number(values.seed) });
  let rows = 0;
  for (const [i, snapshots] of lakes.entries()) {
    rows += await compareLake(trino, snapshots, newest_ms);
    console.log(`lake ${i + 1} of ${lakes.length}: ${rows} rows equal so far`);
  }
}
