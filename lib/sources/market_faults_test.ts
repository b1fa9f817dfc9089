import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { SourceError } from "../core/errors.ts";
import { testRecorded } from "./_test_coingecko.ts";
import { parseMarketChart, parseMarkets } from "./coingecko_parse.ts";
import { FAULT_PLANS } from "./market_faults_plans.ts";
import { type FaultKind, type FaultPlan, FAULTS, readFaultPlan } from "./market_faults.ts";
import { ConnectionCut } from "./market_faults_wire.ts";
import { marketHandler } from "./market_server.ts";

type Rule = FaultPlan["rules"][number];
// deno-lint-ignore no-explicit-any
type Coin = Record<string, any>;

const NOW = new Date("2026-03-01T12:34:56Z");
const PAGE = "/coins/markets?vs_currency=usd&per_page=250&price_change_percentage=1h,24h,7d";

/** A market in which the n-th call of a page meets the n-th rule, and all waits, which last no time. */
function plannedMarket(rules: Rule[], { seed = 7 } = {}) {
  const waits: number[] = [];
  const sleep = (ms: number) => Promise.resolve(void waits.push(ms));
  const numbered = rules.map((rule, i) => ({ path: "/coins/markets", calls: [i + 1], ...rule })) as Rule[];
  const market = marketHandler({ now: () => NOW, sleep, faults: { seed, rules: numbered } });
  return { market, waits, ask: (path = PAGE) => market(new Request(`http://demo.invalid/api/v3${path}`)) };
}

/** Bodies of one call per rule, then the clean one. */
async function pages(
  ...rules: Rule[]
): Promise<{ texts: string[]; clean: string; market: { log: unknown[] } }> {
  const { ask, market } = plannedMarket(rules);
  const texts: string[] = [];
  for (const _ of rules) texts.push(await (await ask()).text());
  const clean = await (await ask()).text();
  return { texts, clean, market: { log: [...market.log] } };
}

function parsed(text: string) {
  return parseMarkets(new TextEncoder().encode(text), { slot: NOW, source: "coingecko" });
}

function reasons(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason } of parsed(text).rejects) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

/** Which rows of a page differ from the clean one. */
function changedRows(text: string, clean: string): { before: Coin; after: Coin }[] {
  const [after, before]: Coin[][] = [JSON.parse(text), JSON.parse(clean)];
  assertEquals(after!.length, before!.length);
  return before!.map((coin, i) => ({ before: coin, after: after![i]! }))
    .filter(({ before, after }) => JSON.stringify(before) !== JSON.stringify(after));
}

const INSTEAD: {
  rule: Rule;
  status: number;
  type: string | null;
  says: string;
  headers?: Record<string, string>;
}[] = [
  { rule: { fault: "rate_limit" }, status: 429, type: "application/json", says: "exceeded the Rate Limit" },
  {
    rule: { fault: "rate_limit", retry_after_s: 30 },
    status: 429,
    type: "application/json",
    says: '"error_code":429',
    headers: { "retry-after": "30" },
  },
  {
    rule: { fault: "rate_limit", retry_after_s: 30, retry_after_as: "date", body: "throttled" },
    status: 429,
    type: "text/plain",
    says: "Throttled",
    headers: { "retry-after": "Sun, 01 Mar 2026 12:35:26 GMT" },
  },
  {
    rule: { fault: "server_error", status: 500 },
    status: 500,
    type: "application/json",
    says: '{"status":500,"error":"Internal Server Error"}',
  },
  {
    rule: { fault: "server_error", status: 502 },
    status: 502,
    type: "text/html",
    says: "502: Bad gateway</title>",
  },
  { rule: { fault: "server_error" }, status: 503, type: "text/html", says: "503: Service temporarily" },
  {
    rule: { fault: "server_error", status: 504 },
    status: 504,
    type: "text/html",
    says: "<title>api.coingecko.com | 504: Gateway time-out</title>",
  },
  { rule: { fault: "teapot" }, status: 418, type: "application/json", says: "teapot" },
  { rule: { fault: "bad_key" }, status: 401, type: "application/json", says: '"error_code":10002' },
  {
    rule: { fault: "bad_key", code: 10005 },
    status: 401,
    type: "application/json",
    says: '"error_code":10005',
  },
  {
    rule: { fault: "bad_key", code: 10010 },
    status: 400,
    type: "application/json",
    says: "If you are using Pro API key, please change your root URL from api.coingecko.com to pro-api.",
  },
  {
    rule: { fault: "bad_key", code: 10011 },
    status: 400,
    type: "application/json",
    says: '"error_code":10011,"status":{"error_message":"If you are using Demo API key',
  },
  { rule: { fault: "forbidden" }, status: 403, type: "text/html", says: "error code 1020" },
  { rule: { fault: "redirect" }, status: 302, type: null, says: "", headers: { location: "/api/v3/moved" } },
  {
    rule: { fault: "redirect", status: 308, to: "https://demo.invalid/v4" },
    status: 308,
    type: null,
    says: "",
    headers: { location: "https://demo.invalid/v4" },
  },
  { rule: { fault: "html_200" }, status: 200, type: "text/html", says: "<!DOCTYPE html>" },
  { rule: { fault: "throttled_200" }, status: 200, type: "text/plain", says: "Throttled" },
  {
    rule: { fault: "empty_body" },
    status: 200,
    type: "application/json",
    says: "",
    headers: { "content-length": "0" },
  },
  { rule: { fault: "null_body" }, status: 200, type: "application/json", says: "null" },
  { rule: { fault: "zero_coins" }, status: 200, type: "application/json", says: "[]" },
];

Deno.test("rules that answer instead of the market: status, type, headers and words", async () => {
  const { ask, market } = plannedMarket(INSTEAD.map(({ rule }) => rule));
  for (const { rule, status, type, says, headers = {} } of INSTEAD) {
    const response = await ask();
    const text = await response.text();
    assertEquals([rule, response.status], [rule, status]);
    assertEquals(response.headers.get("content-type")?.split(";")[0] ?? null, type);
    assertStringIncludes(text, says);
    if (!("retry-after" in headers)) assertEquals(response.headers.get("retry-after"), null);
    for (const [name, value] of Object.entries(headers)) assertEquals(response.headers.get(name), value);
    assertEquals(response.headers.get("content-length"), String(text.length));
    if (status === 200) assertThrows(() => parsed(text), SourceError);
  }
  assertEquals(
    market.log.map(({ fault, status }) => [fault, status]),
    INSTEAD.map((x) => [x.rule.fault, x.status]),
  );
  assertEquals(JSON.parse(await (await ask()).text()).length, 250);
});

testRecorded("rate_limit has the body of a real throttled reply", async (folder) => {
  const { texts } = await pages({ fault: "rate_limit" });
  assertEquals(texts[0], (await Deno.readTextFile(new URL("errors/429_body.json", folder))).trimEnd());
});

Deno.test("zero_coins empties a chart and prices as well", async () => {
  const faults: FaultPlan = { rules: [{ fault: "zero_coins" }] };
  const market = marketHandler({ now: () => NOW, sleep: () => Promise.resolve(), faults });
  const text = async (path: string) => await (await market(new Request(`http://demo.invalid${path}`))).text();
  assertEquals(
    await text("/coins/bitcoin/market_chart"),
    '{"prices":[],"market_caps":[],"total_volumes":[]}',
  );
  assertEquals(await text("/coins/bitcoin/ohlc"), "[]");
  assertEquals(await text("/simple/price"), "{}");
  assertStringIncludes(await text("/ping"), "To the Moon");
});

Deno.test("reset fails before an answer, reset_mid_body after a share of it", async () => {
  const { ask, market } = plannedMarket([{ fault: "reset" }, { fault: "reset_mid_body", at: 0.25 }]);
  await assertRejects(() => ask(), ConnectionCut, "cut the connection");
  const response = await ask();
  const promised = Number(response.headers.get("content-length"));
  let got = 0;
  await assertRejects(async () => {
    for await (const piece of response.body!) got += piece.length;
  }, ConnectionCut);
  assertEquals([response.status, got], [200, Math.floor(promised / 4)]);
  assertEquals(market.log.map(({ fault, status }) => [fault, status]), [["reset", null], [
    "reset_mid_body",
    200,
  ]]);
  assert(new ConnectionCut() instanceof TypeError, "as fetch would throw it");
});

Deno.test("slow_drip lasts as long as its rate says and gives every byte", async () => {
  const { ask, waits } = plannedMarket([{ fault: "slow_drip", bytes_per_s: 5000 }]);
  const slow = await (await ask()).text();
  assertEquals(slow, await (await ask()).text());
  const total_ms = waits.reduce((sum, ms) => sum + ms, 0);
  assert(Math.abs(total_ms - slow.length / 5) < 1, `${total_ms} ms for ${slow.length} bytes`);
  assert(Math.max(...waits) <= 100.001, "a piece every tenth of a second");
});

Deno.test("hang waits, then cuts; a caller who leaves ends the wait", async () => {
  const { ask, waits } = plannedMarket([{ fault: "hang", for_s: 90 }]);
  await assertRejects(() => ask(), ConnectionCut);
  assertEquals(waits, [90_000]);

  const sleep = (_ms: number, signal?: AbortSignal) =>
    new Promise<void>((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason)));
  const market = marketHandler({ now: () => NOW, sleep, faults: { rules: [{ fault: "hang" }] } });
  const leave = new AbortController();
  const answer = market(new Request("http://demo.invalid/ping", { signal: leave.signal }));
  leave.abort(new Error("enough"));
  await assertRejects(() => answer, Error, "enough");
  assertEquals(market.log, [{ call: 1, path: "/ping", fault: "hang", status: null }]);
});

Deno.test("wrong_clock moves the Date header and nothing else", async () => {
  const { ask } = plannedMarket([{ fault: "wrong_clock" }, { fault: "wrong_clock", by_s: -1 }]);
  const answers = [await ask(), await ask(), await ask()];
  assertEquals(answers.map(({ headers }) => headers.get("date")), [
    "Mon, 02 Mar 2026 12:34:56 GMT",
    "Sun, 01 Mar 2026 12:34:55 GMT",
    "Sun, 01 Mar 2026 12:34:56 GMT",
  ]);
  const texts = await Promise.all(answers.map((answer) => answer.text()));
  assertEquals(new Set(texts).size, 1);
});

Deno.test("cut_json, bom, not_json and huge_number spoil the text of a page", async () => {
  const { ask } = plannedMarket([
    { fault: "cut_json", at: 0.5 },
    { fault: "bom" },
    { fault: "not_json" },
    { fault: "huge_number", column: "total_volume" },
    { fault: "big_market_cap" },
  ]);
  const bodies = [];
  for (let i = 0; i < 6; i++) {
    const response = await ask();
    const bytes = await response.bytes();
    assertEquals(response.headers.get("content-length"), String(bytes.length));
    bodies.push(bytes);
  }
  const [cut, bom, nan, huge, big, clean] = bodies as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  assertEquals(cut, clean.subarray(0, clean.length >> 1));
  assertEquals([...bom.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
  assertEquals(bom.subarray(3), clean);
  const texts = [nan, huge, big].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals(texts.map((text, i) => text.split([":NaN,", ":1e400,", ":9007199254740993,"][i]!).length), [
    2,
    2,
    2,
  ]);
  assertThrows(() => JSON.parse(texts[0]!), SyntaxError);
  assertEquals(JSON.parse(texts[1]!).filter((coin: Coin) => coin.total_volume === Infinity).length, 1);
  const [only] = changedRows(texts[2]!, new TextDecoder().decode(clean));
  assertEquals(only!.after.market_cap, 2 ** 53, "JSON.parse() lost the last digit");
});

Deno.test("numbers_as_text and null_fields hit a share of the fields, never an id", async () => {
  const { texts, clean } = await pages(
    { fault: "numbers_as_text", field_share: 0.1 },
    { fault: "null_fields", field_share: 0.1 },
    { fault: "null_fields", field_share: 1 },
    { fault: "null_fields", field_share: 0 },
  );
  const changed = (text: string) =>
    changedRows(text, clean).flatMap(({ before, after }) =>
      Object.keys(before).filter((key) => before[key] !== after[key]).map((
        key,
      ) => [before[key], after[key], key])
    );
  const as_text = changed(texts[0]!);
  assert(as_text.every(([before, after]) => typeof before === "number" && after === String(before)));
  assert(as_text.length > 400 && as_text.length < 750, `${as_text.length} of about 5,700 numbers`);
  const nulls = changed(texts[1]!);
  assert(nulls.every(([_, after, key]) => after === null && key !== "id"));
  assert(nulls.length > 500 && nulls.length < 850, `${nulls.length} of about 6,800 values`);
  assert(
    JSON.parse(texts[2]!).every((coin: Coin) => coin.id !== null && coin.name === null && coin.ath === null),
  );
  assertEquals(texts[3], clean);
});

Deno.test("all_null_coin, missing_ids, duplicates and out_of_order change rows", async () => {
  const { texts, clean } = await pages(
    { fault: "all_null_coin", coins: 2 },
    { fault: "missing_ids", coins: 6 },
    { fault: "duplicates", coins: 4 },
    { fault: "duplicates", coins: 4, conflicting: true },
    { fault: "out_of_order" },
  );
  const [nulls, ids, exact, conflicting, order] = texts as [string, string, string, string, string];
  for (const { before, after } of changedRows(nulls, clean)) {
    const filled = Object.entries(after).filter(([, value]) => value !== null);
    assertEquals(Object.fromEntries(filled), { id: before.id, symbol: before.symbol, name: before.name });
    assertEquals(Object.keys(after), Object.keys(before));
  }
  assertEquals(changedRows(nulls, clean).length, 2);
  assertEquals(parsed(nulls).rows.filter((row) => row.current_price === null).length, 2);

  assertEquals(reasons(ids), { missing_id: 6 });
  assertEquals(changedRows(ids, clean).map(({ after }) => after.id), [
    undefined,
    null,
    "",
    undefined,
    null,
    "",
  ]);

  const coins: Coin[] = JSON.parse(clean);
  for (const [text, factor] of [[exact, 1], [conflicting, 1.01]] as const) {
    assertEquals(reasons(text), factor === 1 ? {} : { duplicate_id: 4 });
    const rows: Coin[] = JSON.parse(text);
    assertEquals(rows.slice(0, 250), coins);
    for (const copy of rows.slice(250)) {
      const first = coins.find(({ id }) => id === copy.id)!;
      assertEquals(copy, { ...first, current_price: first.current_price * factor });
    }
  }

  const shuffled: Coin[] = JSON.parse(order);
  assert(order !== clean);
  assertEquals(shuffled.toSorted((a, b) => a.market_cap_rank - b.market_cap_rank), coins);
});

const COLUMNS = { added: 30, removed: 28, same: 29 };

Deno.test("drift changes the schema of a whole page", async () => {
  const { texts, clean } = await pages(
    { fault: "drift", change: "column_added" },
    { fault: "drift", change: "column_removed", column: "total_volume" },
    { fault: "drift", change: "column_renamed", column: "current_price", to: "price" },
    { fault: "drift", change: "int_to_float" },
    { fault: "drift", change: "to_string" },
    { fault: "drift", change: "nested" },
    { fault: "drift", change: "case_change" },
  );
  const before: Coin[] = JSON.parse(clean);
  const [added, removed, renamed, float, text, nested, cased] = texts.map((page) =>
    JSON.parse(page) as Coin[]
  );
  const keys = (coins: Coin[]) => new Set(coins.map((coin) => Object.keys(coin).length));
  assertEquals(keys(added!), new Set([COLUMNS.added]));
  assert(added!.every((coin) => typeof coin.liquidity_score === "number"));
  assertEquals(keys(removed!), new Set([COLUMNS.removed]));
  assert(removed!.every((coin) => !("total_volume" in coin)));
  for (const [i, coin] of before.entries()) {
    const { current_price, ...others } = coin;
    assertEquals(renamed![i], { ...others, price: current_price });
    assertEquals(Object.keys(renamed![i]!).indexOf("price"), Object.keys(coin).indexOf("current_price"));
    assertEquals(text![i], { ...coin, current_price: String(current_price) });
    assertEquals(nested![i], { ...coin, current_price: { usd: current_price } });
    assertEquals(cased![i], { ...others, Current_Price: current_price });
  }
  assertEquals(clean.replaceAll(/"market_cap":(\d+)/g, '"market_cap":$1.25'), texts[3]);
  assert(float!.every((coin, i) => coin.market_cap === before[i]!.market_cap + 0.25));
  assertEquals(reasons(texts[4]!), { number_as_text: 250 });
});

Deno.test("rules about rows spoil charts and candles too", async () => {
  const rules: Rule[] = [
    { fault: "duplicates", coins: 5, conflicting: true },
    { fault: "null_fields", field_share: 0.1 },
    { fault: "out_of_order" },
    { fault: "huge_number" },
    { fault: "numbers_as_text" },
  ];
  const chart = (number: number) => ({ path: "/coins/*/market_chart", calls: [number] });
  const { ask } = plannedMarket(rules.map((rule, i) => ({ ...rule, ...chart(i + 1) })));
  const charts = [];
  for (let i = 0; i <= rules.length; i++) {
    const path = "/coins/bitcoin/market_chart?vs_currency=usd&days=1";
    charts.push(parseMarketChart(await (await ask(path)).bytes()));
  }
  const clean = charts.at(-1)!;
  assertEquals([clean.points.length, clean.rejects.length], [289, 0]);
  assertEquals(charts[0]!.rejects.map(({ reason }) => reason), new Array(5).fill("duplicate_time"));
  assertEquals(charts[0]!.points, clean.points);
  assert(
    charts[1]!.rejects.length > 10 && charts[1]!.rejects.every(({ reason }) => reason === "not_a_number"),
  );
  assertEquals(charts[2]!, clean);
  assertEquals(charts[3]!.rejects.length, 1);
  assert(charts[4]!.rejects.length > 0);

  const candles = plannedMarket([{ fault: "out_of_order", path: "/coins/*/ohlc" }]);
  const path = "/coins/bitcoin/ohlc?vs_currency=usd&days=7";
  const [mixed, sorted] = [await (await candles.ask(path)).json(), await (await candles.ask(path)).json()];
  assert(JSON.stringify(mixed) !== JSON.stringify(sorted));
  assertEquals(mixed.toSorted((a: number[], b: number[]) => a[0]! - b[0]!), sorted);
});

Deno.test("a rule about data leaves a refusal as it is, and says that it did nothing", async () => {
  const { ask, market } = plannedMarket([
    { fault: "cut_json" },
    { fault: "null_fields", field_share: 1 },
    { fault: "drift", change: "nested", column: "price_change_percentage_7d_in_currency" },
    { fault: "huge_number", column: "price_change_percentage_7d_in_currency" },
  ]);
  assertEquals(await (await ask("/coins/markets")).json(), { error: "Missing parameter vs_currency" });
  assertEquals(await (await ask("/coins/markets?vs_currency=usd&page=9")).json(), []);
  const without = await (await ask("/coins/markets?vs_currency=usd&per_page=2")).text();
  assertEquals(await (await ask("/coins/markets?vs_currency=usd&per_page=2")).text(), without);
  assertEquals(market.log.map(({ fault, status }) => [fault, status]), [
    [null, 422],
    [null, 200],
    [null, 200],
    [null, 200],
  ]);
});

Deno.test("rules match by path and by number, and the first match wins", async () => {
  const rules: Rule[] = [
    { path: "/coins/bitcoin/*", fault: "teapot", calls: [2] },
    { path: "/coins/*/ohlc", fault: "server_error", status: 500, calls: { from: 2, to: 3 } },
    { path: "/ping", fault: "forbidden", calls: { from: 3 } },
    { path: "*", fault: "throttled_200", calls: [9] },
  ];
  const market = marketHandler({ now: () => NOW, sleep: () => Promise.resolve(), faults: { rules } });
  const calls: [path: string, fault: FaultKind | null][] = [
    ["/coins/bitcoin/ohlc", null],
    ["/coins/bitcoin/ohlc", "teapot"],
    ["/coins/ethereum/ohlc", "server_error"],
    ["/coins/ethereum/ohlc", null],
    ["/ping", null],
    ["/ping", null],
    ["/ping", "forbidden"],
    ["/ping", "forbidden"],
    ["/simple/price", "throttled_200"],
    ["/simple/price", null],
  ];
  for (const [path] of calls) await (await market(new Request(`http://demo.invalid${path}`))).body?.cancel();
  assertEquals(market.log.map(({ path, fault }) => [path, fault]), calls);
});

Deno.test("a share is drawn from the plan's seed: replayable, about right, and different for another seed", async () => {
  async function hits(seed: number): Promise<string> {
    const faults: FaultPlan = {
      seed,
      rules: [{ fault: "server_error", share: 0.2 }, { fault: "teapot", share: 0.2 }],
    };
    const market = marketHandler({ now: () => NOW, sleep: () => Promise.resolve(), faults });
    for (let i = 0; i < 500; i++) {
      await (await market(new Request("http://demo.invalid/ping"))).body?.cancel();
    }
    return market.log.map(({ fault }) => fault?.[0] ?? ".").join("");
  }
  const first = await hits(7);
  assertEquals(await hits(7), first);
  assert(await hits(8) !== first);
  const count = (letter: string) => first.split(letter).length - 1;
  assert(count("s") > 75 && count("s") < 125 && count("t") > 55 && count("t") < 105, first);
});

Deno.test("the same plan spoils the same fields, another seed or call others", async () => {
  const rule: Rule = { fault: "null_fields", field_share: 0.05 };
  async function texts(seed: number) {
    const { ask } = plannedMarket([rule, rule], { seed });
    return [await (await ask()).text(), await (await ask()).text()];
  }
  const [a, b] = await texts(7);
  assertEquals(await texts(7), [a, b]);
  assert(a !== b && (await texts(8))[0] !== a);
});

const BAD_PLANS: [plan: unknown, says: string][] = [
  [null, "Cannot use the fault plan: "],
  [{}, "rules: "],
  [{ rules: [], sede: 1 }, 'Unrecognized key: "sede"'],
  [{ rules: [], seed: 1.5 }, "seed: "],
  [
    { rules: [{ fault: "earthquake" }] },
    "rules[0].fault: it is no kind of fault, choose among rate_limit, server_error",
  ],
  [{ rules: [{ fault: "reset" }, { fault: "reset", after: 3 }] }, 'rules[1]: Unrecognized key: "after"'],
  [{ rules: [{ fault: "server_error", status: 418 }] }, "rules[0].status: "],
  [{ rules: [{ fault: "rate_limit", retry_after_s: -1 }] }, "rules[0].retry_after_s: "],
  [{ rules: [{ fault: "reset", calls: [] }] }, "rules[0].calls: "],
  [{ rules: [{ fault: "reset", calls: [0] }] }, "rules[0].calls"],
  [{ rules: [{ fault: "reset", calls: { from: 3, to: 2 } }] }, "rules[0].calls: it ends before it begins"],
  [{ rules: [{ fault: "reset", share: 2 }] }, "rules[0].share: "],
  [
    { rules: [{ fault: "reset", path: "/api/v3/ping" }] },
    "rules[0].path: the market serves /ping, /simple/price",
  ],
  [{ rules: [{ fault: "missing_ids", path: "/coins/*/ohlc" }] }, "missing_ids changes /coins/markets only"],
  [{ rules: [{ fault: "drift" }] }, "rules[0].change: "],
  [{ rules: [{ fault: "drift", change: "nested", to: "x" }] }, "rules[0].to: it belongs to column_renamed"],
  [{ rules: [{ fault: "drift", change: "nested", column: "Price!" }] }, "it is not the name of a column"],
  [
    { rules: [{ fault: "drift", change: "nested", column: "volume_24h" }] },
    "rules[0].column: the page has no such",
  ],
  [
    { rules: [{ fault: "drift", change: "column_added", column: "ath" }] },
    "the page has this column already",
  ],
  [{ rules: [{ fault: "not_json", column: "name" }] }, "rules[0].column: "],
  [{ rules: [{ fault: "redirect", to: "//elsewhere" }] }, "neither a path nor an http(s) address"],
];

Deno.test("readFaultPlan() names the place and the reason", () => {
  for (const [plan, says] of BAD_PLANS) {
    const error = assertThrows(() => readFaultPlan(plan), TypeError) as TypeError;
    assertStringIncludes(error.message, says);
  }
});

Deno.test("FAULTS and the ready-made plans name every kind, with a sentence each", () => {
  assertEquals(FAULTS.length, 28);
  for (const { fault, says } of FAULTS) assert(says.length > 15, fault);
  const used = new Set(
    Object.values(FAULT_PLANS).flatMap((plan) => readFaultPlan(plan).rules.map((rule) => rule.fault)),
  );
  assert(used.size >= 20, [...used].join());
  for (const plan of Object.values(FAULT_PLANS)) assertEquals(JSON.parse(JSON.stringify(plan)), plan);
});

Deno.test("the plan garbage spoils its first 17 pages and then is clean", async () => {
  const market = marketHandler({
    now: () => NOW,
    sleep: () => Promise.resolve(),
    faults: FAULT_PLANS.garbage,
  });
  const texts = [];
  for (let i = 0; i < 18; i++) {
    texts.push(await (await market(new Request(`http://demo.invalid${PAGE}`))).text());
  }
  assert(market.log.slice(0, 17).every(({ fault, status }) => fault !== null && status === 200));
  assertEquals(market.log[17]!.fault, null);
  assertEquals(parsed(texts[17]!).rejects, []);
});
