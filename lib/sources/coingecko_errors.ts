/** Turns what can go wrong between here and CoinGecko into errors that say what to do. */
import { APIConnectionTimeoutError, APIError, APIUserAbortError } from "@coingecko/coingecko-typescript";
import { ConfigError, LakebookError, SourceError } from "../core/errors.ts";
import { coinGeckoMessage, oneLine } from "./coingecko_message.ts";
import type { CoinGeckoSettings } from "./coingecko_settings.ts";
import { isPermissionError } from "./http.ts";

/** What a failed request was. */
export interface FailedRequest {
  /** Its address, which holds no key. */
  url: string;
  settings: CoinGeckoSettings;
  /** Seconds after which a request gives up. */
  budget_s: number;
}

/**
 * The error to raise for what a request threw.
 *
 * - `retryable` {@linkcode SourceError}: no connection, time budget used up, 408, 409, 418, 429 and 5xx;
 * - other {@linkcode SourceError}: 400, 404, 422, a blocked address, a range that the plan does not cover;
 * - {@linkcode ConfigError}: a refused or missing key, and a missing Deno permission.
 *
 * The key stands neither in the message nor in the cause, even where the other side repeats it.
 */
export function requestError(error: unknown, { url, settings, budget_s }: FailedRequest): LakebookError {
  // The SDK wraps what our own fetch throws.
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (inner instanceof LakebookError) return inner;
  }
  const cause = holdsKey(error, settings.key) ? undefined : error;
  const fail = (state: string, { retryable = false, Kind = SourceError as typeof LakebookError } = {}) =>
    new Kind(redact(`Cannot fetch "${url}": ${state}`, settings.key), { cause, retryable });

  if (isPermissionError(error)) {
    const { host } = new URL(url);
    return fail(`Deno may not reach it, add "${host}" to the net permissions in deno.json`, {
      Kind: ConfigError,
    });
  }
  if (error instanceof APIUserAbortError || error instanceof APIConnectionTimeoutError || isAbort(error)) {
    return fail(`no complete answer in time (${budget_s} s at most), check the network or try again later`, {
      retryable: true,
    });
  }
  if (!(error instanceof APIError) || error.status === undefined) {
    // Deno's own message begins with the address, which stands in ours already.
    const message = deepestMessage(error).replace(/^error sending request for url \(\S*\): /, "");
    const reason = oneLine(redact(message, settings.key));
    return fail(`the connection failed (${reason}), check the network or try again later`, {
      retryable: true,
    });
  }
  return statusError(error, settings, fail);
}

type Fail = (
  state: string,
  options?: { retryable?: boolean; Kind?: typeof LakebookError },
) => LakebookError;

function statusError(error: APIError, { plan, key }: CoinGeckoSettings, fail: Fail): LakebookError {
  const status = error.status as number;
  // Before the text is cut to length: half a key would be missed afterwards.
  const { code, text } = coinGeckoMessage(redact(bodyOf(error), key));
  const said = `status is ${status}${text === "" ? "" : ` ("${text}")`}`;
  const variable = plan === "pro" ? "COINGECKO_PRO_API_KEY" : "COINGECKO_DEMO_API_KEY";

  if (status === 429) {
    const wait = error.headers?.get("retry-after") ?? "";
    const seconds = /^\d{1,6}$/.test(wait) ? `wait ${wait} s` : "wait a minute";
    const more = plan === "keyless" ? " or set COINGECKO_DEMO_API_KEY for a higher limit" : "";
    return fail(`${said}, ${seconds}${more}`, { retryable: true });
  }
  if (status >= 500 || [408, 409, 418].includes(status)) {
    return fail(`${said}, try again later`, { retryable: true });
  }
  if (code === 10012) return fail(`${said}, ask for fewer days (at most 365 without a paid plan)`);
  if (status === 401 || status === 403 || isKeyCode(code)) {
    if (status === 403 && plan === "keyless" && !isKeyCode(code)) {
      return fail(
        `${said}, CoinGecko refuses this network: wait, use another one, or set COINGECKO_DEMO_API_KEY`,
      );
    }
    return fail(`${said}, ${keyHint(code, plan, variable)}`, { Kind: ConfigError });
  }
  if (status === 404) return fail(`${said}, check the coin's id and COINGECKO_BASE_URL`);
  if (status < 400) return fail(`${said}, set COINGECKO_BASE_URL to the address that it redirects to`);
  return fail(`${said}, check the parameters of the request`);
}

/** 10002 key missing, 10005 plan too small, 10010 pro key on the demo host, 10011 demo key on the pro host. */
function isKeyCode(code: number | null): boolean {
  return code !== null && [10002, 10005, 10010, 10011].includes(code);
}

function keyHint(code: number | null, plan: CoinGeckoSettings["plan"], variable: string): string {
  if (code === 10010) {
    return "this is a Pro key on the wrong host: put it into COINGECKO_PRO_API_KEY and unset COINGECKO_BASE_URL";
  }
  if (code === 10011) {
    return "this is a Demo key on the wrong host: put it into COINGECKO_DEMO_API_KEY and unset COINGECKO_BASE_URL";
  }
  if (code === 10005) return `the plan of ${variable} does not include this request: ask for less or upgrade`;
  if (plan === "keyless") return "a key is needed: set COINGECKO_DEMO_API_KEY or COINGECKO_PRO_API_KEY";
  return `the key is not accepted: check ${variable}`;
}

/** The SDK keeps a JSON body parsed in `error`, any other body as text behind the status in `message`. */
function bodyOf(error: APIError): string {
  if (error.error !== undefined) return JSON.stringify(error.error);
  const text = error.message.slice(String(error.status).length + 1);
  return text === "status code (no body)" ? "" : text;
}

function deepestMessage(error: unknown): string {
  let deepest = error;
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause;
  return deepest instanceof Error ? deepest.message : String(deepest);
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
}

function redact(text: string, key: string | undefined): string {
  return key === undefined ? text : text.replaceAll(key, "***");
}

function holdsKey(error: unknown, key: string | undefined): boolean {
  if (key === undefined) return false;
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    const body = inner instanceof APIError ? JSON.stringify([inner.error, [...inner.headers ?? []]]) : "";
    if (`${inner.message}${inner.stack}${body}`.includes(key)) return true;
  }
  return false;
}
