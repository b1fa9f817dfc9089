import { assert, assertAlmostEquals, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { testRecorded } from "./_test_coingecko.ts";
import { coinGeckoSettings, openCoinGecko, parseMarketChart, parseMarkets } from "./coingecko.ts";
import { demoMarket } from "./demo_market.ts";
import { marketHandler } from "./market_server.ts";

const NOW = new Date("2026-03-01T12:34:56Z");
const MINUTE = Date.parse("2026-03-01T12:34:00Z");
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const sleep = () => Promise.resolve();

let clock = NOW;
const MARKET = marketHandler({ seed: 1, now: () => clock, sleep });

async function get(path: string, handler = MARKET) {
  const response = await handler(new Request(`http://demo.invalid/api/v3${path}`));
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: JSON.parse(text) };
}

const PAGE = "/coins/markets?vs_currency=usd&per_page=250&price_change_percentage=1h,24h,7d";

Deno.test("marketHandler() serves a page that fetchMarkets() and parseMarkets() read without a reject", async () => {
  const effects = {
    fetch: (input: RequestInfo | URL, init?: RequestInit) => MARKET(new Request(input, init)),
    now: () => NOW,
    sleep,
    random: () => 0.5,
    log: { info() {}, warn() {} },
  };
  const settings = coinGeckoSettings({ COINGECKO_BASE_URL: "http://demo.invalid/api/v3" });
  const { body } = await openCoinGecko(settings, effects).fetchMarkets();
  const { rows, rejects } = parseMarkets(body, { slot: NOW, source: "coingecko" });
  assertEquals([rows.length, rejects], [250, []]);
  assertEquals(new TextDecoder().decode(body), demoMarket().marketsJson(new Date(MINUTE)));

  const chart = parseMarketChart((await openCoinGecko(settings, effects).fetchMarketChart()).body);
  assertEquals([chart.points.length, chart.rejects], [366, []]);
});

testRecorded("marketHandler() has the keys of a recorded page, in order", async (folder) => {
  const recorded = JSON.parse(
    await Deno.readTextFile(new URL("markets/markets_usd_page1_2025-11-03T1605Z.json", folder)),
  );
  const keys = Object.keys(recorded[0]);
  assertEquals(keys.length, 29);
  for (const record of (await get(PAGE)).json) assertEquals(Object.keys(record), keys);
  const plain = JSON.parse(
    await Deno.readTextFile(new URL("recorded/markets_bitcoin_usd.body.json", folder)),
  );
  const [bitcoin] = (await get("/coins/markets?ids=bitcoin&vs_currency=usd")).json;
  assertEquals(Object.keys(bitcoin), Object.keys(plain[0]));
});

testRecorded("marketHandler() refuses with the bodies that were recorded", async (folder) => {
  const table: [path: string, status: number, file: string][] = [
    ["/coins/markets", 422, "recorded/error_422_markets_missing_vs_currency.body.json"],
    ["/coins/markets?ids=bitcoin", 422, "recorded/error_422_markets_ids_only.body.json"],
    ["/coins/bitcoin/market_chart", 422, "recorded/error_422_market_chart_missing_vs_currency.body.json"],
    ["/simple/price", 422, "recorded/error_422_simple_price_missing_ids.body.json"],
    ["/coins/luna/ohlc?vs_currency=usd&days=1", 404, "errors/404_coin_not_found.json"],
    [
      "/simple/price?ids=bitcoin&vs_currencies=ethereum",
      200,
      "recorded/simple_price_unknown_currency_empty_object.body.json",
    ],
    ["/ping", 200, "doc_examples/ping.json"],
  ];
  for (const [path, status, file] of table) {
    const answer = await get(path);
    assertEquals([path, answer.status], [path, status]);
    assertEquals(answer.json, JSON.parse(await Deno.readTextFile(new URL(file, folder))));
  }
  const recorded = JSON.parse(
    await Deno.readTextFile(new URL("errors/401_time_range_exceeded_10012.json", folder)),
  );
  recorded.error.status.timestamp = "2026-03-01T12:34:00.000+00:00";
  for (const days of ["366", "max", "1000"]) {
    const answer = await get(`/coins/bitcoin/market_chart?vs_currency=usd&days=${days}`);
    assertEquals([answer.status, answer.json], [401, recorded]);
  }
});

const REFUSED: [path: string, status: number, error: string][] = [
  ["/coins/markets?vs_currency=", 422, "Missing parameter vs_currency"],
  ["/coins/markets?vs_currency=usdt", 400, "invalid vs_currency"],
  ["/coins/markets?vs_currency=usd&per_page=0", 400, "per_page must be a whole number from 1 to 250"],
  ["/coins/markets?vs_currency=usd&per_page=251", 400, "per_page must be a whole number from 1 to 250"],
  ["/coins/markets?vs_currency=usd&per_page=ten", 400, "per_page must be a whole number from 1 to 250"],
  ["/coins/markets?vs_currency=usd&page=0", 400, "page must be a whole number from 1 to 1000000"],
  ["/coins/markets?vs_currency=usd&order=toString", 400, "Invalid order parameter"],
  [
    "/coins/markets?vs_currency=usd&price_change_percentage=2h",
    400,
    "Invalid price_change_percentage parameter",
  ],
  [
    "/coins/markets?vs_currency=usd&sparkline=true",
    400,
    "the demo market does not serve the parameter sparkline",
  ],
  ["/simple/price?ids=bitcoin", 422, "Missing parameter vs_currencies"],
  ["/coins/luna/market_chart?vs_currency=usd&days=1", 404, "coin not found"],
  ["/coins/__proto__/market_chart?vs_currency=usd&days=1", 404, "coin not found"],
  ["/coins/%E0%A4%A/market_chart?vs_currency=usd&days=1", 404, "coin not found"],
  ["/coins/bitcoin/market_chart?vs_currency=usd", 422, "Missing parameter days"],
  ["/coins/bitcoin/market_chart?vs_currency=usd&days=0", 400, "Invalid days parameter"],
  ["/coins/bitcoin/market_chart?vs_currency=usd&days=week", 400, "Invalid days parameter"],
  ["/coins/bitcoin/market_chart?vs_currency=usd&days=1&interval=1m", 400, "Invalid interval parameter"],
  ["/coins/bitcoin/ohlc?vs_currency=eur&days=1", 400, "invalid vs_currency"],
  ["/coins/bitcoin/ohlc?vs_currency=usd&days=2", 400, "Invalid days parameter"],
  ["/coins/list", 404, "Incorrect path. Please check https://www.coingecko.com/api/"],
  ["", 404, "Incorrect path. Please check https://www.coingecko.com/api/"],
];

Deno.test("marketHandler() says why it refuses", async () => {
  for (const [path, status, error] of REFUSED) {
    const answer = await get(path);
    assertEquals([path, answer.status, answer.json], [path, status, { error }]);
    assertEquals(answer.headers.get("content-type"), "application/json; charset=utf-8");
  }
  const paid = await get("/coins/bitcoin/market_chart?vs_currency=usd&days=1&interval=5m");
  assertEquals([paid.status, paid.json.status.error_code], [401, 10005]);
  const post = await MARKET(new Request("http://demo.invalid/ping", { method: "POST" }));
  assertEquals(post.status, 405);
  await post.body?.cancel();
});

Deno.test("marketHandler() gives the same bytes within a minute, with a Date header of its own clock", async () => {
  const paths = [
    PAGE,
    "/simple/price?ids=bitcoin,tether&vs_currencies=usd&include_last_updated_at=true",
    "/coins/solana/market_chart?vs_currency=usd&days=1",
    "/coins/bitcoin/ohlc?vs_currency=usd&days=14",
  ];
  const other = marketHandler({ seed: 1, now: () => new Date("2026-03-01T12:34:01Z"), sleep });
  for (const path of paths.toReversed()) {
    const [a, b] = [await get(path), await get(path, other)];
    assertEquals(a.text, b.text);
    assertEquals(a.headers.get("date"), "Sun, 01 Mar 2026 12:34:56 GMT");
    assertEquals(b.headers.get("date"), "Sun, 01 Mar 2026 12:34:01 GMT");
    assertEquals(a.headers.get("content-length"), String(a.text.length));
    assertEquals(a.headers.get("server"), "lakebook-demo-market");
    assertEquals((await get(path)).text, a.text);
  }
  const before = (await get(PAGE)).text;
  clock = new Date(NOW.getTime() + 60_000);
  const later = (await get(PAGE)).text;
  clock = NOW;
  assert(later !== before);
  assertEquals((await get(PAGE)).text, before);
  const another = marketHandler({ seed: 2, now: () => NOW, sleep });
  assert((await get(PAGE, another)).text !== before);
});

Deno.test("marketHandler() says one price of a minute at every path, the candle's close", async () => {
  for (const coin of ["bitcoin", "demo-coin-100"]) {
    const flags =
      "include_market_cap=true&include_24hr_vol=true&include_24hr_change=true&include_last_updated_at=true";
    const simple = (await get(`/simple/price?ids=${coin}&vs_currencies=usd&${flags}`)).json[coin];
    const [record] =
      (await get(`/coins/markets?vs_currency=usd&ids=${coin}&price_change_percentage=24h`)).json;
    assertEquals(simple, {
      usd: record.current_price,
      usd_market_cap: record.market_cap,
      usd_24h_vol: record.total_volume,
      usd_24h_change: record.price_change_percentage_24h_in_currency,
      last_updated_at: Math.floor(Date.parse(record.last_updated) / 1000),
    });
    const chart = (await get(`/coins/${coin}/market_chart?vs_currency=usd&days=1`)).json;
    const [time, price] = chart.prices.at(-1);
    assertEquals(time, MINUTE);
    assertAlmostEquals(price / record.current_price, 1, 1e-5);
    assertEquals(Math.round(chart.total_volumes.at(-1)[1]), record.total_volume);
    const ohlc = (await get(`/coins/${coin}/ohlc?vs_currency=usd&days=1`)).json;
    assertEquals(ohlc.at(-1)[4], record.current_price);
  }
  const csv = new TextDecoder().decode(demoMarket().minuteCandlesCsv(2026, 3, { until: new Date(MINUTE) }));
  const [time, _open, close] = csv.trim().split("\n").at(-1)!.split(",").map(Number);
  assertEquals(time, MINUTE - 60_000, "somebody traded in that minute");
  assertEquals((await get("/simple/price?ids=bitcoin&vs_currencies=usd")).json, { bitcoin: { usd: close } });
});

Deno.test("/coins/markets pages, orders, filters, and has only the changes that were asked for", async () => {
  const ids = async (query: string) =>
    (await get(`/coins/markets?vs_currency=usd&${query}`)).json.map((record: { id: string }) => record.id);
  const all = await ids("per_page=250");
  assertEquals([all.length, new Set(all).size], [250, 250]);
  assertEquals(await ids(""), all.slice(0, 100));
  assertEquals(await ids("per_page=7&page=3&order=market_cap_desc"), all.slice(14, 21));
  assertEquals(await ids("page=3"), all.slice(200));
  assertEquals(await ids("page=4"), []);
  assertEquals(await ids("order=market_cap_asc&per_page=250"), all.toReversed());
  assertEquals(await ids("order=id_asc&per_page=2"), ["aave", "avalanche-2"]);
  assertEquals(await ids("ids=ethereum,luna,bitcoin, solana"), ["bitcoin", "ethereum"]);
  const [record] =
    (await get("/coins/markets?vs_currency=USD&per_page=1&price_change_percentage=7d,1y")).json;
  const spans = Object.keys(record).filter((key) => key.endsWith("_in_currency"));
  assertEquals(spans, ["price_change_percentage_7d_in_currency", "price_change_percentage_1y_in_currency"]);
  assertEquals(typeof record.price_change_percentage_1y_in_currency, "number");
});

Deno.test("/simple/price leaves out what it does not know, as the API does", async () => {
  const keys = async (query: string) => Object.keys((await get(`/simple/price?${query}`)).json);
  assertEquals(await keys("ids=ethereum,luna,bitcoin,ethereum&vs_currencies=usd"), ["ethereum", "bitcoin"]);
  assertEquals(await keys("ids=bitcoin,%20ethereum&vs_currencies=usd"), ["bitcoin"]);
  assertEquals(await keys("ids=__proto__&vs_currencies=usd"), []);
});

const CHARTS: [days: number, interval: string, step: number, points: number][] = [
  [1, "", 300_000, 289],
  [2, "", HOUR_MS, 49],
  [90, "", HOUR_MS, 2161],
  [91, "", DAY_MS, 92],
  [365, "", DAY_MS, 366],
  [7, "daily", DAY_MS, 8],
];

Deno.test("/coins/{id}/market_chart steps by 5 minutes, hours and days, and ends with now", async () => {
  for (const [days, interval, step, count] of CHARTS) {
    const query = `vs_currency=usd&days=${days}&interval=${interval}`;
    const chart = (await get(`/coins/ethereum/market_chart?${query}`)).json;
    assertEquals(Object.keys(chart), ["prices", "market_caps", "total_volumes"]);
    const times = chart.prices.map(([time]: [number]) => time);
    assertEquals([days, times.length, times.at(-1)], [days, count, MINUTE]);
    assert(times[0] > MINUTE - days * DAY_MS && times[0] <= MINUTE - days * DAY_MS + step);
    for (const [i, time] of times.slice(0, -1).entries()) {
      assertEquals([time % step, time - times[0]], [0, i * step]);
    }
    for (const list of [chart.market_caps, chart.total_volumes]) {
      assertEquals(list.map(([time]: [number]) => time), times);
      assert(list.every(([_, value]: [number, number]) => value > 0));
    }
  }
});

Deno.test("/coins/{id}/market_chart shows today's midnight from 00:35 on, and nothing before 2020", async () => {
  const times = async (now: string, days: number) => {
    const market = marketHandler({ now: () => new Date(now), sleep });
    const path = `/coins/bitcoin/market_chart?vs_currency=usd&days=${days}`;
    return (await get(path, market)).json.prices.map(([time]: [number]) =>
      new Date(time).toISOString().slice(0, 16)
    );
  };
  assertEquals((await times("2026-03-01T00:34:59Z", 365)).slice(-2), [
    "2026-02-28T00:00",
    "2026-03-01T00:34",
  ]);
  assertEquals((await times("2026-03-01T00:35:00Z", 365)).slice(-2), [
    "2026-03-01T00:00",
    "2026-03-01T00:35",
  ]);
  assertEquals((await times("2026-03-01T00:00:00Z", 1)).length, 288);
  assertEquals(await times("2020-01-01T02:30:00Z", 30), [
    "2020-01-01T00:00",
    "2020-01-01T01:00",
    "2020-01-01T02:00",
    "2020-01-01T02:30",
  ]);
});

const CANDLES: [days: number, length: number, count: number][] = [
  [1, HOUR_MS / 2, 48],
  [7, 4 * HOUR_MS, 42],
  [14, 4 * HOUR_MS, 84],
  [30, 4 * HOUR_MS, 180],
  [90, 4 * DAY_MS, 23],
  [180, 4 * DAY_MS, 45],
  [365, 4 * DAY_MS, 91],
];

Deno.test("/coins/{id}/ohlc has candles of 30 minutes, 4 hours and 4 days under their closing times", async () => {
  for (const [days, length, count] of CANDLES) {
    const candles: number[][] = (await get(`/coins/bitcoin/ohlc?vs_currency=usd&days=${days}`)).json;
    assert(Math.abs(candles.length - count) <= 1, `${days} days: ${candles.length}`);
    const last = candles.at(-1)![0]!;
    assertEquals([days, Math.ceil(MINUTE / length) * length], [days, last]);
    for (const [i, candle] of candles.entries()) {
      const [time, open, high, low, close] = candle as [number, number, number, number, number];
      assertEquals([candle.length, time], [5, last - (candles.length - 1 - i) * length]);
      assert(low > 0 && low <= Math.min(open, close) && high >= Math.max(open, close));
    }
  }
});

Deno.test("/coins/{id}/ohlc closes at the chart's price of that time", async () => {
  const candles: number[][] = (await get("/coins/bitcoin/ohlc?vs_currency=usd&days=30")).json;
  const chart = (await get("/coins/bitcoin/market_chart?vs_currency=usd&days=30")).json;
  const prices = new Map<number, number>(chart.prices);
  const compared = candles.slice(0, -1).filter((candle) => prices.has(candle[0]!));
  assertEquals(compared.length, 179);
  for (const candle of compared) assertEquals(candle[4], Math.round(prices.get(candle[0]!)! * 100) / 100);
});

Deno.test("marketHandler() serves the same with and without /api/v3, and keeps account without parameters", async () => {
  const market = marketHandler({ now: () => NOW, sleep });
  const bare = await market(new Request("http://demo.invalid/ping?x_cg_demo_api_key=secret"));
  assertEquals(await bare.text(), (await get("/ping", market)).text);
  assertEquals((await get("/api/v3/ping", market)).status, 404);
  assertEquals(market.log, [
    { call: 1, path: "/ping", fault: null, status: 200 },
    { call: 2, path: "/ping", fault: null, status: 200 },
    { call: 3, path: "/api/v3/ping", fault: null, status: 404 },
  ]);
});

Deno.test("marketHandler() refuses a seed and a plan that are none", () => {
  const options = { now: () => NOW, sleep };
  assertThrows(() => marketHandler({ ...options, seed: -1 }), RangeError, "give an integer");
  const faults = { rules: [{ fault: "reset" as const, path: "/pong" }] };
  const error = assertThrows(() => marketHandler({ ...options, faults }), TypeError) as TypeError;
  assertMatch(error.message, /^Cannot use the fault plan: rules\[0\]\.path: the market serves \/ping/);
});
