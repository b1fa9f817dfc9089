/**
 * Where a time axis has its labels. A count alone lets Vega choose steps that are finer than what the labels tell,
 * and each is then written several times.
 */
import type { Json } from "./spec.ts";

/** Months between two labels; 12 and more are whole years. */
const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60, 120, 240];

/** Labels that name a day: one each where there are few of them, else about as many as have room. */
export function dayTicks(days: number, labels: number): Json {
  return days < labels ? { interval: "day", step: 1 } : labels;
}

/**
 * Labels that name a month and its year, or with `least` 12 the year alone: the smallest step that leaves them room.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(monthTicks(144, { labels: 8 }), { interval: "month", step: 1 });
 * assertEquals(monthTicks(4500, { labels: 8, least: 12 }), { interval: "year", step: 2 });
 * ```
 */
export function monthTicks(days: number, { labels, least = 1 }: { labels: number; least?: 1 | 12 }): Json {
  const steps = MONTH_STEPS.filter((step) => step >= least);
  const step = steps.find((step) => days / (step * 365.25 / 12) <= labels) ?? steps.at(-1)!;
  return step < 12 ? { interval: "month", step } : { interval: "year", step: step / 12 };
}
