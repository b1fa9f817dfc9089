/** Turns what can go wrong between here and an exchange into errors that say what to do. */
import { ConfigError, LakebookError, SourceError } from "../core/errors.ts";
import { oneLine } from "./coingecko_message.ts";
import { isPermissionError } from "./http.ts";

/** What is known of a question that failed. */
export interface FailedQuestion {
  exchange: string;
  /** The last address; what was asked for, where there was none. */
  url: string;
  /** Status of the last answer; null where none came. */
  status: number | null;
  retry_after_s: number | null;
  /** Whether the error is the network's own, not ccxt's. */
  lost: boolean;
}

/** ccxt's classes for what may pass: lost connections, timeouts, limits, maintenance, half answers. */
const PASSING = new Set([
  "OperationFailed",
  "NetworkError",
  "DDoSProtection",
  "RateLimitExceeded",
  "ExchangeNotAvailable",
  "OnMaintenance",
  "RequestTimeout",
  "BadResponse",
  "NullResponse",
]);

/**
 * The error to raise for what ccxt, or the network beneath it, threw.
 *
 * - `retryable` {@linkcode SourceError}: no connection, no answer in time, 408, 418, 425, 429 and 5xx, maintenance;
 * - other {@linkcode SourceError}: an unknown symbol, a refused country, what ccxt does not support;
 * - {@linkcode ConfigError}: a missing Deno permission.
 */
export function exchangeError(
  error: unknown,
  { exchange, url, status, retry_after_s, lost }: FailedQuestion,
): LakebookError {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (inner instanceof LakebookError) return inner;
  }
  const fail = (state: string, { retryable = false, Kind = SourceError as typeof LakebookError } = {}) =>
    new Kind(`Cannot fetch "${url}": ${state}`, { cause: error, retryable });

  if (isPermissionError(error)) {
    const host = URL.canParse(url) ? new URL(url).host : url;
    return fail(`Deno may not reach it, add "${host}" to the net permissions in deno.json`, {
      Kind: ConfigError,
    });
  }
  const name = error instanceof Error ? error.name : "";
  if (lost && (name === "AbortError" || name === "TimeoutError")) {
    return fail("no complete answer in time, check the network or try again later", { retryable: true });
  }
  // ccxt's messages begin with the exchange, the method and the address, and may hold a whole web page.
  const text = error instanceof Error ? error.message : String(error);
  const said = oneLine(text.replace(`${exchange} `, "").replace(`GET ${url} `, "")).slice(0, 200);
  const state = status === null || status < 300 ? said : `status is ${status} (${said})`;
  if (status === 418 || status === 429) {
    const wait = retry_after_s === null ? "wait a minute" : `wait ${Math.ceil(retry_after_s)} s`;
    return fail(`${state}, ${wait} or ask for fewer requests a minute`, { retryable: true });
  }
  if (status !== null && status >= 300 && status < 400) {
    return fail(`${state}, redirects are not followed, give the address that it leads to as base_url`);
  }
  if (status === 451 || status === 403) {
    return fail(`${state}, ${exchange} refuses this network: use another one, or another exchange`);
  }
  if (status !== null && (status >= 500 || [408, 425].includes(status))) {
    return fail(`${state}, try again later`, { retryable: true });
  }
  // ccxt takes it for an exchange that is away.
  if (status === 404 && !lost) return fail(`${state}, check the symbol: ${exchange} does not know it`);
  if (lost) {
    return fail(`the connection failed (${said}), check the network or try again later`, { retryable: true });
  }
  if (PASSING.has(name)) {
    return fail(`${state}, check the network or try again later`, { retryable: true });
  }
  if (name === "BadSymbol") return fail(`${state}, check the symbol: ${exchange} does not know it`);
  return fail(`${state}, check symbol and timeframe`);
}
