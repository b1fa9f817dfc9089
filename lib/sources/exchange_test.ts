import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Effects } from "../core/effects.ts";
import { ConfigError, SourceError, UsageError } from "../core/errors.ts";
import { MINUTE_MS } from "../core/time.ts";
import { exchangeNames, openExchange } from "./exchange.ts";

const START = Date.UTC(2024, 0, 1);
const KLINES = JSON.stringify([[START, "1", "3", "0.5", "2", "10.25", START + MINUTE_MS - 1]]);
const QUERY = { symbol: "BTC/USDT", timeframe: "1m", since_ms: START };

type Answer = () => Response | Promise<Response>;

/** A network that gives the answers in turn, the last one again and again. */
function network(...answers: Answer[]) {
  const urls: string[] = [];
  const waits: number[] = [];
  const effects: Effects = {
    fetch: async (input) => {
      urls.push(String(input));
      return await answers[Math.min(urls.length, answers.length) - 1]!();
    },
    now: () => new Date("2026-01-02T03:04:05Z"),
    sleep: (ms) => Promise.resolve(void waits.push(ms / 1000)),
    random: () => 0.5,
    log: { info() {}, warn() {} },
  };
  return { effects, urls, waits };
}

const ok: Answer = () => new Response(KLINES);
const status = (code: number, body = "{}", headers: Record<string, string> = {}): Answer => () =>
  new Response(body, { status: code, headers });
const fast = { requests_per_minute: 1e9 };

Deno.test("openExchange() knows the exchanges of the reference by name", async () => {
  const { effects } = network(ok);
  const known = await exchangeNames();
  for (const [name, limit] of Object.entries({ binance: 1000, coinbase: 300, bitstamp: 1000, kraken: 720 })) {
    assert(known.includes(name));
    assertEquals((await openExchange(name, effects)).page_limit, limit, name);
  }
});

Deno.test("openExchange() names close matches for an unknown exchange", async () => {
  const { effects } = network(ok);
  for (
    const [wrong, right] of [["bitstmap", "bitstamp"], ["Binance", "binance"], ["krakn", "kraken"]] as const
  ) {
    const error = await assertRejects(() => openExchange(wrong, effects), UsageError);
    assertStringIncludes(error.message, right);
  }
  for (const name of ["zzzzzzzzzzzz", "__proto__", "constructor", ""]) {
    await assertRejects(() => openExchange(name, effects), UsageError);
  }
});

Deno.test("openExchange() refuses impossible options", async () => {
  const { effects } = network(ok);
  await assertRejects(() => openExchange("binance", effects, { requests_per_minute: 0 }), RangeError);
  await assertRejects(() => openExchange("binance", effects, { base_url: "nowhere" }), RangeError);
});

Deno.test("fetchPage() asks one address and keeps the exact bytes", async () => {
  const { effects, urls } = network(ok);
  const exchange = await openExchange("binance", effects, { base_url: "http://127.0.0.1:1/" });
  const { rows, replies, requests } = await exchange.fetchPage({ ...QUERY, until_ms: START + 59_999 });
  assertEquals(rows, [[START, 1, 3, 0.5, 2, 10.25]]);
  assertEquals(urls, [
    "http://127.0.0.1:1/api/v3/klines?interval=1m&limit=1000&symbol=BTCUSDT" +
    `&startTime=${START}&endTime=${START + 59_999}`,
  ]);
  assertEquals([new TextDecoder().decode(replies[0]!.body), requests], [KLINES, 1]);
});

Deno.test("fetchPage() spreads requests evenly, concurrent ones too", async () => {
  const { effects, waits } = network(ok);
  const exchange = await openExchange("binance", effects, { requests_per_minute: 120 });
  await Promise.all([1, 2, 3].map(() => exchange.fetchPage(QUERY)));
  assertEquals(waits, [0.5, 0.5]);
});

Deno.test("fetchPage() tries again what may pass, with full jitter", async () => {
  const passing: [string, Answer][] = [
    ["a reset", () => Promise.reject(new TypeError("connection reset"))],
    ["500", status(500)],
    ["503 with a page", status(503, "<html>busy</html>")],
    ["a web page", status(200, "<html>Just a moment</html>")],
    ["half a JSON", status(200, KLINES.slice(0, 20))],
    ["an empty body", status(200, "")],
    ["an object without a list", status(200, "{}")],
    ["null", status(200, "null")],
    [
      "a body that breaks off",
      () =>
        new Response(new ReadableStream({ pull: (controller) => controller.error(new TypeError("cut")) })),
    ],
  ];
  for (const [what, answer] of passing) {
    const { effects, urls, waits } = network(answer, answer, ok);
    const exchange = await openExchange("binance", effects, fast);
    const { rows, requests } = await exchange.fetchPage(QUERY);
    assertEquals([rows.length, requests, urls.length], [1, 3, 3], what);
    assertEquals(waits.filter((wait) => wait > 0.01), [0.5, 1], what);
  }
});

Deno.test("fetchPage() tries again where no complete answer came in time", async () => {
  const { effects } = network(() => Promise.reject(new DOMException("time is up", "TimeoutError")), ok);
  const exchange = await openExchange("binance", effects, fast);
  assertEquals((await exchange.fetchPage(QUERY)).requests, 2);
  const { effects: never } = network(() => Promise.reject(new DOMException("time is up", "TimeoutError")));
  const silent = await openExchange("binance", never, fast);
  const error = await assertRejects(() => silent.fetchPage(QUERY), SourceError, "no complete answer in time");
  assert(error.retryable);
});

Deno.test("fetchPage() waits as long as 429 and 418 ask", async () => {
  for (const code of [429, 418]) {
    const { effects, waits } = network(
      status(code, '{"code":-1003,"msg":"slow"}', { "retry-after": "7" }),
      ok,
    );
    const exchange = await openExchange("binance", effects, fast);
    assertEquals((await exchange.fetchPage(QUERY)).requests, 2);
    assertEquals(waits.filter((wait) => wait > 0.01), [7]);
  }
  const { effects, urls } = network(status(418, "{}", { "retry-after": "7200" }));
  const exchange = await openExchange("binance", effects, fast);
  const error = await assertRejects(() => exchange.fetchPage(QUERY), SourceError, "wait 7200 s");
  assert(error.retryable);
  assertEquals(urls.length, 1);
});

Deno.test("fetchPage() gives up after six attempts with a retryable error", async () => {
  const { effects, urls } = network(() => Promise.reject(new TypeError("no route to host")));
  const exchange = await openExchange("coinbase", effects, fast);
  const error = await assertRejects(
    () => exchange.fetchPage({ ...QUERY, symbol: "BTC/USD" }),
    SourceError,
    "no route to host",
  );
  assertEquals([error.retryable, urls.length], [true, 6]);
});

Deno.test("fetchPage() does not repeat a refusal", async () => {
  const refusals: [Answer, string, string][] = [
    [status(400, '{"code":-1121,"msg":"Invalid symbol."}'), "BTC/NONE", "check the symbol"],
    [status(451, '{"code":0,"msg":"restricted location"}'), "BTC/USDT", "refuses this network"],
    [ok, "btc-usd", "write for example BTC/USD"],
    [status(302, "", { location: "http://elsewhere/" }), "BTC/USDT", "302"],
  ];
  for (const [answer, symbol, words] of refusals) {
    const { effects, urls } = network(answer);
    const exchange = await openExchange("binance", effects, fast);
    const error = await assertRejects(() => exchange.fetchPage({ ...QUERY, symbol }), SourceError, words);
    assertEquals(error.retryable, false, words);
    assert(urls.length <= 1, words);
  }
  // Of a pair that it does not have Bitstamp says 404, which ccxt takes for an exchange that is away.
  const unknown = network(status(404, "<html><title>Page not found</title></html>"));
  const bitstamp = await openExchange("bitstamp", unknown.effects, fast);
  const error = await assertRejects(
    () => bitstamp.fetchPage({ ...QUERY, symbol: "XYZ/USD" }),
    SourceError,
    "check the symbol: bitstamp does not know it",
  );
  assertEquals([error.retryable, unknown.urls.length], [false, 1]);
  const { effects, urls } = network(ok);
  const exchange = await openExchange("coinbase", effects, fast);
  await assertRejects(() => exchange.fetchPage({ ...QUERY, timeframe: "4h" }), SourceError, "1m, 5m, 15m");
  assertEquals(urls, []);
});

Deno.test("fetchPage() names the host and deno.json where the permission is missing", async () => {
  const denied = Object.assign(new Error("Requires net access"), { name: "NotCapable" });
  const { effects, urls } = network(() => Promise.reject(denied));
  const exchange = await openExchange("binance", effects, fast);
  const error = await assertRejects(() => exchange.fetchPage(QUERY), ConfigError, "data-api.binance.vision");
  assertStringIncludes(error.message, "deno.json");
  assertEquals(urls.length, 1);
});

Deno.test("fetchPage() takes the age of a cached copy off its date", async () => {
  const { effects } = network(status(200, KLINES, { date: "Fri, 02 Jan 2026 03:04:05 GMT", age: "65" }));
  const exchange = await openExchange("binance", effects, fast);
  const { replies } = await exchange.fetchPage(QUERY);
  assertEquals(replies[0]!.date, new Date("2026-01-02T03:03:00Z"));
});

Deno.test("fetchPage() loads the markets of an exchange whose names it does not know, once", async () => {
  const pair = {
    altname: "XBTUSD",
    wsname: "XBT/USD",
    base: "XXBT",
    quote: "ZUSD",
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
  };
  const asset = (altname: string) => ({ aclass: "currency", altname, decimals: 8, display_decimals: 5 });
  const bar = [START / 1000, "2", "3", "1", "2.5", "2.2", "7.5", 3];
  const answers: Record<string, unknown> = {
    "/0/public/AssetPairs": { XXBTZUSD: pair },
    "/0/public/Assets": { XXBT: asset("XBT"), ZUSD: asset("USD") },
    "/0/public/OHLC": { XXBTZUSD: [bar], last: START / 1000 },
  };
  const paths: string[] = [];
  const { effects } = network(ok);
  const exchange = await openExchange("kraken", {
    ...effects,
    fetch: (input) => {
      const { pathname } = new URL(String(input));
      paths.push(pathname);
      if (paths.length === 1) return Promise.resolve(new Response("busy", { status: 503 }));
      return Promise.resolve(Response.json({ error: [], result: answers[pathname] ?? {} }));
    },
  });
  for (let i = 0; i < 2; i++) {
    const { rows, replies } = await exchange.fetchPage({ ...QUERY, symbol: "BTC/USD" });
    assertEquals(rows, [[START, 2, 3, 1, 2.5, 7.5]]);
    assertEquals(replies.map(({ url }) => new URL(url).pathname), ["/0/public/OHLC"]);
  }
  assertEquals(paths.filter((path) => path === "/0/public/AssetPairs").length, 1, paths.join(" "));
});
