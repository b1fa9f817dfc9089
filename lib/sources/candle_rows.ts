/** Candles as rows in memory and as a file, for notebooks and tests; a lake's files are read by the SQL engine. */
import type { Candle } from "../core/rows.ts";
import { CANDLE_COLUMNS } from "./candles_csv.ts";

const HEADER = CANDLE_COLUMNS.join(",");

/**
 * The candles of a file as {@linkcode writeCandleRows} and the demo market write it, in its order.
 *
 * @throws {SyntaxError} for another header, and for a line that is not six numbers.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * const bar = { time: 60_000, open: 1, high: 3, low: 0.5, close: 2, volume: 0 };
 * assertEquals(readCandleRows(writeCandleRows([bar])), [bar]);
 * assertThrows(() => readCandleRows("time,open,high,low,close,volume\n"), SyntaxError, "header");
 * assertThrows(() => readCandleRows("time,open,close,high,low,volume\n1,2,3,4,,6\n"), SyntaxError, "line 2");
 * ```
 */
export function readCandleRows(csv: string | Uint8Array): Candle[] {
  const text = typeof csv === "string" ? csv : new TextDecoder().decode(csv);
  const [header, ...lines] = text.trimEnd().split("\n");
  if (header !== HEADER) {
    throw new SyntaxError(`Cannot read candles: the header is "${header}", expected "${HEADER}"`);
  }
  return lines.map((line, i) => {
    const cells = line.split(",");
    const numbers = cells.map((cell) => (cell === "" ? NaN : Number(cell)));
    if (numbers.length !== CANDLE_COLUMNS.length || numbers.some(Number.isNaN)) {
      throw new SyntaxError(`Cannot read candles: line ${i + 2} is "${line}", expected six numbers`);
    }
    const [time, open, close, high, low, volume] = numbers as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    return { time, open, high, low, close, volume };
  });
}

/** The candles as CSV in the reference's column order: close stands before high. */
export function writeCandleRows(candles: Iterable<Candle>): string {
  let text = `${HEADER}\n`;
  for (const candle of candles) text += `${CANDLE_COLUMNS.map((column) => candle[column]).join(",")}\n`;
  return text;
}

/**
 * The candle at another price level, in whole cents: another exchange's, or one in another unit.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const bar = { time: 60_000, open: 1, high: 3, low: 0.5, close: 2, volume: 7 };
 * assertEquals(scaleCandle(bar, 1.001), { time: 60_000, open: 1, high: 3, low: 0.5, close: 2, volume: 7 });
 * assertEquals(scaleCandle(bar, 100), { time: 60_000, open: 100, high: 300, low: 50, close: 200, volume: 7 });
 * ```
 */
export function scaleCandle({ time, open, high, low, close, volume }: Candle, factor: number): Candle {
  const scaled = (usd: number) => Math.round(100 * usd * factor) / 100;
  return { time, open: scaled(open), high: scaled(high), low: scaled(low), close: scaled(close), volume };
}
