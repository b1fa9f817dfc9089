import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { gunzipSync } from "node:zlib";
import type { Candle } from "../../core/rows.ts";
import { DAY_MS, MINUTE_MS } from "../../core/time.ts";
import { LocalStore } from "../../lake/store_local.ts";
import { readRecords, sha256 } from "../../lake/ledger.ts";
import { type ExchangeServerOptions, TestExchange } from "../../sources/_test_exchange_server.ts";
import { type BackfillRecord, backfillRecord } from "../../warehouse/backfill_records.ts";
import { Workplace } from "../_test_cli.ts";

const NOW = "2024-06-15T12:00:30Z";
const MAY = Date.UTC(2024, 4, 1), JUNE = Date.UTC(2024, 5, 1);
const ENV = { LAKEBOOK_EXCHANGE_REQUESTS_PER_MINUTE: "1000000" };

type Handler = (request: Request) => Promise<Response>;

function networkOf(handler: Handler): typeof fetch {
  return (input, init) => handler(new Request(input, init));
}

async function place(options: Partial<ExchangeServerOptions> = {}) {
  const server = new TestExchange({ now: new Date(NOW), ...options });
  const work = await Workplace.make(networkOf(server.handler));
  return { server, work, [Symbol.asyncDispose]: () => work[Symbol.asyncDispose]() };
}

/** `backfill` of Bitstamp's minutes, with the summary that `--json` prints. */
async function backfill(work: Workplace, ...flags: string[]) {
  const defaults: [flag: string, value: string][] = [
    ["--exchange", "bitstamp"],
    ["--symbol", "BTC/USD"],
    ["--timeframe", "1m"],
    ["--lake", work.lake],
    ["--now", NOW],
  ];
  const args = defaults.filter(([flag]) => !flags.includes(flag)).flat();
  const result = await work.run(["backfill", ...args, "--json", ...flags], ENV);
  return { ...result, summary: result.stdout === "" ? null : JSON.parse(result.stdout) };
}

async function records(work: Workplace): Promise<Record<string, BackfillRecord>> {
  const found = await readRecords(new LocalStore(work.lake), "backfill/");
  return Object.fromEntries([...found].map(([unit, record]) => [unit, backfillRecord(record)]));
}

/** The lake's bars, as the exchange has them. */
async function bars(work: Workplace): Promise<Candle[]> {
  const rows = await work.query(
    "SELECT time, open, close, high, low, volume FROM btcusd_raw WHERE symbol = 'BTCUSD' ORDER BY time",
  );
  return rows as unknown as Candle[];
}

Deno.test("backfill takes a month of minutes: answers, candles, record and tables", async () => {
  await using ground = await place({ no_trade: 0.01 });
  const { server, work } = ground;
  const { code, summary, stderr } = await backfill(work, "--since", "2024-05-01", "--until", "2024-06-01");
  assertEquals([code, summary.source], [0, "exchange"], stderr);
  const truth = server.truth(MAY, JUNE);
  assertEquals(await bars(work), truth);
  const { "backfill/bitstamp/BTCUSD/1m/2024-05": record } = await records(work);
  assertEquals(
    [record!.outcome, record!.from_ms, record!.until_ms, record!.closed_until_ms, record!.requests],
    ["complete", MAY, JUNE, JUNE, server.given.length],
  );
  const absent = record!.absent.reduce((sum, { missing }) => sum + missing, 0);
  assertEquals(truth.length + absent, 31 * 1440);
  assertEquals(new Set(record!.absent.map(({ cause }) => cause)), new Set(["no_trade"]));
  assertMatch(record!.absent[0]!.evidence, /^requests 1, 2 of 1m-2024/);
  assertStringIncludes(
    stderr,
    `bitstamp BTC/USD 1m 2024-05: ${truth.length} bars, ${server.given.length} req`,
  );

  // The answers hold each byte that came.
  const lines = gunzipSync(await Deno.readFile(`${work.lake}/${record!.raw}`)).toString().trimEnd().split(
    "\n",
  );
  assertEquals(lines.length, server.given.length);
  lines.forEach((line, i) => {
    const { request, status, received_at, body, sha256: hash } = JSON.parse(line);
    assertEquals([request.method, status, received_at, hash], [
      "GET",
      200,
      "2024-06-15T12:00:30.000Z",
      sha256(body),
    ]);
    assertEquals(new URL(request.url).search, new URL(server.given[i]!.url).search);
  });
  const [day] = await work.query("SELECT count(*) AS days, max(high) AS high FROM ohlcv_daily");
  assertEquals(day, { days: 31, high: Math.max(...truth.map(({ high }) => high)) });
});

Deno.test("backfill misses no row of pages that are short, cut, overlapping or in conflict, and counts the short ones", async () => {
  await using ground = await place({
    seed: 5,
    faulty: 0.3,
    faults: ["short", "gap", "empty", "overlap", "conflict", "too_many", "reset", "half", "page"],
    page: 400,
  });
  const { server, work } = ground;
  const { code, stderr } = await backfill(work, "--since", "2024-05-01", "--until", "2024-05-11");
  assertEquals(code, 0, stderr);
  assertEquals(await bars(work), server.truth(MAY, MAY + 10 * DAY_MS));
  const [record] = Object.values(await records(work));
  assertEquals([record!.outcome, record!.absent], ["complete", []]);
  assert(record!.short_pages > 10 && record!.overlaps > 10, JSON.stringify(record));
  assertStringIncludes(stderr, `${record!.short_pages} short pages`);
});

Deno.test("backfill asks only for what is missing, and nothing where nothing is", async () => {
  await using ground = await place();
  const { server, work } = ground;
  await backfill(work, "--since", "2024-05-10", "--until", "2024-05-20");
  const before = await work.objects();
  const asked = server.given.length;
  const again = await backfill(work, "--since", "2024-05-10", "--until", "2024-05-20");
  assertEquals([again.code, server.given.length], [0, asked]);
  assertEquals(
    again.summary.steps.map(({ status }: { status: string }) => status),
    ["skipped", "skipped", "skipped", "skipped"],
  );
  assertEquals(await work.objects(), before);

  const wider = await backfill(work, "--since", "2024-05-01", "--until", "2024-06-01");
  assertEquals(wider.code, 0);
  assertEquals(Object.keys(await records(work)).map((unit) => unit.split("/").at(-1)), [
    "2024-05_20240501T000000Z_20240510T000000Z",
    "2024-05_20240510T000000Z_20240520T000000Z",
    "2024-05_20240520T000000Z_20240601T000000Z",
  ]);
  assertEquals(await bars(work), server.truth(MAY, JUNE));

  // A piece whose object is gone is asked for again.
  const key = Object.values(await records(work))[1]!.candles!;
  await Deno.remove(`${work.lake}/${key}`);
  assertEquals((await backfill(work, "--since", "2024-05-01", "--until", "2024-06-01")).code, 0);
  assertEquals(await bars(work), server.truth(MAY, JUNE));
});

/** A network that from a time on gives answers without any bar, as an exchange may that is ill. */
function silentFrom(server: TestExchange, time: number): typeof fetch {
  return networkOf((request) => {
    const start = 1000 * Number(new URL(request.url).searchParams.get("start"));
    return start >= time
      ? Promise.resolve(Response.json({ data: { pair: "BTC/USD", ohlc: [] } }))
      : server.handler(request);
  });
}

Deno.test("backfill asks again for what an exchange answered with nothing, and has it when the exchange is well", async () => {
  await using ground = await place();
  const { server, work } = ground;
  const flags = ["--since", "2024-05-01", "--until", "2024-05-06"];
  work.fetch = silentFrom(server, MAY + 2 * DAY_MS);
  assertEquals((await backfill(work, ...flags)).code, 0);
  const have = (await bars(work)).length;
  assert(have < 3 * 1440, `${have} bars`);
  work.fetch = networkOf(server.handler);
  const again = await backfill(work, ...flags);
  assertEquals([again.code, again.summary.steps[0].status], [0, "ok"], again.stderr);
  assertEquals(await bars(work), server.truth(MAY, MAY + 5 * DAY_MS));
  const asked = server.given.length;
  const third = await backfill(work, ...flags);
  assertEquals([third.summary.steps[0].status, server.given.length], ["skipped", asked]);
  assertStringIncludes(third.stderr, "nothing to ask for: 7200 bars of bitstamp BTC/USD 1m were asked for");
});

Deno.test("backfill believes a silence before the first bar, and a later one when two answers a week apart agree", async () => {
  await using ground = await place({ listed: new Date(MAY + 2 * DAY_MS), now: new Date("2024-06-25") });
  const { server, work } = ground;
  let asked = 0;
  const run = async (day: string) => {
    const network = silentFrom(server, MAY + 4 * DAY_MS);
    asked = 0;
    work.fetch = (input, init) => (asked += 1, network(input, init));
    const flags = ["--since", "2024-05-01", "--until", "2024-06-03", "--now", `2024-06-${day}T12:00:30Z`];
    assertEquals((await backfill(work, ...flags)).code, 0);
    return asked;
  };
  assert(await run("15") > 70);
  const silent = await run("16");
  // From 5 May on, in windows of 1,000 minutes, each denied twice.
  assert(silent > 80 && silent < 100, `${silent} requests`);
  assertEquals(await run("23"), silent);
  assertEquals(await run("24"), 0);
});

Deno.test("backfill leaves the bar out that is not over, and goes on from it", async () => {
  await using ground = await place();
  const { server, work } = ground;
  const since = ["--since", "2024-06-15T11:00:00Z"];
  await backfill(work, ...since);
  const noon = Date.parse("2024-06-15T12:00:00Z");
  const [[name, first]] = Object.entries(await records(work)) as [[string, BackfillRecord]];
  assertMatch(name, /2024-06_20240615T110000Z_20240615T120000Z$/);
  assertEquals([first.outcome, first.closed_until_ms, first.until_ms], ["open", noon, Date.UTC(2024, 6, 1)]);
  assertEquals((await bars(work)).at(-1)!.time, noon - MINUTE_MS);

  const asked = server.given.length;
  await backfill(work, ...since);
  assertEquals(server.given.length, asked);

  const later = new TestExchange({ now: new Date("2024-07-01T00:05:30Z") });
  work.fetch = networkOf(later.handler);
  const { code } = await backfill(work, ...since, "--now", "2024-07-01T00:05:30Z");
  assertEquals(code, 0);
  assertEquals(
    Object.entries(await records(work)).map(([unit, { outcome }]) => [unit.split("/").at(-1), outcome]),
    [
      ["2024-06_20240615T110000Z_20240615T120000Z", "open"],
      ["2024-06_20240615T120000Z_20240701T000000Z", "complete"],
      ["2024-07_20240701T000000Z_20240701T000500Z", "open"],
    ],
  );
  assertEquals(
    await bars(work),
    later.truth(noon - 60 * MINUTE_MS, Date.parse("2024-07-01T00:05:00Z")),
  );
});

Deno.test("backfill keeps what came before a failure, says so, and mends it in the next run", async () => {
  await using ground = await place();
  const { server, work } = ground;
  let broken = true;
  // From 10 May on the exchange is down.
  work.fetch = networkOf((request) => {
    const start = 1000 * Number(new URL(request.url).searchParams.get("start"));
    return broken && start >= MAY + 9 * DAY_MS
      ? Promise.resolve(new Response("down", { status: 503 }))
      : server.handler(request);
  });
  const flags = ["--since", "2024-04-01", "--until", "2024-06-10"];
  const { code, summary, stderr } = await backfill(work, ...flags);
  assertEquals([code, summary.steps[0].status, summary.steps[3].status], [7, "warn", "ok"], stderr);
  assertStringIncludes(stderr, "status is 503");
  const known = await records(work);
  assertEquals(
    Object.values(known).map(({ outcome }) => outcome).toSorted(),
    ["complete", "complete", "failed", "failed"],
  );
  const failed = Object.values(known).find(({ outcome }) => outcome === "failed")!;
  assertEquals([failed.requests, failed.raw, failed.candles], [6, null, null]);
  assertStringIncludes(failed.detail, "status is 503");
  const have = await bars(work);
  assertEquals(have, server.truth(Date.UTC(2024, 3, 1), failed.from_ms));

  broken = false;
  assertEquals((await backfill(work, ...flags)).code, 0);
  assertEquals(
    new Set(Object.values(await records(work)).map(({ outcome }) => outcome)),
    new Set(["complete"]),
  );
  assertEquals(
    await bars(work),
    server.truth(Date.UTC(2024, 3, 1), MAY + 40 * DAY_MS),
  );
});

Deno.test("backfill brings the ledger's tables up to date where the exchange was asked in vain", async () => {
  await using ground = await place();
  const { work } = ground;
  await backfill(work, "--since", "2024-05-01", "--until", "2024-05-03");
  const view = () =>
    work.query("SELECT expected, present, absent FROM v_completeness WHERE timeframe = '1m'");
  assertEquals(await view(), [{ expected: 2880, present: 2880, absent: 0 }]);
  work.fetch = networkOf(() => Promise.resolve(new Response("down", { status: 503 })));
  const { code, summary } = await backfill(work, "--since", "2024-05-01", "--until", "2024-05-04");
  assertEquals([code, summary.steps[3].status], [4, "not_run"]);
  assertEquals(await view(), [{ expected: 4320, present: 2880, absent: 1440 }]);
});

Deno.test("backfill leaves an exchange alone after three failures in a row, with exit code 4", async () => {
  await using ground = await place();
  const { work } = ground;
  let asked = 0;
  work.fetch = () => {
    asked += 1;
    return Promise.resolve(new Response("not in your country", { status: 451 }));
  };
  const { code, stderr, summary } = await backfill(work, "--since", "2023-01-01");
  assertEquals([code, asked, summary.steps[1].status], [4, 3, "not_run"], stderr);
  assertStringIncludes(stderr, 'Cannot fetch 3 of 18 pieces of "bitstamp BTC/USD 1m"');
  assertStringIncludes(stderr, "15 more were not asked for");
  // It answered: what it refused is not called an outage of its own.
  assertEquals(
    await work.query("SELECT DISTINCT cause FROM lakebook.gaps WHERE evidence LIKE '%bitstamp refused%'"),
    [{ cause: "our_failure" }],
  );
});

Deno.test("backfill of Kraken takes what it still has, and says what is out of reach and from where on it is not", async () => {
  await using work = await Workplace.make((input) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.pathname.endsWith("/Assets")) {
      return Promise.resolve(Response.json({ error: [], result: KRAKEN_ASSETS }));
    }
    if (url.pathname.endsWith("/AssetPairs")) {
      return Promise.resolve(Response.json({ error: [], result: KRAKEN_PAIRS }));
    }
    const end = Date.parse(NOW) / 1000, rows = [];
    for (let time = (Math.floor(end / 60) - 719) * 60; time <= end; time += 60) {
      if (time > Number(url.searchParams.get("since"))) {
        rows.push([time, "1", "3", "0.5", "2", "1.5", "4", 7]);
      }
    }
    return Promise.resolve(Response.json({ error: [], result: { XXBTZUSD: rows, last: end } }));
  });
  const flags = ["--exchange", "kraken", "--since", "2024-05-20"];
  const { code, stderr } = await backfill(work, ...flags);
  assertEquals(code, 0, stderr);
  const from = "2024-06-15T00:12:00Z";
  assertMatch(
    stderr,
    new RegExp(`Cannot fetch 37452 bars .* newest 720 bars of 1m, from ${from} on, take older`),
  );
  const known = await records(work);
  assertEquals(
    Object.entries(known).map(([unit, { outcome, until_ms }]) => [unit.split("/").at(-1), outcome, until_ms]),
    [
      ["2024-05_20240520T000000Z_20240601T000000Z", "plan_limit", JUNE],
      ["2024-06_20240601T000000Z_20240615T001200Z", "plan_limit", Date.parse(from)],
      ["2024-06_20240615T001200Z_20240615T120000Z", "open", Date.UTC(2024, 6, 1)],
    ],
  );
  assertEquals((await work.query("SELECT count(*) AS n FROM btcusd_raw"))[0], { n: 708 });
  const again = await backfill(work, ...flags);
  assertEquals([again.code, again.summary.steps[0].status], [0, "skipped"]);
  const old = await backfill(work, ...flags, "--until", "2024-06-01");
  assertEquals([old.code, old.summary.steps[0].status], [4, "failed"]);
});

const KRAKEN_ASSETS = {
  XXBT: { aclass: "currency", altname: "XBT", decimals: 10, display_decimals: 5, status: "enabled" },
  ZUSD: { aclass: "currency", altname: "USD", decimals: 4, display_decimals: 2, status: "enabled" },
};
const KRAKEN_PAIRS = {
  XXBTZUSD: {
    altname: "XBTUSD",
    wsname: "XBT/USD",
    aclass_base: "currency",
    base: "XXBT",
    aclass_quote: "currency",
    quote: "ZUSD",
    lot: "unit",
    pair_decimals: 1,
    lot_decimals: 8,
    lot_multiplier: 1,
    leverage_buy: [],
    leverage_sell: [],
    fees: [[0, 0.4]],
    fees_maker: [[0, 0.25]],
    ordermin: "0.00005",
    costmin: "0.5",
    tick_size: "0.1",
    status: "online",
  },
};

Deno.test("backfill keeps bars that are no candles among the dead letters, and two bars that lie days apart", async () => {
  await using work = await Workplace.make();
  const row = (time: number, high: string) => [time, "1", high, "0.5", "2", "10"];
  const answer = (...rows: unknown[]) => networkOf(() => Promise.resolve(Response.json(rows)));
  const since = ["--exchange", "binance", "--since", "2024-05-01"];
  work.fetch = answer(row(MAY, "3"), row(MAY + 5 * DAY_MS, "3"), row(MAY + 6 * DAY_MS, "0.1"));
  const { code, stderr } = await backfill(work, ...since, "--until", "2024-05-08", "--timeframe", "1d");
  assertEquals(code, 7, stderr);
  assertStringIncludes(
    stderr,
    "2 bars, 2 requests, 4 absent, 0 short pages, 1 bars were refused, they are kept",
  );
  assertEquals((await bars(work)).length, 3);
  assertEquals((await work.query("SELECT count(*) AS n FROM ohlcv_daily"))[0], { n: 2 });

  // Where not one of them is a candle, the piece has failed; its answers are there to look at.
  work.fetch = answer(row(MAY, "0.1"));
  const other = ["--symbol", "ETH/USD", "--timeframe", "6h", "--until", "2024-05-01T06:00:00Z"];
  assertEquals((await backfill(work, ...since, ...other)).code, 4);
  const { raw, candles, outcome } = Object.values(await records(work)).find(({ symbol }) =>
    symbol === "ETHUSD"
  )!;
  assertEquals([outcome, typeof raw, candles], ["failed", "string", null]);
});

Deno.test("backfill --dry-run asks and writes nothing, and says how long it would take", async () => {
  await using ground = await place();
  const { server, work } = ground;
  const flags = ["--since", "2024-05-01", "--dry-run"];
  const { code, summary } = await backfill(work, ...flags);
  assertEquals([code, summary.requests, summary.pieces[0].name], [0, 66, "2024-05"]);
  const args = ["--exchange", "bitstamp", "--symbol", "BTC/USD", "--timeframe", "1m", "--lake", work.lake];
  const { stdout } = await work.run(["backfill", ...args, "--now", NOW, ...flags]);
  assertStringIncludes(stdout, "would ask for bitstamp BTC/USD 1m 2024-05: 44640 bars, 45 requests at least");
  assertStringIncludes(stdout, "66 requests at least, about 0.2 minutes at 300 a minute");
  assertEquals([server.given.length, await Deno.stat(work.lake).catch(() => null)], [0, null]);
});

Deno.test("backfill files Binance's BTC/USDT as BTCUSDT, and daily bars by the year", async () => {
  await using ground = await place();
  const { work } = ground;
  const flags = [
    "--exchange",
    "binance",
    "--symbol",
    "BTC/USDT",
    "--timeframe",
    "1d",
    "--since",
    "2022-12-01",
  ];
  assertEquals((await backfill(work, ...flags)).code, 0);
  assertEquals(Object.keys(await records(work)), [
    "backfill/binance/BTCUSDT/1d/2022_20221201T000000Z_20230101T000000Z",
    "backfill/binance/BTCUSDT/1d/2023",
    "backfill/binance/BTCUSDT/1d/2024_20240101T000000Z_20240615T000000Z",
  ]);
  assertEquals(await work.query("SELECT symbol, count(*) AS n FROM ohlcv_daily GROUP BY symbol"), [
    { symbol: "BTCUSDT", n: 31 + 365 + 166 },
  ]);
});

Deno.test("backfill refuses flags that make no sense, with exit code 2, before anything is asked", async () => {
  await using ground = await place();
  const { server, work } = ground;
  const base = ["--exchange", "bitstamp", "--symbol", "BTC/USD", "--since", "2024-01-01"];
  const file = await work.file("a.csv", "time,open,close,high,low,volume\n");
  const without = (flag: string) => base.toSpliced(base.indexOf(flag), 2);
  const cases: [args: string[], words: string][] = [
    [[], "name a file with --ohlcv FILE, or an exchange with --exchange NAME"],
    [[...base, "--ohlcv", file], "Cannot combine --exchange with --ohlcv"],
    [[...base, "--layout", "binance"], "Cannot combine --layout with --exchange"],
    [["--ohlcv", file, "--since", "2024-01-01"], "Cannot combine --since with --ohlcv"],
    [["--ohlcv", file, "--symbol", "btc"], "write it like ETHUSD or ETH/USD"],
    [without("--symbol"), "--symbol is missing"],
    [without("--since"), "--since is missing"],
    [[...without("--symbol"), "--symbol", "BTCUSD"], "write it like BTC/USD"],
    [[...without("--symbol"), "--symbol", "BTC/USDT:USDT"], "write it like BTC/USD"],
    [[...without("--exchange"), "--exchange", "bitstmap"], "did you mean bitstamp?"],
    [[...base, "--timeframe", "1w"], "the lake has no such bars, choose among 1m, 3m"],
    [[...without("--exchange"), "--exchange", "coinbase", "--timeframe", "4h"], "coinbase has no such bars"],
    [[...base, "--timeframe", "minute"], "the lake has no such bars"],
    [[...without("--since"), "--since", "2024-07-01"], "it is not in the past"],
    [[...without("--since"), "--since", "last year"], "Cannot use --since"],
    [[...base, "--until", "2023-01-01"], "it is not after --since"],
    [[...base, "--until", "2024-02-30"], "Cannot use --until"],
  ];
  for (const [args, words] of cases) {
    const result = await work.run(["backfill", ...args, "--lake", work.lake, "--now", NOW]);
    assertEquals([args, result.code, result.stdout], [args, 2, ""], result.stderr);
    assertStringIncludes(result.stderr, words);
  }
  const env = { LAKEBOOK_EXCHANGE_REQUESTS_PER_MINUTE: "fast" };
  assertEquals((await work.run(["backfill", ...base, "--lake", work.lake, "--now", NOW], env)).code, 3);
  assertEquals([server.given.length, await Deno.stat(work.lake).catch(() => null)], [0, null]);
});
