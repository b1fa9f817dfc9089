/** The gaps between a stream's bars, found in one walk over their starts. */

/** The bars of a stream, and the gaps between them. */
export interface StreamBars {
  /** Bars, each moment counted once. */
  bars: number;
  /** Starts of the first and the last bar; null where there is none. */
  first_ms: number | null;
  last_ms: number | null;
  /** Gaps between bars: start of the first missing bar, and how many are missing. */
  from_ms: Float64Array;
  missing: Float64Array;
}

/**
 * Finds the gaps between bars that come in order, each once, on multiples of their length.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const finder = new GapFinder(60_000);
 * finder.add(Float64Array.of(0, 60_000));
 * finder.add(Float64Array.of(240_000));
 * assertEquals(finder.end(), {
 *   bars: 3, first_ms: 0, last_ms: 240_000, from_ms: Float64Array.of(120_000), missing: Float64Array.of(2),
 * });
 * const twice = new GapFinder(60_000);
 * twice.add(Float64Array.of(0, 0));
 * assertEquals(twice.end(), null);
 * ```
 */
export class GapFinder {
  readonly #step: number;
  readonly #from_ms: number[] = [];
  readonly #missing: number[] = [];
  #bars = 0;
  #first: number | null = null;
  #last = NaN;
  #orderly = true;

  /** @param stepMs Milliseconds of a bar. */
  constructor(stepMs: number) {
    this.#step = stepMs;
  }

  /** Whether all bars so far were in order, each once, on multiples of their length. */
  get orderly(): boolean {
    return this.#orderly;
  }

  /** The next bars' starts, epoch milliseconds. */
  add(starts: Float64Array): void {
    if (!this.#orderly) return;
    const step = this.#step;
    let before = this.#last;
    for (let i = 0; i < starts.length; i++) {
      const start = starts[i]!;
      if (start - before !== step) {
        if (start % step !== 0 || start <= before) {
          this.#orderly = false;
          return;
        }
        if (this.#first === null) {
          this.#first = start;
        } else {
          this.#from_ms.push(before + step);
          this.#missing.push((start - before) / step - 1);
        }
      }
      before = start;
    }
    this.#last = before;
    this.#bars += starts.length;
  }

  /** What was found; null where the bars were not orderly. */
  end(): StreamBars | null {
    if (!this.#orderly) return null;
    return {
      bars: this.#bars,
      first_ms: this.#first,
      last_ms: this.#first === null ? null : this.#last,
      from_ms: Float64Array.from(this.#from_ms),
      missing: Float64Array.from(this.#missing),
    };
  }
}
