import type { DailyPrice } from "../core/rows.ts";

/**
 * How a day's volatility is measured. True volatility can't be observed, so a model is trained on, and judged
 * against, one of these stand-ins.
 */
export type VolatilityProxyKind = "parkinson_range" | "absolute_return";

/** Parkinson's range is used when at least this share of the days has a high above its low. */
export const MIN_RANGE_SHARE = 0.8;

/**
 * A low below 1/3, or a high above 3 times, both today's and yesterday's average counts as a bad print. Bitcoin's
 * crash of 2013-04-10 reached 2.3 and stays; the wrong low of 2017-04-15 (0.06 USD) is at 19,562. A day's average lies
 * farther from its low than open and close do: `BAD_PRINT` of `bad_prints.ts`, for bars that have these, is 2.
 */
export const BAD_PRINT_FACTOR = 3;

/** The daily proxy, with what a reader needs to know about it. */
export interface VolatilityProxy {
  /** Which measure was used. */
  kind: VolatilityProxyKind;
  /** One sentence for a person: which measure, why, and which days have no value. */
  explanation: string;
  /** One value a grid day, standard deviation of the log price in that day (0.03 = 3 %); `null` where unknown. */
  values: (number | null)[];
  /** Days with a price. */
  days: number;
  /** Days whose high is above their low. */
  days_with_range: number;
  /** Days whose high or low cannot be believed; their range is `null`. */
  bad_print_days: string[];
}

/** Options of {@linkcode volatilityProxy}. */
export interface VolatilityProxyOptions {
  /** Forces the measure, for instance the one that a stored model was trained on. Default: chosen from the data. */
  kind?: VolatilityProxyKind | undefined;
}

/**
 * Chooses and computes the daily volatility proxy.
 *
 * - `parkinson_range`: `sqrt(ln(high/low)² / (4 ln 2))`, about five times as efficient as a squared daily return
 *   (Parkinson 1980, "The Extreme Value Method for Estimating the Variance of the Rate of Return", Journal of
 *   Business 53(1)). A day with one price (a filled bar) or with a bad print has no range: `null`, never 0.
 * - `absolute_return`: `|ln(avg / avg of the day before)|`, for sources that give one price a day. It is noisy.
 *
 * The value of day t uses the prices of t and t−1 only. The choice looks at all days, so pass `kind` where even
 * that must not depend on later days.
 *
 * @param grid one entry a calendar day in order, `null` for a missing day.
 *
 * @example A day from 100 to 110 USD has a Parkinson volatility of 5.7 %
 * ```ts
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * const day = { day: "2026-01-01", avg_price_usd: 105, min_price_usd: 100, max_price_usd: 110 };
 * const proxy = volatilityProxy([day]);
 * assertEquals(proxy.kind, "parkinson_range");
 * assertAlmostEquals(proxy.values[0]!, 0.0572396, 1e-7);
 * ```
 */
export function volatilityProxy(
  grid: readonly (DailyPrice | null)[],
  { kind }: VolatilityProxyOptions = {},
): VolatilityProxy {
  const present = grid.filter((price) => price !== null);
  const daysWithRange = present.filter(hasRange).length;
  const enoughRange = present.length > 0 && daysWithRange >= MIN_RANGE_SHARE * present.length;
  const chosen = kind ?? (enoughRange ? "parkinson_range" : "absolute_return");
  const badPrintDays: string[] = [];
  const values = grid.map((price, index) => {
    const before = grid[index - 1] ?? null;
    if (price === null) return null;
    if (chosen === "absolute_return") {
      return before && Math.abs(Math.log(price.avg_price_usd / before.avg_price_usd));
    }
    if (isBadPrint(price, before)) {
      badPrintDays.push(price.day);
      return null;
    }
    return hasRange(price) ? parkinson(price.min_price_usd, price.max_price_usd) : null;
  });
  const counts = { days: present.length, days_with_range: daysWithRange, bad_print_days: badPrintDays };
  return { kind: chosen, explanation: explain(chosen, kind !== undefined, counts), values, ...counts };
}

function hasRange(price: DailyPrice): boolean {
  return price.max_price_usd > price.min_price_usd;
}

/** Parkinson's volatility of a day from its low and high. */
export function parkinson(low: number, high: number): number {
  return Math.log(high / low) / (2 * Math.sqrt(Math.LN2));
}

/** A real crash moves the average too, today's or yesterday's side of it; a wrong print stands alone. */
function isBadPrint(price: DailyPrice, before: DailyPrice | null): boolean {
  const averages = before ? [price.avg_price_usd, before.avg_price_usd] : [price.avg_price_usd];
  return price.min_price_usd < Math.min(...averages) / BAD_PRINT_FACTOR ||
    price.max_price_usd > Math.max(...averages) * BAD_PRINT_FACTOR;
}

function explain(
  kind: VolatilityProxyKind,
  forced: boolean,
  counts: Pick<VolatilityProxy, "days" | "days_with_range" | "bad_print_days">,
): string {
  const { days, days_with_range: ranged, bad_print_days: bad } = counts;
  const why = `${forced ? "as asked; " : ""}${ranged} of ${days} days have a high above their low`;
  if (kind === "absolute_return") {
    return `Volatility is the absolute daily log return of the average price, a noisy measure (${why}).`;
  }
  const single = days - ranged > 0 ? ` Days with one price only (${days - ranged}) have no value.` : "";
  const shown = bad.slice(0, 5).join(", ") + (bad.length > 5 ? ", …" : "");
  const prints = bad.length > 0
    ? ` Days with an unbelievable high or low (${bad.length}: ${shown}) have no value.`
    : "";
  return `Volatility is Parkinson's, from each day's high and low (${why}).${single}${prints}`;
}
