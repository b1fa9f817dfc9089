/** Bars as columns, for tests of what walks over them. */
import type { BarColumns, Candle } from "../core/rows.ts";

/** Bars as columns; what one leaves out is NaN. */
export function columnsOf(bars: readonly Partial<Candle>[]): BarColumns {
  const column = (name: keyof Candle) => Float64Array.from(bars, (bar) => bar[name] ?? NaN);
  return {
    time: column("time"),
    open: column("open"),
    close: column("close"),
    high: column("high"),
    low: column("low"),
    volume: column("volume"),
  };
}

/** The same bars in pieces: cut at these places. */
export function piecesOf(bars: readonly Partial<Candle>[], cuts: readonly number[] = []): BarColumns[] {
  const ends = [...cuts.filter((cut) => cut < bars.length), bars.length];
  return ends.map((end, i) => columnsOf(bars.slice(i === 0 ? 0 : ends[i - 1], end)));
}
