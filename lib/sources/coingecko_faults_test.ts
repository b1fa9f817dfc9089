/** What can go wrong between here and CoinGecko, one line a class: how often we ask, how long we wait, what we say. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ConfigError, LakebookError, SourceError } from "../core/errors.ts";
import { answer, fakeEffects } from "./_test_coingecko.ts";
import {
  checkClock,
  coinGeckoSettings,
  openCoinGecko,
  parseMarkets,
  parseSimplePrice,
  requestTrace,
} from "./coingecko.ts";

const PAGE = '[{"id":"bitcoin","symbol":"btc","name":"Bitcoin","current_price":1.5}]';
const good = answer(200, PAGE);
const reset = () => Promise.reject(new TypeError("connection reset by peer"));

/** A body that breaks off with an error after some bytes. */
function breaksOff(): Response {
  return new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('[{"id":"bit'));
      },
      pull(controller) {
        controller.error(new TypeError("error reading a body from connection"));
      },
    }),
  );
}

type Answers = Parameters<typeof fakeEffects>;

/** Failures after which a good answer comes: asked again, and the answer is as if nothing had happened. */
const MENDED: [name: string, faults: Answers, waits: number[]][] = [
  ["429 without Retry-After", [answer(429, "Throttled")], [0.5]],
  ["429 with Retry-After in seconds", [answer(429, "Throttled", { "retry-after": "9" })], [9]],
  ["429 with Retry-After as a date", [answer(429, "", { "retry-after": "Fri, 02 Jan 2026 03:04:35 GMT" })], [
    30,
  ]],
  ["429 with a Retry-After that is none", [answer(429, "", { "retry-after": "later" })], [0.5]],
  ["a storm of 429", [answer(429, ""), answer(429, ""), answer(429, ""), answer(429, "")], [0.5, 1, 2, 4]],
  ["408", [answer(408, "")], [0.5]],
  ["418", [answer(418, "I'm a teapot")], [0.5]],
  ["500", [answer(500, '{"status":500,"error":"Internal Server Error"}')], [0.5]],
  ["502", [answer(502, "<html>Bad Gateway</html>")], [0.5]],
  ["503 with Retry-After", [answer(503, "", { "retry-after": "3" })], [3]],
  ["504, a proxy's page", [answer(504, "<html><title>504: Gateway time-out</title>")], [0.5]],
  ["connection refused", [reset], [0.5]],
  ["connection reset in the body", [breaksOff], [0.5]],
  ["a web page with 200", [answer(200, "<!DOCTYPE html><title>Just a moment...</title>")], [0.5]],
  ["Throttled with 200", [answer(200, "Throttled")], [0.5]],
  ["an empty body with 200", [answer(200, "")], [0.5]],
  ["JSON cut in the middle", [answer(200, PAGE.slice(0, 40))], [0.5]],
  ["null", [answer(200, "null")], [0.5]],
  ["bare NaN", [answer(200, '[{"id":"bitcoin","current_price":NaN}]')], [0.5]],
  ["a failure in a 200", [answer(200, '{"status":{"error_code":429,"error_message":"slow down"}}')], [0.5]],
  ["one fault after the other", [reset, answer(503, ""), answer(200, "Throttled"), breaksOff], [
    0.5,
    1,
    2,
    4,
  ]],
];

for (const [name, faults, waits] of MENDED) {
  Deno.test(`${name}: asked again, the answer is as if nothing had happened`, async () => {
    const fake = fakeEffects(...faults, good);
    const client = openCoinGecko(coinGeckoSettings({ COINGECKO_DEMO_API_KEY: "CG-0123" }), fake.effects);
    const reply = await client.fetchMarkets();
    assertEquals(new TextDecoder().decode(reply.body), PAGE);
    assertEquals([reply.attempts, fake.seen.length, fake.waits], [
      faults.length + 1,
      faults.length + 1,
      waits,
    ]);
  });

  Deno.test(`${name}, and it stays so: five requests, then an error with the last body`, async () => {
    const fake = fakeEffects(...faults);
    const client = openCoinGecko(coinGeckoSettings({ COINGECKO_DEMO_API_KEY: "CG-0123" }), fake.effects);
    const error = await client.fetchMarkets({ budget_s: 300 }).catch((error) => error);
    assert(error instanceof SourceError && error.retryable, String(error));
    assertStringIncludes(error.message, 'Cannot fetch "https://api.coingecko.com/api/v3/coins/markets?');
    assertEquals([fake.seen.length, requestTrace(error)!.attempts], [5, 5]);
  });
}

/** Failures that asking again does not mend. */
const FINAL: [name: string, fault: Answers[0], Kind: typeof LakebookError, words: string][] = [
  ["400", answer(400, '{"error":"bad request"}'), SourceError, "check the parameters"],
  [
    "401 without a key",
    answer(401, '{"status":{"error_code":10002}}'),
    ConfigError,
    "COINGECKO_DEMO_API_KEY",
  ],
  [
    "401, the plan is too small",
    answer(401, '{"status":{"error_code":10005}}'),
    ConfigError,
    "does not include",
  ],
  [
    "400, a Pro key on the wrong host",
    answer(400, '{"error_code":10010,"status":{"error_message":"x"}}'),
    ConfigError,
    "a Pro key",
  ],
  [
    "400, a Demo key on the wrong host",
    answer(400, '{"status":{"error_code":10011}}'),
    ConfigError,
    "a Demo key",
  ],
  ["403, 1020", answer(403, "<title>Access denied | 1020</title>"), ConfigError, "1020"],
  ["404", answer(404, '{"error":"coin not found"}'), SourceError, "coin not found"],
  ["422", answer(422, '{"error":"Missing parameter vs_currency"}'), SourceError, "Missing parameter"],
  ["429, a wait beyond the budget", answer(429, "", { "retry-after": "3600" }), SourceError, "wait 3600 s"],
];

for (const [name, fault, Kind, words] of FINAL) {
  Deno.test(`${name}: asked once, and said what to do`, async () => {
    const fake = fakeEffects(fault);
    const client = openCoinGecko(coinGeckoSettings({ COINGECKO_DEMO_API_KEY: "CG-0123" }), fake.effects);
    const error = await client.fetchMarkets().catch((error) => error);
    assert(error instanceof Kind, String(error));
    assertStringIncludes(error.message, words);
    assertEquals([fake.seen.length, fake.waits], [1, []]);
  });
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const parse = (body: string) => parseMarkets(bytesOf(body), { slot: new Date(0), source: "coingecko" });
const coin = (more: string) => `{"id":"a","symbol":"a","name":"A"${more}}`;

/** Answers that are JSON and odd: rows, reasons of the refused ones, exact repeats. */
const ODD: [name: string, body: string, rows: number, reasons: string[], repeats: number][] = [
  ["an all-null coin", `[${coin(',"current_price":null,"market_cap":null,"total_volume":null')}]`, 1, [], 0],
  ["a byte order mark", `\ufeff[${coin("")}]`, 1, [], 0],
  ["1e400", `[${coin(',"current_price":1e400')}]`, 0, ["not_finite"], 0],
  ["NaN as text", `[${coin(',"current_price":"NaN"')}]`, 0, ["number_as_text"], 0],
  ["a number as text", `[${coin(',"market_cap":"12"')}]`, 0, ["number_as_text"], 0],
  ["exact repeats", `[${coin("")},${coin("")},${coin("")}]`, 1, [], 2],
  ["the same id with other values", `[${coin("")},${coin(',"current_price":2')}]`, 1, ["duplicate_id"], 0],
  ["missing ids", `[{"symbol":"x"},{"id":"","symbol":"x","name":"x"},${coin("")}]`, 1, [
    "missing_id",
    "missing_id",
  ], 0],
  ["a market cap beyond 64 bits", `[${coin(',"market_cap":9223372036854775808')}]`, 0, ["out_of_range"], 0],
  ["a name that is a formula", `[{"id":"a","symbol":"a","name":"=1+1\\"<b>"}]`, 1, [], 0],
  ["an unknown column", `[${coin(',"moon":true')}]`, 1, [], 0],
  ["a nested number", `[${coin(',"current_price":{"usd":1}')}]`, 0, ["wrong_type"], 0],
  [
    "records that are none",
    `[null,7,"x",[]]`,
    0,
    ["missing_id", "missing_id", "missing_id", "missing_id"],
    0,
  ],
];

for (const [name, body, rows, reasons, repeats] of ODD) {
  Deno.test(`parseMarkets() with ${name}`, () => {
    const parsed = parse(body);
    assertEquals([parsed.rows.length, parsed.rejects.map(({ reason }) => reason), parsed.repeats], [
      rows,
      reasons,
      repeats,
    ]);
  });
}

Deno.test("parseMarkets() keeps every digit of a market cap beyond 2^53", () => {
  const { rows } = parse(`[${coin(',"market_cap":9007199254740993,"total_volume":123456789012345680.0')}]`);
  assertEquals([rows[0]!.market_cap, rows[0]!.volume_24h], [9007199254740993n, 123456789012345680n]);
});

Deno.test("parseMarkets() and parseSimplePrice() say what a body is that has nothing in it", () => {
  const table: [run: () => unknown, words: string][] = [
    [() => parse("[]"), "the list of coins is empty"],
    [() => parse("{}"), "it is not a list of coins"],
    [
      () => parseSimplePrice(bytesOf('{"bitcoin":{}}'), { source: "x" }),
      "no price in usd, check coin and currency",
    ],
    [() => parseSimplePrice(bytesOf("{}"), { source: "x" }), "does not have that coin, check its id"],
    [() => parseSimplePrice(bytesOf('{"bitcoin":{"usd":1}}'), { source: "x" }), "has no last_updated_at"],
    [
      () => parseSimplePrice(bytesOf('{"bitcoin":{"usd":0,"last_updated_at":1711356300}}'), { source: "x" }),
      "above 0",
    ],
    [() => parseSimplePrice(bytesOf('{"bitcoin":{"usd":1,"last_updated_at":1e12}}'), { source: "x" }), ""],
    [() => parseSimplePrice(bytesOf('{"bitcoin":{"usd":"1"}}'), { source: "x" }), "another shape"],
  ];
  for (const [run, words] of table.filter(([, words]) => words !== "")) {
    let said = "";
    try {
      run();
    } catch (error) {
      assert(error instanceof SourceError);
      said = error.message;
    }
    assertStringIncludes(said, words);
  }
});

Deno.test("checkClock() refuses an answer that was given at another time than ours, in either direction", () => {
  const now = new Date("2026-01-02T00:00:00Z");
  const hours: [apart_ms: number, fits: boolean][] = [
    [0, true],
    [1000, true],
    [-149_000, true],
    [151_000, false],
    [3_600_000, false],
    [-86_400_000, false],
  ];
  for (const [apart, fits] of hours) {
    let error: unknown = null;
    try {
      checkClock({ date: new Date(now.getTime() + apart) }, now);
    } catch (thrown) {
      error = thrown;
    }
    assertEquals([apart, error === null, error === null || error instanceof ConfigError], [
      apart,
      fits,
      true,
    ]);
  }
  checkClock({ date: null }, now);
});
