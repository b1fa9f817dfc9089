/**
 * What one slot costs, and whether it costs more on an old lake: `deno run -P=bench lib/_bench/ingest_bench.ts`.
 * Lakes of 1, 30 and 365 days of snapshots, ticks and run log are made of hard links to one day's objects.
 */
import { compactStamp, DAY_MS, SLOT_MS, utcDay } from "../core/time.ts";
import { keepIncoming, listIncoming } from "../lake/incoming.ts";
import { marketPricesKey, priceTicksKey, rawMarketsKey, rawTickKey } from "../lake/keys.ts";
import { LocalStore } from "../lake/store_local.ts";
import { main } from "../pipeline/cli.ts";
import { settleIncoming } from "../pipeline/ingest/settle.ts";
import { demoMarket } from "../sources/demo_market.ts";

const DAYS = [1, 30, 365];
const ROUNDS = 9;
const START = Date.UTC(2025, 10, 20);
/** The first slot: its price is of the same day. */
const FIRST = START + 2 * SLOT_MS;
const page = new TextEncoder().encode(demoMarket({ seed: 1 }).marketsJson(new Date(FIRST)));

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/** A lake of `days` days that end where the measured slots begin. */
async function makeLake(folder: string, days: number): Promise<void> {
  const io = {
    env: {},
    fetch: () => Promise.resolve(new Response(page)),
    stdout: () => {},
    stderr: () => {},
    terminal: false,
  };
  await main(["ingest", "--lake", folder, "--now", new Date(FIRST).toISOString()], io);
  const steps = ["--source", "coingecko", "--only", "process,materialize"];
  await main(["pipeline", "--lake", folder, ...steps, "--now", new Date(FIRST).toISOString()], io);
  const slot = new Date(FIRST);
  const made = new Set<string>();
  let copy = 0;
  const link = (from: string, to: string) => {
    const target = `${folder}/${to}`;
    const parent = target.slice(0, target.lastIndexOf("/"));
    if (!made.has(parent)) Deno.mkdirSync(parent, { recursive: true });
    made.add(parent);
    // A file system bounds the links of one file: each day links to a copy of its own.
    const source = `${folder}/link-${copy}-${from.replaceAll("/", "_")}`;
    if (!made.has(source)) Deno.copyFileSync(`${folder}/${from}`, source);
    made.add(source);
    Deno.linkSync(source, target);
  };
  const run = (await new LocalStore(folder).list("_ledger/runs/"))[0]!.key;
  for (let day = 1; day <= days; day++) {
    copy = day;
    link(priceTicksKey("BTCUSD", utcDay(START)), priceTicksKey("BTCUSD", utcDay(START - day * DAY_MS)));
    for (let at = 0; at < DAY_MS; at += SLOT_MS) {
      const then = new Date(START - day * DAY_MS + at);
      link(rawMarketsKey("coingecko", slot), rawMarketsKey("coingecko", then));
      link(marketPricesKey(slot), marketPricesKey(then));
      const tick =
        `epoch_ms,iso_ts,price_usd,source\n${then.getTime()},${then.toISOString()},60000,coingecko\n`;
      const tickPath = `${folder}/${rawTickKey(then, then)}`;
      Deno.mkdirSync(tickPath.slice(0, tickPath.lastIndexOf("/")), { recursive: true });
      Deno.writeTextFileSync(tickPath, tick);
      const stamp = compactStamp(then);
      link(run, `_ledger/runs/day=${utcDay(then)}/${stamp}-0000.ingest.markets-${stamp}.json`);
    }
  }
  for (const { name } of [...Deno.readDirSync(folder)]) {
    if (name.startsWith("link-")) Deno.removeSync(`${folder}/${name}`);
  }
}

/** Milliseconds from an answer's bytes to its committed rows. */
async function settleTimes(folder: string, count: number): Promise<number[]> {
  const store = new LocalStore(folder);
  const times: number[] = [];
  const quiet = { log: { info() {}, warn() {} }, now: () => new Date() };
  for (let i = 0; i < count; i++) {
    const slot = new Date(START + (i + 500) * SLOT_MS);
    const body = page.slice();
    const began = performance.now();
    const incoming = await keepIncoming(store, {
      unit: `markets-${compactStamp(slot)}`,
      kind: "markets",
      slot: slot.toISOString(),
      source: "coingecko",
      url: "https://api.coingecko.com/api/v3/coins/markets",
      status: 200,
      fetched_at: slot.toISOString(),
      requests: 1,
      run_id: "bench",
      command: "ingest",
    }, body);
    await settleIncoming(store, incoming, quiet);
    times.push(performance.now() - began);
  }
  if ((await listIncoming(store)).length > 0) throw new Error("an answer is not settled");
  await store.close();
  return times;
}

/** GNU time, which knows a process's peak memory; without it the memory is not measured, and that is said. */
const GNU_TIME = await Deno.stat("/usr/bin/time").then(() => ["/usr/bin/time", "-f", "%M"], () => []);

/** Seconds and peak memory (MiB) of a whole process. */
async function measure(args: string[], env: Record<string, string>): Promise<{ s: number; mib: number }> {
  const [program, ...rest] = [...GNU_TIME, Deno.execPath(), "run", "--quiet", "--no-prompt"];
  const began = performance.now();
  const { code, stderr } = await new Deno.Command(program!, {
    args: [...rest, "-P=pipeline", "lib/pipeline/cli.ts", ...args],
    env,
    stdout: "null",
    stderr: "piped",
  }).output();
  const s = (performance.now() - began) / 1000;
  const said = new TextDecoder().decode(stderr).trim();
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}: ${said}`);
  return { s, mib: GNU_TIME.length > 0 ? Number(said.split("\n").at(-1)) / 1024 : NaN };
}

const folder = await Deno.makeTempDir({ prefix: "lakebook-bench-" });
let now = START;
const server = Deno.serve(
  { port: 0, hostname: "127.0.0.1", onListen() {} },
  () => new Response(page, { headers: { date: new Date(now).toUTCString() } }),
);
const env = { COINGECKO_BASE_URL: `http://127.0.0.1:${server.addr.port}/api/v3` };
try {
  for (const days of DAYS) await makeLake(`${folder}/${days}`, days);
  const settle = await settleTimes(`${folder}/1`, 101);
  console.log(`one snapshot, from bytes to committed rows: p50 ${median(settle).toFixed(1)} ms`);
  const help = [];
  for (let i = 0; i < ROUNDS; i++) help.push((await measure(["ingest", "--help"], {})).s * 1000);
  console.log(`ingest --help: median ${median(help).toFixed(0)} ms`);
  const commands: [string, (lake: string, at: string) => string[]][] = [
    ["ingest", (lake, at) => ["ingest", "--lake", lake, "--now", at]],
    ["process, materialize", (lake, at) => [
      ...["pipeline", "--lake", lake, "--source", "coingecko", "--models", `${folder}/models`],
      ...["--only", "process,materialize", "--now", at],
    ]],
  ];
  const taken = new Map<string, number[]>();
  let peak = 0;
  // The lakes take turns, so that a slow moment of the machine hits all of them.
  for (let round = 0; round < ROUNDS; round++) {
    now = START + (round + 1) * 60 * 60_000;
    for (const days of DAYS) {
      for (const [name, args] of commands) {
        const { s, mib } = await measure(args(`${folder}/${days}`, new Date(now).toISOString()), env);
        taken.set(`${name} ${days}`, [...taken.get(`${name} ${days}`) ?? [], s]);
        if (name === "ingest") peak = Math.max(peak, mib);
      }
    }
  }
  for (const [name] of commands) {
    const base = median(taken.get(`${name} 1`)!);
    for (const days of DAYS) {
      const ratio = median(taken.get(`${name} ${days}`)!.map((s, i) => s / taken.get(`${name} 1`)![i]!));
      console.log(
        `${name}, one new slot in a new hour, lake of ${days} days: median ` +
          `${(median(taken.get(`${name} ${days}`)!) * 1000).toFixed(0)} ms, ${
            ratio.toFixed(2)
          } × that of 1 day`,
      );
    }
    if (!(base > 0)) throw new Error("nothing was measured");
  }
  console.log(
    GNU_TIME.length > 0
      ? `peak memory of ingest: ${peak.toFixed(0)} MiB`
      : "peak memory skipped: no GNU time",
  );
} finally {
  await server.shutdown();
  await Deno.remove(folder, { recursive: true });
}
