/** Minute candles of one coin of the demo market as CSV bytes, two years (a million rows) in about 0.3 s. */
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../core/time.ts";
import { DAY_MINUTES, DEMO_END_MS, DEMO_EPOCH_MS, type DemoPaths, MINUTE_SHARES } from "./demo_paths.ts";
import { fillUniform } from "./demo_rng.ts";

/** Share of minutes in which nobody trades: their bars are left out. */
export const QUIET_SHARE = 0.005;
/** Coins traded in an ordinary minute at this one venue. */
const MINUTE_VOLUME = 2.5;

const BARS_PURPOSE = 4;
const HEADER = "time,open,close,high,low,volume\n";
/** Room for the longest row: 13 digits of time, four prices and a volume of up to 13 characters, 6 separators. */
const ROW_BYTES = 84;
/** Largest price in cents and volume in 1/10,000 that the writer takes. */
const LARGEST_INTEGER = 0xffff_ffff;

/** Bytes of the characters 0, comma, point and newline. */
const [ZERO, COMMA, POINT, NEWLINE] = [48, 44, 46, 10] as const;

/** Where candles are written to: a growing position in a fixed buffer. */
interface Output {
  bytes: Uint8Array<ArrayBuffer>;
  length: number;
}

/**
 * The month's bars, see `demoMarket().minuteCandlesCsv`.
 *
 * @param year 2020 to 2099.
 * @param month 1 to 12.
 * @param until only bars that are complete before or at this instant are written.
 * @throws {RangeError} for a month outside the demo market's time, or an invalid `until`.
 */
export function demoCandlesCsv(
  paths: DemoPaths,
  { seed, coin, year, month, until }: {
    seed: number;
    coin: number;
    year: number;
    month: number;
    until: Date;
  },
): Uint8Array<ArrayBuffer> {
  const month_start = Date.UTC(year, month - 1, 1);
  if (!Number.isInteger(year) || !Number.isInteger(month) || month < 1 || month > 12) {
    throw new RangeError(`Cannot make candles of "${year}-${month}": it is not a month, months are 1 to 12`);
  }
  if (!(month_start >= DEMO_EPOCH_MS && month_start < DEMO_END_MS)) {
    throw new RangeError(
      `Cannot make candles of "${year}-${month}": the demo market runs from 2020-01 to 2099-12, ask within that`,
    );
  }
  if (Number.isNaN(until.getTime())) {
    throw new RangeError(`Cannot make candles of "${year}-${month}": until is not a valid date, pass one`);
  }
  const stop = Math.min(Date.UTC(year, month, 1), until.getTime());
  const days = Math.max(0, Math.ceil((stop - month_start) / DAY_MS));
  const output = {
    bytes: new Uint8Array(HEADER.length + days * DAY_MINUTES * ROW_BYTES),
    length: HEADER.length,
  };
  new TextEncoder().encodeInto(HEADER, output.bytes);
  const logs = new Float64Array(DAY_MINUTES + 1);
  const draws = new Float64Array(4 * DAY_MINUTES);
  for (let start = month_start; start < stop; start += DAY_MS) {
    const day = Math.round((start - DEMO_EPOCH_MS) / DAY_MS);
    paths.fillMinutes(coin, day, logs);
    fillUniform({ seed, purpose: BARS_PURPOSE, series: coin, index: day }, draws);
    const variance = paths.dayVariance(coin, day);
    const activity = Math.sqrt(variance / paths.meanVariance(coin));
    const minutes = Math.min(DAY_MINUTES, Math.floor((stop - start) / MINUTE_MS));
    writeDay(output, { start_s: start / SECOND_MS, minutes, logs, draws, variance, activity });
  }
  return output.bytes.slice(0, output.length);
}

interface DayOfBars {
  /** Midnight in epoch seconds. */
  start_s: number;
  /** How many of the day's minutes are over. */
  minutes: number;
  /** 1,441 log prices in USD at the minute boundaries. */
  logs: Float64Array;
  /** Four uniform numbers a minute. */
  draws: Float64Array;
  variance: number;
  /** Today's volatility as a multiple of the usual one. */
  activity: number;
}

function writeDay(output: Output, { start_s, minutes, logs, draws, variance, activity }: DayOfBars): void {
  const { bytes } = output;
  const last = DAY_MINUTES - 1;
  let at = output.length;
  let last_close = toCents(Math.exp(logs[0]!));
  for (let minute = 0; minute < minutes; minute++) {
    const chance = draws[4 * minute + 3]!;
    if (chance < QUIET_SHARE && minute !== last) continue;
    const close = toCents(Math.exp(logs[minute + 1]!));
    // A further digit range of the same draw: the next trade is a cent below, at, or above the last one.
    const open = Math.max(1, last_close + Math.floor((chance * 1000 % 1) * 3) - 1);
    // Highest and lowest point of a Brownian bridge between two known ends (reflection principle), each drawn
    // from its exact distribution; that they are drawn independently of one another is an approximation.
    const variance_cents = variance * MINUTE_SHARES[minute]! * open * open;
    const move = close - open;
    const rise = Math.sqrt(move * move - 2 * variance_cents * Math.log(draws[4 * minute]!));
    const fall = Math.sqrt(move * move - 2 * variance_cents * Math.log(draws[4 * minute + 1]!));
    const high = Math.max(open, close, Math.round((open + close + rise) / 2));
    const low = Math.max(1, Math.min(open, close, Math.round((open + close - fall) / 2)));
    const size = MINUTE_VOLUME * MINUTE_SHARES[minute]! * DAY_MINUTES * activity *
      (0.4 + 0.75 * Math.abs(move) / (Math.sqrt(variance_cents) + 1)) * -Math.log(draws[4 * minute + 2]!);
    // Seconds and three zeros: milliseconds would not fit into 32 bits.
    at = writeInteger(bytes, at, start_s + 60 * minute);
    bytes[at++] = ZERO;
    bytes[at++] = ZERO;
    bytes[at++] = ZERO;
    bytes[at++] = COMMA;
    at = writeDecimal(bytes, at, open, 2, COMMA);
    at = writeDecimal(bytes, at, close, 2, COMMA);
    at = writeDecimal(bytes, at, high, 2, COMMA);
    at = writeDecimal(bytes, at, low, 2, COMMA);
    at = writeDecimal(
      bytes,
      at,
      Math.min(LARGEST_INTEGER, Math.max(1, Math.round(size * 10_000))),
      4,
      NEWLINE,
    );
    last_close = close;
  }
  output.length = at;
}

function toCents(price_usd: number): number {
  return Math.min(LARGEST_INTEGER, Math.max(1, Math.round(price_usd * 100)));
}

/** Writes an unsigned 32-bit integer in decimal; returns the position after it. */
function writeInteger(bytes: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let limit = 10; digits < 10 && value >= limit; limit *= 10) digits++;
  let rest = value >>> 0;
  for (let i = at + digits - 1; i >= at; i--) {
    const tenth = (rest / 10) >>> 0;
    bytes[i] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return at + digits;
}

/** Writes `value / 10^places` and a separator (a byte); returns the position after them. */
function writeDecimal(
  bytes: Uint8Array,
  at: number,
  value: number,
  places: 2 | 4,
  separator: number,
): number {
  const unit = places === 2 ? 100 : 10_000;
  const whole = (value / unit) >>> 0;
  at = writeInteger(bytes, at, whole);
  bytes[at] = POINT;
  let rest = value - whole * unit;
  for (let i = at + places; i > at; i--) {
    const tenth = (rest / 10) >>> 0;
    bytes[i] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  bytes[at + places + 1] = separator;
  return at + places + 2;
}
