/** One page of the demo market in the shape of CoinGecko's `/coins/markets`. */
import { DAY_MS, MINUTE_MS } from "../core/time.ts";
import type { DemoCoin } from "./demo_coins.ts";
import { DAY_MINUTES, DEMO_END_MS, DEMO_EPOCH_MS, demoMinute, type DemoPaths } from "./demo_paths.ts";
import { fillUniform } from "./demo_rng.ts";

const PURPOSE = { volume: 5, update: 6 } as const;
/** Days of minutes kept in memory, 2.9 MB each: today, the seven days before it, and one to spare. */
const KEPT_DAYS = 9;

/** A coin's record: the 29 keys of the API, in the API's order. */
type MarketRecord = Record<string, string | number | null>;

/** The 1,441 log prices of a coin's day at its minute boundaries. */
type DayMinutes = (coin: number, day: number) => Float64Array;

/** Returns the function behind `demoMarket().marketsJson`. */
export function demoSnapshots(
  seed: number,
  coins: readonly DemoCoin[],
  paths: DemoPaths,
): (at: Date) => string {
  const minutesOf = keptMinutes(coins.length, paths);
  const extremes = coins.map((_, coin) => extremesOf(coin, paths));
  return (at) => {
    if (!(at.getTime() >= DEMO_EPOCH_MS && at.getTime() < DEMO_END_MS)) {
      const asked = Number.isNaN(at.getTime()) ? "an invalid date" : at.toISOString();
      throw new RangeError(
        `Cannot make a market of "${asked}": the demo market runs from 2020 to 2099, ask for a time within that`,
      );
    }
    const { day, minute } = demoMinute(at);
    const now = day * DAY_MINUTES + minute;
    const shifts = fillUniform(
      { seed, purpose: PURPOSE.update, series: 0, index: now },
      new Float64Array(coins.length),
    );
    return JSON.stringify(
      coins.map((coin, index): MarketRecord => {
        const past = {
          now: priceAt(minutesOf, index, now)!,
          hour: priceAt(minutesOf, index, now - 60),
          day: priceAt(minutesOf, index, now - DAY_MINUTES),
          week: priceAt(minutesOf, index, now - 7 * DAY_MINUTES),
        };
        const range = dayRange(minutesOf, index, { day, minute });
        return record(coin, {
          past,
          range,
          number: index + 1,
          record_prices: extremes[index]!(day, range, DEMO_EPOCH_MS + now * MINUTE_MS),
          volume_usd: volumeUsd(seed, coin, index, paths, { day, passed: minute / DAY_MINUTES }),
          last_updated: new Date(at.getTime() - Math.floor(5000 + 50_000 * shifts[index]!)).toISOString(),
        });
      }).sort((a, b) => Number(b.market_cap) - Number(a.market_cap))
        .map((row, index) => ({ ...row, market_cap_rank: index + 1 })),
    );
  };
}

function keptMinutes(coin_count: number, paths: DemoPaths): DayMinutes {
  const kept = new Map<number, Float64Array[]>();
  return (coin, day) => {
    let minutes = kept.get(day);
    if (minutes === undefined) {
      if (kept.size >= KEPT_DAYS) kept.delete(kept.keys().next().value!);
      minutes = Array.from({ length: coin_count }, (_, index) => {
        const of_coin = new Float64Array(DAY_MINUTES + 1);
        paths.fillMinutes(index, day, of_coin);
        return of_coin;
      });
      kept.set(day, minutes);
    }
    return minutes[coin]!;
  };
}

/** Price at a minute boundary counted from the first day; undefined before it. */
function priceAt(minutesOf: DayMinutes, coin: number, minute: number): number | undefined {
  if (minute < 0) return undefined;
  const day = Math.floor(minute / DAY_MINUTES);
  return Math.exp(minutesOf(coin, day)[minute - day * DAY_MINUTES]!);
}

/** Highest and lowest price at the minute boundaries of the last 24 hours. */
function dayRange(minutesOf: DayMinutes, coin: number, { day, minute }: { day: number; minute: number }) {
  let high = -Infinity, low = Infinity;
  function scan(minutes: Float64Array, from: number, to: number) {
    for (let i = from; i <= to; i++) {
      const log = minutes[i]!;
      if (log > high) high = log;
      if (log < low) low = log;
    }
  }
  scan(minutesOf(coin, day), 0, minute);
  if (day > 0) scan(minutesOf(coin, day - 1), minute, DAY_MINUTES);
  return { high: Math.exp(high), low: Math.exp(low) };
}

interface RecordPrice {
  price: number;
  date: string;
}

/** Highest and lowest midnight price from the first day on, then the last day's range. */
function extremesOf(coin: number, paths: DemoPaths) {
  /** Days 0 to `seen - 1` have been looked at. */
  let seen = 0, high_day = 0, low_day = 0;
  return (day: number, range: { high: number; low: number }, minute_ms: number) => {
    if (day < seen - 1) seen = high_day = low_day = 0;
    for (; seen <= day; seen++) {
      const log = paths.logOpen(coin, seen);
      if (log > paths.logOpen(coin, high_day)) high_day = seen;
      if (log < paths.logOpen(coin, low_day)) low_day = seen;
    }
    const midnight = (past: number): RecordPrice => ({
      price: Math.exp(paths.logOpen(coin, past)),
      date: new Date(DEMO_EPOCH_MS + past * DAY_MS).toISOString(),
    });
    const date = new Date(minute_ms).toISOString();
    const [high, low] = [midnight(high_day), midnight(low_day)];
    return {
      ath: range.high > high.price ? { price: range.high, date } : high,
      atl: range.low < low.price ? { price: range.low, date } : low,
    };
  };
}

/** Volume of the last 24 hours: yesterday's and today's, weighted by how much of today has passed. */
export function volumeUsd(
  seed: number,
  coin: DemoCoin,
  index: number,
  paths: DemoPaths,
  { day, passed }: { day: number; passed: number },
): number {
  const ofDay = (number: number) => {
    const [noise] = fillUniform(
      { seed, purpose: PURPOSE.volume, series: index, index: number },
      new Float64Array(1),
    );
    const activity = Math.sqrt(paths.dayVariance(index, number) / paths.meanVariance(index));
    return Math.exp(paths.logOpen(index, number)) * coin.supply * coin.turnover * activity *
      (0.7 + 0.6 * noise!);
  };
  return (1 - passed) * ofDay(Math.max(0, day - 1)) + passed * ofDay(day);
}

interface Observed {
  number: number;
  past: { now: number; hour: number | undefined; day: number | undefined; week: number | undefined };
  range: { high: number; low: number };
  record_prices: { ath: RecordPrice; atl: RecordPrice };
  volume_usd: number;
  last_updated: string;
}

function record(coin: DemoCoin, { number, past, range, record_prices, volume_usd, last_updated }: Observed) {
  const { now, hour, week } = past;
  const day = coin.lacks_24h ? undefined : past.day;
  const { ath, atl } = record_prices;
  const current_price = shownPrice(now);
  const market_cap = Math.round(current_price * coin.supply);
  const change = day === undefined ? null : now - day;
  const percent_24h = percent(now, day);
  return {
    id: coin.id,
    symbol: coin.symbol,
    name: coin.name,
    image: `https://demo.invalid/coins/${number}.png`,
    current_price,
    market_cap,
    market_cap_rank: number,
    fully_diluted_valuation: Math.round(current_price * (coin.max_supply ?? coin.supply)),
    total_volume: Math.round(volume_usd),
    high_24h: day === undefined ? null : shownPrice(range.high),
    low_24h: day === undefined ? null : shownPrice(range.low),
    price_change_24h: change,
    price_change_percentage_24h: rounded(percent_24h),
    market_cap_change_24h: change === null ? null : Math.round(change * coin.supply),
    market_cap_change_percentage_24h: rounded(percent_24h),
    circulating_supply: coin.supply,
    total_supply: coin.supply,
    max_supply: coin.max_supply,
    ath: shownPrice(ath.price),
    ath_change_percentage: rounded(percent(now, ath.price)),
    ath_date: ath.date,
    atl: shownPrice(atl.price),
    atl_change_percentage: rounded(percent(now, atl.price)),
    atl_date: atl.date,
    roi: null,
    last_updated,
    price_change_percentage_1h_in_currency: coin.lacks_1h ? null : percent(now, hour),
    price_change_percentage_24h_in_currency: percent_24h,
    price_change_percentage_7d_in_currency: percent(now, week),
  };
}

/** Dollars and cents from 2 USD upwards, six significant digits below. */
export function shownPrice(price_usd: number): number {
  return price_usd >= 2 ? Math.round(price_usd * 100) / 100 : Number(price_usd.toPrecision(6));
}

function percent(now: number, before: number | undefined): number | null {
  return before === undefined ? null : (now / before - 1) * 100;
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1e5) / 1e5;
}
