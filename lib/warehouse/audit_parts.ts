/** What the publication of silver is decided by: counts of each month of a market's bars, before they are visible. */
import { DAY_MS, HOUR_MS } from "../core/time.ts";
import type { DuckDb } from "./engine_duckdb.ts";

/** Counts of a month of one symbol's bars of one length. */
export interface PartAudit {
  symbol: string;
  timeframe: string;
  year: number;
  /** 1 to 12. */
  month: number;
  rows: number;
  /** Rows that lack a price or a volume. */
  nulls: number;
  /** Rows whose low lies above their high, or that have a price which is not positive. */
  impossible: number;
  zero_volume: number;
  days: number;
  /** Days whose highest price is more than {@linkcode WILD_DAY} times their lowest. */
  wild_days: number;
  /** Days of the month whose mean close is more than {@linkcode LEVEL_BREAK} times that of the day before, or that part of it. */
  level_breaks: number;
  /** Median over the days of their mean close, USD. */
  level: number;
}

/** So far apart are a day's prices only where something is wrong with them; Bitcoin's wildest real days stayed below 3. */
export const WILD_DAY = 5;

/** So far apart are two days' mean prices only where they are not of the same thing: dollars and cents, two coins. */
export const LEVEL_BREAK = 5;

/** Audits `crypto_analytics.btcusd_raw`, in one pass. */
export async function auditParts(engine: DuckDb): Promise<PartAudit[]> {
  const { rows } = await engine.read(`
    SELECT symbol, timeframe, time - time % ${DAY_MS} AS day_ms, count(*),
      count(*) - least(count(open), count(high), count(low), count(close), count(volume)),
      count(*) FILTER (WHERE low > high OR low <= 0),
      count(*) FILTER (WHERE volume = 0), max(high) > ${WILD_DAY} * min(low), avg(close)
    FROM crypto_analytics.btcusd_raw GROUP BY ALL ORDER BY ALL`);
  const days = rows.map(([symbol, timeframe, day, ...counts]) => {
    const date = new Date(Number(day));
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + 1];
    return { symbol: String(symbol), timeframe: String(timeframe), year, month, counts: counts.map(Number) };
  });
  const months = Map.groupBy(days, (day) => JSON.stringify([day.symbol, day.timeframe, day.year, day.month]));
  return [...months.values()].map((month) => {
    const sum = (at: number) => month.reduce((total, { counts }) => total + counts[at]!, 0);
    const means = month.map(({ counts }) => counts[5]!);
    const levels = [...means].sort((a, b) => a - b);
    const { counts: _, ...place } = month[0]!;
    return {
      ...place,
      rows: sum(0),
      nulls: sum(1),
      impossible: sum(2),
      zero_volume: sum(3),
      days: month.length,
      wild_days: sum(4),
      level_breaks: means.filter((mean, i) => {
        const before = means[i - 1] ?? mean;
        return Math.max(mean / before, before / mean) > LEVEL_BREAK;
      }).length,
      level: levels[levels.length >> 1]!,
    };
  });
}

/** Start of a month of an audit and of the next one, epoch milliseconds. */
export function monthOf(
  { year, month }: { year: number; month: number },
): [from_ms: number, until_ms: number] {
  return [Date.UTC(year, month - 1, 1), Date.UTC(year, month, 1)];
}

/** Whether bars of a length go into hours: then a month of them is held together with its hours. */
export function makesHours(timeframeMs: number): boolean {
  return timeframeMs <= HOUR_MS;
}
