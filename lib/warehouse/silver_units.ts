/** The units in which silver is made anew: a symbol's year. A new file touches the years that it has bars of. */
import { DAY_MS } from "../core/time.ts";
import { fingerprint } from "../lake/ledger.ts";
import type { CandleRecord } from "./candle_records.ts";

/** All bars of one length that a source has of a symbol lie between these, both included; epoch milliseconds. */
export interface SourceSpan {
  symbol: string;
  timeframe: string;
  source: string;
  from_ms: number;
  to_ms: number;
}

/** A decision: within the ranges, bars that a symbol's own source lacks are taken from another one. */
export interface Fill {
  symbol: string;
  timeframe: string;
  source: string;
  /** From, and up to without; epoch milliseconds, sorted. */
  ranges: readonly (readonly [from_ms: number, until_ms: number])[];
}

/** A symbol's year, what it is made of, and a hash of that. */
export interface SilverUnit {
  /** Its name in the ledger. */
  unit: string;
  symbol: string;
  year: number;
  /** In the order in which they came. */
  files: CandleRecord[];
  fingerprint: string;
}

/** Units of silver start with this. */
export const SILVER_UNITS = "materialize/symbols/";

/**
 * What each source has, in the order in which the sources came into the lake: where two of them have bars of the same
 * length, a day belongs to the one that came first and whose history spans it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const bars = { symbol: "BTCUSD", timeframe: "1m" };
 * const spans = sourceSpans([
 *   { ...bars, source: "bitstamp", from_ms: 0, to_ms: 5 },
 *   { ...bars, source: "coinbase", from_ms: 2, to_ms: 9 },
 *   { ...bars, source: "bitstamp", from_ms: 6, to_ms: 7 },
 * ]);
 * assertEquals(spans.map(({ source, from_ms, to_ms }) => [source, from_ms, to_ms]), [
 *   ["bitstamp", 0, 7],
 *   ["coinbase", 2, 9],
 * ]);
 * ```
 */
export function sourceSpans(files: Iterable<SourceSpan>): SourceSpan[] {
  const spans = new Map<string, SourceSpan>();
  for (const { symbol, timeframe, source, from_ms, to_ms } of files) {
    const key = JSON.stringify([symbol, timeframe, source]);
    const span = spans.get(key);
    spans.set(key, {
      symbol,
      timeframe,
      source,
      from_ms: Math.min(from_ms, span?.from_ms ?? from_ms),
      to_ms: Math.max(to_ms, span?.to_ms ?? to_ms),
    });
  }
  return [...spans.values()];
}

/** The whole UTC days of a span; the end is not included. */
export function wholeDays({ from_ms, to_ms }: { from_ms: number; to_ms: number }): [number, number] {
  return [Math.floor(from_ms / DAY_MS) * DAY_MS, (Math.floor(to_ms / DAY_MS) + 1) * DAY_MS];
}

/**
 * The whole UTC days on which the tables show an earlier source's bars, and nothing of this one unless it fills gaps.
 *
 * @param spans As {@linkcode sourceSpans} gives them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const bars = { symbol: "BTCUSD", timeframe: "1m" };
 * const spans = [
 *   { ...bars, source: "csv", from_ms: 0, to_ms: 5 },
 *   { ...bars, source: "coinbase", from_ms: 0, to_ms: 90_000_000 },
 * ];
 * assertEquals(daysOfEarlier(spans, { source: "coinbase", timeframe: "1m" }), [[0, 86_400_000]]);
 * assertEquals(daysOfEarlier(spans, { source: "csv", timeframe: "1m" }), []);
 * ```
 */
export function daysOfEarlier(
  spans: readonly SourceSpan[],
  { source, timeframe }: { source: string; timeframe: string },
): [number, number][] {
  const alike = spans.filter((span) => span.timeframe === timeframe);
  const rank = alike.findIndex((span) => span.source === source);
  // Of a source that gave nothing each other one is earlier.
  return alike.slice(0, rank < 0 ? alike.length : rank).map(wholeDays);
}

/** Start of a UTC year, epoch milliseconds. */
export function yearStart(year: number): number {
  return Date.UTC(year, 0, 1);
}

/**
 * All units of a lake. `version` is what else the result depends on: the SQL, the thresholds.
 *
 * @param records in the order in which the files came.
 */
export function silverUnits(
  records: readonly CandleRecord[],
  fills: readonly Fill[],
  version: unknown,
): SilverUnit[] {
  const spans = sourceSpans(records);
  const years = new Map<string, { symbol: string; year: number; files: CandleRecord[] }>();
  for (const record of records) {
    const [first, last] = [record.from_ms, record.to_ms].map((time) => new Date(time).getUTCFullYear());
    for (let year = first!; year <= last!; year++) {
      const unit = `${SILVER_UNITS}${record.symbol}/${year}`;
      const { files } = years.get(unit) ?? { files: [] };
      years.set(unit, { symbol: record.symbol, year, files: [...files, record] });
    }
  }
  return [...years].map(([unit, { symbol, year, files }]) => {
    const clip = ([from, until]: readonly [number, number]): [number, number] => [
      Math.max(from, yearStart(year)),
      Math.min(until, yearStart(year + 1)),
    ];
    const some = ([from, until]: readonly [number, number]) => from < until;
    return {
      unit,
      symbol,
      year,
      files,
      fingerprint: fingerprint([
        version,
        // Of the same bytes more rows are taken when the clock has passed their time, or the contract lets them in.
        files.map(({ sha256, source, timeframe, rows }) => [sha256, source, timeframe, rows]),
        spans.filter((span) => span.symbol === symbol)
          .map((span) => [span.timeframe, span.source, clip(wholeDays(span))] as const)
          .filter(([, , range]) => some(range)),
        fills.filter((fill) => fill.symbol === symbol)
          .map((fill) => [fill.timeframe, fill.source, fill.ranges.map(clip).filter(some)] as const)
          .filter(([, , ranges]) => ranges.length > 0),
      ]),
    };
  });
}
