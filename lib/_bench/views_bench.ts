/**
 * What each view costs, process start included, on a lake of a day and on one of a year, and what materializing an hour
 * costs: `deno run -P=bench lib/_bench/views_bench.ts`. `LAKEBOOK_BENCH_DAYS` is the length of the long lake, 365 where
 * it is not set (26 million rows, about 2 GB), `LAKEBOOK_BENCH_ROUNDS` how often each view is asked (5).
 */
import { gzipSync } from "node:zlib";
import { loadavg } from "node:os";
import { ANALYTICS_PRICES, PROCESSED_PRICES } from "../core/tables.ts";
import { DAY_MS, HOUR_MS, SLOT_MS } from "../core/time.ts";
import { hourFolder, marketPricesKey } from "../lake/keys.ts";
import { claimLake } from "../lake/open_lake.ts";
import { LocalStore } from "../lake/store_local.ts";
import { VIEWS } from "../warehouse/catalog.ts";
import { openDuckDb } from "../warehouse/engine_duckdb.ts";
import { buildHour } from "../warehouse/market_hours.ts";
import { hourKey } from "../warehouse/materialize.ts";

const END = Date.UTC(2026, 0, 1);
const COINS = 250;
const days = Number(Deno.env.get("LAKEBOOK_BENCH_DAYS") ?? 365);
const rounds = Number(Deno.env.get("LAKEBOOK_BENCH_ROUNDS") ?? 5);
const cli = new URL("../pipeline/cli.ts", import.meta.url).pathname;
const NAMES = ["bitcoin", "ethereum", "tether", "solana"];

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/** A snapshot's rows as text, with a place for its time. */
const page = Array.from({ length: COINS }, (_, i) => {
  const id = NAMES[i] ?? `coin-${i}`;
  const coin = {
    ...{
      id,
      symbol: id.slice(0, 3),
      name: `Coin ${i}`,
      current_price: 1e5 / (i + 1) + 0.37,
      market_cap: 2e12 - i * 1e9,
    },
    ...{
      market_cap_rank: i + 1,
      volume_24h: 1e9 + i,
      price_change_pct_1h: 0.1,
      price_change_pct_24h: (i % 17) - 8,
    },
    ...{ price_change_pct_7d: (i % 29) / 3 },
  };
  return `${JSON.stringify(coin).slice(0, -1)},"timestamp":TIME,"source":"demo"}\n`;
}).join("");

/** Writes snapshots of some days, and their hours as Parquet; each object with its own time. */
async function makeLake(folder: string, days: number): Promise<void> {
  const store = new LocalStore(folder);
  await claimLake(store, "demo");
  using engine = await openDuckDb();
  await engine.run(
    `CREATE TABLE coins AS SELECT * FROM read_json('${await pageFile(
      folder,
    )}', format = 'newline_delimited')`,
  );
  for (let hour = END - days * DAY_MS; hour < END; hour += HOUR_MS) {
    Deno.mkdirSync(store.locate(hourFolder(PROCESSED_PRICES.prefix, hour)), { recursive: true });
    for (let slot = hour; slot < hour + HOUR_MS; slot += SLOT_MS) {
      const bytes = gzipSync(page.replaceAll("TIME", String(slot / 1000)), { level: 1 });
      Deno.writeFileSync(store.locate(marketPricesKey(new Date(slot))), bytes);
    }
    Deno.mkdirSync(store.locate(hourFolder(ANALYTICS_PRICES.prefix, hour)), { recursive: true });
    await engine.run(
      `COPY (SELECT coins.* REPLACE (slot AS "timestamp") FROM range(${hour / 1000}, ${
        (hour + HOUR_MS) / 1000
      },
        ${SLOT_MS / 1000}) AS slots (slot), coins) TO '${store.locate(hourKey(hour))}'
        (FORMAT parquet, COMPRESSION gzip)`,
    );
  }
}

async function pageFile(folder: string): Promise<string> {
  const path = `${folder}/page.ndjson`;
  await Deno.writeTextFile(path, page.replaceAll("TIME", "0"));
  return path;
}

/** Milliseconds from the start of a process to its end. */
async function timeQuery(sql: string, lake: string): Promise<number> {
  const args = ["run", "--quiet", "-P=query", cli, "query", sql, "--lake", lake, "--format", "csv"];
  const began = performance.now();
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    stdout: "null",
    stderr: "piped",
  })
    .output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return performance.now() - began;
}

/** Milliseconds of materializing an hour, in an engine that is open. */
async function timeHours(folder: string): Promise<number[]> {
  const store = new LocalStore(folder);
  using engine = await openDuckDb();
  const times: number[] = [];
  for (let back = 1; back <= 9; back++) {
    const start_ms = END - back * HOUR_MS;
    const prefix = hourFolder(PROCESSED_PRICES.prefix, start_ms);
    const began = performance.now();
    const hour = { start_ms, folder: prefix, objects: await store.list(prefix) };
    const path = `${await store.scratch()}/hour.parquet`;
    await buildHour(engine, store, hour, { path, kind: "demo" });
    await store.putFile(hourKey(start_ms), path);
    times.push(performance.now() - began);
  }
  await store.close();
  return times;
}

const scratch = await Deno.makeTempDir({ prefix: "lakebook_views_" });
try {
  const lakes = [1, days].map((days) => ({ days, folder: `${scratch}/${days}` }));
  for (const { days, folder } of lakes) {
    const began = performance.now();
    await makeLake(folder, days);
    const rows = days * (DAY_MS / SLOT_MS) * COINS;
    console.log(`${days} days, ${rows} rows: made in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  }
  console.log(`load ${loadavg().map((load) => load.toFixed(1)).join(" ")}`);
  // The fastest round says more than the median where other work shares the machine.
  console.log(`view: median (fastest) in ms, 1 day | ${days} days | ratio`);
  for (const view of VIEWS) {
    const times = lakes.map((): number[] => []);
    for (let round = 0; round < rounds; round++) {
      for (const [i, { folder }] of lakes.entries()) {
        times[i]!.push(await timeQuery(`SELECT * FROM ${view}`, folder));
      }
    }
    const [young, old] = times.map((list) => [median(list), Math.min(...list)]) as [number[], number[]];
    const shown = [young, old].map(([p50, best]) => `${p50!.toFixed(0)} (${best!.toFixed(0)})`);
    const ratios = young.map((time, i) => (old[i]! / time).toFixed(2));
    console.log(`${view.padEnd(20)} ${shown.join(" | ")} | ${ratios[0]} (${ratios[1]})`);
  }
  const hours = await timeHours(lakes[1]!.folder);
  console.log(`materialize an hour: ${median(hours).toFixed(0)} ms (first ${hours[0]!.toFixed(0)} ms)`);
  console.log(`load ${loadavg().map((load) => load.toFixed(1)).join(" ")}`);
} finally {
  await Deno.remove(scratch, { recursive: true });
}
