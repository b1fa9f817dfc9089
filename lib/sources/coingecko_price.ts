/** Bitcoin's price of a moment, from `/simple/price` or from a market page. Nothing here touches the network. */
import { z } from "zod";
import { SourceError } from "../core/errors.ts";
import { parseBody, unusable } from "./coingecko_body.ts";

/** A price and when it was made. */
export interface PriceTick {
  /** Epoch milliseconds of the price, not of the question. */
  epoch_ms: number;
  /** The same as ISO 8601, UTC. */
  iso_ts: string;
  price_usd: number;
  /** USD. */
  market_cap: number | null;
  /** USD. */
  volume_24h: number | null;
  /** Percent. */
  price_change_24h: number | null;
  /** `coingecko` or `demo`. */
  source: string;
}

const NUMBER = z.number().nullish();

const PRICES = z.record(
  z.string(),
  z.object({
    usd: NUMBER,
    usd_market_cap: NUMBER,
    usd_24h_vol: NUMBER,
    usd_24h_change: NUMBER,
    last_updated_at: NUMBER,
  }),
);

/**
 * Reads the body of `/simple/price` for one coin in USD.
 *
 * @throws {SourceError} where the body is no such answer; where the coin is not in it (an unknown coin gives `{}`), or
 * has no price in USD (an unknown currency gives `{"bitcoin":{}}`, with status 200).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const body = new TextEncoder().encode('{"bitcoin":{"usd":67187.3,"last_updated_at":1711356300}}');
 * const tick = parseSimplePrice(body, { source: "coingecko" });
 * assertEquals([tick.price_usd, tick.iso_ts, tick.market_cap], [67187.3, "2024-03-25T08:45:00.000Z", null]);
 * ```
 */
export function parseSimplePrice(
  body: Uint8Array,
  { coin = "bitcoin", source }: { coin?: string; source: string },
): PriceTick {
  const what = `the price of ${coin}`;
  const prices = PRICES.safeParse(parseBody(body, what));
  if (!prices.success) throw unusable(what, "it has another shape than documented", body);
  const price = prices.data[coin];
  if (price === undefined) {
    throw new SourceError(`Cannot read "${what}": the answer does not have that coin, check its id`);
  }
  const { usd, last_updated_at } = price;
  if (usd === undefined || usd === null) {
    throw new SourceError(`Cannot read "${what}": the answer has no price in usd, check coin and currency`);
  }
  if (last_updated_at === undefined || last_updated_at === null) {
    throw new SourceError(`Cannot read "${what}": the answer has no last_updated_at, ask for it`);
  }
  return checked({
    ...at(last_updated_at * 1000),
    price_usd: usd,
    market_cap: price.usd_market_cap ?? null,
    volume_24h: price.usd_24h_vol ?? null,
    price_change_24h: price.usd_24h_change ?? null,
    source,
  }, what);
}

const BITCOIN = z.object({
  id: z.literal("bitcoin"),
  current_price: z.number().positive(),
  last_updated: z.iso.datetime(),
  market_cap: NUMBER.catch(null),
  total_volume: NUMBER.catch(null),
  price_change_percentage_24h: NUMBER.catch(null),
});

/** The same from a market page that can be read; null where Bitcoin, its price or its time is not in it. */
export function bitcoinTick(page: Uint8Array, source: string): PriceTick | null {
  const records = parseBody(page, "a market page");
  const bitcoin = BITCOIN.safeParse(
    Array.isArray(records) ? records.find((record) => record?.id === "bitcoin") : null,
  );
  if (!bitcoin.success) return null;
  const { current_price, last_updated, market_cap, total_volume, price_change_percentage_24h } = bitcoin.data;
  return {
    ...at(Date.parse(last_updated)),
    price_usd: current_price,
    market_cap: market_cap ?? null,
    volume_24h: total_volume ?? null,
    price_change_24h: price_change_percentage_24h ?? null,
    source,
  };
}

function at(epoch_ms: number): { epoch_ms: number; iso_ts: string } {
  const whole = Math.round(epoch_ms);
  return { epoch_ms: whole, iso_ts: Math.abs(whole) <= 8.64e15 ? new Date(whole).toISOString() : "" };
}

/** Before 1973 a time in milliseconds is one in seconds, or a mistake. */
const EARLIEST_MS = 1e11;

function checked(tick: PriceTick, what: string): PriceTick {
  if (tick.iso_ts === "" || tick.epoch_ms < EARLIEST_MS) {
    throw new SourceError(
      `Cannot read "${what}": its last_updated_at is not a time in seconds, report this answer`,
    );
  }
  if (tick.price_usd <= 0) {
    throw new SourceError(`Cannot read "${what}": the price is ${tick.price_usd}, prices are above 0`);
  }
  return tick;
}
