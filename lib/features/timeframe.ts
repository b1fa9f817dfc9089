import { DAY_MS, HOUR_MS, MINUTE_MS } from "../core/time.ts";

const UNITS: Readonly<Record<string, number>> = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS, w: 7 * DAY_MS };

/** 1970-01-01 was a Thursday: weeks begin on the Monday four days later. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

/**
 * What Polars' `groupByDynamic` is told, so that its groups are the bars of a {@linkcode Timeframe}. Unless it is told
 * where groups start, they start at the Monday before the first row, so `5h` and `3d` would depend on where data begin.
 */
export const WHOLE_WINDOWS = { closed: "left", startBy: "window" } as const;

/** A length of bars. */
export interface Timeframe {
  /** As exchanges and Polars write it: `1m`, `4h`, `1d`, `1w`. */
  name: string;
  ms: number;
  /** Where bars start: at so many milliseconds since 1970, and whole numbers of `ms` before and after. */
  origin_ms: number;
}

/**
 * Reads a length of bars: a whole number of minutes, hours, days or weeks. Bars start at midnight UTC of 1970-01-01 and
 * whole lengths after it; weeks start on Mondays.
 *
 * @throws {SyntaxError} for anything else; months are not of one length.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(timeframe("4h").ms, 14_400_000);
 * ```
 */
export function timeframe(name: string): Timeframe {
  const [, count, unit] = /^([1-9]\d{0,4})([mhdw])$/.exec(name) ?? [];
  if (count === undefined || unit === undefined) {
    throw new SyntaxError(
      `Cannot read "${name}" as a length of bars: write a number and m, h, d or w, for example 5m, 4h, 1d or 1w`,
    );
  }
  return { name, ms: Number(count) * UNITS[unit]!, origin_ms: unit === "w" ? FIRST_MONDAY_MS : 0 };
}
