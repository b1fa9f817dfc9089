/** Counts of a series of bars, made in one walk over it. */
import type { BarColumns } from "../core/rows.ts";

/** What a walk counts. */
export interface SeriesCounts {
  rows: number;
  /** First and last bar, epoch milliseconds; NaN where there is none. */
  from_ms: number;
  to_ms: number;
  /** Bars without a volume. */
  null_volume: number;
  /** Bars with a volume of zero. */
  zero_volume: number;
  /** Bars with a price or a volume below zero. */
  negative: number;
  /** Bars whose open or close lies outside low and high. */
  ohlc_inconsistent: number;
  /** Bars that do not start on a multiple of their length. */
  off_grid: number;
  /** Places where the next bar is more than one bar away, and how many bars those places hide. */
  gaps: number;
  missing_bars: number;
  /** The longest gaps, longest first: the bars around it, and how many are missing. */
  longest_gaps: { from_ms: number; to_ms: number; missing: number }[];
  /** Months that have bars, in order of time. */
  months: MonthCounts[];
}

/** Counts of one month of a series. */
export interface MonthCounts {
  /** `YYYY-MM`, UTC. */
  month: string;
  rows: number;
  zero_volume: number;
  /** Flat bars (open, high, low and close are one price) with volume 0: filled in by the source. */
  filled: number;
}

/** So many of the longest gaps are kept. */
const LONGEST = 3;

/**
 * Counts what is odd in a series, and what each month holds.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const flat = new Float64Array(3).fill(1);
 * const prices = { open: flat, high: flat, low: flat, close: flat, volume: Float64Array.of(0, NaN, 2) };
 * const counter = new SeriesCounter(60_000);
 * counter.add({ time: Float64Array.of(0, 60_000, 240_000), ...prices });
 * const { rows, null_volume, missing_bars, months } = counter.end();
 * assertEquals([rows, null_volume, missing_bars], [3, 1, 2]);
 * assertEquals(months, [{ month: "1970-01", rows: 3, zero_volume: 1, filled: 1 }]);
 * ```
 */
export class SeriesCounter {
  readonly #step: number;
  readonly #counts: SeriesCounts = {
    rows: 0,
    from_ms: NaN,
    to_ms: NaN,
    null_volume: 0,
    zero_volume: 0,
    negative: 0,
    ohlc_inconsistent: 0,
    off_grid: 0,
    gaps: 0,
    missing_bars: 0,
    longest_gaps: [],
    months: [],
  };
  /** Start of the month that comes next, epoch milliseconds. */
  #monthEnd = -Infinity;
  /** Whether the last bar started on a multiple of its length. */
  #onGrid = true;

  /** @param stepMs Milliseconds of a bar. */
  constructor(stepMs: number) {
    this.#step = stepMs;
  }

  /** The next bars, in order of time, each time once. */
  add({ time, open, high, low, close, volume }: BarColumns): void {
    const counts = this.#counts, step = this.#step;
    if (time.length === 0) return;
    if (counts.rows === 0) counts.from_ms = time[0]!;
    let month = counts.months.at(-1)!;
    let before = counts.rows === 0 ? NaN : counts.to_ms;
    for (let i = 0; i < time.length; i++) {
      const t = time[i]!, o = open[i]!, h = high[i]!, l = low[i]!, c = close[i]!, v = volume[i]!;
      if (t >= this.#monthEnd) month = this.#newMonth(t);
      month.rows++;
      if (v === 0) {
        month.zero_volume++;
        if (o === c && l === h && o === l) month.filled++;
      } else if (v !== v) counts.null_volume++;
      if (l < 0 || v < 0) counts.negative++;
      if (o > h || o < l || c > h || c < l) counts.ohlc_inconsistent++;
      // One bar after the last one, which is nearly every bar, is on the grid where the last one was.
      if (t - before !== step) {
        this.#onGrid = t % step === 0;
        if (t - before >= 2 * step) this.#noteGap(before, t);
      }
      if (!this.#onGrid) counts.off_grid++;
      before = t;
    }
    counts.rows += time.length;
    counts.to_ms = before;
  }

  /** What was counted. */
  end(): SeriesCounts {
    this.#counts.zero_volume = this.#counts.months.reduce((sum, { zero_volume }) => sum + zero_volume, 0);
    return this.#counts;
  }

  #newMonth(time: number): MonthCounts {
    const date = new Date(time);
    this.#monthEnd = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
    const month = { month: date.toISOString().slice(0, 7), rows: 0, zero_volume: 0, filled: 0 };
    this.#counts.months.push(month);
    return month;
  }

  #noteGap(from_ms: number, to_ms: number): void {
    const missing = Math.floor((to_ms - from_ms) / this.#step) - 1;
    const { longest_gaps } = this.#counts;
    this.#counts.gaps++;
    this.#counts.missing_bars += missing;
    const place = longest_gaps.findIndex((gap) => gap.missing < missing);
    if (place < 0 && longest_gaps.length === LONGEST) return;
    longest_gaps.splice(place < 0 ? longest_gaps.length : place, 0, { from_ms, to_ms, missing });
    if (longest_gaps.length > LONGEST) longest_gaps.pop();
  }
}
