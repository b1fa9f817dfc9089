import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Effects } from "../core/effects.ts";
import { SourceError } from "../core/errors.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../core/time.ts";
import { type ExchangeFault, type ExchangeServerOptions, TestExchange } from "./_test_exchange_server.ts";
import { openExchange } from "./exchange.ts";
import { fetchWindow, WindowError, type WindowResult } from "./exchange_window.ts";
import { type CandleWindow, planWindows } from "./exchange_windows.ts";

const NOW = new Date("2024-06-01T12:00:30Z");
const START = Date.UTC(2024, 0, 1);
const SYMBOLS = { binance: "BTC/USDT", coinbase: "BTC/USD", bitstamp: "BTC/USD" } as const;
type Name = keyof typeof SYMBOLS;
const NAMES = Object.keys(SYMBOLS) as Name[];

function open(options: Partial<ExchangeServerOptions> = {}) {
  const server = new TestExchange({ now: NOW, ...options });
  const waits: number[] = [];
  const effects: Effects = {
    fetch: (input, init) => server.handler(new Request(input, init)),
    now: () => NOW,
    sleep: (ms) => Promise.resolve(void waits.push(ms)),
    random: () => 0.5,
    log: { info() {}, warn() {} },
  };
  return { server, effects, waits };
}

function windowOf(from: number, bars: number): CandleWindow {
  const [window] = planWindows({ since: from, until: from + bars * MINUTE_MS, timeframe: "1m", limit: 1e9 });
  return window!;
}

/** Answers that left out a bar of the window. */
function shortPages(server: TestExchange, { window, closed_until_ms }: WindowResult): number {
  return server.given.filter(({ hidden }) =>
    hidden.some((time) => time >= window.from_ms && time < closed_until_ms)
  ).length;
}

for (const name of NAMES) {
  const symbol = SYMBOLS[name];

  Deno.test(`fetchWindow() takes one request where ${name} gives every bar`, async () => {
    const { server, effects } = open();
    const exchange = await openExchange(name, effects);
    const result = await fetchWindow(exchange, { symbol, window: windowOf(START, exchange.page_limit) });
    assertEquals(result.candles, server.truth(START, START + exchange.page_limit * MINUTE_MS));
    assertEquals([result.requests, result.short_pages, result.absent, result.complete], [1, 0, [], true]);
    assertEquals(new URL(result.raw[0]!.url).search, new URL(server.given[0]!.url).search);
  });

  Deno.test(`fetchWindow() notices each page that ${name} cuts at ten bars`, async () => {
    const { server, effects } = open({ page: 10 });
    const exchange = await openExchange(name, effects);
    const result = await fetchWindow(exchange, { symbol, window: windowOf(START, 95) });
    assertEquals(result.candles, server.truth(START, START + 95 * MINUTE_MS));
    assert(result.complete);
    assertEquals(result.short_pages, shortPages(server, result));
    assert(result.short_pages >= 9);
  });

  Deno.test(`fetchWindow() tells minutes without a trade from missing ones on ${name}`, async () => {
    const { server, effects } = open({ no_trade: 0.3 });
    const exchange = await openExchange(name, effects);
    const result = await fetchWindow(exchange, { symbol, window: windowOf(START, 200) });
    assertEquals(result.candles, server.truth(START, START + 200 * MINUTE_MS));
    assertEquals(result.absent.reduce((sum, { missing }) => sum + missing, 0), 200 - result.candles.length);
    assertEquals(new Set(result.absent.map(({ cause }) => cause)), new Set(["no_trade"]));
    assert(result.requests <= 6, `${result.requests} requests`);
  });

  Deno.test(`fetchWindow() asks twice and says source_silent where ${name} has nothing`, async () => {
    const { effects } = open({ listed: new Date(START + 30 * DAY_MS) });
    const exchange = await openExchange(name, effects);
    const result = await fetchWindow(exchange, { symbol, window: windowOf(START, 50) });
    assertEquals([result.candles, result.requests, result.complete], [[], 2, true]);
    assertEquals(result.absent.map(({ from, missing, cause }) => ({ from, missing, cause })), [
      { from: "2024-01-01T00:00:00Z", missing: 50, cause: "source_silent" },
    ]);
  });

  Deno.test(`fetchWindow() drops the open last candle of ${name}`, async () => {
    for (const dated of [true, false]) {
      const { server, effects } = open({ dated });
      const exchange = await openExchange(name, effects);
      const from = Math.floor(NOW.getTime() / MINUTE_MS) * MINUTE_MS - 9 * MINUTE_MS;
      const result = await fetchWindow(exchange, { symbol, window: windowOf(from, 10) });
      assertEquals(result.candles, server.truth(from, from + 10 * MINUTE_MS));
      assertEquals([result.candles.length, result.complete], [9, false]);
    }
  });

  Deno.test(`fetchWindow() loses and doubles no row of 350 windows of ${name} with faults`, async () => {
    const faults: ExchangeFault[] = [
      "short",
      "short",
      "gap",
      "empty",
      "overlap",
      "conflict",
      "too_many",
      "reset",
      "half",
      "page",
    ];
    let pages = 0, conflicts = 0;
    for (let seed = 1; seed <= 350; seed++) {
      const { server, effects } = open({
        seed,
        faulty: 0.4,
        faults,
        no_trade: seed % 3 === 0 ? 0.1 : 0,
        ...(seed % 5 === 0 ? { page: 20 } : {}),
      });
      const exchange = await openExchange(name, effects);
      const from = START + seed * 7 * HOUR_MS, bars = seed % 50 === 0 ? exchange.page_limit : 5 + seed % 60;
      const result = await fetchWindow(exchange, { symbol, window: windowOf(from, bars) });
      assertEquals(result.candles, server.truth(from, from + bars * MINUTE_MS), `seed ${seed}`);
      assertEquals(result.short_pages, shortPages(server, result), `short pages of seed ${seed}`);
      assertEquals(
        result.candles.length + result.absent.reduce((sum, { missing }) => sum + missing, 0),
        bars,
        `seed ${seed}`,
      );
      assert(result.complete);
      pages += result.short_pages;
      conflicts += result.conflicts.length;
    }
    assert(pages > 50 && conflicts > 10, `${pages} short pages, ${conflicts} conflicts`);
  });
}

Deno.test("fetchWindow() keeps what came where the source breaks off", async () => {
  const { server, effects } = open({ page: 10 });
  const broken = (input: string | URL | Request, init?: RequestInit) =>
    server.given.length < 2 ? effects.fetch(input, init) : Promise.reject(new TypeError("connection reset"));
  const exchange = await openExchange("binance", { ...effects, fetch: broken });
  const error = await assertRejects(
    () => fetchWindow(exchange, { symbol: "BTC/USDT", window: windowOf(START, 95) }),
    WindowError,
    "connection",
  );
  assert(error.retryable);
  assertEquals(error.partial.candles, server.truth(START, START + 20 * MINUTE_MS));
  assertEquals([error.partial.raw.length, error.partial.complete, error.partial.short_pages], [2, false, 1]);
});

Deno.test("fetchWindow() gives up where the exchange ignores the question", async () => {
  const { server, effects } = open();
  const url =
    "https://x/products/BTC-USD/candles?granularity=60&start=2024-05-01T00:00:00Z&end=2024-05-01T01:00:00Z";
  const exchange = await openExchange("coinbase", {
    ...effects,
    fetch: () => server.handler(new Request(url)),
  });
  const error = await assertRejects(
    () => fetchWindow(exchange, { symbol: "BTC/USD", window: windowOf(START, 60) }),
    WindowError,
    "neither gives nor denies",
  );
  assert(error.retryable);
});

Deno.test("fetchWindow() refuses what Kraken has forgotten, without a request", async () => {
  const { server, effects } = open();
  const exchange = await openExchange("kraken", effects);
  await assertRejects(
    () => fetchWindow(exchange, { symbol: "BTC/USD", window: windowOf(START, 60) }),
    SourceError,
    "newest 720",
  );
  // The last bars of its memory would be gone before they are asked for a second time.
  const edge = windowOf(NOW.getTime() - 715 * MINUTE_MS, 60);
  await assertRejects(
    () => fetchWindow(exchange, { symbol: "BTC/USD", window: edge }),
    SourceError,
    "newest 720",
  );
  assertEquals(server.given, []);
});

Deno.test("fetchWindow() asks nothing for a window in the future", async () => {
  const { server, effects } = open();
  const exchange = await openExchange("binance", effects);
  const window = windowOf(NOW.getTime() + DAY_MS, 60);
  const { candles, complete } = await fetchWindow(exchange, { symbol: "BTC/USDT", window });
  assertEquals([candles, complete, server.given], [[], false, []]);
});

Deno.test("fetchWindow() does not call a row that is no bar a minute without a trade", async () => {
  const { effects } = open();
  const rows = [0, 1, 2].map((i) => [START + i * MINUTE_MS, "1", "3", "0.5", i === 1 ? "n/a" : "2", "10"]);
  const exchange = await openExchange("binance", {
    ...effects,
    fetch: () => Promise.resolve(Response.json(rows)),
  });
  const { candles, absent, rejects } = await fetchWindow(exchange, {
    symbol: "BTC/USDT",
    window: windowOf(START, 3),
  });
  assertEquals([candles.length, absent[0]!.cause, rejects[0]!.reason], [2, "source_silent", "not_a_number"]);

  const other = await openExchange("binance", {
    ...effects,
    fetch: () => Promise.resolve(Response.json({ codes: [1, 2], text: "maintenance" })),
  });
  const error = await assertRejects(
    () => fetchWindow(other, { symbol: "BTC/USDT", window: windowOf(START, 3) }),
    WindowError,
    "none of",
  );
  assert(error.retryable);
});
