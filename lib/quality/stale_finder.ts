/** A feed that stands still: runs of bars that repeat one another, found in one walk over a series. */
import type { BarColumns } from "../core/rows.ts";

/** A run of equal bars. */
export interface StaleRun {
  /** Start of its first and its last bar, epoch milliseconds. */
  from_ms: number;
  to_ms: number;
  bars: number;
  close: number;
}

/** The runs of a series. */
export interface StaleRuns {
  runs: number;
  /** Bars in them. */
  bars: number;
  /** Longest first. */
  examples: StaleRun[];
}

const VALUES = ["open", "high", "low", "close", "volume"] as const;

/**
 * Finds runs of `least` or more bars with the very same open, high, low, close and volume. Bars with volume 0 are none
 * of them: a source fills those in where nobody traded, and `SeriesCounter` counts them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const flat = (price: number) => new Float64Array(10).fill(price);
 * const time = Float64Array.from(flat(0), (_, i) => i);
 * const volume = time.map((i) => (i >= 3 && i <= 7 ? 5.5 : i));
 * const finder = new StaleFinder(5);
 * finder.add({ time, open: flat(1), high: flat(2), low: flat(1), close: flat(1), volume });
 * assertEquals(finder.end(), { runs: 1, bars: 5, examples: [{ from_ms: 3, to_ms: 7, bars: 5, close: 1 }] });
 * ```
 */
export class StaleFinder {
  readonly #least: number;
  readonly #most: number;
  readonly #found: StaleRuns = { runs: 0, bars: 0, examples: [] };
  /** The last bar that was seen, as a chunk of one. */
  #last: BarColumns | null = null;
  #run: StaleRun | null = null;

  /** @param options.examples How many of the longest ones to keep. */
  constructor(least: number, { examples = 10 }: { examples?: number } = {}) {
    this.#least = least;
    this.#most = examples;
  }

  /** The next bars, in order of time. */
  add(bars: BarColumns): void {
    const count = bars.time.length;
    if (count === 0) return;
    if (this.#last) this.#step(this.#last, 0, bars, 0);
    const { close, volume } = bars;
    for (let i = 1; i < count; i++) {
      // Hardly a bar passes this, so the rest may be slow.
      if (this.#run === null && (close[i] !== close[i - 1] || volume[i] === 0)) continue;
      this.#step(bars, i - 1, bars, i);
    }
    const last = (name: keyof BarColumns) => bars[name].slice(count - 1);
    this.#last = {
      time: last("time"),
      open: last("open"),
      high: last("high"),
      low: last("low"),
      close: last("close"),
      volume: last("volume"),
    };
  }

  /** Ends the last run, and gives all that was found. */
  end(): StaleRuns {
    this.#endRun();
    return this.#found;
  }

  #step(before: BarColumns, b: number, now: BarColumns, i: number): void {
    const same = now.volume[i] !== 0 && VALUES.every((name) => Object.is(now[name][i], before[name][b]));
    if (!same) return this.#endRun();
    this.#run ??= { from_ms: before.time[b]!, to_ms: before.time[b]!, bars: 1, close: before.close[b]! };
    this.#run.to_ms = now.time[i]!;
    this.#run.bars++;
  }

  #endRun(): void {
    const run = this.#run;
    this.#run = null;
    if (run === null || run.bars < this.#least) return;
    const { examples } = this.#found;
    this.#found.runs++;
    this.#found.bars += run.bars;
    const place = examples.findIndex(({ bars }) => bars < run.bars);
    examples.splice(place < 0 ? examples.length : place, 0, run);
    if (examples.length > this.#most) examples.pop();
  }
}
