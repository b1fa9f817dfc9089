import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { decodeNdjson } from "../../lake/ndjson.ts";
import { LocalStore } from "../../lake/store_local.ts";
import { candleCsv, Workplace } from "../_test_cli.ts";

const NOW = "2026-01-04T10:07:30Z";
const RAW = "raw/coingecko/markets/year=2026/month=01/day=04/hour=10/20260104T100500Z.json";
const ROWS = "processed/market_prices/year=2026/month=01/day=04/hour=10/20260104T100500Z.ndjson.gz";

function coin(id: string, price: number | null, more: object = {}) {
  const last_updated = "2026-01-04T10:07:01.500Z";
  return { id, symbol: id, name: id, current_price: price, market_cap: null, last_updated, ...more };
}

const PAGE = `${JSON.stringify([coin("bitcoin", 91_000.5, { market_cap: 2e12 }), coin("tiny", null)])}\n`;

/** A market that answers by path; what it was asked is in `asked`. */
function market(page: () => Response | Promise<Response> = () => new Response(PAGE)) {
  const asked: string[] = [];
  const fetch = async (input: string | URL | Request) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    asked.push(pathname.replace("/api/v3", ""));
    if (pathname.endsWith("/simple/price")) {
      const at = Date.parse("2026-01-04T10:08:10Z") / 1000;
      return new Response(
        JSON.stringify({ bitcoin: { usd: 91_010, usd_24h_change: -1.25, last_updated_at: at } }),
      );
    }
    return await page();
  };
  return { fetch: fetch as typeof globalThis.fetch, asked };
}

const text = (bytes: string) => new TextDecoder().decode(Uint8Array.fromHex(bytes));

Deno.test("ingest keeps a slot's exact bytes, its typed rows and Bitcoin's tick, and logs the run", async () => {
  const { fetch, asked } = market();
  await using work = await Workplace.make(fetch);
  const { code, stdout } = await work.run(["ingest", "--lake", work.lake, "--now", NOW, "--json"]);
  const summary = JSON.parse(stdout);
  assertEquals([code, summary.requests, summary.units[0].unit], [0, 1, "markets-20260104T100500Z"]);
  assertEquals(asked, ["/coins/markets"]);
  const objects = await work.objects();
  const tick = "raw/stream/year=2026/month=01/day=04/20260104T100700Z.csv";
  assertEquals(Object.keys(objects).sort(), [ROWS, RAW, tick].sort());
  assertEquals(text(objects[RAW]!), PAGE);
  assertEquals(
    text(objects[tick]!),
    "epoch_ms,iso_ts,price_usd,source\n1767521221500,2026-01-04T10:07:01.500Z,91000.5,coingecko\n",
  );
  const rows = decodeNdjson(Uint8Array.fromHex(objects[ROWS]!), ROWS) as { id: string }[];
  assertEquals(rows.map(({ id }) => id), ["bitcoin", "tiny"]);
  assertEquals(await work.query("SELECT command, unit, status, requests, rows_out FROM lakebook.runs"), [
    { command: "ingest", unit: "markets-20260104T100500Z", status: "ok", requests: 1, rows_out: 2 },
  ]);
});

Deno.test("ingest asks once a slot and once a minute, and writes nothing the second time", async () => {
  const { fetch, asked } = market();
  await using work = await Workplace.make(fetch);
  const run = (now: string) => work.run(["ingest", "--lake", work.lake, "--now", now]);
  await run(NOW);
  const once = await work.objects();
  assertStringIncludes((await run("2026-01-04T10:07:59Z")).stdout, "is in the lake already");
  assertEquals([asked.length, await work.objects()], [1, once]);
  // The next minute of the slot has a tick of its own.
  assertStringIncludes((await run("2026-01-04T10:08:30Z")).stdout, "Bitcoin at 91010 USD (-1.25 % in 24 h)");
  assertEquals(asked, ["/coins/markets", "/simple/price"]);
  await run("2026-01-04T10:08:45Z");
  assertEquals(asked.length, 2);
});

Deno.test("ingest puts what cannot be had into the dead letters, with its body; replay redrives it", async () => {
  const { fetch } = market(() => new Response("Throttled"));
  await using work = await Workplace.make(fetch);
  const failed = await work.run(["ingest", "--lake", work.lake, "--now", NOW]);
  assertEquals(failed.code, 4);
  const letter = "dead_letters/ingest/markets-20260104T100500Z";
  const objects = await work.objects();
  assertEquals(Object.keys(objects).sort(), [`${letter}.body`, `${letter}.json`]);
  assertEquals(text(objects[`${letter}.body`]!), "Throttled");
  const told = JSON.parse(text(objects[`${letter}.json`]!));
  assertEquals([told.kind, told.slot, told.status], ["markets", "2026-01-04T10:05:00.000Z", 200]);

  const dry = await work.run(["replay", "--lake", work.lake, "--now", NOW, "--dry-run"]);
  assertEquals([dry.code, await work.objects()], [7, objects]);
  assertStringIncludes(dry.stdout, `planned    ${letter}.json: would redrive`);

  // Still broken: the letter waits on, and nothing else appears.
  assertEquals((await work.run(["replay", "--lake", work.lake, "--now", NOW])).code, 7);
  assertEquals(Object.keys(await work.objects()).sort(), [`${letter}.body`, `${letter}.json`]);

  work.fetch = market().fetch;
  const other = await work.run(["replay", "--lake", work.lake, "--now", NOW, "--step", "process"]);
  assertEquals([other.code, Object.keys(await work.objects()).length], [0, 2]);
  assertStringIncludes(other.stderr, "No dead letters of step process wait in");
  for (const more of [[], ["--dry-run"]]) {
    const wrong = await work.run(["replay", "--lake", work.lake, "--step", "nosuch", ...more]);
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.stderr, 'step "nosuch": there is no such step, letters wait under ingest');
  }
  const replayed = await work.run(["replay", "--lake", work.lake, "--now", NOW]);
  assertEquals(replayed.code, 0);
  assertStringIncludes(replayed.stdout, `settled    ${letter}.json`);

  await using clean = await Workplace.make(market().fetch);
  await clean.run(["ingest", "--lake", clean.lake, "--now", NOW]);
  assertEquals(await work.objects(), await clean.objects());
});

Deno.test("replay does not file today's prices as yesterday's; --discard settles the gap and logs it", async () => {
  const { fetch } = market(() => new Response("Throttled"));
  await using work = await Workplace.make(fetch);
  await work.run(["ingest", "--lake", work.lake, "--now", NOW]);
  const good = market();
  work.fetch = good.fetch;
  const later = ["replay", "--lake", work.lake, "--now", "2026-01-04T10:12:00Z"];
  const { code, stdout } = await work.run(later);
  assertEquals([code, good.asked], [7, []]);
  assertStringIncludes(stdout, "its slot 2026-01-04T10:05:00.000Z is over and CoinGecko knows no past ones");
  assertEquals((await work.run([...later, "--discard"])).code, 0);
  assertEquals(await work.objects(), {});
  const runs = await work.query("SELECT status, detail FROM lakebook.runs WHERE status = 'discarded'");
  assertStringIncludes(String(runs[0]!["detail"]), "Throttled");
});

Deno.test("ingest puts refused rows aside, and replay says why they stay", async () => {
  const page = JSON.stringify([coin("bitcoin", 1), { symbol: "nameless" }]);
  await using work = await Workplace.make(market(() => new Response(page)).fetch);
  const { code, stderr } = await work.run(["ingest", "--lake", work.lake, "--now", NOW]);
  assertEquals(code, 7);
  assertStringIncludes(stderr, "1 rows of raw/coingecko/markets/");
  const before = await work.objects();
  const { code: again, stdout } = await work.run(["replay", "--lake", work.lake, "--now", NOW]);
  assertEquals(again, 7);
  assertStringIncludes(stdout, "1 rows of raw/coingecko/markets/");
  assertStringIncludes(stdout, "are still refused: mend the source, or settle them with --discard");
  assertEquals(await work.objects(), before);
});

Deno.test("ingest settles what a crash left, before anything else", async () => {
  const { LocalStore } = await import("../../lake/store_local.ts");
  const { keepIncoming } = await import("../../lake/incoming.ts");
  const { fetch, asked } = market();
  await using work = await Workplace.make(fetch);
  await work.run(["ingest", "--lake", work.lake, "--now", "2026-01-04T10:02:30Z"]);
  const store = new LocalStore(work.lake);
  await keepIncoming(store, {
    unit: "markets-20260104T100500Z",
    kind: "markets",
    slot: "2026-01-04T10:05:00.000Z",
    source: "coingecko",
    url: "https://api.coingecko.com/api/v3/coins/markets",
    status: 200,
    fetched_at: "2026-01-04T10:07:30.000Z",
    requests: 1,
    run_id: "crashed",
    command: "ingest",
  }, new TextEncoder().encode(PAGE));
  await store.close();
  const { stderr } = await work.run(["ingest", "--lake", work.lake, "--now", NOW]);
  assertStringIncludes(stderr, "markets-20260104T100500Z: taken up where run crashed left it");
  assertEquals(asked.length, 1);
  assert((await work.objects())[ROWS] !== undefined);
  assertEquals(await Array.fromAsync(Deno.readDir(`${work.lake}/_incoming`)), []);
});

Deno.test("ingest --every takes a snapshot a slot and a tick a minute, and gives up what it slept through", async () => {
  let clock = Date.parse("2026-01-04T10:04:10Z");
  const asked: string[] = [];
  const fetch = ((input: string | URL | Request) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    asked.push(`${new Date(clock).toISOString().slice(11, 16)} ${pathname.split("/").at(-1)}`);
    const last_updated_at = Math.floor(clock / 1000) - 20;
    const page = [coin("bitcoin", 1, { last_updated: new Date(clock - 20_000).toISOString() })];
    const body = pathname.endsWith("price") ? { bitcoin: { usd: 2, last_updated_at } } : page;
    return Promise.resolve(new Response(JSON.stringify(body)));
  }) as typeof globalThis.fetch;
  await using work = await Workplace.make(fetch, {
    now: () => new Date(clock),
    sleep(ms) {
      clock += ms;
      // The laptop is shut for a quarter of an hour.
      if (new Date(clock).getUTCMinutes() === 7) clock += 15 * 60_000;
      return Promise.resolve();
    },
  });
  const { code, stderr } = await work.run(["ingest", "--lake", work.lake, "--every", "1m", "--for", "20m"]);
  assertEquals(code, 7);
  const wanted = [
    "10:04 markets",
    "10:05 markets",
    "10:06 price",
    "10:22 markets",
    "10:23 price",
    "10:24 price",
  ];
  assertEquals(asked, wanted);
  assertStringIncludes(
    stderr,
    "Cannot ask for the slot 2026-01-04T10:10:00.000Z: the loop was not running then",
  );
  const letters = Object.keys(await work.objects()).filter((key) => key.startsWith("dead_letters/")).sort();
  assertEquals(letters, [
    "dead_letters/ingest/markets-20260104T101000Z.json",
    "dead_letters/ingest/markets-20260104T101500Z.json",
  ]);
});

Deno.test("ingest --every logs a slot's failed attempt and the good one after it, with what that wrote", async () => {
  let clock = Date.parse("2026-01-04T10:05:10Z");
  const { fetch } = market(() =>
    clock < Date.parse("2026-01-04T10:06:00Z") ? new Response("", { status: 503 }) : new Response(PAGE)
  );
  await using work = await Workplace.make(fetch, {
    now: () => new Date(clock),
    sleep: (ms) => Promise.resolve(void (clock += ms)),
  });
  const { code } = await work.run(["ingest", "--lake", work.lake, "--every", "1m", "--for", "2m"]);
  assertEquals(code, 0);
  const unit = "markets-20260104T100500Z";
  const attempts = await work.query(
    `SELECT status, outputs FROM lakebook.runs WHERE unit = '${unit}' ORDER BY started_at`,
  );
  assertEquals(attempts.map(({ status }) => status), ["failed", "ok"]);
  assertStringIncludes(String(attempts[1]!["outputs"]), ROWS);
});

Deno.test("ingest --every gives up no slot beyond its own end, however long the machine slept", async () => {
  let clock = Date.parse("2026-01-04T10:04:10Z");
  await using work = await Workplace.make(market().fetch, {
    now: () => new Date(clock),
    sleep() {
      clock += 6 * 3_600_000;
      return Promise.resolve();
    },
  });
  await work.run(["ingest", "--lake", work.lake, "--every", "5m", "--for", "15m"]);
  const letters = Object.keys(await work.objects()).filter((key) => key.startsWith("dead_letters/")).sort();
  assertEquals(letters.map((key) => key.slice(-21)), [
    "20260104T100500Z.json",
    "20260104T101000Z.json",
    "20260104T101500Z.json",
  ]);
});

Deno.test("ingest refuses flags that cannot be meant", async () => {
  await using work = await Workplace.make();
  const table: [args: string[], words: string][] = [
    [["--for", "1h"], "add --every"],
    [["--every", "5 minutes"], "it is not a number with s, m, h or d"],
    [["--every", "90s"], "it must be whole minutes that divide a day"],
    [["--every", "7m"], "it must be whole minutes that divide a day"],
    [["--every", "5m", "--now", NOW], "a clock that stands still never comes to the next slot"],
    [["--every", "5m", "--for", "0h"], "it is not a number with s, m, h or d"],
    [["--hourly"], "unknown option '--hourly'"],
  ];
  for (const [args, words] of table) {
    const { code, stderr } = await work.run(["ingest", "--lake", work.lake, ...args]);
    assertEquals([args.join(" "), code], [args.join(" "), 2]);
    assertStringIncludes(stderr, words);
  }
  assertEquals((await work.run(["replay", "--lake", `${work.folder}/nowhere`])).code, 3);
  assertEquals((await work.run(["doctor", "--lake", `${work.folder}/nowhere`])).code, 3);
});

Deno.test("ingest --dry-run asks and writes nothing", async () => {
  const { fetch, asked } = market();
  await using work = await Workplace.make(fetch);
  const { code, stdout } = await work.run(["ingest", "--lake", work.lake, "--now", NOW, "--dry-run"]);
  assertEquals([code, asked.length], [0, 0]);
  assertStringIncludes(stdout, "would fetch the 250 largest coins for the slot 2026-01-04T10:05:00.000Z");
  assertEquals(await Deno.stat(work.lake).catch(() => null), null);
});

Deno.test("doctor names a damaged object, moves it aside, and the next run makes it again", async () => {
  await using work = await Workplace.make(market().fetch);
  await work.run(["ingest", "--lake", work.lake, "--now", NOW]);
  const whole = await work.objects();
  const healthy = await work.run(["doctor", "--lake", work.lake, "--now", NOW, "--json"]);
  assertEquals([healthy.code, JSON.parse(healthy.stdout).healthy], [0, true]);
  await Deno.writeFile(`${work.lake}/${ROWS}`, Uint8Array.fromHex(whole[ROWS]!).slice(0, -1));
  const sick = await work.run(["doctor", "--lake", work.lake, "--now", NOW]);
  assertEquals(sick.code, 8);
  assertStringIncludes(sick.stdout, `fail  integrity     ${ROWS} has `);
  assertEquals((await work.run(["doctor", "--lake", work.lake, "--now", NOW, "--quarantine"])).code, 8);
  assertEquals((await work.objects())[ROWS], undefined);
  await work.pipeline("--source", "coingecko", "--only", "process", "--now", NOW);
  assertEquals((await work.objects())[ROWS], whole[ROWS]);
  assertEquals((await work.run(["doctor", "--lake", work.lake, "--now", NOW])).code, 0);
});

Deno.test("doctor --quarantine looks at nothing while a run holds the lake, for that may be half written", async () => {
  await using work = await Workplace.make(market().fetch);
  await work.run(["ingest", "--lake", work.lake, "--now", NOW]);
  const store = new LocalStore(work.lake);
  await using _closing = { [Symbol.asyncDispose]: () => store.close() };
  await using _lock = await store.lock("a backfill");
  const { code, stdout, stderr } = await work.run([
    "doctor",
    "--lake",
    work.lake,
    "--now",
    NOW,
    "--quarantine",
  ]);
  assertEquals([code, stdout], [6, ""]);
  assertStringIncludes(stderr, "a backfill is writing to it");
  assertEquals((await work.run(["doctor", "--lake", work.lake, "--now", NOW])).code, 0);
});

Deno.test("ingest says what is wrong, each failure with its own words and code, and keeps a letter of it", async () => {
  const page = (body: string, headers: Record<string, string> = {}) => () => new Response(body, { headers });
  // As it has been seen: the code stands beside `status`.
  const refused = (status: number, code: number) => () =>
    new Response(JSON.stringify({ error_code: code, status: { error_message: "no" } }), { status });
  const table: [name: string, answer: () => Response | Promise<Response>, code: number, words: string][] = [
    ["a Pro key on the wrong host", refused(400, 10010), 3, "this is a Pro key on the wrong host"],
    ["a Demo key on the wrong host", refused(400, 10011), 3, "this is a Demo key on the wrong host"],
    ["no key where one is needed", refused(401, 10002), 3, "a key is needed"],
    ["a clock a day off", page(PAGE, { date: "Mon, 05 Jan 2026 10:07:30 GMT" }), 3, "24.0 hours apart"],
    ["no network", () => Promise.reject(new TypeError("dns error")), 4, "the connection failed (dns error)"],
    ["no coins", page("[]"), 4, "the list of coins is empty"],
    ["a web page", page("<title>Just a moment...</title>"), 4, 'says "Just a moment..."'],
    ["bare NaN", page('[{"id":"bitcoin","current_price":NaN}]'), 4, "the body is not JSON"],
  ];
  for (const [name, answer, code, words] of table) {
    await using work = await Workplace.make(market(answer).fetch);
    const result = await work.run(["ingest", "--lake", work.lake, "--now", NOW]);
    assertEquals([name, result.code], [name, code]);
    assertStringIncludes(`${result.stdout}${result.stderr}`, words);
    const keys = Object.keys(await work.objects());
    assert(keys.every((key) => key.startsWith("dead_letters/ingest/markets-20260104T100500Z.")), keys.join());
    assert(keys.length > 0);
  }
});

Deno.test("ingest files a slot by its UTC time at a leap day, a year's end, and where clocks change", async () => {
  const table: [now: string, folder: string][] = [
    ["2024-02-29T23:59:59.999Z", "year=2024/month=02/day=29/hour=23/20240229T235500Z"],
    ["2025-12-31T23:59:59Z", "year=2025/month=12/day=31/hour=23/20251231T235500Z"],
    ["2026-01-01T00:00:00Z", "year=2026/month=01/day=01/hour=00/20260101T000000Z"],
    ["2026-03-29T01:30:00Z", "year=2026/month=03/day=29/hour=01/20260329T013000Z"],
    ["2026-03-29T03:30:00+02:00", "year=2026/month=03/day=29/hour=01/20260329T013000Z"],
  ];
  for (const [now, folder] of table) {
    await using work = await Workplace.make(market().fetch);
    await work.run(["ingest", "--lake", work.lake, "--now", now]);
    const keys = Object.keys(await work.objects()).filter((key) => !key.startsWith("raw/stream/"));
    assertEquals(keys.sort(), [
      `processed/market_prices/${folder}.ndjson.gz`,
      `raw/coingecko/markets/${folder}.json`,
    ]);
  }
});

Deno.test("ingest --every with a clock that is set back asks again for nothing that it has", async () => {
  let clock = Date.parse("2026-01-04T10:09:50Z");
  let sleeps = 0;
  const asked: string[] = [];
  const fetch = ((input: string | URL | Request) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    asked.push(pathname);
    const price = { bitcoin: { usd: 1, last_updated_at: Math.floor(clock / 1000) } };
    return Promise.resolve(
      pathname.endsWith("price") ? new Response(JSON.stringify(price)) : new Response(PAGE),
    );
  }) as typeof globalThis.fetch;
  await using work = await Workplace.make(fetch, {
    now: () => new Date(clock),
    sleep(ms) {
      // After the second slot the clock turns out to be fast, and is set back into the first one.
      clock += ++sleeps === 2 ? -270_000 : ms;
      return Promise.resolve();
    },
  });
  const { code } = await work.run(["ingest", "--lake", work.lake, "--every", "5m", "--for", "16m"]);
  const slots = Object.keys(await work.objects()).filter((key) => key.startsWith("raw/coingecko/"));
  assertEquals([code, slots.length], [0, 5]);
  assertEquals(asked.filter((path) => path.endsWith("markets")).length, 5);
});

Deno.test("ingest may reach CoinGecko and this machine, and no other host", async () => {
  await using work = await Workplace.make();
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "-P=ingest", new URL("../cli.ts", import.meta.url).pathname]
      .concat(["ingest", "--lake", work.lake]),
    env: { COINGECKO_BASE_URL: "http://example.invalid/api/v3" },
  }).output();
  assertEquals(code, 3);
  assertStringIncludes(
    new TextDecoder().decode(stderr),
    'add "example.invalid" to the net permissions in deno.json',
  );
});

Deno.test("replay asks for a price history later too, and merges it where it belongs", async () => {
  const day = 86_400_000, midnight = Date.UTC(2026, 0, 4);
  const chart = (last: number) => JSON.stringify({ prices: [[midnight - day, 100], [midnight, last]] });
  const serve = (charts: () => Response) =>
    ((input: string | URL | Request) => {
      const { pathname } = new URL(input instanceof Request ? input.url : input);
      return Promise.resolve(pathname.endsWith("market_chart") ? charts() : new Response(PAGE));
    }) as typeof globalThis.fetch;
  const run = async (work: Workplace, now: string) =>
    await work.pipeline("--source", "coingecko", "--only", "ingest,process", "--now", now);
  const prices = async (work: Workplace) =>
    await work.query("SELECT price_usd FROM price_history ORDER BY epoch_ms");
  await using work = await Workplace.make(serve(() => new Response("", { status: 503 })));
  assertEquals((await run(work, NOW)).code, 7);
  work.fetch = serve(() => new Response(chart(120)));
  assertEquals((await run(work, "2026-01-05T10:00:00Z")).code, 7);
  assertEquals(await prices(work), [{ price_usd: 100 }, { price_usd: 120 }]);
  // The older question is answered last, and does not overrule the newer one.
  work.fetch = serve(() => new Response(chart(110)));
  assertEquals((await work.run(["replay", "--lake", work.lake, "--now", "2026-01-05T10:01:00Z"])).code, 0);
  assertEquals((await run(work, "2026-01-05T10:02:00Z")).code, 0);
  assertEquals(await prices(work), [{ price_usd: 100 }, { price_usd: 120 }]);
  const charts = Object.keys(await work.objects()).filter((key) => key.includes("market_chart"));
  assertEquals(charts.map((key) => key.slice(-21)), ["20260104T000000Z.json", "20260105T000000Z.json"]);
});

Deno.test("doctor finds whole what a step had written before it failed", async () => {
  const midnight = Date.UTC(2026, 0, 4);
  let price = 100;
  await using work = await Workplace.make(
    ((input: string | URL | Request) => {
      const { pathname } = new URL(input instanceof Request ? input.url : input);
      const chart = JSON.stringify({ prices: [[midnight, price]] });
      return Promise.resolve(new Response(pathname.endsWith("market_chart") ? chart : PAGE));
    }) as typeof globalThis.fetch,
  );
  const run = (now: string, ...flags: string[]) => work.pipeline(...flags, "--now", now);
  const live = ["--source", "coingecko", "--only", "ingest,process"];
  assertEquals((await run(NOW, ...live)).code, 0);
  // Candles come last in the step, and these are gone for the while.
  const candles = await work.file("hour.csv", candleCsv(midnight, 60));
  assertEquals((await run(NOW, "--source", "csv", "--ohlcv", candles, "--only", "ingest")).code, 0);
  const raw = `${work.lake}/${Object.keys(await work.objects()).find((key) => key.endsWith("hour.csv"))}`;
  await Deno.rename(raw, candles);
  await Deno.remove(`${work.lake}/${ROWS}`);
  price = 200;
  assertEquals((await run("2026-01-05T10:00:00Z", ...live)).code, 8);
  assertEquals(await work.query("SELECT price_usd FROM price_history"), [{ price_usd: 200 }]);
  await Deno.rename(candles, raw);
  const doctor = await work.run(["doctor", "--lake", work.lake, "--now", "2026-01-05T10:01:00Z"]);
  assertEquals(doctor.code, 0, doctor.stdout);
  const [failed] = await work.query("SELECT outputs FROM lakebook.runs WHERE status = 'failed'");
  const outputs: { key: string }[] = JSON.parse(String(failed!["outputs"]));
  assertEquals(outputs.map(({ key }) => key), [ROWS]);
});
