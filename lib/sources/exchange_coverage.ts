/** Which bars of a window have been seen, and which of the others have been denied by the source, and how often. */

/** What a page was asked for, and the times that it gave. */
export interface PageTimes {
  from_ms: number;
  /** Not included. */
  until_ms: number;
  /** In the order of the answer; any instants. */
  times: readonly number[];
}

/** A part of a window. */
export interface BarRange {
  from_ms: number;
  /** Not included. */
  until_ms: number;
}

/** Neighbouring bars that were not seen. */
export interface AbsentRange extends BarRange {
  bars: number;
  /** Numbers, from 1, of the pages that deny them. */
  pages: number[];
  /** The first bar that came from later than these; null where none did. */
  next_ms: number | null;
}

/** So many answers must deny a bar before its absence is believed. */
export const DENIALS = 2;

/** How the bars of a page follow each other; null where it cannot be told: one bar, or a mess. */
export type PageOrder = "oldest_first" | "newest_first" | null;

/** The order of times. */
export function pageOrder(times: readonly number[]): PageOrder {
  let rising = false, falling = false;
  for (let i = 1; i < times.length; i++) {
    rising ||= times[i]! > times[i - 1]!;
    falling ||= times[i]! < times[i - 1]!;
  }
  return rising === falling ? null : rising ? "oldest_first" : "newest_first";
}

/**
 * The part of time of which a page says: there is no bar here but those that I give. A page that was cut short says
 * nothing about what lies beyond its cut, and where that is depends on its order: oldest first, it is cut at the end,
 * newest first, at the beginning; where the order cannot be told either may be. A page without a bar from `from_ms` on
 * denies all that it was asked for, unless it may have been cut before it came to that.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const asked = { from_ms: 0, until_ms: 100 };
 * assertEquals(denied({ ...asked, times: [20, 30, 50] }, 10), { from_ms: 0, until_ms: 60 });
 * assertEquals(denied({ ...asked, times: [50, 30, 20] }, 10), { from_ms: 20, until_ms: 100 });
 * assertEquals(denied({ ...asked, times: [50] }, 10), { from_ms: 50, until_ms: 60 });
 * assertEquals(denied({ ...asked, times: [] }, 10), { from_ms: 0, until_ms: 100 });
 * ```
 */
export function denied(
  { from_ms, until_ms, times }: PageTimes,
  step: number,
  order: PageOrder = pageOrder(times),
): BarRange {
  if (times.length === 0) return { from_ms, until_ms };
  const end = Math.max(...times) + step;
  if (order === "oldest_first") return { from_ms: Math.min(from_ms, ...times), until_ms: end };
  // Rows before the start do not show that the rest is whole.
  const inside = times.filter((time) => time >= from_ms);
  if (inside.length === 0) return { from_ms, until_ms };
  return { from_ms: Math.min(...inside), until_ms: order === null ? end : Math.max(until_ms, end) };
}

/** A page in a window: what was asked, what came, what it denies. */
interface NotedPage extends PageTimes {
  denied: BarRange;
  /** Those of its times that lie in the window. */
  own: Set<number>;
}

/**
 * The ledger of one window.
 *
 * @example The page ends early; the next one shows what it left out
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const coverage = new WindowCoverage({ from_ms: 0, until_ms: 50 }, 10);
 * coverage.note({ from_ms: 0, until_ms: 50, times: [0, 10, 20] });
 * assertEquals(coverage.open(), { from_ms: 30, until_ms: 50 });
 * coverage.note({ from_ms: 30, until_ms: 80, times: [30, 40, 50] });
 * assertEquals(coverage.open(), null);
 * assertEquals(coverage.shortPages(), 1);
 * ```
 */
export class WindowCoverage {
  readonly #window: BarRange;
  readonly #step: number;
  readonly #seen: Uint8Array;
  readonly #denials: Uint32Array;
  readonly #pages: NotedPage[] = [];
  /** That of the last page that had one: an exchange keeps to it. */
  #order: PageOrder = null;

  constructor(window: BarRange, step: number) {
    this.#window = window;
    this.#step = step;
    const bars = Math.max(0, (window.until_ms - window.from_ms) / step);
    this.#seen = new Uint8Array(bars);
    this.#denials = new Uint32Array(bars);
  }

  /** Takes a page in; gives whether it helped: a new bar came, or the first open bar was denied. */
  note(page: PageTimes): boolean {
    const first = this.open()?.from_ms;
    this.#order = pageOrder(page.times) ?? this.#order;
    const range = denied(page, this.#step, this.#order);
    const own = new Set(page.times.filter((time) => this.#index(time) !== null));
    this.#pages.push({ ...page, denied: range, own });
    let helped = false;
    for (const time of own) {
      const i = this.#index(time)!;
      helped ||= this.#seen[i] === 0;
      this.#seen[i] = 1;
    }
    const begin = Math.max(0, Math.ceil((range.from_ms - this.#window.from_ms) / this.#step));
    const end = Math.min(this.#seen.length, Math.floor((range.until_ms - this.#window.from_ms) / this.#step));
    for (let i = begin; i < end; i++) {
      if (this.#seen[i] === 1) continue;
      this.#denials[i]! += 1;
      helped ||= this.#time(i) === first;
    }
    return helped;
  }

  /** The first bars of which it is not known yet whether they exist; null where the window is verified. */
  open(): BarRange | null {
    const isOpen = (i: number) => this.#seen[i] === 0 && this.#denials[i]! < DENIALS;
    let first = 0;
    while (first < this.#seen.length && !isOpen(first)) first++;
    if (first === this.#seen.length) return null;
    let end = first;
    while (end < this.#seen.length && isOpen(end)) end++;
    return { from_ms: this.#time(first), until_ms: this.#time(end) };
  }

  /** The bars that were not seen, neighbours together, with what the pages say about them. */
  absent(): AbsentRange[] {
    const ranges: AbsentRange[] = [];
    for (let i = 0; i < this.#seen.length; i++) {
      if (this.#seen[i] === 1) continue;
      let end = i;
      while (end < this.#seen.length && this.#seen[end] === 0) end++;
      ranges.push(this.#described({ from_ms: this.#time(i), until_ms: this.#time(end) }));
      i = end;
    }
    return ranges;
  }

  #described(range: BarRange): AbsentRange {
    const { from_ms, until_ms } = range;
    const pages: number[] = [];
    let next = Infinity;
    for (const [i, page] of this.#pages.entries()) {
      if (page.denied.from_ms < until_ms && page.denied.until_ms > from_ms) pages.push(i + 1);
      // A bar beyond what was asked for says nothing: it may be years later.
      for (const time of page.times) {
        if (time >= until_ms && time < page.until_ms && time < next) next = time;
      }
    }
    const bars = (until_ms - from_ms) / this.#step;
    return { from_ms, until_ms, bars, pages, next_ms: next === Infinity ? null : next };
  }

  /** Pages that left out a bar of the window that they were asked for, and that came another time. */
  shortPages(): number {
    return this.#pages.filter(({ from_ms, until_ms, own }) => {
      for (let i = 0; i < this.#seen.length; i++) {
        const time = this.#time(i);
        if (this.#seen[i] === 1 && time >= from_ms && time < until_ms && !own.has(time)) return true;
      }
      return false;
    }).length;
  }

  #time(index: number): number {
    return this.#window.from_ms + index * this.#step;
  }

  #index(time: number): number | null {
    const index = (time - this.#window.from_ms) / this.#step;
    return Number.isInteger(index) && index >= 0 && index < this.#seen.length ? index : null;
  }
}
