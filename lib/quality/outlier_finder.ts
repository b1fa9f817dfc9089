/** Prices that stand alone, far from the bars around them, found in one walk over a series. */
import type { BarColumns } from "../core/rows.ts";

/** When a price counts as an outlier. */
export interface OutlierSettings {
  /** Bars on each side whose closes make the centre and the scale. */
  neighbours: number;
  /** So many scales from the centre. */
  robust_z: number;
  /** The least scale, in log price: in a quiet market the spread of the closes alone would be too strict. */
  floor: number;
  /** Within so many bars on each side the price must have come back … */
  within: number;
  /** … by at least this share of its way from the centre. A level that stays, or a slide, does not. */
  returned: number;
}

const PRICES = ["open", "high", "low", "close"] as const;

/** One bar with an outlying price. */
export interface OutlierExample extends Record<typeof PRICES[number], number> {
  /** Start of the bar, epoch milliseconds. */
  time: number;
  /** Which of `open`, `high`, `low`, `close` are out. */
  prices: string[];
  /** The neighbours' median close. */
  centre: number;
  /** Distance of the worst price, in scales. */
  z: number;
}

/** The outliers of a series. */
export interface Outliers {
  /** Bars with an outlier. */
  flagged: number;
  /** The same by month, `YYYY-MM`. */
  by_month: Record<string, number>;
  /** The worst ones, worst first. */
  examples: OutlierExample[];
}

/**
 * Finds bars with a price that stands alone. Its log is more than `robust_z` scales from the median of the
 * neighbours' log closes (the bar itself left out), where a scale is 1.4826 times their median absolute deviation,
 * but at least `floor`; and within `within` bars before and after there is one that has come back by `returned` of
 * the way. A level that stays is no outlier: neither does it come back, nor is the spread small where half of the
 * neighbours stand on it. The first and the last bar are never flagged, for a spike cannot be told from a new level
 * there.
 *
 * One pass in fixed memory. Its first filter compares each bar with the few beside it and misses nothing: an outlier
 * is more than `robust_z · floor` from the centre, so a bar that has come back is at least `returned` times that away
 * from it (with 8, 0.02 and 0.5: 8 %). Medians are taken of what is left.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const flat = (price: number) => new Float64Array(20).fill(price);
 * const low = flat(99).with(7, 0.06);
 * const time = Float64Array.from(low, (_, i) => i * 60_000);
 * const finder = new OutlierFinder({ neighbours: 10, robust_z: 8, floor: 0.02, within: 2, returned: 0.5 });
 * finder.add({ time, open: flat(100), high: flat(101), low, close: flat(100), volume: flat(1) });
 * const { flagged, examples } = finder.end();
 * assertEquals([flagged, examples[0]!.time, examples[0]!.prices], [1, 420_000, ["low"]]);
 * ```
 */
export class OutlierFinder {
  readonly #settings: OutlierSettings;
  readonly #most: number;
  /** A bar is out by so much at least, as a ratio to the ones that came back. */
  readonly #away: number;
  readonly #found: Outliers = { flagged: 0, by_month: {}, examples: [] };
  /** The last bars that were seen: those that wait for their neighbours, and the neighbours before them. */
  #seen: Bars = bars(0);
  /** How many of them have been judged. */
  #judged = 0;
  /** What the bars lie in; used again and again. */
  #room: Bars = bars(0);

  /** @param options.examples How many of the worst ones to keep. */
  constructor(settings: OutlierSettings, { examples = 10 }: { examples?: number } = {}) {
    this.#settings = settings;
    this.#most = examples;
    this.#away = Math.exp(settings.robust_z * settings.floor * settings.returned);
  }

  /** The next bars, in order of time. */
  add(more: BarColumns): void {
    const { neighbours } = this.#settings;
    const from = Math.max(0, this.#judged - neighbours);
    const before = this.#seen.time.length - from, count = before + more.time.length;
    if (this.#room.time.length < count) this.#room = bars(2 * count);
    this.#seen = joined(this.#seen, from, more, this.#room);
    this.#judged -= from;
    const ready = Math.max(this.#judged, count - neighbours);
    this.#judge(this.#seen, this.#judged, ready);
    this.#judged = ready;
  }

  /** Judges the last bars, and gives all that was found. */
  end(): Outliers {
    this.#judge(this.#seen, this.#judged, this.#seen.time.length);
    this.#judged = this.#seen.time.length;
    return this.#found;
  }

  #judge(seen: Bars, from: number, until: number): void {
    const { lowest, highest } = seen;
    const away = this.#away, reach = this.#settings.within;
    for (let i = from; i < until; i++) {
      const low = lowest[i]! * away, high = highest[i]!;
      // Nearly every bar is done after the first comparison of each line.
      const mayBeOut =
        (low <= nearestLow(lowest, i - reach, i) && low <= nearestLow(lowest, i + 1, i + 1 + reach)) ||
        (high >= nearestHigh(highest, i - reach, i) * away &&
          high >= nearestHigh(highest, i + 1, i + 1 + reach) * away);
      if (mayBeOut) this.#judgeBar(seen, i);
    }
  }

  #judgeBar(seen: Bars, i: number): void {
    const { neighbours, robust_z, floor, within, returned } = this.#settings;
    const closes: number[] = [];
    for (let j = Math.max(0, i - neighbours); j < Math.min(seen.close.length, i + neighbours + 1); j++) {
      if (j !== i && seen.close[j]! > 0) closes.push(Math.log(seen.close[j]!));
    }
    if (closes.length === 0) return;
    const centre = median(closes);
    const scale = Math.max(floor, 1.4826 * median(closes.map((close) => Math.abs(close - centre))));
    const z = (price: number) => (log(price) - centre) / scale;
    const lowest = seen.lowest[i]!, highest = seen.highest[i]!;
    const sides = [[i - within, i], [i + 1, i + 1 + within]] as const;
    const lowOut = z(lowest) < -robust_z &&
      sides.every(([from, until]) =>
        log(nearestLow(seen.lowest, from, until)) - log(lowest) >= returned * (centre - log(lowest))
      );
    const highOut = z(highest) > robust_z &&
      sides.every(([from, until]) =>
        log(highest) - log(nearestHigh(seen.highest, from, until)) >= returned * (log(highest) - centre)
      );
    if (!lowOut && !highOut) return;
    const [open, high, low, close] = PRICES.map((price) => seen[price][i]!) as [
      number,
      number,
      number,
      number,
    ];
    const bar = { open, high, low, close };
    this.#note({
      time: seen.time[i]!,
      prices: PRICES.filter((price) =>
        (lowOut && z(bar[price]) < -robust_z) || (highOut && z(bar[price]) > robust_z)
      ),
      ...bar,
      centre: Math.exp(centre),
      z: Math.max(lowOut ? -z(lowest) : 0, highOut ? z(highest) : 0),
    });
  }

  #note(bar: OutlierExample): void {
    const { by_month, examples } = this.#found;
    this.#found.flagged++;
    const month = new Date(bar.time).toISOString().slice(0, 7);
    by_month[month] = (by_month[month] ?? 0) + 1;
    const place = examples.findIndex(({ z }) => z < bar.z);
    examples.splice(place < 0 ? examples.length : place, 0, bar);
    if (examples.length > this.#most) examples.pop();
  }
}

const COLUMNS = ["time", ...PRICES, "lowest", "highest"] as const;

type Bars = Record<typeof COLUMNS[number], Float64Array>;

function bars(count: number): Bars {
  return Object.fromEntries(COLUMNS.map((name) => [name, new Float64Array(count)])) as Bars;
}

/** Bars from a place on and the new ones, with each bar's extremes, at the beginning of `room`. */
function joined(seen: Bars, from: number, more: BarColumns, room: Bars): Bars {
  const before = seen.time.length - from, count = more.time.length;
  const all = {} as Bars;
  for (const name of COLUMNS) {
    room[name].set(seen[name].subarray(from));
    all[name] = room[name].subarray(0, before + count);
  }
  for (const name of ["time", ...PRICES] as const) all[name].set(more[name], before);
  const { open, high, low, close } = more;
  for (let i = 0; i < count; i++) {
    all.lowest[before + i] = Math.min(open[i]!, high[i]!, low[i]!, close[i]!);
    all.highest[before + i] = Math.max(open[i]!, high[i]!, low[i]!, close[i]!);
  }
  return all;
}

/** The highest of a few lows; NaN, which nothing compares with, where there is none. */
function nearestLow(lowest: Float64Array, from: number, until: number): number {
  let nearest = NaN;
  for (let j = Math.max(0, from); j < until && j < lowest.length; j++) {
    if (!(lowest[j]! <= nearest)) nearest = lowest[j]!;
  }
  return nearest;
}

/** The lowest of a few highs; NaN where there is none. */
function nearestHigh(highest: Float64Array, from: number, until: number): number {
  let nearest = NaN;
  for (let j = Math.max(0, from); j < until && j < highest.length; j++) {
    if (!(highest[j]! >= nearest)) nearest = highest[j]!;
  }
  return nearest;
}

/** The log of a price; of one that is not above zero, that of the smallest number. */
function log(price: number): number {
  return Math.log(Math.max(price, 1e-300));
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
