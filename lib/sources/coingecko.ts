/**
 * CoinGecko over its own SDK: market snapshots, current price, price history. One call here is one stored reply: the
 * exact bytes come back, so that they can be kept before anybody reads them; `coingecko_parse.ts`, which loads no SDK,
 * reads them. Requests, retries and waits are in `coingecko_request.ts`.
 *
 * The keyless API allows 5 to 15 calls a minute for everybody behind one address, a Demo key 10,000 calls a month.
 * Show "Data provided by CoinGecko" with a link near the data.
 *
 * @module
 */
import type { Effects } from "../core/effects.ts";
import { ConfigError } from "../core/errors.ts";
import { type CoinGeckoReply, CoinGeckoRequests } from "./coingecko_request.ts";
import type { CoinGeckoSettings } from "./coingecko_settings.ts";

export { type CoinGeckoSettings, coinGeckoSettings } from "./coingecko_settings.ts";
export {
  bitcoinTick,
  type ParsedMarkets,
  parseMarketChart,
  parseMarkets,
  parseSimplePrice,
  type PricePoint,
  type PriceTick,
} from "./coingecko_parse.ts";
export { checkClock, type CoinGeckoReply, requestTrace } from "./coingecko_request.ts";

const PING_S = 3;

/** What every question takes. */
export interface AskOptions {
  /** Seconds for the question with all its attempts and waits. */
  budget_s?: number;
}

/** An open client: its questions share one rate limit. */
export interface CoinGeckoClient {
  /**
   * One page of `/coins/markets` in USD, by market cap, with the changes over 1 h, 24 h and 7 d. Source:
   * https://docs.coingecko.com/reference/coins-markets.
   *
   * @param options.page from 1.
   * @param options.perPage 1 to 250.
   * @throws {SourceError} `retryable` for a lack of connection, an answer that is none (HTML, cut JSON), 408, 409, 418,
   * 429 and 5xx, once the attempts or the budget are used up; not `retryable` for other statuses.
   * @throws {ConfigError} for a refused key and for a host that Deno's permissions leave out.
   * @throws {RangeError} for a page or size that does not exist.
   */
  fetchMarkets(options?: AskOptions & { page?: number; perPage?: number }): Promise<CoinGeckoReply>;
  /**
   * A coin's current price in USD from `/simple/price`, with market cap, volume and change over 24 h. Source:
   * https://docs.coingecko.com/reference/simple-price. Throws as `fetchMarkets`.
   */
  fetchCurrentPrice(options?: AskOptions & { coin?: string }): Promise<CoinGeckoReply>;
  /**
   * A coin's price history in USD from `/coins/{id}/market_chart`: a point every 5 minutes for 1 day, hourly up to 90
   * days, daily (00:00 UTC) beyond; more than 365 days need a paid plan. Source:
   * https://docs.coingecko.com/reference/coins-id-market-chart. Throws as `fetchMarkets`.
   */
  fetchMarketChart(options?: AskOptions & { coin?: string; days?: number }): Promise<CoinGeckoReply>;
}

/**
 * Opens a client.
 *
 * A question is tried up to five times within its budget. It waits as long as `Retry-After` says, or else a random part
 * of 1, 2, 4 and 8 s (full jitter), so all waits together are at most 15 s. A wait that does not fit into the budget
 * fails at once. Every attempt counts towards the rate limit.
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
 * const reply = await openCoinGecko(coinGeckoSettings({}), effects).fetchMarkets();
 * assertEquals(new TextDecoder().decode(reply.body), '[{"id":"bitcoin"}]');
 * assertEquals([reply.status, reply.attempts, reply.source], [200, 1, "coingecko"]);
 * ```
 */
export function openCoinGecko(settings: CoinGeckoSettings, effects: Effects): CoinGeckoClient {
  const requests = new CoinGeckoRequests(settings, effects);
  return {
    async fetchMarkets({ page = 1, perPage = 250, ...options } = {}) {
      requireInteger("page", page, 1, 100_000);
      requireInteger("perPage", perPage, 1, 250);
      return await requests.ask("/coins/markets", {
        vs_currency: "usd",
        order: "market_cap_desc",
        per_page: perPage,
        page,
        price_change_percentage: "1h,24h,7d",
      }, options);
    },
    async fetchCurrentPrice({ coin = "bitcoin", ...options } = {}) {
      requireCoin(coin);
      return await requests.ask("/simple/price", {
        ids: coin,
        vs_currencies: "usd",
        include_market_cap: "true",
        include_24hr_vol: "true",
        include_24hr_change: "true",
        include_last_updated_at: "true",
        precision: "full",
      }, options);
    },
    async fetchMarketChart({ coin = "bitcoin", days = 365, ...options } = {}) {
      requireCoin(coin);
      requireInteger("days", days, 1, 100_000);
      const path = `/coins/${encodeURIComponent(coin)}/market_chart`;
      return await requests.ask(path, { vs_currency: "usd", days }, options);
    },
  };
}

/**
 * Asks `/ping` once, for at most 3 s and without retries.
 *
 * @returns who answered with a 2xx status: CoinGecko, or the demo market; null where nobody did. Why not goes to
 * `effects.log`: a missing permission and a refused key as a warning, the rest as information.
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
 * assertEquals(await pingCoinGecko(coinGeckoSettings({}), offline), null);
 * ```
 */
export async function pingCoinGecko(
  settings: CoinGeckoSettings,
  effects: Effects,
): Promise<CoinGeckoReply["source"] | null> {
  try {
    const requests = new CoinGeckoRequests(settings, effects);
    return (await requests.ask("/ping", {}, { budget_s: PING_S, attempts: 1 })).source;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error instanceof ConfigError) effects.log.warn(error.message);
    else effects.log.info(error.message);
    return null;
  }
}

/** A comma or a space would ask for several coins, and CoinGecko drops all but the first without a word. */
function requireCoin(coin: string): void {
  if (coin === "" || coin === "." || coin === ".." || /[\s,]/.test(coin)) {
    throw new RangeError(`Cannot fetch the coin "${coin}": it is not an id, name one such as bitcoin`);
  }
}

function requireInteger(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(
      `Cannot fetch with ${name} "${value}": it must be an integer from ${least} to ${most}`,
    );
  }
}
