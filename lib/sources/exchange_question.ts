/** One question to an exchange: attempts, waits, and the bytes of whatever came back. */
import pRetry from "p-retry";
import type { Effects } from "../core/effects.ts";
import { LakebookError, SourceError } from "../core/errors.ts";
import { exchangeError } from "./exchange_errors.ts";
import type { RequestPace } from "./exchange_pace.ts";
import { readBody, retryAfter } from "./http.ts";

/** One answer of an exchange, as it came. */
export interface ExchangeReply {
  url: string;
  status: number;
  /** When the body was complete, by this machine's clock. */
  fetched_at: Date;
  /** The exchange's clock when it made the answer: its `Date` header, less the `Age` of a cached copy. */
  date: Date | null;
  /** The exact bytes of the body, after the transport's own compression was undone. */
  body: Uint8Array<ArrayBuffer>;
}

const ATTEMPTS = 6;
/** Seconds for a question with all its attempts and waits. */
const BUDGET_S = 180;
/** Seconds for one request, its body included. */
const ATTEMPT_S = 20;
/** The first wait is a random part of this; each further one of twice as much, up to the cap. */
const BASE_S = 1;
const CAP_S = 16;

/** What a question needs to know of its exchange. */
export interface QuestionSettings {
  exchange: string;
  /** Takes the place of scheme, host and port of each address. */
  origin: string | null;
  pace: RequestPace;
  effects: Effects;
}

/** One question on its way: what has been spent and what came back. */
export class Question {
  readonly #settings: QuestionSettings;
  readonly #what: string;
  readonly #began = performance.now();
  #waited_ms = 0;
  /** What the network threw. */
  #thrown: unknown = null;
  #url: string;
  #last: { status: number; retry_after_s: number | null } | null = null;
  /** The 2xx answers of the last attempt. */
  replies: ExchangeReply[] = [];
  /** Whether answers must hold a list from now on, as a page of bars does and a market's description need not. */
  listed = false;
  /** Requests that went out, all attempts together. */
  requests = 0;

  constructor(settings: QuestionSettings, what: string) {
    this.#settings = settings;
    this.#what = what;
    this.#url = what;
  }

  /** Seconds left. Waits count in full even where a test's waits take no time. */
  #rest_s(): number {
    return BUDGET_S - Math.max(performance.now() - this.#began, this.#waited_ms) / 1000;
  }

  /** Runs `attempt`, which asks through {@linkcode Question.fetch}, until it succeeds or may not be tried again. */
  async ask<T>(attempt: () => Promise<T>): Promise<T> {
    const { effects, exchange } = this.#settings;
    return await pRetry(async () => {
      this.replies = [];
      this.#last = null;
      this.#thrown = null;
      try {
        const given = await attempt();
        const status = this.#lastAnswer()?.status ?? 200;
        // ccxt takes an empty redirect, or a status that it has no class for, for an empty page: "no trade".
        if (status < 200 || status > 299) throw new Error("it is no answer");
        return given;
      } catch (error) {
        const { status = null, retry_after_s = null } = this.#lastAnswer() ?? {};
        const lost = this.#lost();
        const failed = { exchange, url: this.#url, status, retry_after_s, lost: lost !== null };
        throw exchangeError(lost ?? error, failed);
      }
    }, {
      retries: ATTEMPTS - 1,
      // The waits are ours: see below.
      minTimeout: 0,
      maxTimeout: 0,
      shouldRetry: ({ error }) => error instanceof LakebookError && error.retryable,
      onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
        if (retriesLeft === 0 || !(error instanceof LakebookError && error.retryable)) return;
        await this.#waitAfter(error, attemptNumber);
        effects.log.info(`${exchange}: attempt ${attemptNumber + 1} of ${ATTEMPTS} at ${this.#what}`);
      },
    });
  }

  /** Calls, because the compiler does not see that an attempt may have set these. */
  #lastAnswer() {
    return this.#last;
  }

  #lost() {
    return this.#thrown;
  }

  /** Waits before the next attempt, or throws the error where the wait does not fit into the budget. */
  async #waitAfter(error: Error, attempt: number): Promise<void> {
    const { random, sleep } = this.#settings.effects;
    const wait_s = this.#last?.retry_after_s ?? random() * Math.min(CAP_S, BASE_S * 2 ** (attempt - 1));
    if (wait_s >= this.#rest_s()) throw error;
    this.#waited_ms += wait_s * 1000;
    await sleep(wait_s * 1000);
  }

  /** What ccxt calls instead of the network. Reads the whole body, also of a failure, before ccxt sees it. */
  async fetch(input: string, init?: RequestInit): Promise<Response> {
    const { effects, origin, pace } = this.#settings;
    const { pathname, search, origin: own } = new URL(input);
    this.#url = `${origin ?? own}${pathname}${search}`;
    this.#last = null;
    this.#waited_ms += await pace.take();
    this.requests += 1;
    const { method = "GET", headers = {} } = init ?? {};
    const abort = new AbortController();
    const timeUp = () => abort.abort(new DOMException("time is up", "TimeoutError"));
    const timer = setTimeout(timeUp, ATTEMPT_S * 1000);
    const { signal } = abort;
    try {
      // A redirect is not followed: it could lead to a host that nobody allowed.
      const response = await effects.fetch(this.#url, { method, headers, signal, redirect: "manual" });
      this.#last = { status: response.status, retry_after_s: retryAfter(response.headers, effects.now()) };
      const body = await readBody(response, { url: this.#url, advice: "ask for less" });
      if (response.ok) this.#keep(response, body);
      const { status, statusText } = response;
      return new Response([204, 205, 304].includes(status) ? null : body, {
        status,
        statusText,
        headers: response.headers,
      });
    } catch (error) {
      // ccxt puts most of what is thrown here into errors of its own and forgets the cause.
      this.#thrown = error;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** A 2xx with a web page, half a JSON, or nothing that could be a page is no answer, and may be one a moment later. */
  #keep({ status, headers }: Response, body: Uint8Array<ArrayBuffer>): void {
    const url = this.#url;
    const fail = (state: string) => {
      throw new SourceError(`Cannot fetch "${url}": status is ${status}, but ${state}, try again later`, {
        retryable: true,
      });
    };
    try {
      // ccxt would take a body without a list for an empty page, and so for "no trade".
      const value: unknown = JSON.parse(new TextDecoder().decode(body));
      if (this.listed && !holdsList(value)) fail("the body holds no list");
    } catch (error) {
      if (error instanceof SourceError) throw error;
      fail("the body is not JSON");
    }
    const made_ms = Date.parse(headers.get("date") ?? "") - 1000 * Number(headers.get("age") ?? 0);
    this.replies.push({
      url,
      status,
      fetched_at: this.#settings.effects.now(),
      date: Number.isNaN(made_ms) ? null : new Date(made_ms),
      body,
    });
  }
}

/** Whether a list is in it; a list of errors is none. */
function holdsList(value: unknown): boolean {
  if (Array.isArray(value)) return true;
  if (value === null || typeof value !== "object") return false;
  return Object.entries(value).some(([key, inner]) => !["error", "errors"].includes(key) && holdsList(inner));
}
