import { QualityError } from "../core/errors.ts";
import type { DailyPrice } from "../core/rows.ts";
import { DAY_MS, parseInstant, utcDay } from "../core/time.ts";

/** Daily prices with every calendar day in place. */
export interface CalendarGrid {
  /** Each UTC day from the first priced day to the last complete day, `YYYY-MM-DD`, none left out. */
  days: string[];
  /** The price of each day, `null` where there is none that can be used. */
  prices: (DailyPrice | null)[];
  /** Days inside the grid without a row. */
  missing_days: string[];
  /** Days whose row cannot be used: a price that is not a positive number, or an order other than min ≤ avg ≤ max. */
  unusable_days: string[];
}

/** Averages are sums of floats: they may leave [min, max] by a rounding error, not by more. */
const ROUNDING = 1e-9;

/**
 * Puts daily prices on a complete calendar, in order, dropping days after the last complete one (today's average
 * is still moving). Rows may come in any order.
 *
 * @throws {SyntaxError} if `lastCompleteDay` or a row's day is not a day.
 * @throws {QualityError} if a day occurs twice.
 *
 * @example A hole stays a hole
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const price = (day: string) => ({ day, avg_price_usd: 2, min_price_usd: 1, max_price_usd: 3 });
 * const grid = calendarGrid([price("2026-01-03"), price("2026-01-01")], "2026-01-04");
 * assertEquals(grid.days, ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]);
 * assertEquals(grid.missing_days, ["2026-01-02", "2026-01-04"]);
 * ```
 */
export function calendarGrid(prices: readonly DailyPrice[], lastCompleteDay: string): CalendarGrid {
  const last = dayStart(lastCompleteDay);
  const byDay = new Map<string, DailyPrice>();
  let first = Infinity;
  for (const price of prices) {
    const start = dayStart(price.day);
    if (byDay.has(price.day)) {
      throw new QualityError(
        `Cannot build features: day "${price.day}" has two rows, deduplicate the prices first`,
      );
    }
    byDay.set(price.day, price);
    first = Math.min(first, start);
  }
  const grid: CalendarGrid = { days: [], prices: [], missing_days: [], unusable_days: [] };
  for (let start = first; start <= last; start += DAY_MS) {
    const day = utcDay(start);
    const price = byDay.get(day) ?? null;
    const usable = price !== null && isUsable(price);
    if (price === null) grid.missing_days.push(day);
    else if (!usable) grid.unusable_days.push(day);
    grid.days.push(day);
    grid.prices.push(usable ? price : null);
  }
  return grid;
}

function dayStart(day: string): number {
  if (day.length !== 10) {
    throw new SyntaxError(
      `Cannot read "${day}" as a day: it is not YYYY-MM-DD, write for example 2026-01-31`,
    );
  }
  return parseInstant(day).getTime();
}

function isUsable({ avg_price_usd: avg, min_price_usd: min, max_price_usd: max }: DailyPrice): boolean {
  return [avg, min, max].every((price) => Number.isFinite(price) && price > 0) &&
    min <= avg * (1 + ROUNDING) && avg <= max * (1 + ROUNDING);
}
