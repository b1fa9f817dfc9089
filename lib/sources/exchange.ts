/**
 * Candles from exchanges, over ccxt: any exchange that it knows, by name, without a key. One call here is one page,
 * with the exact bytes of the answer; `exchange_window.ts` makes verified windows of pages.
 *
 * ccxt has no entry of its own for a single exchange; all of it loads in 0.2 s and 60 MB, so it is loaded when the
 * first exchange is opened. Left to itself it would download all markets of an exchange first (Binance: more than
 * 10 MB from three hosts). For exchanges whose names of markets are known (`exchange_names.ts`) the one market that is
 * asked for is put in by hand: an unknown symbol is then the exchange's own refusal. The others load their markets.
 *
 * @module
 */
import type { Exchange, Market } from "ccxt";
import type { Effects } from "../core/effects.ts";
import { ConfigError, SourceError, UsageError } from "../core/errors.ts";
import { closeNames, type ExchangeFacts, exchangeFacts } from "./exchange_names.ts";
import { RequestPace } from "./exchange_pace.ts";
import { isPermissionError } from "./http.ts";
import { type ExchangeReply, Question, type QuestionSettings } from "./exchange_question.ts";

export type { ExchangeReply } from "./exchange_question.ts";

/** What a page is asked for. */
export interface PageQuery {
  /** `BTC/USD`. */
  symbol: string;
  timeframe: string;
  since_ms: number;
  /** The last instant that is asked for; left out, the exchange gives up to `page_limit` bars from `since_ms` on. */
  until_ms?: number;
}

/** One bar as ccxt reads it: time, open, high, low, close, volume; `undefined` where it cannot. */
export type BarRow = readonly (number | undefined)[];

/** One page. */
export interface CandlePage {
  /** In the order of the answer, rows before `since_ms` included. */
  rows: BarRow[];
  replies: ExchangeReply[];
  /** Requests that it took, failed ones included. */
  requests: number;
}

/** An open exchange: its questions are asked one after another, at its pace. */
export interface ExchangeClient {
  /** The name under which it was opened. */
  readonly name: string;
  /** Bars of a page at most. */
  readonly page_limit: number;
  /** It gives only so many of the newest bars; null for one that gives its whole history. */
  readonly newest_only: number | null;
  /** Bars that it has, such as `1m`; none where ccxt does not know. */
  readonly timeframes: readonly string[];
  /** Its pace. */
  readonly requests_per_minute: number;
  /** Requests so far, failed ones included. */
  readonly requests: number;
  readonly effects: Effects;
  /**
   * @throws {SourceError} `retryable` or not, as `exchangeError` says, after six attempts or three minutes; and for a
   * timeframe that the exchange does not have.
   * @throws {ConfigError} where Deno may not reach the host.
   */
  fetchPage(query: PageQuery): Promise<CandlePage>;
}

/** Settings of {@linkcode openExchange}. */
export interface ExchangeOptions {
  /** Another scheme, host and port for all its addresses, `http://127.0.0.1:8080`: a proxy, or a server of a test. */
  base_url?: string;
  requests_per_minute?: number;
}

/** Where neither the facts nor ccxt know better. */
const PAGE_LIMIT = 100;
const REQUESTS_PER_MINUTE = 60;

/**
 * Opens an exchange by its name in ccxt. Nothing is asked yet.
 *
 * Requests are spread evenly: 300 a minute on Coinbase and Bitstamp, 600 on Binance, 40 on Kraken, elsewhere half of
 * what ccxt thinks right, and 60 at most.
 *
 * @throws {UsageError} for a name that ccxt does not know, with those that are close; for one without candles.
 * @throws {ConfigError} where ccxt may not be loaded for lack of a permission.
 * @throws {RangeError} for an impossible option.
 *
 * @example
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * const effects = {
 *   fetch: () => Promise.resolve(Response.json([[1704067200000, "1", "3", "0.5", "2", "10", 1704067259999]])),
 *   now: () => new Date("2026-01-02T03:04:05Z"),
 *   sleep: () => Promise.resolve(),
 *   random: () => 0.5,
 *   log: { info() {}, warn() {} },
 * };
 * const binance = await openExchange("binance", effects);
 * const query = { symbol: "BTC/USDT", timeframe: "1m", since_ms: Date.UTC(2024, 0, 1) };
 * assertEquals((await binance.fetchPage(query)).rows, [[1704067200000, 1, 3, 0.5, 2, 10]]);
 * await assertRejects(() => openExchange("bitstmap", effects), Error, "bitstamp");
 * ```
 */
export async function openExchange(
  name: string,
  effects: Effects,
  { base_url, requests_per_minute }: ExchangeOptions = {},
): Promise<ExchangeClient> {
  const facts = exchangeFacts(name);
  const exchange = await newExchange(name, facts?.ccxt_id ?? name);
  const perMinute = requests_per_minute ?? facts?.requests_per_minute ??
    Math.min(REQUESTS_PER_MINUTE, 30_000 / Number(exchange.rateLimit));
  if (!(perMinute > 0)) {
    throw new RangeError(
      `Cannot open "${name}": ${perMinute} requests a minute are none, give a positive number`,
    );
  }
  if (base_url !== undefined && !URL.canParse(base_url)) {
    throw new RangeError(
      `Cannot open "${name}": "${base_url}" is no address, write for example http://127.0.0.1:8080`,
    );
  }
  const origin = base_url === undefined ? facts?.origin ?? null : base_url.replace(/\/+$/, "");
  const pace = new RequestPace(perMinute, effects);
  return new CcxtClient(exchange, facts, { exchange: name, origin, pace, effects, perMinute });
}

/** Names that {@linkcode openExchange} takes. */
export async function exchangeNames(): Promise<string[]> {
  return [...(await loadCcxt()).exchanges];
}

async function loadCcxt() {
  try {
    return (await import("ccxt")).default;
  } catch (error) {
    if (!isPermissionError(error)) throw error;
    throw new ConfigError(
      `Cannot load "ccxt": ${
        error.message.split(",")[0]
      }, allow it in deno.json, or give "env" with "ignore": true`,
      { cause: error },
    );
  }
}

async function newExchange(name: string, id: string): Promise<Exchange> {
  const ccxt = await loadCcxt();
  const known = ccxt.exchanges as unknown as readonly string[];
  if (!known.includes(id)) {
    const close = closeNames(name.toLowerCase(), known);
    const hint = close.length === 0
      ? "name one that ccxt knows, such as bitstamp"
      : `did you mean ${close.join(", ")}?`;
    throw new UsageError(`Cannot open the exchange "${name}": ccxt does not know it, ${hint}`);
  }
  const Class = (ccxt as unknown as Record<string, new (settings: object) => Exchange>)[id]!;
  const exchange = new Class({
    // The pace is ours, because ccxt's waits by the real clock; so are attempts and waits.
    enableRateLimit: false,
    // ccxt's clock would begin before the pace lets a request go; that of `Question` begins after it.
    timeout: 2 ** 31 - 1,
    // ccxt would pass for a browser.
    userAgent: "lakebook (ccxt)",
  });
  if (!exchange.has["fetchOHLCV"]) {
    throw new UsageError(`Cannot open the exchange "${name}": it gives no candles, name another one`);
  }
  return exchange;
}

class CcxtClient implements ExchangeClient {
  readonly name: string;
  readonly page_limit: number;
  readonly newest_only: number | null;
  readonly timeframes: readonly string[];
  readonly requests_per_minute: number;
  readonly effects: Effects;
  requests = 0;
  readonly #exchange: Exchange;
  readonly #facts: ExchangeFacts | null;
  readonly #settings: QuestionSettings;
  /** Settles when the question before is done. */
  #turn: Promise<unknown> = Promise.resolve();
  #question: Question | null = null;
  #rows: BarRow[] = [];

  constructor(
    exchange: Exchange,
    facts: ExchangeFacts | null,
    { perMinute, ...settings }: QuestionSettings & { perMinute: number },
  ) {
    this.name = settings.exchange;
    this.effects = settings.effects;
    this.#exchange = exchange;
    this.#facts = facts;
    this.#settings = settings;
    this.newest_only = facts?.newest_only ?? null;
    this.page_limit = pageLimit(exchange);
    this.timeframes = Object.keys(exchange.timeframes ?? {});
    this.requests_per_minute = perMinute;
    const hooks = exchange as unknown as Hooks;
    hooks.fetchImplementation = (url, init) => this.#question!.fetch(url, init);
    // No optional proxy modules: looking for them would need permissions.
    hooks.loadProxyModules = () => Promise.resolve();
    // ccxt sorts rows and drops what was not asked for; their order and the rest are evidence here.
    hooks.parseOHLCVs = (rows, market) => {
      this.#rows = Array.from(rows ?? [], (row) => hooks.parseOHLCV(row, market));
      return [];
    };
  }

  fetchPage(query: PageQuery): Promise<CandlePage> {
    const page = this.#turn.then(() => this.#ask(query));
    this.#turn = page.catch(() => {});
    return page;
  }

  async #ask({ symbol, timeframe, since_ms, until_ms }: PageQuery): Promise<CandlePage> {
    const exchange = this.#exchange;
    const { timeframes } = this;
    if (timeframes.length > 0 && !timeframes.includes(timeframe)) {
      throw new SourceError(
        `Cannot fetch bars of "${timeframe}": ${this.name} does not have them, use one of ${
          timeframes.join(", ")
        }`,
      );
    }
    const question = new Question(this.#settings, `${this.name} ${symbol} ${timeframe}`);
    this.#question = question;
    let before = 0;
    await question.ask(async () => {
      question.listed = false;
      await this.#requireMarket(symbol);
      question.listed = true;
      before = question.replies.length;
      this.#rows = [];
      const more = until_ms === undefined ? {} : { until: until_ms };
      await exchange.fetchOHLCV(symbol, timeframe, since_ms, this.page_limit, more);
    }).finally(() => this.requests += question.requests);
    return { rows: this.#rows, replies: question.replies.slice(before), requests: question.requests };
  }

  async #requireMarket(symbol: string): Promise<void> {
    const exchange = this.#exchange;
    const marketId = this.#facts?.marketId;
    if (marketId === undefined) {
      // Afresh, because ccxt keeps a failed load and would give its error again to each further attempt.
      if (exchange.markets === undefined) await exchange.loadMarkets(true);
      return;
    }
    if (exchange.markets !== undefined && symbol in exchange.markets) return;
    const [, base, quote] = /^([A-Z0-9]{1,20})\/([A-Z0-9]{1,20})$/.exec(symbol) ?? [];
    if (base === undefined || quote === undefined) {
      throw new SourceError(
        `Cannot fetch the symbol "${symbol}": it is no spot market, write for example BTC/USD`,
      );
    }
    const market = { id: marketId(base, quote), symbol, base, quote, baseId: base, quoteId: quote };
    exchange.setMarkets([{ ...market, type: "spot", spot: true, active: true }] as unknown as Market[]);
  }
}

/** The parts of ccxt that we stand in for. */
interface Hooks {
  fetchImplementation: (url: string, init?: RequestInit) => Promise<Response>;
  loadProxyModules: () => Promise<void>;
  parseOHLCVs: (rows: Iterable<unknown> | undefined, market: unknown) => unknown[];
  parseOHLCV: (row: unknown, market: unknown) => BarRow;
}

function pageLimit(exchange: Exchange): number {
  const features = exchange.features as { spot?: { fetchOHLCV?: { limit?: unknown } } } | undefined;
  const limit = features?.spot?.fetchOHLCV?.limit;
  return typeof limit === "number" && limit > 0 ? limit : PAGE_LIMIT;
}
