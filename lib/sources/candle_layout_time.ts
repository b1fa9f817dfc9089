/** How candle files write the time of a bar: epoch numbers in four units, and stamps with or without a zone. */
import { UsageError } from "../core/errors.ts";
import { DAY_MS } from "../core/time.ts";

/** Units of epoch numbers, by what one of them is in milliseconds. */
export const EPOCH_UNITS = {
  seconds: 1000,
  milliseconds: 1,
  microseconds: 1e-3,
  nanoseconds: 1e-6,
} as const;

/** A unit of epoch numbers. */
export type EpochUnit = keyof typeof EPOCH_UNITS;

const FROM_MS = Date.UTC(2009, 0), TO_MS = Date.UTC(2100, 0);

/**
 * The unit in which a number is a time between 2009 and 2100, or null where it is one in none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(epochUnit(1512086400), "seconds");
 * assertEquals(epochUnit(1512086400000), "milliseconds");
 * assertEquals(epochUnit(1735689600000000), "microseconds");
 * assertEquals(epochUnit(42), null);
 * ```
 */
export function epochUnit(value: number): EpochUnit | null {
  for (const [unit, ms] of Object.entries(EPOCH_UNITS)) {
    if (value * ms >= FROM_MS && value * ms < TO_MS) return unit as EpochUnit;
  }
  return null;
}

const STAMP =
  /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{1,2})(?:-([AP]M)|:(\d{2})(?::(\d{2})(?:\.0+)?)?))?(?:Z| ?UTC|\+00:?00)?$/i;

/**
 * A stamp without regard to its zone, as milliseconds since 1970 of the same clock reading in UTC; null where it
 * is none. `12-AM` is midnight, `12-PM` noon.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(readStamp("2019-06-04 12-AM"), Date.UTC(2019, 5, 4));
 * assertEquals(readStamp("2019-06-04 01-PM"), Date.UTC(2019, 5, 4, 13));
 * assertEquals(readStamp("2021-01-01 01:00:00"), Date.UTC(2021, 0, 1, 1));
 * assertEquals(readStamp("2021-02-29"), null);
 * ```
 */
export function readStamp(text: string): number | null {
  const [, year, month, day, hour = "0", half, minute = "0", second = "0"] = STAMP.exec(text) ?? [];
  if (year === undefined) return null;
  if (half !== undefined && (Number(hour) < 1 || Number(hour) > 12)) return null;
  const hours = half === undefined
    ? Number(hour)
    : Number(hour) % 12 + (half.toUpperCase() === "PM" ? 12 : 0);
  if (hours > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const time = Date.UTC(Number(year), Number(month) - 1, Number(day), hours, Number(minute), Number(second));
  const back = new Date(time);
  return back.getUTCMonth() === Number(month) - 1 && back.getUTCDate() === Number(day) ? time : null;
}

/** Whether a stamp says its zone itself. */
export function saysUtc(text: string): boolean {
  return /(Z|UTC|\+00:?00)$/i.test(text);
}

/**
 * The instants at which a zone's clocks show a reading (as {@linkcode readStamp} gives it): one as a rule, none
 * where clocks jump over it in spring, two where they show it again in autumn.
 *
 * @example The clocks of Madrid showed 02:00 twice on the last Sunday of October 2021
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(
 *   localInstants(Date.UTC(2021, 9, 31, 2), "Europe/Madrid").map((ms) => new Date(ms).toISOString()),
 *   ["2021-10-31T00:00:00.000Z", "2021-10-31T01:00:00.000Z"],
 * );
 * assertEquals(localInstants(Date.UTC(2021, 2, 28, 2), "Europe/Madrid"), []);
 * ```
 */
export function localInstants(reading: number, timezone: string): number[] {
  const clock = Temporal.Instant.fromEpochMilliseconds(reading).toZonedDateTimeISO("UTC").toPlainDateTime();
  const shown = (["earlier", "later"] as const)
    .map((disambiguation) => clock.toZonedDateTime(timezone, { disambiguation }))
    .filter((moment) => moment.toPlainDateTime().equals(clock))
    .map((moment) => moment.epochMilliseconds);
  return [...new Set(shown)];
}

/** The same, where only a start of a UTC day will do: its time, or why there is none. */
export function localMidnight(
  reading: number,
  timezone: string,
): { time: number } | { reason: string; detail: string } {
  const instants = localInstants(reading, timezone);
  const time = instants.find((instant) => instant % DAY_MS === 0);
  if (time !== undefined) return { time };
  const clock = new Date(reading).toISOString().slice(0, 16).replace("T", " ");
  return instants.length === 0
    ? { reason: "no_such_local_time", detail: `clocks in ${timezone} never showed ${clock}` }
    : {
      reason: "not_utc_midnight",
      detail: `${clock} in ${timezone} is ${
        new Date(instants[0]!).toISOString().slice(11, 16)
      } UTC, not the start of a UTC day`,
    };
}

/**
 * Refuses a name that is no time zone.
 *
 * @throws {UsageError} for a name that the IANA time zone database does not hold.
 */
export function checkTimezone(timezone: string): void {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(timezone);
  } catch (error) {
    throw new UsageError(
      `Cannot use time zone "${timezone}": there is no such zone, name one such as --timezone Europe/Madrid`,
      { cause: error },
    );
  }
}
