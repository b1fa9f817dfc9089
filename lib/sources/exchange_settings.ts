/** Where exchanges are asked and how fast, from the environment. */
import { ConfigError } from "../core/errors.ts";
import type { ExchangeOptions } from "./exchange.ts";

/** The variables that {@linkcode exchangeSettings} reads. */
export const EXCHANGE_VARIABLES = [
  "LAKEBOOK_EXCHANGE_BASE_URL",
  "LAKEBOOK_EXCHANGE_REQUESTS_PER_MINUTE",
] as const;

/**
 * Reads `LAKEBOOK_EXCHANGE_BASE_URL` (a proxy, or a test's server) and `LAKEBOOK_EXCHANGE_REQUESTS_PER_MINUTE`; both
 * are optional, and an empty one counts as absent.
 *
 * @throws {ConfigError} for a value that cannot be used. The message never holds it: an address may hold a password.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * assertEquals(exchangeSettings({ LAKEBOOK_EXCHANGE_REQUESTS_PER_MINUTE: "90" }), { requests_per_minute: 90 });
 * assertEquals(exchangeSettings({ LAKEBOOK_EXCHANGE_BASE_URL: "" }), {});
 * assertThrows(() => exchangeSettings({ LAKEBOOK_EXCHANGE_BASE_URL: "http://user:secret@proxy" }));
 * ```
 */
export function exchangeSettings(env: Readonly<Record<string, string | undefined>>): ExchangeOptions {
  const [base_url, perMinute] = EXCHANGE_VARIABLES.map((name) => env[name]?.trim() || undefined);
  if (base_url !== undefined && !isPlainUrl(base_url)) {
    throw new ConfigError(
      `Cannot use "${
        EXCHANGE_VARIABLES[0]
      }": it is not a plain http(s) address (no user, query or fragment), ` +
        `write for example http://127.0.0.1:8080`,
    );
  }
  if (perMinute !== undefined && !/^[1-9]\d{0,6}$/.test(perMinute)) {
    throw new ConfigError(
      `Cannot use "${EXCHANGE_VARIABLES[1]}": it is not a whole number of requests, write for example 60`,
    );
  }
  return {
    ...(base_url === undefined ? {} : { base_url }),
    ...(perMinute === undefined ? {} : { requests_per_minute: Number(perMinute) }),
  };
}

function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username + password + search + hash === "";
}
