/** One question to CoinGecko: attempts, waits, the rate limit, and the bytes of whatever came back. */
import { Coingecko } from "@coingecko/coingecko-typescript";
import { Buffer } from "node:buffer";
import pRetry from "p-retry";
import type { Effects } from "../core/effects.ts";
import { ConfigError, LakebookError, SourceError } from "../core/errors.ts";
import { HOUR_MS } from "../core/time.ts";
import { requestError } from "./coingecko_errors.ts";
import { coinGeckoMessage } from "./coingecko_message.ts";
import type { CoinGeckoSettings } from "./coingecko_settings.ts";
import { isPermissionError, readBody, retryAfter } from "./http.ts";
import { SOURCE_HEADER } from "./source_header.ts";
import { RequestLimit } from "./request_limit.ts";

/** One reply, as it came. */
export interface CoinGeckoReply {
  /** The address that was asked; holds no key. */
  url: string;
  status: number;
  /** When the body was complete, by this machine's clock. */
  fetched_at: Date;
  /** The other side's clock, from the `Date` header. */
  date: Date | null;
  /** `demo` where the demo market answered, whatever its address. */
  source: "coingecko" | "demo";
  /** How many requests it took, this one included. */
  attempts: number;
  /** The exact bytes of the body, after the transport's own compression was undone. */
  body: Uint8Array<ArrayBuffer>;
}

/** What is known of a question that failed. */
export interface RequestTrace {
  url: string;
  attempts: number;
  /** The last reply, if there was one: an error's body, or an answer that is none. */
  reply: CoinGeckoReply | null;
}

const TRACES = new WeakMap<Error, RequestTrace>();

/** What is known of the question behind an error of a client; null for other errors. */
export function requestTrace(error: Error): RequestTrace | null {
  return TRACES.get(error) ?? null;
}

const ATTEMPTS = 5;
const BUDGET_S = 60;
/** Seconds for one attempt, its body included. */
const ATTEMPT_S = 20;
/** The first wait is a random part of this; each further one of twice as much, up to the cap. */
const BASE_S = 1;
const CAP_S = 16;

/** Asks questions under one rate limit. */
export class CoinGeckoRequests {
  readonly #settings: CoinGeckoSettings;
  readonly #effects: Effects;
  readonly #limit: RequestLimit;

  constructor(settings: CoinGeckoSettings, effects: Effects) {
    this.#settings = settings;
    this.#effects = effects;
    this.#limit = new RequestLimit(settings.requests_per_minute, effects);
  }

  /** One GET, tried again as `openCoinGecko` describes. */
  async ask(
    path: string,
    query: Record<string, string | number>,
    { budget_s = BUDGET_S, attempts = ATTEMPTS }: { budget_s?: number; attempts?: number } = {},
  ): Promise<CoinGeckoReply> {
    const question = new Question(this.#settings, this.#effects, { path, query, budget_s });
    try {
      return await pRetry(async () => {
        await question.waitFor(this.#limit);
        return await question.attempt();
      }, {
        retries: attempts - 1,
        // The waits are ours: see below.
        minTimeout: 0,
        maxTimeout: 0,
        shouldRetry: ({ error }) => error instanceof LakebookError && error.retryable,
        onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
          if (retriesLeft === 0 || !(error instanceof LakebookError && error.retryable)) return;
          await question.waitAfter(error, attemptNumber);
          this.#effects.log.info(`CoinGecko: attempt ${attemptNumber + 1} of ${attempts} at ${path}`);
        },
      });
    } catch (error) {
      if (error instanceof Error) TRACES.set(error, question.trace());
      throw error;
    }
  }
}

/** One question on its way: what has been spent and what came back. */
class Question {
  readonly #settings: CoinGeckoSettings;
  readonly #effects: Effects;
  readonly #path: string;
  readonly #query: Record<string, string | number>;
  readonly #budget_s: number;
  readonly #began = performance.now();
  #waited_ms = 0;
  #attempts = 0;
  #last: { reply: CoinGeckoReply; headers: Headers } | null = null;
  #url: string;

  constructor(
    settings: CoinGeckoSettings,
    effects: Effects,
    { path, query, budget_s }: { path: string; query: Record<string, string | number>; budget_s: number },
  ) {
    this.#settings = settings;
    this.#effects = effects;
    this.#path = path;
    this.#query = query;
    this.#budget_s = budget_s;
    this.#url = settings.base_url + path;
  }

  trace(): RequestTrace {
    return { url: this.#url, attempts: this.#attempts, reply: this.#last?.reply ?? null };
  }

  /** Seconds left. Waits count in full even where a test's waits take no time. */
  #rest_s(): number {
    return this.#budget_s - Math.max(performance.now() - this.#began, this.#waited_ms) / 1000;
  }

  async waitFor(limit: RequestLimit): Promise<void> {
    const waited = await limit.take(this.#rest_s() * 1000);
    if (waited !== null) return void (this.#waited_ms += waited);
    throw new SourceError(
      `Cannot fetch "${this.#url}": ${limit.perMinute} requests a minute are used up, try again in a minute ` +
        `or set COINGECKO_REQUESTS_PER_MINUTE`,
    );
  }

  /** Waits before the next attempt, or throws the error where the wait does not fit into the budget. */
  async waitAfter(error: Error, attempt: number): Promise<void> {
    const asked_s = this.#last ? retryAfter(this.#last.headers, this.#effects.now()) : null;
    const jitter_s = this.#effects.random() * Math.min(CAP_S, BASE_S * 2 ** (attempt - 1));
    const wait_s = asked_s ?? jitter_s;
    if (wait_s >= this.#rest_s()) throw error;
    this.#waited_ms += wait_s * 1000;
    await this.#effects.sleep(wait_s * 1000);
  }

  /** One request. */
  async attempt(): Promise<CoinGeckoReply> {
    this.#last = null;
    this.#attempts += 1;
    const abort = new AbortController();
    const limit_s = Math.min(ATTEMPT_S, this.#rest_s());
    const timer = setTimeout(
      () => abort.abort(new DOMException("time is up", "TimeoutError")),
      limit_s * 1000,
    );
    const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
      try {
        // A redirect is not followed: the key in the headers would go along.
        return await this.#keep(await this.#effects.fetch(input, { ...init, redirect: "manual" }));
      } catch (error) {
        if (isPermissionError(error)) abort.abort(error);
        throw error;
      }
    };
    try {
      const client = openClient(this.#settings, { fetch, timeout_s: limit_s });
      this.#url = client.buildURL(this.#path, this.#query);
      await client.get(this.#path, { query: this.#query, signal: abort.signal }).asResponse();
      const { reply } = this.#last!;
      this.#requireAnswer(reply);
      return reply;
    } catch (error) {
      const thrown = isPermissionError(abort.signal.reason) ? abort.signal.reason : error;
      throw requestError(thrown, { url: this.#url, settings: this.#settings, budget_s: limit_s });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Reads the whole body, also of a failure, before the SDK sees the response. */
  async #keep(response: Response): Promise<Response> {
    const body = withoutKey(
      await readBody(response, { url: this.#url, advice: "check COINGECKO_BASE_URL" }),
      this.#settings.key,
    );
    const date = new Date(response.headers.get("date") ?? NaN);
    const reply: CoinGeckoReply = {
      url: this.#url,
      status: response.status,
      fetched_at: this.#effects.now(),
      date: Number.isNaN(date.getTime()) ? null : date,
      source: response.headers.get(SOURCE_HEADER) === "demo" ? "demo" : "coingecko",
      attempts: this.#attempts,
      body,
    };
    this.#last = { reply, headers: response.headers };
    const { status, statusText, headers } = response;
    return new Response([204, 205, 304].includes(status) ? null : body, { status, statusText, headers });
  }

  /** A 2xx with a web page, "Throttled", half a JSON or a failure inside is no answer, and may be one a moment later. */
  #requireAnswer({ status, body }: CoinGeckoReply): void {
    const text = new TextDecoder().decode(body);
    const fail = (state: string) => {
      throw new SourceError(
        `Cannot fetch "${this.#url}": status is ${status}, but ${state}, try again later`,
        {
          retryable: true,
        },
      );
    };
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      const said = coinGeckoMessage(text.slice(0, 4000)).text.slice(0, 120);
      fail(said === "" ? "the body is empty" : `the body is not JSON and says "${said}"`);
    }
    if (value === null || typeof value !== "object") fail(`the body is ${text.trim().slice(0, 40)}`);
    // Failures are short; a long body is data, whatever it is called.
    if (Array.isArray(value) || text.length > 4000) return;
    const { code, text: said } = coinGeckoMessage(text);
    if (code !== null || said !== "") fail(`the body says "${said || code}"`);
  }
}

/** A body that repeats our key, as some refusals do, is kept without it. */
function withoutKey(body: Uint8Array<ArrayBuffer>, key: string | undefined): Uint8Array<ArrayBuffer> {
  if (key === undefined || Buffer.from(body.buffer).indexOf(key) < 0) return body;
  return new TextEncoder().encode(new TextDecoder().decode(body).replaceAll(key, "***"));
}

function openClient(
  { base_url, plan, key = "" }: CoinGeckoSettings,
  { fetch, timeout_s }: { fetch: typeof globalThis.fetch; timeout_s: number },
): Coingecko {
  try {
    return new Coingecko({
      baseURL: base_url,
      // Left out, the SDK would read both keys from the environment by itself.
      proAPIKey: plan === "pro" ? key : null,
      demoAPIKey: plan === "demo" ? key : null,
      defaultHeaders: plan === "keyless" ? { "x-cg-pro-api-key": null, "x-cg-demo-api-key": null } : {},
      fetch,
      maxRetries: 0,
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

/** Clocks may differ by this much before an answer is not filed: half a slot. */
const CLOCK_TOLERANCE_MS = 150_000;

/**
 * Makes sure that this machine's clock and the other side's agree, so that no answer is filed under a time at which
 * it was not given.
 *
 * @throws {ConfigError} where they are more than 150 s apart. Without a `Date` header nothing can be said.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * const now = new Date("2026-01-02T03:04:05Z");
 * checkClock({ date: new Date("2026-01-02T03:05:00Z") }, now);
 * assertThrows(() => checkClock({ date: new Date("2026-01-03T03:04:05Z") }, now), Error, "24.0 hours apart");
 * ```
 */
export function checkClock({ date }: Pick<CoinGeckoReply, "date">, now: Date): void {
  const apart = date === null ? 0 : Math.abs(date.getTime() - now.getTime());
  if (apart <= CLOCK_TOLERANCE_MS) return;
  throw new ConfigError(
    `Cannot file this answer: the clock here says ${now.toISOString()}, CoinGecko's says ${
      date!.toISOString()
    } ` +
      `(${(apart / HOUR_MS).toFixed(1)} hours apart), set this machine's clock, or leave --now out`,
  );
}
