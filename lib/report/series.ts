/** What charts over days need before they draw: order, gaps, suspect prints, axis bounds. */
import { DAY_MS, utcDay } from "../core/time.ts";
import type { DailyPrice } from "../core/rows.ts";

/** A row of a chart over days. */
export type DayRow = { day: string } & Record<string, string | number | null>;

/**
 * Puts one empty row into every gap between days, so that a line breaks there instead of bridging it.
 * Rows must be in ascending order of `day`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const { rows, gaps } = breakAtGaps([{ day: "2026-01-01", avg: 1 }, { day: "2026-01-05", avg: 2 }]);
 * assertEquals(rows[1], { day: "2026-01-02", avg: null });
 * assertEquals(gaps, [{ from: "2026-01-02", to: "2026-01-04", days: 3 }]);
 * ```
 */
export function breakAtGaps(days: readonly DayRow[]): {
  rows: DayRow[];
  gaps: { from: string; to: string; days: number }[];
} {
  const rows: DayRow[] = [];
  const gaps: { from: string; to: string; days: number }[] = [];
  for (const row of days) {
    const last = rows.at(-1);
    if (last !== undefined) {
      const next = Date.parse(last.day) + DAY_MS;
      const missing = Math.round((Date.parse(row.day) - next) / DAY_MS);
      if (missing > 0) {
        const empty = Object.fromEntries(Object.keys(row).map((key) => [key, null]));
        rows.push({ ...empty, day: utcDay(next) });
        gaps.push({ from: utcDay(next), to: utcDay(Date.parse(row.day) - DAY_MS), days: missing });
      }
    }
    rows.push(row);
  }
  return { rows, gaps };
}

/** How far a print may lie from the median of its neighbourhood before the axis ignores it. */
const SUSPECT_FACTOR = 3;
const NEIGHBOURS = 7;

/**
 * The days with a price that cannot be right beside its neighbours: more than 3 times above or below the median
 * average price of the 15 days around it, or not above zero. A quantile would also cut real tops; this doesn't.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const calm = Array.from({ length: 9 }, (_, i) => (
 *   { day: `2017-04-1${i}`, avg_price_usd: 1180, min_price_usd: 1170, max_price_usd: 1190 }
 * ));
 * calm[5]!.min_price_usd = 0.06;
 * assertEquals([...suspectDays(calm)], ["2017-04-15"]);
 * ```
 */
export function suspectDays(daily: readonly DailyPrice[]): Set<string> {
  const suspects = new Set<string>();
  daily.forEach((row, index) => {
    const around = daily.slice(Math.max(0, index - NEIGHBOURS), index + NEIGHBOURS + 1);
    const median = quantile(around.map((near) => near.avg_price_usd), 0.5);
    const prices = [row.min_price_usd, row.avg_price_usd, row.max_price_usd];
    if (!prices.every((price) => price > median / SUSPECT_FACTOR && price < median * SUSPECT_FACTOR)) {
      suspects.add(row.day);
    }
  });
  return suspects;
}

/**
 * The value below which a share of the numbers lies, interpolated (type 7, NumPy's default).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(quantile([4, 1, 3, 2], 0.5), 2.5);
 * ```
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? NaN;
  return low + ((sorted[Math.ceil(at)] ?? NaN) - low) * (at - Math.floor(at));
}

/**
 * Tick values for a logarithmic price axis: powers of ten, with 2 and 5 between them where the axis is short.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(logTicks(2, 70_000), [10, 100, 1000, 10_000]);
 * assertEquals(logTicks(300, 9000), [500, 1000, 2000, 5000]);
 * ```
 */
export function logTicks(low: number, high: number): number[] {
  const steps = Math.log10(high / low) > 2.5 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const step of steps) ticks.push(Number(`${step}e${power}`));
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
}

/** A number cut to six significant digits: what a chart can show and a page should carry. */
export function sixDigits(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(6)) : null;
}
