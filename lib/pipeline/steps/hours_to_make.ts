/** Which completed hours of market snapshots are not in gold yet, or in gold from other snapshots: for either engine. */
import { PROCESSED_PRICES } from "../../core/tables.ts";
import { DAY_MS, HOUR_MS, utcDay } from "../../core/time.ts";
import type { HourFolder } from "../../lake/hour_folders.ts";
import { hourFolder, hourOf } from "../../lake/keys.ts";
import { fingerprint, isDone } from "../../lake/ledger.ts";
import type { ObjectStore } from "../../lake/store.ts";
import type { RunContext } from "../context.ts";
import { HOURS_UNIT, hourUnit } from "./market_hour_units.ts";
import { markWhole, objectsSince, readMark, type WholeMark } from "./whole_days.ts";

/** Raise this when partitions change for another reason than the statement. */
const HOURS_VERSION = 1;

/** An hour whose snapshots are others than when it was made. */
export interface HourToMake extends HourFolder {
  /** Of all that its rows depend on. */
  fingerprint: string;
}

/** What {@linkcode hoursToMake} found. */
export interface HoursToMake {
  /** The day from which it looked, or null for all of them. */
  since: string | null;
  /** What was written down then of the days before. */
  mark: WholeMark;
  /** Fingerprint of the template, whatever the hour. */
  by: string;
  /** Hours that were looked at, oldest first. */
  hours: HourFolder[];
  /** Those of them that are to be made. */
  dirty: HourToMake[];
}

/**
 * Looks at the hours that are over: the one that has just ended, and older ones to which a snapshot came late. Days that
 * are through are not looked at again, but by another template. Which engine made an hour does not matter.
 *
 * @param sql The template that makes them.
 */
export async function hoursToMake(
  { store, startedAt }: Pick<RunContext, "store" | "startedAt">,
  sql: string,
): Promise<HoursToMake> {
  const mark = await readMark(store, HOURS_UNIT);
  const by = fingerprint([HOURS_VERSION, sql]);
  const since = mark.by === by ? mark.day : null;
  const objects = await objectsSince(store, PROCESSED_PRICES.prefix, { since, now: startedAt });
  const hours = [...Map.groupBy(objects, ({ key }) => hourOf(key) ?? NaN)]
    .filter(([start_ms]) => start_ms + HOUR_MS <= startedAt.getTime())
    .map(([start_ms, objects]) => ({
      start_ms,
      folder: hourFolder(PROCESSED_PRICES.prefix, start_ms),
      objects,
    }))
    .sort((a, b) => a.start_ms - b.start_ms);
  const made = await Promise.all(hours.map(async (hour) => {
    const inputs = fingerprint([HOURS_VERSION, sql, hour.objects]);
    return await isDone(store, hourUnit(hour.start_ms), inputs) ? [] : [{ ...hour, fingerprint: inputs }];
  }));
  return { since, mark, by, hours, dirty: made.flat() };
}

/** Notes that all of them are made. */
export async function markHoursMade(
  { store, startedAt }: { store: ObjectStore; startedAt: Date },
  { mark, by, hours }: HoursToMake,
): Promise<void> {
  // A snapshot that came late meanwhile has moved the mark back: then it stays there.
  if ((await readMark(store, HOURS_UNIT)).day !== mark.day) return;
  await markWhole(store, HOURS_UNIT, hours.map(({ start_ms }) => utcDay(start_ms)), startedAt, by);
}

/** `1 hour`, `2 hours`. */
export function countHours(count: number): string {
  return `${count} ${count === 1 ? "hour" : "hours"}`;
}

/**
 * Hours that one statement makes: those of a day together, 24 partitions at most where Athena takes 100; one by one where
 * the template knows `${hour}` only.
 */
export function hourBatches<Hour extends { start_ms: number }>(
  hours: readonly Hour[],
  sql: string,
): Hour[][] {
  const ms = sql.includes("${hour}") ? HOUR_MS : DAY_MS;
  return [...Map.groupBy(hours, ({ start_ms }) => Math.floor(start_ms / ms)).values()];
}
