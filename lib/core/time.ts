/** UTC time: instants, days, slots. Nothing here reads the clock or the local time zone. */

/** Milliseconds in a second, a minute, an hour and a day. */
export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** A market snapshot is taken once in a slot of five minutes. */
export const SLOT_MS = 5 * MINUTE_MS;

const ISO_INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/**
 * Reads an ISO 8601 instant (`2026-01-02T03:04:05Z`, an offset, or a bare day meaning its midnight in UTC).
 *
 * @throws {SyntaxError} for anything else, a time without a zone and impossible dates included.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * assertEquals(parseInstant("2026-01-02").getTime(), Date.UTC(2026, 0, 2));
 * assertThrows(() => parseInstant("2026-02-30"), SyntaxError);
 * assertThrows(() => parseInstant("yesterday"), SyntaxError);
 * ```
 */
export function parseInstant(text: string): Date {
  const instant = new Date(text);
  const day = text.slice(0, 10);
  const realDay = new Date(`${day}T00:00:00Z`);
  if (
    !ISO_INSTANT.test(text) || Number.isNaN(instant.getTime()) || Number.isNaN(realDay.getTime()) ||
    utcDay(realDay) !== day
  ) {
    throw new SyntaxError(
      `Cannot read "${text}" as a time: it is not an ISO 8601 instant, write for example 2026-01-31T12:00:00Z`,
    );
  }
  return instant;
}

/**
 * The UTC day of an instant, `YYYY-MM-DD`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(utcDay(new Date("2026-03-29T23:59:59Z")), "2026-03-29");
 * ```
 */
export function utcDay(instant: Date | number): string {
  return new Date(instant).toISOString().slice(0, 10);
}

/**
 * The start of the slot that holds an instant.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(slotStart(new Date("2026-01-02T03:09:59Z")).toISOString(), "2026-01-02T03:05:00.000Z");
 * ```
 */
export function slotStart(instant: Date, slotMs: number = SLOT_MS): Date {
  return new Date(Math.floor(instant.getTime() / slotMs) * slotMs);
}

/** Year, month, day and hour of an instant in UTC, zero-padded as partition values. */
export interface HourParts {
  year: string;
  month: string;
  day: string;
  hour: string;
}

/**
 * Partition values of an instant.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(hourParts(new Date("2026-01-02T03:04:05Z")), { year: "2026", month: "01", day: "02", hour: "03" });
 * ```
 */
export function hourParts(instant: Date): HourParts {
  const [year, month, day, hour] = instant.toISOString().split(/[-T:]/);
  return { year: year!, month: month!, day: day!, hour: hour! };
}

/** A time of day and date that is safe in a file name on every system: `20260102T030500Z`. */
export function compactStamp(instant: Date): string {
  return `${instant.toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
}

const UNITS: Readonly<Record<string, number>> = { s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

/**
 * Reads a duration such as `90s`, `5m`, `1h` or `2d`; gives milliseconds.
 *
 * @throws {SyntaxError} for anything else, zero included.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * assertEquals(parseDuration("5m"), 300_000);
 * assertThrows(() => parseDuration("5 minutes"), SyntaxError);
 * ```
 */
export function parseDuration(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? [];
  if (count === undefined) {
    throw new SyntaxError(
      `Cannot read "${text}" as a duration: it is not a number with s, m, h or d, write for example 5m`,
    );
  }
  return Number(count) * UNITS[unit!]!;
}

/** Reads what {@linkcode compactStamp} wrote. */
export function fromCompactStamp(stamp: string): Date {
  return new Date(stamp.replace(/^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/, "$1-$2-$3T$4:$5:$6Z"));
}
