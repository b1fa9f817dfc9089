/**
 * CoinGecko: market snapshots and price history over its own SDK. One call here is one stored reply: the exact
 * bytes come back, so that they can be kept before anybody reads them; `parseMarkets` and `parseMarketChart` (also
 * in `coingecko_parse.ts`, which loads no SDK) read them.
 *
 * The keyless API allows 5 to 15 calls a minute for everybody behind one address, a Demo key 10,000 calls a month.
 * Show "Data provided by CoinGecko" with a link near the data.
 *
 * @module
 */
import { Coingecko } from "@coingecko/coingecko-typescript";
import { ConfigError } from "../core/errors.ts";
import type { Effects } from "../core/effects.ts";
import { isPermissionError, requestError } from "./coingecko_errors.ts";
import type { CoinGeckoSettings } from "./coingecko_settings.ts";

export { type CoinGeckoSettings, coinGeckoSettings } from "./coingecko_settings.ts";
export { type ParsedMarkets, parseMarketChart, parseMarkets, type PricePoint } from "./coingecko_parse.ts";

/** One reply, as it came. */
export interface CoinGeckoReply {
  /** The address that was asked; holds no key. */
  url: string;
  /** The HTTP status, 200 to 299. */
  status: number;
  /** When the body was complete. */
  fetched_at: Date;
  /** The exact bytes of the body, after the transport's own compression was undone. */
  body: Uint8Array<ArrayBuffer>;
}

/** Seconds for one attempt, and for a call with its retries and waits. */
const ATTEMPT_S = 20;
const BUDGET_S = 60;
const PING_S = 3;
const MAX_RETRIES = 3;

/**
 * Asks `/ping` once, for at most 3 s and without retries.
 *
 * @returns whether CoinGecko could be reached and answered with a 2xx status. Why not goes to `effects.log`: a
 * missing permission and a refused key as a warning, the rest as information.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const offline = {
 *   fetch: () => Promise.reject(new TypeError("no network")),
 *   now: () => new Date(0),
 *   sleep: () => Promise.resolve(),
 *   random: () => 0.5,
 *   log: { info() {}, warn() {} },
 * };
 * assertEquals(await pingCoinGecko(coinGeckoSettings({}), offline), false);
 * ```
 */
export async function pingCoinGecko(settings: CoinGeckoSettings, effects: Effects): Promise<boolean> {
  try {
    await request(settings, effects, {
      path: "/ping",
      query: {},
      budget_s: PING_S,
      max_retries: 0,
    });
    return true;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error instanceof ConfigError) effects.log.warn(error.message);
    else effects.log.info(error.message);
    return false;
  }
}

/**
 * Fetches one page of `/coins/markets` in USD, by market cap, with the changes over 1 h, 24 h and 7 d. Source:
 * https://docs.coingecko.com/reference/coins-markets.
 *
 * Up to three retries within 60 s: after `Retry-After` where CoinGecko sends one that fits into the rest of the 60
 * s, else after about 0.5, 1 and 2 s. A longer `Retry-After` fails at once, with the wait in the message.
 *
 * @param options.page from 1.
 * @param options.perPage 1 to 250.
 * @throws {SourceError} `retryable` for a lack of connection, 408, 409, 429 and 5xx; not for other statuses.
 * @throws {ConfigError} for a refused key and for a host that Deno's permissions leave out.
 * @throws {RangeError} for a page or size that does not exist.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const effects = {
 *   fetch: () => Promise.resolve(new Response('[{"id":"bitcoin"}]')),
 *   now: () => new Date("2026-01-02T03:04:05Z"),
 *   sleep: () => Promise.resolve(),
 *   random: () => 0.5,
 *   log: { info() {}, warn() {} },
 * };
 * const reply = await fetchMarkets(coinGeckoSettings({}), effects);
 * assertEquals(new TextDecoder().decode(reply.body), '[{"id":"bitcoin"}]');
 * ```
 */
export async function fetchMarkets(
  settings: CoinGeckoSettings,
  effects: Effects,
  { page = 1, perPage = 250 }: { page?: number; perPage?: number } = {},
): Promise<CoinGeckoReply> {
  requireInteger("page", page, 1, 100_000);
  requireInteger("perPage", perPage, 1, 250);
  return await request(settings, effects, {
    path: "/coins/markets",
    query: {
      vs_currency: "usd",
      order: "market_cap_desc",
      per_page: perPage,
      page,
      price_change_percentage: "1h,24h,7d",
    },
  });
}

/**
 * Fetches a coin's price history in USD from `/coins/{id}/market_chart`: a point every 5 minutes for 1 day, hourly
 * up to 90 days, daily (00:00 UTC) beyond. Source: https://docs.coingecko.com/reference/coins-id-market-chart.
 * Retries as {@linkcode fetchMarkets}.
 *
 * @param options.coin CoinGecko's id, for example `bitcoin`.
 * @param options.days 1 or more; more than 365 needs a paid plan.
 * @throws {SourceError} see {@linkcode fetchMarkets}; not `retryable` for an unknown coin or too many days.
 * @throws {ConfigError} see {@linkcode fetchMarkets}.
 * @throws {RangeError} for an empty coin or a number of days that is not a positive integer.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const effects = {
 *   fetch: (url: RequestInfo | URL) => Promise.resolve(new Response(String(url))),
 *   now: () => new Date("2026-01-02T03:04:05Z"),
 *   sleep: () => Promise.resolve(),
 *   random: () => 0.5,
 *   log: { info() {}, warn() {} },
 * };
 * const { url } = await fetchMarketChart(coinGeckoSettings({}), effects, { days: 30 });
 * assertEquals(url, "https://api.coingecko.com/api/v3/coins/bitcoin/market_chart?vs_currency=usd&days=30");
 * ```
 */
export async function fetchMarketChart(
  settings: CoinGeckoSettings,
  effects: Effects,
  { coin = "bitcoin", days = 365 }: { coin?: string; days?: number } = {},
): Promise<CoinGeckoReply> {
  if (coin === "" || coin === "." || coin === "..") {
    throw new RangeError(`Cannot fetch the coin "${coin}": it is not an id, name one such as bitcoin`);
  }
  requireInteger("days", days, 1, 100_000);
  return await request(settings, effects, {
    path: `/coins/${encodeURIComponent(coin)}/market_chart`,
    query: { vs_currency: "usd", days },
  });
}

function requireInteger(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(
      `Cannot fetch with ${name} "${value}": it must be an integer from ${least} to ${most}`,
    );
  }
}

interface RequestOptions {
  path: string;
  query: Record<string, string | number>;
  budget_s?: number;
  max_retries?: number;
}

/** One GET through the SDK, which adds the headers and retries; whole within `budget_s`. */
async function request(
  settings: CoinGeckoSettings,
  effects: Effects,
  { path, query, budget_s = BUDGET_S, max_retries = MAX_RETRIES }: RequestOptions,
): Promise<CoinGeckoReply> {
  const abort = new AbortController();
  const deadline = performance.now() + budget_s * 1000;
  const timer = setTimeout(
    () => abort.abort(new DOMException("time is up", "TimeoutError")),
    budget_s * 1000,
  );
  let url = settings.base_url + path;
  let attempts = 0;
  const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    if (++attempts > 1) {
      effects.log.info(`CoinGecko: attempt ${attempts} of ${max_retries + 1} at ${path}`);
    }
    try {
      const response = await effects.fetch(input, init);
      return boundedRetry(response, (deadline - performance.now()) / 1000);
    } catch (error) {
      // The SDK would retry this like a lost connection; a permission does not come back by itself.
      if (isPermissionError(error)) abort.abort(error);
      throw error;
    }
  };
  try {
    const client = openClient(settings, { fetch, max_retries, timeout_s: Math.min(ATTEMPT_S, budget_s) });
    url = client.buildURL(path, query);
    const response = await client.get(path, { query, signal: abort.signal }).asResponse();
    const body = new Uint8Array(await response.arrayBuffer());
    return { url, status: response.status, fetched_at: effects.now(), body };
  } catch (error) {
    const thrown = isPermissionError(abort.signal.reason) ? abort.signal.reason : error;
    throw requestError(thrown, { url, settings, budget_s });
  } finally {
    clearTimeout(timer);
  }
}

function openClient(
  { base_url, plan, key = "" }: CoinGeckoSettings,
  { fetch, max_retries, timeout_s }: {
    fetch: typeof globalThis.fetch;
    max_retries: number;
    timeout_s: number;
  },
): Coingecko {
  try {
    return new Coingecko({
      baseURL: base_url,
      // Left out, the SDK would read both keys from the environment by itself.
      proAPIKey: plan === "pro" ? key : null,
      demoAPIKey: plan === "demo" ? key : null,
      defaultHeaders: plan === "keyless" ? { "x-cg-pro-api-key": null, "x-cg-demo-api-key": null } : {},
      fetch,
      maxRetries: max_retries,
      timeout: timeout_s * 1000,
      logLevel: "off",
    });
  } catch (error) {
    if (!isPermissionError(error)) throw error;
    throw new ConfigError(
      'Cannot open "CoinGecko": its SDK may not read the variable COINGECKO_CUSTOM_HEADERS, ' +
        "add it to the env permissions in deno.json",
      { cause: error },
    );
  }
}

/**
 * The SDK sleeps as long as a `Retry-After` says, an hour if need be, and a signal does not wake it. A wait that
 * does not fit into the rest of the budget is therefore turned into "do not retry", and a wait that cannot be read
 * is removed, which leaves the SDK's own short one.
 */
function boundedRetry(response: Response, rest_s: number): Response {
  if (response.ok) return response;
  const headers = new Headers(response.headers);
  const wait_s = retryAfter(headers);
  if (wait_s === undefined) return response;
  if (Number.isNaN(wait_s) || wait_s < 0) {
    headers.delete("retry-after");
    headers.delete("retry-after-ms");
  } else if (wait_s > rest_s) {
    headers.set("x-should-retry", "false");
  }
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

/** Seconds to wait, read as the SDK reads them; NaN where the header makes no sense. */
function retryAfter(headers: Headers): number | undefined {
  const ms = Number.parseFloat(headers.get("retry-after-ms") ?? "");
  if (ms) return ms / 1000;
  const after = headers.get("retry-after");
  if (after === null) return undefined;
  const seconds = Number.parseFloat(after);
  return Number.isNaN(seconds) ? (Date.parse(after) - Date.now()) / 1000 : seconds;
}
