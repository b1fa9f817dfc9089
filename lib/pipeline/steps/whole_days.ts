/**
 * Which days of `raw/` need no second look. A part of the `process` step that has gone through all days writes down
 * the last one that may still grow; the next run looks from there on, so that it is as quick on an old lake as on a
 * young one.
 */
import { DAY_MS, utcDay } from "../../core/time.ts";
import { fingerprint, readRecord, writeRecord } from "../../lake/ledger.ts";
import type { ObjectInfo, ObjectStore } from "../../lake/store.ts";

/** The day from which a unit has to look, or null for all of them. */
export async function wholeUntil(store: ObjectStore, unit: string): Promise<string | null> {
  const day = (await readRecord(store, unit))?.notes["whole_until"];
  return typeof day === "string" ? day : null;
}

/** Notes that all days before the newest one seen, and before yesterday, are through. */
export async function markWhole(
  store: ObjectStore,
  unit: string,
  seen: readonly string[],
  now: Date,
): Promise<void> {
  if (seen.length === 0) return;
  const yesterday = utcDay(now.getTime() - DAY_MS);
  const newest = seen.toSorted().at(-1)!;
  await mark(store, unit, newest < yesterday ? newest : yesterday);
}

/** Makes a unit look at a day again, because something came for it late. */
export async function lookAgain(store: ObjectStore, unit: string, day: string): Promise<void> {
  const whole = await wholeUntil(store, unit);
  if (whole !== null && day < whole) await mark(store, unit, day);
}

async function mark(store: ObjectStore, unit: string, day: string): Promise<void> {
  await writeRecord(store, unit, { fingerprint: fingerprint(day), outputs: [], notes: { whole_until: day } });
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
