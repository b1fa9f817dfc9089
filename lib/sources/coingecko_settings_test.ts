import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../core/errors.ts";
import { coinGeckoSettings } from "./coingecko_settings.ts";

const PUBLIC = "https://api.coingecko.com/api/v3";

Deno.test("coinGeckoSettings() decides plan, key and host from the three variables", () => {
  const table: [Record<string, string | undefined>, ReturnType<typeof coinGeckoSettings>][] = [
    [{}, { base_url: PUBLIC, plan: "keyless", requests_per_minute: 5 }],
    [{ COINGECKO_DEMO_API_KEY: "", COINGECKO_PRO_API_KEY: " ", COINGECKO_BASE_URL: "" }, {
      base_url: PUBLIC,
      plan: "keyless",
      requests_per_minute: 5,
    }],
    [{ COINGECKO_DEMO_API_KEY: " CG-d\n", OTHER: "x" }, {
      base_url: PUBLIC,
      plan: "demo",
      key: "CG-d",
      requests_per_minute: 25,
    }],
    [{ COINGECKO_PRO_API_KEY: "p", COINGECKO_DEMO_API_KEY: "" }, {
      base_url: "https://pro-api.coingecko.com/api/v3",
      plan: "pro",
      key: "p",
      requests_per_minute: 250,
    }],
    [{ COINGECKO_REQUESTS_PER_MINUTE: "12" }, { base_url: PUBLIC, plan: "keyless", requests_per_minute: 12 }],
    [{ COINGECKO_BASE_URL: "http://127.0.0.1:8000/api/" }, {
      base_url: "http://127.0.0.1:8000/api",
      plan: "keyless",
      requests_per_minute: 5,
    }],
  ];
  for (const [env, settings] of table) assertEquals(coinGeckoSettings(env), settings);
});

Deno.test("coinGeckoSettings() refuses what cannot be used, without printing it", () => {
  const table: [Record<string, string>, string][] = [
    [
      { COINGECKO_DEMO_API_KEY: "secret", COINGECKO_PRO_API_KEY: "secret" },
      "COINGECKO_PRO_API_KEY is set as well",
    ],
    [{ COINGECKO_BASE_URL: "api.coingecko.com" }, "COINGECKO_BASE_URL"],
    [{ COINGECKO_BASE_URL: "ftp://api.coingecko.com" }, "COINGECKO_BASE_URL"],
    [{ COINGECKO_BASE_URL: "https://me:secret@api.coingecko.com/api/v3" }, "COINGECKO_BASE_URL"],
    [{ COINGECKO_BASE_URL: "https://api.coingecko.com/api/v3?key=secret" }, "COINGECKO_BASE_URL"],
    [{ COINGECKO_REQUESTS_PER_MINUTE: "0" }, "it is not a whole number of requests, write for example 25"],
    [{ COINGECKO_REQUESTS_PER_MINUTE: "secret" }, "COINGECKO_REQUESTS_PER_MINUTE"],
    [{ COINGECKO_DEMO_API_KEY: "secret secret" }, "COINGECKO_DEMO_API_KEY"],
    [{ COINGECKO_PRO_API_KEY: "secret\u0001" }, "COINGECKO_PRO_API_KEY"],
  ];
  for (const [env, part] of table) {
    const error = assertThrows(() => coinGeckoSettings(env), ConfigError, part);
    assert(!error.message.includes("secret"), error.message);
  }
});
