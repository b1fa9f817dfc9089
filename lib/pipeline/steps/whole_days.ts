/**
 * Which days of `raw/` need no second look. A part of the `process` step that has gone through all days writes down
 * the last one that may still grow; the next run looks from there on, so that it is as quick on an old lake as on a
 * young one.
 */
import { DAY_MS, utcDay } from "../../core/time.ts";
import { fingerprint, readRecord, writeRecord } from "../../lake/ledger.ts";
import type { ObjectInfo, ObjectStore } from "../../lake/store.ts";

/** What a unit has written down. */
export interface WholeMark {
  /** The day from which it has to look, or null for all of them. */
  day: string | null;
  /** Fingerprint of the rules by which the days before were gone through, where the unit has such. */
  by: string | null;
}

/** What a unit has written down: nothing at first. */
export async function readMark(store: ObjectStore, unit: string): Promise<WholeMark> {
  const { whole_until: day, made_by: by } = (await readRecord(store, unit))?.notes ?? {};
  return { day: typeof day === "string" ? day : null, by: typeof by === "string" ? by : null };
}

/** The day from which a unit has to look, or null for all of them. */
export async function wholeUntil(store: ObjectStore, unit: string): Promise<string | null> {
  return (await readMark(store, unit)).day;
}

/** Notes that all days before the newest one seen, and before yesterday, are through, `by` some rules. */
export async function markWhole(
  store: ObjectStore,
  unit: string,
  seen: readonly string[],
  now: Date,
  by: string | null = null,
): Promise<void> {
  if (seen.length === 0) return;
  const yesterday = utcDay(now.getTime() - DAY_MS);
  const newest = seen.toSorted().at(-1)!;
  await mark(store, unit, { day: newest < yesterday ? newest : yesterday, by });
}

/** Makes a unit look at a day again, because something came for it late. */
export async function lookAgain(store: ObjectStore, unit: string, day: string): Promise<void> {
  const whole = await readMark(store, unit);
  if (whole.day !== null && day < whole.day) await mark(store, unit, { ...whole, day });
}

async function mark(store: ObjectStore, unit: string, { day, by }: WholeMark): Promise<void> {
  const notes = { whole_until: day, ...by === null ? {} : { made_by: by } };
  await writeRecord(store, unit, { fingerprint: fingerprint(day), outputs: [], notes });
}

/** Objects beneath a prefix with `year=/month=/day=` folders, from a day to tomorrow; all where no day is given. */
export async function objectsSince(
  store: ObjectStore,
  prefix: string,
  { since, now }: { since: string | null; now: Date },
): Promise<ObjectInfo[]> {
  if (since === null) return await store.list(prefix);
  const objects: ObjectInfo[] = [];
  for (let day = Date.parse(since); day <= now.getTime() + DAY_MS; day += DAY_MS) {
    const [year, month, date] = utcDay(day).split("-");
    objects.push(...await store.list(`${prefix}year=${year}/month=${month}/day=${date}/`));
  }
  return objects;
}
