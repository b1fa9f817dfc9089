/** Where CoinGecko is asked and with which key, from the environment. */
import { z } from "zod";
import { ConfigError } from "../core/errors.ts";

/** Settings of the CoinGecko client. */
export interface CoinGeckoSettings {
  /** Base of all addresses, without a slash at its end. */
  base_url: string;
  /** What the key, if any, is for: it decides the header's name and the default host. */
  plan: "keyless" | "demo" | "pro";
  /** The secret; never printed. */
  key?: string;
  /** Requests that may go out in any 60 seconds. */
  requests_per_minute: number;
}

/** Half to all of what each plan allows: keyless is 5 to 15 for everybody behind one address, Demo at least 30. */
const REQUESTS_PER_MINUTE = { keyless: 5, demo: 25, pro: 250 } as const;

const HOSTS = {
  keyless: "https://api.coingecko.com/api/v3",
  demo: "https://api.coingecko.com/api/v3",
  pro: "https://pro-api.coingecko.com/api/v3",
} as const;

/** An unset variable and an empty one mean the same. */
const OPTIONAL_TEXT = z.string().trim().optional().transform((text) => text === "" ? undefined : text);

const KEY = OPTIONAL_TEXT.refine(
  (text) => text === undefined || /^[\x21-\x7e]+$/.test(text),
  "it has characters that a key cannot have, copy it again from CoinGecko's developer dashboard",
);

const BASE_URL = OPTIONAL_TEXT.refine(
  (text) => text === undefined || isPlainUrl(text),
  "it is not a plain http(s) address (no user, query or fragment), write for example https://api.coingecko.com/api/v3",
);

const LIMIT = OPTIONAL_TEXT.refine(
  (text) => text === undefined || /^[1-9]\d{0,4}$/.test(text),
  "it is not a whole number of requests, write for example 25",
);

const ENVIRONMENT = z.object({
  COINGECKO_BASE_URL: BASE_URL,
  COINGECKO_DEMO_API_KEY: KEY,
  COINGECKO_PRO_API_KEY: KEY,
  COINGECKO_REQUESTS_PER_MINUTE: LIMIT,
});

/**
 * Reads `COINGECKO_BASE_URL`, `COINGECKO_DEMO_API_KEY`, `COINGECKO_PRO_API_KEY` and `COINGECKO_REQUESTS_PER_MINUTE`;
 * all are optional, and an empty one counts as absent. Without a key the public, shared limits of the keyless API hold.
 *
 * @param env the environment; other variables are ignored.
 * @throws {ConfigError} when both keys are set, or a value cannot be used. The message never holds the value.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const keyless = { base_url: "https://api.coingecko.com/api/v3", plan: "keyless", requests_per_minute: 5 };
 * assertEquals(coinGeckoSettings({}), keyless);
 * assertEquals(coinGeckoSettings({ COINGECKO_PRO_API_KEY: "CG-secret" }), {
 *   base_url: "https://pro-api.coingecko.com/api/v3",
 *   plan: "pro",
 *   key: "CG-secret",
 *   requests_per_minute: 250,
 * });
 * ```
 */
export function coinGeckoSettings(env: Record<string, string | undefined>): CoinGeckoSettings {
  const parsed = ENVIRONMENT.safeParse(env);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new ConfigError(`Cannot use "${path.join(".")}": ${message}`);
  }
  const { COINGECKO_BASE_URL, COINGECKO_DEMO_API_KEY, COINGECKO_PRO_API_KEY } = parsed.data;
  if (COINGECKO_DEMO_API_KEY !== undefined && COINGECKO_PRO_API_KEY !== undefined) {
    throw new ConfigError(
      'Cannot use "COINGECKO_DEMO_API_KEY": COINGECKO_PRO_API_KEY is set as well, unset one of the two',
    );
  }
  const key = COINGECKO_PRO_API_KEY ?? COINGECKO_DEMO_API_KEY;
  const plan = key === undefined ? "keyless" : COINGECKO_PRO_API_KEY === undefined ? "demo" : "pro";
  const base_url = (COINGECKO_BASE_URL ?? HOSTS[plan]).replace(/\/+$/, "");
  const limit = parsed.data.COINGECKO_REQUESTS_PER_MINUTE;
  const requests_per_minute = limit === undefined ? REQUESTS_PER_MINUTE[plan] : Number(limit);
  return { base_url, plan, ...(key === undefined ? {} : { key }), requests_per_minute };
}

function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username + password + search + hash === "";
}
