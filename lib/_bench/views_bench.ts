/**
 * What the warehouse costs: `deno run -P=bench lib/_bench/views_bench.ts`. `LAKEBOOK_BENCH_DAYS` is the length of the
 * long lake, 365 where it is not set (26 million rows, about 2 GB), `LAKEBOOK_BENCH_ROUNDS` how often each thing is
 * done (5); what is compared is done by turns.
 *
 * - Each view, process start included, on lakes of one day, of eight and of all: the largest value of each of its
 *   columns is asked for, so that all of it is read and nothing of it printed. A view that looks a week back reads seven
 *   times as much on eight days as on one.
 * - The same SQL on DuckDB's own `read_parquet` and `read_json` of all of a table's files, within a process.
 * - Printing: all rows of the longest view.
 * - Materializing an hour, and all hours anew beside DuckDB's own `COPY … (PARTITION_BY …)`.
 */
import { gzipSync } from "node:zlib";
import { loadavg, totalmem } from "node:os";
import {
  ANALYTICS_PRICES,
  PROCESSED_PRICES,
  PROCESSED_PRICES_RAW,
  type TableDefinition,
  TABLES,
} from "../core/tables.ts";
import { DAY_MS, HOUR_MS, SLOT_MS } from "../core/time.ts";
import type { HourFolder } from "../lake/hour_folders.ts";
import { hourFolder, marketPricesKey } from "../lake/keys.ts";
import { claimLake } from "../lake/open_lake.ts";
import { LocalStore } from "../lake/store_local.ts";
import { RunContext } from "../pipeline/context.ts";
import { materializeHours } from "../pipeline/steps/materialize_hours.ts";
import {
  mentionedTables,
  mentionedViews,
  readObjectsSql,
  registerNothing,
  registerStatement,
  registerViews,
  VIEWS,
} from "../warehouse/catalog.ts";
import { openDuckDb } from "../warehouse/engine_duckdb.ts";
import { buildHours, insertHourSql } from "../warehouse/market_hours.ts";
import { hourKey } from "../warehouse/materialize.ts";
import { translate } from "../warehouse/translate.ts";

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

/** A statement that reads a whole view and prints a line. */
async function readAll(view: string): Promise<string> {
  using engine = await openDuckDb();
  await registerNothing(engine, TABLES);
  await registerViews(engine, null);
  const { rows } = await engine.read(`DESCRIBE ${view}`);
  return `SELECT ${rows.map(([name]) => `max("${name}")`).join(", ")} FROM ${view}`;
}

/** Milliseconds of a view in a new engine, as `query` sets it up. */
async function timeView(sql: string, folder: string): Promise<number> {
  const store = new LocalStore(folder);
  using engine = await openDuckDb();
  const began = performance.now();
  await registerStatement(engine, store, sql);
  await engine.query(sql);
  return performance.now() - began;
}

/** The same where DuckDB is given all files of each table, and finds the newest hour as Athena does. */
async function timePlain(sql: string, folder: string): Promise<number> {
  using engine = await openDuckDb();
  const began = performance.now();
  const tables = await mentionedTables(sql);
  await registerNothing(engine, TABLES);
  for (const table of tables) {
    if (table !== PROCESSED_PRICES && table !== ANALYTICS_PRICES) continue;
    const files = `'${folder}/${table.prefix}**/*.${table.format === "parquet" ? "parquet" : "ndjson.gz"}'`;
    const select = readObjectsSql(table, files);
    await engine.run(`CREATE OR REPLACE VIEW ${table.database}.${table.name} AS ${select}`);
  }
  for (const { sql: definition } of await mentionedViews(sql)) await engine.runAthena(definition);
  await engine.query(sql);
  return performance.now() - began;
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
    const began = performance.now();
    const folder = await store.scratch();
    const [built] = await buildHours(engine, store, [await hourAt(store, start_ms)], {
      folder,
      kind: "demo",
    });
    await store.putFile(hourKey(start_ms), built!.path!);
    times.push(performance.now() - began);
  }
  await store.close();
  return times;
}

async function hourAt(store: LocalStore, start_ms: number): Promise<HourFolder> {
  const folder = hourFolder(PROCESSED_PRICES.prefix, start_ms);
  return { start_ms, folder, objects: await store.list(folder) };
}

/** Milliseconds of making all hours anew, as the step does it, the ledger included. */
async function timeRebuild(folder: string): Promise<number> {
  const store = new LocalStore(folder);
  await Deno.remove(store.locate(ANALYTICS_PRICES.prefix), { recursive: true });
  await Deno.remove(store.locate("_ledger/"), { recursive: true }).catch(() => {});
  const began = performance.now();
  const settings = { source: "demo" as const, ohlcv: [], models: "", seed: 1, env: {} };
  const log = { info: () => {}, warn: () => {} };
  const effects = { fetch, now: () => new Date(END), sleep: () => Promise.resolve(), random: () => 0, log };
  await using context = new RunContext({ runId: "bench", store, settings, effects });
  const part = await materializeHours(context);
  const took = performance.now() - began;
  if (part?.rows_out !== days * (DAY_MS / SLOT_MS) * COINS) throw new Error(part?.detail);
  await store.close();
  return took;
}

/**
 * Milliseconds of DuckDB's own way, one statement over all files: the same rows (cast from text, each coin and slot
 * once), or just what the files hold, by their types.
 */
async function timeCopy(folder: string, to: string, { checked }: { checked: boolean }): Promise<number> {
  using engine = await openDuckDb({ spillFolder: `${to}.spill` });
  // Four fifths of the machine's memory, as DuckDB itself takes: a year at once does not fit into our gigabyte.
  await engine.run(`SET memory_limit = '${Math.floor(totalmem() * 0.8 / 2 ** 20)}MiB'`);
  const read = (table: TableDefinition) =>
    readObjectsSql(table, `'${folder}/${PROCESSED_PRICES.prefix}**/*.ndjson.gz'`);
  await engine.run(`CREATE VIEW crypto_analytics.processed_prices_raw AS ${read(PROCESSED_PRICES_RAW)}`);
  const insert = await translate(await insertHourSql());
  const select = insert.slice(insert.indexOf("WITH typed"), insert.indexOf("LEFT JOIN"))
    .replace(/WHERE year = \$.*?\$\{last_hour\}/, "");
  const began = performance.now();
  await engine.run(
    `COPY (${checked ? `${select} WHERE r.choice = 1` : read(PROCESSED_PRICES)}) TO '${to}'
      (FORMAT parquet, COMPRESSION gzip, PARTITION_BY (year, month, day, hour), OVERWRITE_OR_IGNORE)`,
  );
  const took = performance.now() - began;
  await Deno.remove(to, { recursive: true });
  return took;
}

const ms = (times: readonly number[]) => `${median(times).toFixed(0)} (${Math.min(...times).toFixed(0)})`;
const ratio = (a: readonly number[], b: readonly number[]) =>
  `${(median(a) / median(b)).toFixed(2)} (${(Math.min(...a) / Math.min(...b)).toFixed(2)})`;

/** Does several things by turns; the times of each. */
async function byTurns(...works: (() => Promise<number>)[]): Promise<number[][]> {
  const times = works.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, work] of works.entries()) times[i]!.push(await work());
  }
  return times;
}

const scratch = await Deno.makeTempDir({ prefix: "lakebook_views_" });
try {
  const lakes = [...new Set([1, 8, days])].map((days) => ({ days, folder: `${scratch}/${days}` }));
  for (const { days, folder } of lakes) {
    const began = performance.now();
    await makeLake(folder, days);
    const rows = days * (DAY_MS / SLOT_MS) * COINS;
    console.log(`${days} days, ${rows} rows: made in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  }
  const long = lakes.at(-1)!.folder;
  console.log(`load ${loadavg().map((load) => load.toFixed(1)).join(" ")}`);
  // The fastest round says more than the median where other work shares the machine.
  const names = lakes.map(({ days }) => `${days} d`).join(" | ");
  console.log(`\nview, a process each: median (fastest) in ms | ${names} | longest to 1 d | longest to 8 d`);
  for (const view of VIEWS) {
    const sql = await readAll(view);
    const times = await byTurns(...lakes.map(({ folder }) => () => timeQuery(sql, folder)));
    const against = times.slice(0, 2).map((young) => ratio(times.at(-1)!, young));
    console.log(`${view.padEnd(20)} ${[...times.map(ms), ...against].join(" | ")}`);
  }
  console.log(`\nwithin a process: ours | DuckDB on all files of ${days} days | ratio`);
  const scans: string[] = [ANALYTICS_PRICES, PROCESSED_PRICES].map(({ name }) => name);
  for (const name of [...VIEWS.filter((view) => !/daily|completeness/.test(view)), ...scans]) {
    const sql = scans.includes(name)
      ? `SELECT avg(current_price), max(id) FROM ${name}`
      : await readAll(name);
    const [ours, plain] = await byTurns(() => timeView(sql, long), () => timePlain(sql, long));
    console.log(`${name.padEnd(20)} ${ms(ours!)} | ${ms(plain!)} | ${ratio(ours!, plain!)}`);
  }
  const printed = await byTurns(() => timeQuery(`SELECT * FROM v_recent_prices`, long));
  const hours = await timeHours(long);
  console.log(`\nprint v_recent_prices as CSV, a process each: ${ms(printed[0]!)} ms`);
  console.log(`materialize an hour: ${median(hours).toFixed(0)} ms (first ${hours[0]!.toFixed(0)} ms)`);
  const [rebuild, copy, plain] = await byTurns(
    () => timeRebuild(long),
    () => timeCopy(long, `${scratch}/copy`, { checked: true }),
    () => timeCopy(long, `${scratch}/copy`, { checked: false }),
  );
  console.log(`all ${days} days anew: ${ms(rebuild!)} ms`);
  console.log(`COPY of the same rows: ${ms(copy!)} ms; our rate ${ratio(copy!, rebuild!)}`);
  console.log(`COPY of the files as they are: ${ms(plain!)} ms; our rate ${ratio(plain!, rebuild!)}`);
  console.log(`load ${loadavg().map((load) => load.toFixed(1)).join(" ")}`);
} finally {
  await Deno.remove(scratch, { recursive: true });
}
