/** Keys of the lake: where each kind of object lies. The same on disk and on S3. */
import type { ContractEntity } from "../core/contract.ts";
import { LakeError } from "../core/errors.ts";
import {
  BTCUSD_RAW,
  EXTRA_VALUES,
  PRICE_HISTORY,
  PRICE_TICKS,
  PROCESSED_PRICES,
  STREAM_TICKS,
} from "../core/tables.ts";
import { compactStamp, hourParts, utcDay } from "../core/time.ts";

/**
 * The key itself, where it stays inside the lake.
 *
 * @throws {LakeError} where it has a ".." among its folders.
 */
export function safeKey(key: string): string {
  if (key.split("/").includes("..")) {
    throw new LakeError(`Cannot use key "${key}": it leaves the lake, use keys without ".."`);
  }
  return key;
}

/** The folder, with its slash, of an instant's hour beneath a table's prefix. */
export function hourFolder(prefix: string, instant: Date | number): string {
  const { year, month, day, hour } = hourParts(new Date(instant));
  return `${prefix}year=${year}/month=${month}/day=${day}/hour=${hour}/`;
}

/** Start of the hour whose folder a key lies in, epoch milliseconds, or null where it lies in none. */
export function hourOf(key: string): number | null {
  const [, ...parts] = /\/year=(\d{4})\/month=(\d{2})\/day=(\d{2})\/hour=(\d{2})\//.exec(key) ?? [];
  const [year, month, day, hour] = parts.map(Number);
  return year === undefined ? null : Date.UTC(year, month! - 1, day, hour);
}

/**
 * A file's name as the last part of a key: no dot at its beginning, which would hide the object, and nothing that the SQL
 * engine takes for a pattern.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals([objectName("btc.csv"), objectName(".btc[1].csv")], ["btc.csv", "candles.btc_1_.csv"]);
 * ```
 */
export function objectName(file: string): string {
  return file.replace(/^\.+/, "candles.").replaceAll(/[?*[\]]/g, "_");
}

/** A candle file, exactly as it came. */
export function rawCandlesKey(
  { symbol, source, timeframe, file }: { symbol: string; source: string; timeframe: string; file: string },
): string {
  return `${BTCUSD_RAW.prefix}symbol=${symbol}/source=${source}/timeframe=${timeframe}/${objectName(file)}`;
}

/** A candle file of another layout, exactly as it came; what is made of it lies where {@linkcode rawCandlesKey} says. */
export function originalCandlesKey(
  { layout, sha256, file }: { layout: string; sha256: string; file: string },
): string {
  return `raw/candle_files/layout=${layout}/${sha256.slice(0, 16)}/${objectName(file)}`;
}

/** The exact answers of an exchange behind one piece of history. */
export function rawExchangeKey(
  { exchange, symbol, timeframe, piece }: {
    exchange: string;
    symbol: string;
    timeframe: string;
    piece: string;
  },
): string {
  return `raw/exchange_candles/exchange=${exchange}/symbol=${symbol}/timeframe=${timeframe}/${piece}.ndjson.gz`;
}

/** The exact response of `/coins/markets` for a slot. */
export function rawMarketsKey(source: string, slot: Date): string {
  return `${hourFolder(`raw/${source}/markets/`, slot)}${compactStamp(slot)}.json`;
}

/** The exact response of `/coins/{id}/market_chart`, by the slot in which it was asked. */
export function rawMarketChartKey(coin: string, days: number, slot: Date): string {
  return `raw/coingecko/market_chart/coin=${coin}/days=${days}/${compactStamp(slot)}.json`;
}

/**
 * One price tick: filed under the day of the price's own time, named after the minute in which it was asked for. So a
 * day's folder holds that day's prices only, and a minute is asked for once.
 */
export function rawTickKey(minute: Date, priced: Date): string {
  const { year, month, day } = hourParts(priced);
  return `${STREAM_TICKS.prefix}year=${year}/month=${month}/day=${day}/${compactStamp(minute)}.csv`;
}

/** Cleaned ticks of one UTC day. */
export function priceTicksKey(symbol: string, day: string): string {
  const [year, month, date] = day.split("-");
  return `${PRICE_TICKS.prefix}symbol=${symbol}/year=${year}/month=${month}/day=${date}/part-0.ndjson.gz`;
}

/** Typed rows of one market snapshot. */
export function marketPricesKey(slot: Date): string {
  return `${hourFolder(PROCESSED_PRICES.prefix, slot)}${compactStamp(slot)}.ndjson.gz`;
}

/** Values of one raw object (a candle file by its hash, a page by its stamp) that no stable table has a column for. */
export function extraValuesKey(entity: ContractEntity, year: number, unit: string): string {
  return `${EXTRA_VALUES.prefix}entity=${entity}/year=${year}/${unit}.ndjson.gz`;
}

/** Price samples of one symbol and year. */
export function priceHistoryKey(symbol: string, year: string): string {
  return `${PRICE_HISTORY.prefix}symbol=${symbol}/year=${year}/part-0.ndjson.gz`;
}

/** The folder of a day's quality reports. */
export function qualityReportsFolder(day: string): string {
  return `quality_reports/date=${day}/`;
}

/** The quality report of a run; its page lies beside it, under the same name with `.html`. */
export function qualityReportKey(day: Date, runId: string): string {
  return `${qualityReportsFolder(utcDay(day))}${runId}.json`;
}
