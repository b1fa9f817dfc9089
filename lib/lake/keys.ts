/** Keys of the lake: where each kind of object lies. The same on disk and on S3. */
import { BTCUSD_RAW, PRICE_HISTORY, PROCESSED_PRICES } from "../core/tables.ts";
import { compactStamp, hourParts, utcDay } from "../core/time.ts";

function hourFolder(slot: Date): string {
  const { year, month, day, hour } = hourParts(slot);
  return `year=${year}/month=${month}/day=${day}/hour=${hour}`;
}

/** A candle file, exactly as it came. */
export function rawCandlesKey(
  { symbol, source, timeframe, file }: { symbol: string; source: string; timeframe: string; file: string },
): string {
  return `${BTCUSD_RAW.prefix}symbol=${symbol}/source=${source}/timeframe=${timeframe}/${file}`;
}

/** The exact response of `/coins/markets` for a slot. */
export function rawMarketsKey(source: string, slot: Date): string {
  return `raw/${source}/markets/${hourFolder(slot)}/${compactStamp(slot)}.json`;
}

/** The exact response of `/coins/{id}/market_chart`, by the slot in which it was asked. */
export function rawMarketChartKey(coin: string, days: number, slot: Date): string {
  return `raw/coingecko/market_chart/coin=${coin}/days=${days}/${compactStamp(slot)}.json`;
}

/** Typed rows of one market snapshot. */
export function marketPricesKey(slot: Date): string {
  return `${PROCESSED_PRICES.prefix}${hourFolder(slot)}/${compactStamp(slot)}.ndjson.gz`;
}

/** Price samples of one symbol and year. */
export function priceHistoryKey(symbol: string, year: string): string {
  return `${PRICE_HISTORY.prefix}symbol=${symbol}/year=${year}/part-0.ndjson.gz`;
}

/** The quality report of a run. */
export function qualityReportKey(day: Date, runId: string): string {
  return `quality_reports/date=${utcDay(day)}/${runId}.json`;
}
