/**
 * The demo market behind CoinGecko's paths, as `Request → Response`: `/ping`, `/simple/price`, `/coins/markets`,
 * `/coins/{id}/market_chart` and `/coins/{id}/ohlc`, with or without `/api/v3` before them. A fault plan makes it
 * answer as badly as the real one may. `serveMarket` (in `market_server_listen.ts`) puts it behind a socket.
 *
 * What is as in the API: names, order and types of the fields; which parameters are needed and the sentences that
 * refuse others (`docs.coingecko.com`, and replies that were recorded); the steps of charts and candles; the limit of
 * 365 days without a paid plan. CoinGecko caches for half a minute or more, so prices change once a minute here: within
 * one minute of the clock the same request has the same body to the byte. What differs: 250 coins, US dollars only, keys
 * are not looked at, `/simple/price` has full precision whatever it is asked for, and elsewhere `precision`, `sparkline`, `category`, `names` and `symbols` are refused.
 *
 * @module
 */
import type { Effects } from "../core/effects.ts";
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../core/time.ts";
import { demoMarket } from "./demo_market.ts";
import { faultAnswer } from "./market_faults_answers.ts";
import { faultRows } from "./market_faults_rows.ts";
import { type ChosenFault, faultChooser } from "./market_faults_choose.ts";
import { type FaultKind, type FaultPlan, readFaultPlan } from "./market_faults.ts";
import { ConnectionCut, cutBody, silence, slowBody } from "./market_faults_wire.ts";
import { type Answer, jsonAnswer, type MarketQuery, Refusal, refuse } from "./market_server_answer.ts";
import { type CoinRecord, coinsMarkets, simplePrice } from "./market_server_coins.ts";
import { SOURCE_HEADER } from "./source_header.ts";
import { coinOhlc, marketChart } from "./market_server_history.ts";

/** What the handler did with a call. */
export interface MarketCall {
  /** From 1. */
  call: number;
  /** Without `/api/v3` and without parameters, which may hold a key. */
  path: string;
  /** The fault that was applied. */
  fault: FaultKind | null;
  /** The status of the answer; null where no answer comes. */
  status: number | null;
}

/** Answers requests and keeps account of them. */
export interface MarketHandler {
  /** @throws {ConnectionCut} where the plan cuts the connection before an answer. */
  (request: Request): Promise<Response>;
  /** Every call so far, in the order of arrival. */
  readonly log: readonly MarketCall[];
}

/** Options of {@linkcode marketHandler}. */
export interface MarketOptions {
  /** Of the demo market, 0 to 2^32 − 1. */
  seed?: number;
  /** The market's clock: which minute is served, and the `Date` header. From 2020 to 2099. */
  now: Effects["now"];
  /** Waits of slow and silent connections. */
  sleep: Effects["sleep"];
  /** Without it nothing goes wrong. */
  faults?: FaultPlan;
  /** Hears of every call when its answer is decided. */
  onCall?: (call: MarketCall) => void;
}

/**
 * Opens the market.
 *
 * @throws {RangeError} for a seed that is none.
 * @throws {TypeError} for a plan that cannot be used, see `readFaultPlan`.
 *
 * @example The first call of a page fails, the second one answers
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const market = marketHandler({
 *   seed: 7,
 *   now: () => new Date("2026-01-02T03:04:05Z"),
 *   sleep: () => Promise.resolve(),
 *   faults: { rules: [{ path: "/coins/markets", fault: "rate_limit", retry_after_s: 30, calls: [1] }] },
 * });
 * const ask = () => market(new Request("http://demo.invalid/api/v3/coins/markets?vs_currency=usd&per_page=3"));
 * const refused = await ask();
 * assertEquals([refused.status, refused.headers.get("retry-after")], [429, "30"]);
 * assertEquals((await (await ask()).json()).map((coin: { id: string }) => coin.id)[0], "bitcoin");
 * assertEquals(market.log.map(({ fault, status }) => [fault, status]), [["rate_limit", 429], [null, 200]]);
 * ```
 */
export function marketHandler({ seed = 1, now, sleep, faults, onCall }: MarketOptions): MarketHandler {
  const ask = openMarket(seed);
  const choose = faultChooser(readFaultPlan(faults ?? { rules: [] }));
  const log: MarketCall[] = [];

  async function handle(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const path = pathname.replace(/^\/api\/v3(?=\/|$)/, "");
    const instant = now();
    const call: MarketCall = { call: log.length + 1, path, fault: null, status: null };
    log.push(call);
    const chosen = choose(path);
    const query: MarketQuery = { path, parameters: searchParams, now: instant };
    const { answer, applied } = applyToAnswer(chosen, query, () => ask(request.method, query));
    if (applied) call.fault = chosen!.rule.fault;
    if (chosen?.rule.fault !== "reset" && chosen?.rule.fault !== "hang") call.status = answer.status;
    onCall?.(call);
    return await respond(answer, { chosen, instant, signal: request.signal, sleep });
  }
  return Object.assign(handle, { log });
}

/** Returns what answers without faults; within a minute it remembers what it said. */
function openMarket(seed: number): (method: string, query: MarketQuery) => Answer {
  const market = demoMarket({ seed });
  let minute = NaN;
  let records: CoinRecord[] | null = null;
  const said = new Map<string, Answer>();

  function snapshot(at: Date): CoinRecord[] {
    return records ??= JSON.parse(market.marketsJson(at)) as CoinRecord[];
  }

  function data(query: MarketQuery): unknown {
    if (query.path === "/ping") return { gecko_says: "(V3) To the Moon!" };
    if (query.path === "/simple/price") return simplePrice(snapshot(query.now), query);
    if (query.path === "/coins/markets") return coinsMarkets(market, snapshot(query.now), query);
    const [, coin, kind] = /^\/coins\/([^/]+)\/(market_chart|ohlc)$/.exec(query.path) ?? [];
    if (kind === undefined) return refuse(404, "Incorrect path. Please check https://www.coingecko.com/api/");
    return kind === "ohlc"
      ? coinOhlc(market, decoded(coin!), query)
      : marketChart(market, decoded(coin!), query);
  }

  return (method, query) => {
    if (method !== "GET") return jsonAnswer(405, { error: "Method Not Allowed" });
    const full_minute = Math.floor(query.now.getTime() / MINUTE_MS) * MINUTE_MS;
    if (full_minute !== minute || said.size >= MOST_REMEMBERED) {
      said.clear();
      if (full_minute !== minute) records = null;
      minute = full_minute;
    }
    const key = `${query.path}?${query.parameters}`;
    const known = said.get(key);
    if (known !== undefined) return known;
    try {
      const answer = jsonAnswer(200, data({ ...query, now: new Date(full_minute) }));
      said.set(key, answer);
      return answer;
    } catch (error) {
      if (error instanceof Refusal) return error.answer;
      throw error;
    }
  };
}

const MOST_REMEMBERED = 100;
/** The `Server` header of every answer: whoever reads it knows that the prices are simulated. */
export const SERVER = "lakebook-demo-market";

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The answer with the fault in it, where the fault is one of answers and can be applied to this one. */
function applyToAnswer(
  chosen: ChosenFault | null,
  query: MarketQuery,
  ask: () => Answer,
): { answer: Answer; applied: boolean } {
  if (chosen === null) return { answer: ask(), applied: false };
  const { rule, random } = chosen;
  const instead = faultAnswer(rule, query);
  if (instead !== null) return { answer: instead, applied: true };
  switch (rule.fault) {
    case "reset":
    case "hang":
      return { answer: jsonAnswer(200, null), applied: true };
    case "reset_mid_body":
    case "slow_drip":
    case "wrong_clock":
      return { answer: ask(), applied: true };
  }
  // What follows changes data: a refusal has none and stays as it is.
  const answer = ask();
  if (answer.status !== 200) return { answer, applied: false };
  switch (rule.fault) {
    case "bom":
      return { answer: { ...answer, body: `\ufeff${answer.body}` }, applied: true };
    case "cut_json": {
      const length = Math.min(answer.body.length - 1, Math.floor(answer.body.length * rule.at));
      return { answer: { ...answer, body: answer.body.slice(0, length) }, applied: true };
    }
    default: {
      const body = faultRows(rule, answer.body, random);
      return { answer: body === null ? answer : { ...answer, body }, applied: body !== null };
    }
  }
}

interface Delivery {
  chosen: ChosenFault | null;
  instant: Date;
  signal: AbortSignal;
  sleep: Effects["sleep"];
}

/** Makes a response of an answer, or fails as a connection would. */
async function respond(answer: Answer, { chosen, instant, signal, sleep }: Delivery): Promise<Response> {
  const rule = chosen?.rule;
  if (rule?.fault === "reset") throw new ConnectionCut();
  if (rule?.fault === "hang") return await silence(rule.for_s, sleep, signal);
  const bytes = new TextEncoder().encode(answer.body);
  const date_ms = instant.getTime() + (rule?.fault === "wrong_clock" ? rule.by_s * SECOND_MS : 0);
  const headers = {
    ...answer.headers,
    server: SERVER,
    [SOURCE_HEADER]: "demo",
    "content-length": String(bytes.length),
    date: new Date(Math.max(0, Math.min(date_ms, LATEST_MS))).toUTCString(),
  };
  const body = rule?.fault === "reset_mid_body"
    ? cutBody(bytes, rule.at)
    : rule?.fault === "slow_drip"
    ? slowBody(bytes, rule.bytes_per_s, sleep)
    : bytes;
  return new Response(body, { status: answer.status, headers });
}

/** The last day that a HTTP date can name. */
const LATEST_MS = Date.UTC(10_000, 0, 1) - DAY_MS;
