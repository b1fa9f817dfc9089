import { assert, assertEquals, assertRejects } from "@std/assert";
import { SourceError } from "../core/errors.ts";
import { coinGeckoSettings, openCoinGecko, pingCoinGecko } from "./coingecko.ts";
import type { FaultPlan } from "./market_faults.ts";
import { serveMarket } from "./market_server_listen.ts";
import { marketHandler } from "./market_server.ts";

const NOW = new Date("2026-03-01T12:34:56Z");

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal?.addEventListener("abort", () => {
    clearTimeout(timer);
    reject(signal.reason);
  }, { once: true });
  return promise;
}

function open(...rules: FaultPlan["rules"]) {
  return marketHandler({ now: () => NOW, sleep, faults: { rules } });
}

/** What a caller sees on the wire: every byte, and how it ends. */
async function raw(port: number, path: string): Promise<{ text: string; end: "closed" | "reset" }> {
  using connection = await Deno.connect({ port });
  const head = `GET /api/v3${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head));
  let text = "";
  const bytes = new Uint8Array(65_536);
  try {
    for (let count = 0; count !== null; count = (await connection.read(bytes))!) {
      text += new TextDecoder().decode(bytes.subarray(0, count));
    }
    return { text, end: "closed" };
  } catch (error) {
    assert(error instanceof Deno.errors.ConnectionReset, String(error));
    return { text, end: "reset" };
  }
}

Deno.test("serveMarket() hands over status, headers and body", async () => {
  await using served = await serveMarket(open());
  const { text, end } = await raw(served.port, "/ping");
  const [head, body] = text.split("\r\n\r\n") as [string, string];
  assertEquals([head.split("\r\n")[0], body, end], [
    "HTTP/1.1 200 OK",
    '{"gecko_says":"(V3) To the Moon!"}',
    "closed",
  ]);
  assert(/^date: Sun, 01 Mar 2026 12:34:56 GMT$/im.test(head), head);
  assert(/^content-length: 34$/im.test(head), head);
});

Deno.test("reset cuts a real connection before the first byte", async () => {
  await using served = await serveMarket(open({ fault: "reset" }));
  assertEquals(await raw(served.port, "/ping"), { text: "", end: "reset" });
  await assertRejects(() => fetch(`${served.url}/ping`), TypeError);
});

Deno.test("reset_mid_body cuts a real connection within the body that it promised", async () => {
  await using served = await serveMarket(open({ fault: "reset_mid_body", at: 0.5 }));
  const { text, end } = await raw(served.port, "/ping");
  assertEquals([text.split("\r\n\r\n")[1], end], ['{"gecko_says":"(V', "reset"]);
  const response = await fetch(`${served.url}/ping`);
  assertEquals(response.headers.get("content-length"), "34");
  await assertRejects(() => response.text(), TypeError);
});

Deno.test("slow_drip lets bytes through one after another", async () => {
  await using served = await serveMarket(open({ fault: "slow_drip", bytes_per_s: 200 }));
  const started = performance.now();
  let pieces = 0, bytes = 0;
  for await (const piece of (await fetch(`${served.url}/ping`)).body!) {
    pieces++;
    bytes += piece.length;
  }
  const seconds = (performance.now() - started) / 1000;
  assertEquals(bytes, 34);
  assert(pieces >= 2 && seconds >= 0.16, `${pieces} pieces in ${seconds} s, 34 bytes at 200 a second`);
});

Deno.test("hang says nothing until the caller gives up or the market stops", async () => {
  const served = await serveMarket(open({ fault: "hang" }));
  await assertRejects(() => fetch(`${served.url}/ping`, { signal: AbortSignal.timeout(50) }), DOMException);
  const waiting = assertRejects(() => fetch(`${served.url}/ping`), TypeError);
  await sleep(50);
  await served.stop();
  await waiting;
  await assertRejects(() => fetch(`${served.url}/ping`), TypeError);
});

Deno.test("serveMarket() stops while a slow body is under way", async () => {
  const served = await serveMarket(open({ fault: "slow_drip", bytes_per_s: 1 }));
  const response = await fetch(`${served.url}/ping`);
  await served.stop();
  await assertRejects(() => response.text(), TypeError);
});

Deno.test("fetchMarkets() reads the served market, and gets through faults that retries can cure", async () => {
  const market = open(
    { path: "/coins/markets", fault: "rate_limit", retry_after_s: 0, calls: [1] },
    { path: "/coins/markets", fault: "reset", calls: [2] },
    { path: "/coins/markets", fault: "forbidden", calls: [4] },
  );
  await using served = await serveMarket(market);
  const effects = { fetch, now: () => NOW, sleep, random: () => 0, log: { info() {}, warn() {} } };
  const settings = coinGeckoSettings({ COINGECKO_BASE_URL: served.url });
  assertEquals(await pingCoinGecko(settings, effects), "demo");
  const { body, status } = await openCoinGecko(settings, effects).fetchMarkets();
  assertEquals([status, JSON.parse(new TextDecoder().decode(body)).length], [200, 250]);
  await assertRejects(() => openCoinGecko(settings, effects).fetchMarkets(), SourceError, "status is 403");
  assertEquals(market.log.map(({ fault }) => fault), [null, "rate_limit", "reset", null, "forbidden"]);
});

Deno.test("serveMarket() answers 500 to a bug of the handler and passes it on", async () => {
  const errors: unknown[] = [];
  const bug = new Error("a bug");
  await using served = await serveMarket(() => Promise.reject(bug), {
    onError: (error) => errors.push(error),
  });
  const response = await fetch(`${served.url}/ping`);
  assertEquals([response.status, await response.json()], [500, {
    status: 500,
    error: "Internal Server Error",
  }]);
  assertEquals(errors, [bug]);
});

Deno.test("serveMarket() says that a port is taken", async () => {
  await using served = await serveMarket(open());
  const error = await assertRejects(() => serveMarket(open(), { port: served.port })) as { code?: string };
  assertEquals(error.code, "EADDRINUSE");
});
