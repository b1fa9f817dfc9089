/**
 * Prices of the demo market through time: one daily path per coin from a fixed first day, and 1,440 minutes
 * within any day that lead from its open to its close. The equations stand in `demo_market.ts`.
 */
import { DAY_MS } from "../core/time.ts";
import type { DemoCoin } from "./demo_coins.ts";
import { fillGaussian, fillUniform } from "./demo_rng.ts";

/** First day of every path, in epoch milliseconds: 2020-01-01 UTC. */
export const DEMO_EPOCH_MS = Date.UTC(2020, 0, 1);
/** The demo market ends with the century: 2100-01-01 UTC. */
export const DEMO_END_MS = Date.UTC(2100, 0, 1);
/** Minutes in a UTC day. */
export const DAY_MINUTES = 1440;

/** Standard deviation of the market factor's daily log return. */
export const MARKET_SD = 0.026;
/** GARCH(1,1) weights of yesterday's squared return and of yesterday's variance. */
export const GARCH_ALPHA = 0.1;
export const GARCH_BETA = 0.88;
/** Degrees of freedom of the Student-t innovations; the draw below needs an even number. */
export const STUDENT_DF = 6;
/** No day has more than 16 times the variance that GARCH expects of it: without a cap, these weights have no finite kurtosis. */
const LARGEST_MIXING = 16;

const PURPOSE = { day: 2, minute: 3 } as const;
const MARKET_SERIES = 60_000;

/** One day of one return series. */
export interface DayReturn {
  /** Log return of the day. */
  log_return: number;
  /** The variance with which the price moves during that day: the day's integrated variance. */
  variance: number;
}

/** A series of daily returns that begins on the first day; any day can be asked for, in any order. */
export type DailyReturns = (day: number) => DayReturn;

/**
 * Daily returns with fat tails and clustered volatility: GARCH(1,1) with Student-t innovations.
 *
 * A Student-t variable is a normal one with a random variance, `t = √v · z`, `v = (ν−2)/χ²_ν`. The day's `h · v`
 * is kept as the variance of its minutes, so that minutes and days agree: a day of a large `v` is a wild day from
 * within, and returns divided by realised volatility are about normal (Andersen, Bollerslev, Diebold, Ebens 2001).
 *
 * @param sd long-run standard deviation of a daily log return.
 */
export function dailyReturns(seed: number, series: number, sd: number): DailyReturns {
  const long_run = sd * sd;
  const days: DayReturn[] = [];
  const draw = new Float64Array(5);
  let expected = long_run;
  return (day) => {
    while (days.length <= day) {
      fillUniform({ seed, purpose: PURPOSE.day, series, index: days.length }, draw);
      const chi_square = -2 * Math.log(draw[0]! * draw[1]! * draw[2]!);
      const variance = expected * Math.min((STUDENT_DF - 2) / chi_square, LARGEST_MIXING);
      const z = Math.sqrt(-2 * Math.log(draw[3]!)) * Math.cos(2 * Math.PI * draw[4]!);
      const log_return = Math.sqrt(variance) * z;
      days.push({ log_return, variance });
      expected = (1 - GARCH_ALPHA - GARCH_BETA) * long_run + GARCH_ALPHA * log_return * log_return +
        GARCH_BETA * expected;
    }
    return days[day]!;
  };
}

/** Share of a day's variance that falls into each of its minutes (sums to 1). */
export const MINUTE_SHARES: Float64Array = minuteShares();
/** Share of a day's variance before each minute boundary, 1,441 values from 0 to 1. */
const SHARES_BEFORE: Float64Array = cumulative(MINUTE_SHARES);
const MINUTE_SDS: Float64Array = MINUTE_SHARES.map(Math.sqrt);

/** Busy around 15:30 UTC (Europe and America awake), quiet around 04:00. */
function minuteShares(): Float64Array {
  const raw = Float64Array.from({ length: DAY_MINUTES }, (_, minute) => {
    const angle = 2 * Math.PI * (minute + 0.5 - 930) / DAY_MINUTES;
    return 1 + 0.35 * Math.cos(angle) + 0.12 * Math.cos(2 * angle);
  });
  const total = raw.reduce((sum, share) => sum + share, 0);
  return raw.map((share) => share / total);
}

function cumulative(shares: Float64Array): Float64Array {
  const before = new Float64Array(shares.length + 1);
  for (let i = 0; i < shares.length; i++) before[i + 1] = before[i]! + shares[i]!;
  return before;
}

const noise = new Float64Array(DAY_MINUTES);

/** Fills `out` (1,441 minute boundaries) with a Brownian bridge from 0 to the day's log return. */
function fillBridge(
  seed: number,
  series: number,
  day: number,
  { log_return, variance }: DayReturn,
  out: Float64Array,
) {
  fillGaussian({ seed, purpose: PURPOSE.minute, series, index: day }, noise);
  const sd = Math.sqrt(variance);
  let sum = 0;
  out[0] = 0;
  for (let minute = 0; minute < DAY_MINUTES; minute++) {
    sum += sd * MINUTE_SDS[minute]! * noise[minute]!;
    out[minute + 1] = sum;
  }
  const missing = log_return - sum;
  for (let i = 1; i <= DAY_MINUTES; i++) out[i] = out[i]! + missing * SHARES_BEFORE[i]!;
}

/** Prices of all coins; days count from {@linkcode DEMO_EPOCH_MS}. */
export interface DemoPaths {
  /** Natural logarithm of the coin's USD price at 00:00 UTC of the day. */
  logOpen(coin: number, day: number): number;
  /** Variance of the coin's log return within the day, and its long-run mean. */
  dayVariance(coin: number, day: number): number;
  meanVariance(coin: number): number;
  /** Fills `out` (1,441 values) with the log price at every minute boundary of the day, both midnights included. */
  fillMinutes(coin: number, day: number, out: Float64Array): void;
}

/**
 * Paths of a list of coins. Days are computed in order up to the latest one asked for and kept, 24 bytes or so
 * per coin and day; a day's numbers never depend on which days were asked for.
 */
export function demoPaths(seed: number, coins: readonly DemoCoin[]): DemoPaths {
  const market = dailyReturns(seed, MARKET_SERIES, MARKET_SD);
  const own = coins.map((coin, index) => dailyReturns(seed, index, coin.own_sd));
  const levels = coins.map((coin) => Math.log(coin.level_usd));
  const log_opens = levels.map((level) => [level]);
  const market_minutes = new Map<number, Float64Array>();

  function logOpen(index: number, day: number): number {
    const opens = log_opens[index]!;
    const level = levels[index]!;
    const { beta, persistence } = coins[index]!;
    while (opens.length <= day) {
      const past = opens.length - 1;
      const shock = beta * market(past).log_return + own[index]!(past).log_return;
      opens.push(level + persistence * (opens[past]! - level) + shock);
    }
    return opens[day]!;
  }

  function marketMinutes(day: number): Float64Array {
    let minutes = market_minutes.get(day);
    if (minutes === undefined) {
      minutes = new Float64Array(DAY_MINUTES + 1);
      fillBridge(seed, MARKET_SERIES, day, market(day), minutes);
      if (market_minutes.size >= 2) market_minutes.clear();
      market_minutes.set(day, minutes);
    }
    return minutes;
  }

  function fillMinutes(index: number, day: number, out: Float64Array): void {
    const { beta } = coins[index]!;
    const open = logOpen(index, day);
    const close = logOpen(index, day + 1);
    const common = marketMinutes(day);
    const own_return = own[index]!(day);
    const pull = close - open - beta * market(day).log_return - own_return.log_return;
    fillBridge(seed, index, day, own_return, out);
    for (let i = 0; i < DAY_MINUTES; i++) {
      out[i] = open + out[i]! + beta * common[i]! + pull * SHARES_BEFORE[i]!;
    }
    out[DAY_MINUTES] = close;
  }

  return {
    logOpen,
    fillMinutes,
    dayVariance: (index, day) => coins[index]!.beta ** 2 * market(day).variance + own[index]!(day).variance,
    meanVariance: (index) => (coins[index]!.beta * MARKET_SD) ** 2 + coins[index]!.own_sd ** 2,
  };
}

/** Day number and minute of an instant (a minute begun is not yet over, so seconds are dropped). */
export function demoMinute(instant: Date): { day: number; minute: number } {
  const since = instant.getTime() - DEMO_EPOCH_MS;
  const day = Math.floor(since / DAY_MS);
  return { day, minute: Math.floor((since - day * DAY_MS) / 60_000) };
}
