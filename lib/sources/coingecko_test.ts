import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { APIConnectionError, APIUserAbortError } from "@coingecko/coingecko-typescript";
import { ConfigError, LakebookError, SourceError } from "../core/errors.ts";
import { answer, fakeEffects, testRecorded } from "./_test_coingecko.ts";
import {
  type CoinGeckoSettings,
  coinGeckoSettings,
  openCoinGecko,
  parseMarketChart,
  parseMarkets,
  parseSimplePrice,
  pingCoinGecko,
  requestTrace,
} from "./coingecko.ts";
import { requestError } from "./coingecko_errors.ts";

const KEY = "CG-very-secret";
const KEYLESS = coinGeckoSettings({});
const DEMO = coinGeckoSettings({ COINGECKO_DEMO_API_KEY: KEY });
const PRO = coinGeckoSettings({ COINGECKO_PRO_API_KEY: KEY });
Deno.test("fetchMarkets() asks for one page and hands back its exact bytes", async () => {
  const text = '[ {"id":"bitcoin", "current_price":1.50e1} ]\n';
  const { effects, seen } = fakeEffects(answer(200, text));
  const reply = await openCoinGecko(KEYLESS, effects).fetchMarkets({ page: 2, perPage: 100 });
  assertEquals(new TextDecoder().decode(reply.body), text);
  assertEquals([reply.status, reply.fetched_at.toISOString()], [200, "2026-01-02T03:04:05.000Z"]);
  assertEquals(seen.length, 1);
  assertEquals(reply.url, seen[0]!.url);
  const url = new URL(reply.url);
  assertEquals(url.origin + url.pathname, "https://api.coingecko.com/api/v3/coins/markets");
  assertEquals(Object.fromEntries(url.searchParams), {
    vs_currency: "usd",
    order: "market_cap_desc",
    per_page: "100",
    page: "2",
    price_change_percentage: "1h,24h,7d",
  });
});

Deno.test("fetchMarketChart() keeps the coin's id one part of the path", async () => {
  const { effects, seen } = fakeEffects(answer(200, "{}"));
  await openCoinGecko(KEYLESS, effects).fetchMarketChart({ coin: "a/../b", days: 7 });
  assertEquals(new URL(seen[0]!.url).pathname, "/api/v3/coins/a%2F..%2Fb/market_chart");
});

Deno.test("fetchMarkets() sends the key in its plan's header only, and nowhere else", async () => {
  const table: [CoinGeckoSettings, string | null, string | null][] = [
    [KEYLESS, null, null],
    [DEMO, KEY, null],
    [PRO, null, KEY],
  ];
  for (const [settings, demo, pro] of table) {
    const { effects, seen } = fakeEffects(answer(200, "[]"));
    const reply = await openCoinGecko(settings, effects).fetchMarkets();
    const { headers } = seen[0]!;
    assertEquals([headers.get("x-cg-demo-api-key"), headers.get("x-cg-pro-api-key")], [demo, pro]);
    assert(!reply.url.includes(KEY));
  }
});

Deno.test("fetchMarkets() tries five times at most, and waits a random part of 1, 2, 4 and 8 s", async () => {
  const { effects, seen, infos, waits } = fakeEffects(
    answer(429, "Throttled"),
    answer(503, ""),
    answer(200, "[]"),
  );
  const reply = await openCoinGecko(DEMO, effects).fetchMarkets();
  assertEquals([reply.status, reply.attempts, seen.length], [200, 3, 3]);
  assertEquals([infos[0], waits], ["CoinGecko: attempt 2 of 5 at /coins/markets", [0.5, 1]]);

  const down = fakeEffects(answer(500, '{"status":500,"error":"Internal Server Error"}'));
  const error = await assertRejects(
    () => openCoinGecko(DEMO, down.effects).fetchMarkets(),
    SourceError,
    "status is 500",
  );
  assertEquals([down.seen.length, (error as SourceError).retryable, down.waits], [5, true, [0.5, 1, 2, 4]]);
  const { attempts, reply: last } = requestTrace(error as Error)!;
  assertEquals([attempts, last?.status], [5, 500]);
  assertStringIncludes(new TextDecoder().decode(last!.body), "Internal Server Error");
});

Deno.test("fetchMarkets() waits as long as Retry-After says, in seconds or to a date of the other side's clock", async () => {
  const table: [headers: Record<string, string>, wait: number][] = [
    [{ "retry-after": "7" }, 7],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after": "Fri, 02 Jan 2026 03:04:15 GMT" }, 10],
    [{ "retry-after": "Mon, 01 Jun 2020 00:00:20 GMT", date: "Mon, 01 Jun 2020 00:00:00 GMT" }, 20],
    [{ "retry-after": "Thu, 01 Jan 2026 00:00:00 GMT" }, 0.5],
    [{ "retry-after": "soon" }, 0.5],
    [{}, 0.5],
  ];
  for (const [headers, wait] of table) {
    const { effects, waits } = fakeEffects(answer(429, "Throttled", headers), answer(200, "[]"));
    await openCoinGecko(DEMO, effects).fetchMarkets();
    assertEquals([headers, waits], [headers, [wait]]);
  }
});

Deno.test("fetchMarkets() does not sleep through a Retry-After that exceeds its budget", async () => {
  const body = '{"status":{"error_code":429,"error_message":"You\'ve exceeded the Rate Limit."}}';
  for (const wait of ["119", "86400", "Fri, 02 Jan 2026 04:04:05 GMT"]) {
    const { effects, seen } = fakeEffects(answer(429, body, { "retry-after": wait }));
    const error = await assertRejects(
      () => openCoinGecko(KEYLESS, effects).fetchMarkets(),
      SourceError,
    ) as SourceError;
    assertEquals([seen.length, error.retryable], [1, true]);
    assertStringIncludes(error.message, `status is 429 ("You've exceeded the Rate Limit."), wait`);
    if (wait === "119") assertStringIncludes(error.message, "wait 119 s or set COINGECKO_DEMO_API_KEY");
  }
});

Deno.test("a client's questions share its rate limit, failures included, and give up where it takes too long", async () => {
  const { effects, seen, waits } = fakeEffects(answer(500, "", {}), answer(200, "[]"));
  const client = openCoinGecko({ ...KEYLESS, requests_per_minute: 2 }, effects);
  await client.fetchMarkets();
  assertEquals([seen.length, waits], [2, [0.5]]);
  await client.fetchMarkets({ budget_s: 61 });
  assertEquals([seen.length, waits], [3, [0.5, 60]]);
  await client.fetchMarkets({ budget_s: 10 });
  const error = await assertRejects(() => client.fetchMarkets({ budget_s: 10 }), SourceError);
  assertStringIncludes(error.message, "2 requests a minute are used up");
  assertEquals([seen.length, waits.length], [4, 2]);
});

Deno.test("a refused request's kept body does not hold the key, and a redirect is not followed", async () => {
  const refused = fakeEffects(answer(401, `{"error":"bad ${KEY}"}`));
  const error = await assertRejects(() => openCoinGecko(DEMO, refused.effects).fetchMarkets()) as Error;
  assertEquals(new TextDecoder().decode(requestTrace(error)!.reply!.body), '{"error":"bad ***"}');

  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    asked.push(new URL(request.url).pathname);
    return new Response(null, { status: 302, headers: { location: "/elsewhere" } });
  });
  const settings = { ...DEMO, base_url: `http://127.0.0.1:${server.addr.port}/api/v3` };
  const client = openCoinGecko(settings, { ...refused.effects, fetch });
  await assertRejects(() => client.fetchMarkets(), SourceError, "set COINGECKO_BASE_URL to the address");
  assertEquals(asked, ["/api/v3/coins/markets"]);
  await server.shutdown();
});

Deno.test("fetchMarkets() stops reading a body that is far too large", async () => {
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(8 << 20)) });
  const { effects, seen } = fakeEffects(() => new Response(endless));
  await assertRejects(() => openCoinGecko(DEMO, effects).fetchMarkets(), SourceError, "more than 64 MiB");
  assertEquals(seen.length, 1);
});

Deno.test("fetchCurrentPrice() asks for all that it can get, and for one coin only", async () => {
  const { effects, seen } = fakeEffects(answer(200, "{}"));
  const client = openCoinGecko(KEYLESS, effects);
  await client.fetchCurrentPrice();
  assertEquals(Object.fromEntries(new URL(seen[0]!.url).searchParams), {
    ids: "bitcoin",
    vs_currencies: "usd",
    include_market_cap: "true",
    include_24hr_vol: "true",
    include_24hr_change: "true",
    include_last_updated_at: "true",
    precision: "full",
  });
  for (const coin of ["bitcoin, ethereum", "bitcoin,ethereum", " bitcoin", ""]) {
    await assertRejects(() => client.fetchCurrentPrice({ coin }), RangeError, "it is not an id");
  }
});

const FAILURES: {
  settings: CoinGeckoSettings;
  status: number;
  body: string;
  kind: typeof LakebookError;
  says: string[];
}[] = [
  {
    settings: KEYLESS,
    status: 404,
    body: '{"error":"coin not found"}',
    kind: SourceError,
    says: ["coin not found"],
  },
  {
    settings: KEYLESS,
    status: 422,
    body: '{"error":"Missing parameter vs_currency"}',
    kind: SourceError,
    says: ["Miss"],
  },
  {
    settings: DEMO,
    status: 401,
    body: '{"error":{"status":{"error_code":10012,"error_message":"exceeds the allowed time range"}}}',
    kind: SourceError,
    says: ["allowed time range", "fewer days"],
  },
  {
    settings: DEMO,
    status: 400,
    body: '{"status":{"error_code":10010,"error_message":"wrong host"}}',
    kind: ConfigError,
    says: ["COINGECKO_PRO_API_KEY"],
  },
  {
    settings: PRO,
    status: 400,
    body: '{"status":{"error_code":10011,"error_message":"wrong host"}}',
    kind: ConfigError,
    says: ["COINGECKO_DEMO_API_KEY"],
  },
  {
    settings: DEMO,
    status: 401,
    body: `{"error":"bad ${KEY}"}`,
    kind: ConfigError,
    says: ["COINGECKO_DEMO_API_KEY", "***"],
  },
  { settings: PRO, status: 403, body: `denied: ${KEY}`, kind: ConfigError, says: ["COINGECKO_PRO_API_KEY"] },
  {
    settings: KEYLESS,
    status: 401,
    body: '{"status":{"error_code":10002,"error_message":"API Key Missing"}}',
    kind: ConfigError,
    says: ["API Key Missing", "set COINGECKO_DEMO_API_KEY"],
  },
  {
    settings: KEYLESS,
    status: 403,
    body: "<html><head><title>Access denied | 1020</title></head></html>",
    kind: SourceError,
    says: ['status is 403 ("Access denied | 1020")', "network"],
  },
];

for (const { settings, status, body, kind, says } of FAILURES) {
  Deno.test(`fetchMarkets() with ${settings.plan} and ${status} ${body.slice(0, 40)} is a ${kind.name}`, async () => {
    const { effects, seen } = fakeEffects(answer(status, body));
    const error = await assertRejects(() => openCoinGecko(settings, effects).fetchMarkets()) as LakebookError;
    assert(error instanceof kind && !error.retryable, error.message);
    assertEquals(seen.length, 1);
    for (
      const part of [`Cannot fetch "${settings.base_url}/coins/markets?`, `status is ${status}`, ...says]
    ) {
      assertStringIncludes(error.message, part);
    }
    assert(
      !Deno.inspect(error, { depth: 9 }).includes(KEY),
      "the key is neither in the message nor in the cause",
    );
  });
}

Deno.test("fetchMarkets() names the host that Deno's permissions lack, and does not retry", async () => {
  const { effects, seen, warnings } = fakeEffects(() => {
    throw new Deno.errors.NotCapable('Requires net access to "api.coingecko.com:443"');
  });
  const error = await assertRejects(
    () => openCoinGecko(KEYLESS, effects).fetchMarkets(),
    ConfigError,
  ) as ConfigError;
  assertStringIncludes(error.message, 'add "api.coingecko.com" to the net permissions in deno.json');
  assertEquals(seen.length, 1);
  assertEquals(await pingCoinGecko(KEYLESS, effects), null);
  assertEquals(warnings.length, 1);
});

Deno.test("fetchMarkets() shows no part of a key that the other side repeats where its text is cut", async () => {
  for (let before = 180; before < 200; before += 3) {
    const { effects } = fakeEffects(answer(400, `${"x".repeat(before)}${KEY} and more`));
    const error = await assertRejects(() => openCoinGecko(DEMO, effects).fetchMarkets(), SourceError);
    assert(!error.message.includes(KEY.slice(0, 4)), error.message);
  }
});

Deno.test("requestError() makes lost connections and used-up time retryable", () => {
  const request = { url: "https://api.coingecko.com/api/v3/ping", settings: KEYLESS, budget_s: 60 };
  const lost = requestError(
    new APIConnectionError({ message: "x", cause: new TypeError("dns error") }),
    request,
  );
  assertStringIncludes(lost.message, "the connection failed (dns error)");
  const late = requestError(new APIUserAbortError(), request);
  assertStringIncludes(late.message, "no complete answer in time (60 s at most)");
  assert(lost.retryable && late.retryable && lost instanceof SourceError);
});

Deno.test("fetchMarkets() and fetchMarketChart() refuse a caller's mistakes before they ask", async () => {
  const { effects, seen } = fakeEffects(answer(200, "[]"));
  for (const options of [{ page: 0 }, { perPage: 251 }, { page: 1.5 }]) {
    await assertRejects(() => openCoinGecko(KEYLESS, effects).fetchMarkets(options), RangeError);
  }
  for (const options of [{ coin: "" }, { coin: ".." }, { days: 0 }]) {
    await assertRejects(() => openCoinGecko(KEYLESS, effects).fetchMarketChart(options), RangeError);
  }
  assertEquals(seen.length, 0);
});

Deno.test("pingCoinGecko() says who answers with a 2xx, and asks once", async () => {
  const table: [() => Response, string | null][] = [
    [answer(200, '{"gecko_says":"(V3) To the Moon!"}'), "coingecko"],
    [answer(429, "Throttled"), null],
    [answer(503, ""), null],
    [() => {
      throw new TypeError("connection refused");
    }, null],
  ];
  for (const [response, expected] of table) {
    const { effects, seen } = fakeEffects(response);
    assertEquals([await pingCoinGecko(KEYLESS, effects), seen.length], [expected, 1]);
    assertEquals(seen[0]!.url, "https://api.coingecko.com/api/v3/ping");
  }
});

testRecorded("the client and the parsers work over a real socket with recorded replies", async (folder) => {
  const page = await Deno.readFile(new URL("markets/markets_usd_page1_2025-11-03T1605Z.json", folder));
  const files: Record<string, [path: string, status: number]> = {
    "/api/v3/ping": ["doc_examples/ping.json", 200],
    "/api/v3/coins/markets": ["markets/markets_usd_page1_2025-11-03T1605Z.json", 200],
    "/api/v3/coins/bitcoin/market_chart": ["recorded/market_chart_bitcoin_usd_days1_a.body.json", 200],
    "/api/v3/coins/limited/market_chart": ["errors/401_time_range_exceeded_10012.json", 401],
    "/api/v3/coins/busy/market_chart": ["errors/429_body.json", 429],
    "/api/v3/coins/away/market_chart": ["errors/504_cloudflare_gateway_timeout.truncated.html", 504],
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const [path, status] = files[new URL(request.url).pathname] ?? ["errors/404_coin_not_found.json", 404];
    const headers = { "x-should-retry": "false", "retry-after": "53" };
    return new Response(await Deno.readFile(new URL(path, folder)), { status, headers });
  });
  try {
    const settings = coinGeckoSettings({ COINGECKO_BASE_URL: `http://127.0.0.1:${server.addr.port}/api/v3` });
    const effects = { ...fakeEffects(answer(200, "")).effects, fetch };
    assertEquals(await pingCoinGecko(settings, effects), "coingecko");
    const reply = await openCoinGecko(settings, effects).fetchMarkets();
    assertEquals(reply.body, page);
    assertEquals(parseMarkets(reply.body, { slot: new Date(0), source: "coingecko" }).rows.length, 250);
    const chart = await openCoinGecko(settings, effects).fetchMarketChart({ days: 1 });
    assertEquals(parseMarketChart(chart.body).points.length, 288);
    for (
      const [coin, part] of [
        ["nothing", 'status is 404 ("coin not found")'],
        ["limited", "ask for fewer days"],
        ["busy", "wait 53 s"],
        ["away", "504: Gateway time-out"],
      ] as const
    ) {
      await assertRejects(
        () => openCoinGecko(settings, effects).fetchMarketChart({ coin }),
        SourceError,
        part,
      );
    }
  } finally {
    await server.shutdown();
  }
});

testRecorded(
  "parseSimplePrice() reads recorded prices, and refuses the 200s that mean failure",
  async (folder) => {
    const body = async (name: string) => await Deno.readFile(new URL(`recorded/${name}.body.json`, folder));
    const source = "coingecko";
    const unknown = await body("simple_price_unknown_currency_empty_object");
    assertThrows(
      () => parseSimplePrice(unknown, { source }),
      SourceError,
      "no price in usd, check coin and currency",
    );
    const dropped = await body("simple_price_ids_with_space_drops_second");
    assertThrows(
      () => parseSimplePrice(dropped, { coin: "ethereum", source }),
      SourceError,
      "does not have that coin",
    );
    const example = await Deno.readFile(new URL("doc_examples/simple_price.json", folder));
    const tick = parseSimplePrice(example, { source });
    assertEquals([tick.price_usd, tick.epoch_ms], [76975, 1779092258000]);
    assert(tick.market_cap! > 1e12 && Math.abs(tick.price_change_24h!) < 100);
  },
);

testRecorded("parseMarkets() reads every recorded page without a refused row", async (folder) => {
  for await (const { name } of Deno.readDir(new URL("markets/", folder))) {
    const { rows, rejects, repeats } = parseMarkets(await Deno.readFile(new URL(`markets/${name}`, folder)), {
      slot: new Date(0),
      source: "coingecko",
    });
    assertEquals([name, rejects, repeats], [name, [], 0]);
    assert(rows.length >= 10);
  }
});
