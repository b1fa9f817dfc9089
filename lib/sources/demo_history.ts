/** Any coin's past in the demo market: prices at chosen minutes, with market cap and volume where they are wanted. */
import { MINUTE_MS } from "../core/time.ts";
import type { DemoCoin } from "./demo_coins.ts";
import { DAY_MINUTES, DEMO_END_MS, DEMO_EPOCH_MS, demoMinute, type DemoPaths } from "./demo_paths.ts";
import { volumeUsd } from "./demo_snapshot.ts";

/** A coin at one minute. */
export interface DemoSample {
  /** Epoch milliseconds, a full minute. */
  time_ms: number;
  /** Not rounded; a snapshot shows it with cents or six significant digits. */
  price_usd: number;
  market_cap_usd: number;
  /** Of the 24 hours before. */
  volume_usd: number;
}

/** The part of the demo market that looks back. */
export interface DemoHistory {
  /**
   * Prices in USD, not rounded, at `from`, one minute later, and so on up to `until`: the prices between which the
   * minute candles run. A year takes about a tenth of a second.
   *
   * @param coin its id.
   * @throws {RangeError} for an unknown coin, a time that is not a full minute, or one outside 2020 to 2099.
   */
  minutePrices(coin: string, range: { from: Date; until: Date }): Float64Array;
  /**
   * A coin at chosen minutes. Midnights are cheap; another minute costs the minutes of its whole day, once where
   * the times are in order.
   *
   * @throws {RangeError} as `minutePrices`.
   */
  samples(coin: string, times_ms: readonly number[]): DemoSample[];
}

/** Returns the functions behind `demoMarket().minutePrices` and `.samples`. */
export function demoHistory(seed: number, coins: readonly DemoCoin[], paths: DemoPaths): DemoHistory {
  const numbers = new Map(coins.map(({ id }, index) => [id, index]));

  function indexOf(coin: string): number {
    const index = numbers.get(coin);
    if (index !== undefined) return index;
    throw new RangeError(
      `Cannot look up "${coin}": the demo market has no such coin, take an id of its list`,
    );
  }

  /** Log price at a full minute; a day's minutes are filled once in a row of times. */
  function logPrices(index: number): (time_ms: number) => number {
    const minutes = new Float64Array(DAY_MINUTES + 1);
    let filled = -1;
    return (time_ms) => {
      const { day, minute } = demoMinute(new Date(time_ms));
      if (minute === 0) return paths.logOpen(index, day);
      if (filled !== day) paths.fillMinutes(index, filled = day, minutes);
      return minutes[minute]!;
    };
  }

  return {
    minutePrices(coin, { from, until }) {
      const logAt = logPrices(indexOf(coin));
      const [first, last] = [fullMinute(from.getTime()), fullMinute(until.getTime())];
      const prices = new Float64Array(Math.max(0, (last - first) / MINUTE_MS + 1));
      for (let i = 0; i < prices.length; i++) prices[i] = Math.exp(logAt(first + i * MINUTE_MS));
      return prices;
    },
    samples(coin, times_ms) {
      const index = indexOf(coin);
      const logAt = logPrices(index);
      return times_ms.map((time) => {
        const time_ms = fullMinute(time);
        const { day, minute } = demoMinute(new Date(time_ms));
        const price_usd = Math.exp(logAt(time_ms));
        const volume_usd = volumeUsd(seed, coins[index]!, index, paths, {
          day,
          passed: minute / DAY_MINUTES,
        });
        return { time_ms, price_usd, market_cap_usd: price_usd * coins[index]!.supply, volume_usd };
      });
    },
  };
}

function fullMinute(time_ms: number): number {
  if (time_ms >= DEMO_EPOCH_MS && time_ms < DEMO_END_MS && time_ms % MINUTE_MS === 0) return time_ms;
  const asked = Number.isFinite(time_ms) ? new Date(time_ms).toISOString() : String(time_ms);
  throw new RangeError(`Cannot look up the time "${asked}": ask for a full minute from 2020 to 2099`);
}
