/** `/coins/{id}/market_chart` and `/coins/{id}/ohlc` of the served market. */
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../core/time.ts";
import type { DemoMarket } from "./demo_market.ts";
import { DEMO_EPOCH_MS } from "./demo_paths.ts";
import { shownPrice } from "./demo_snapshot.ts";
import {
  type MarketQuery,
  Refusal,
  refuse,
  refuseUnserved,
  required,
  requireUsd,
  stamp,
} from "./market_server_answer.ts";

/** A day's midnight point appears this long after midnight. */
const DAY_DELAY_MS = 35 * MINUTE_MS;
const LARGEST_FREE_DAYS = 365;

/** Length of a candle by the days that are asked for; no other number of days is served. */
const CANDLE_MS: Readonly<Record<string, number>> = {
  1: 30 * MINUTE_MS,
  7: 4 * HOUR_MS,
  14: 4 * HOUR_MS,
  30: 4 * HOUR_MS,
  90: 4 * DAY_MS,
  180: 4 * DAY_MS,
  365: 4 * DAY_MS,
};

type Pair = [time_ms: number, value: number];

/**
 * Three lists of `[ms, value]` with the same times: on the grid of 5 minutes (1 day), of hours (2 to 90 days) or of
 * midnights (more), and the current minute at the end.
 */
export function marketChart(
  market: DemoMarket,
  coin: string,
  query: MarketQuery,
): { prices: Pair[]; market_caps: Pair[]; total_volumes: Pair[] } {
  const { parameters, now } = query;
  checkCoin(market, coin, query);
  refuseUnserved(parameters, ["precision"]);
  const days = freeDays(query);
  if (!/^[1-9]\d*$/.test(days)) refuse(400, "Invalid days parameter");
  const step = chartStep(Number(days), query);
  const times: number[] = [];
  const start = Math.max(DEMO_EPOCH_MS, now.getTime() - Number(days) * DAY_MS + 1);
  for (let time = Math.ceil(start / step) * step; time < now.getTime(); time += step) {
    if (step < DAY_MS || time + DAY_DELAY_MS <= now.getTime()) times.push(time);
  }
  const samples = market.samples(coin, [...times, now.getTime()]);
  return {
    prices: samples.map(({ time_ms, price_usd }) => [time_ms, price_usd]),
    market_caps: samples.map(({ time_ms, market_cap_usd }) => [time_ms, market_cap_usd]),
    total_volumes: samples.map(({ time_ms, volume_usd }) => [time_ms, volume_usd]),
  };
}

/**
 * Candles `[close time in ms, open, high, low, close]` from the prices at full minutes, without volume. As in the API
 * the first price within a candle opens it, so an open is not the close before it; and the candle in progress is there
 * too, under the time at which it will close.
 */
export function coinOhlc(market: DemoMarket, coin: string, query: MarketQuery): number[][] {
  const { parameters, now } = query;
  checkCoin(market, coin, query);
  refuseUnserved(parameters, ["precision", "interval"]);
  const days = freeDays(query);
  const length = Object.hasOwn(CANDLE_MS, days) ? CANDLE_MS[days]! : refuse(400, "Invalid days parameter");
  const until = now.getTime();
  const from = Math.ceil(Math.max(DEMO_EPOCH_MS, until - Number(days) * DAY_MS) / length) * length;
  const prices = market.minutePrices(coin, { from: new Date(from), until: now });
  const candles: number[][] = [];
  for (let start = from; start < until; start += length) {
    const first = (start - from) / MINUTE_MS;
    const inside = prices.subarray(first + 1, first + length / MINUTE_MS + 1);
    let high = -Infinity, low = Infinity;
    for (const price of inside) {
      if (price > high) high = price;
      if (price < low) low = price;
    }
    candles.push([start + length, ...[inside[0]!, high, low, inside.at(-1)!].map(shownPrice)]);
  }
  return candles;
}

function checkCoin(market: DemoMarket, coin: string, { parameters }: MarketQuery): void {
  requireUsd(parameters);
  if (!market.coins.some(({ id }) => id === coin)) refuse(404, "coin not found");
}

/** The parameter `days`, unless it asks for more than a year: that needs a paid plan. */
function freeDays({ parameters, now }: MarketQuery): string {
  const days = required(parameters, "days");
  if (days !== "max" && !(Number(days) > LARGEST_FREE_DAYS)) return days;
  const error_message =
    "Your request exceeds the allowed time range. Public API users are limited to querying " +
    "historical data within the past 365 days. Upgrade to a paid plan to enjoy full historical data access: " +
    "https://www.coingecko.com/en/api/pricing.";
  const status = { timestamp: stamp(now), error_code: 10012, error_message };
  throw new Refusal(401, { error: { status } });
}

function chartStep(days: number, { parameters, now }: MarketQuery): number {
  const interval = parameters.get("interval") || null;
  if (interval === "daily") return DAY_MS;
  if (interval === "5m" || interval === "hourly") {
    const error_message = "This request is limited to PRO API subscribers.";
    throw new Refusal(401, { status: { timestamp: stamp(now), error_code: 10005, error_message } });
  }
  if (interval !== null) refuse(400, "Invalid interval parameter");
  return days === 1 ? 5 * MINUTE_MS : days <= 90 ? HOUR_MS : DAY_MS;
}
