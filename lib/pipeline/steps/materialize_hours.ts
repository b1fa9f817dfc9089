/** Completed hours of market snapshots into gold: one object an hour, made anew when the hour's snapshots changed. */
import { LakeError, SqlError } from "../../core/errors.ts";
import { PROCESSED_PRICES, PROCESSED_PRICES_RAW } from "../../core/tables.ts";
import { HOUR_MS, utcDay } from "../../core/time.ts";
import { type HourFolder } from "../../lake/hour_folders.ts";
import { hourFolder, hourOf } from "../../lake/keys.ts";
import { fingerprint, isDone, writeRecord } from "../../lake/ledger.ts";
import type { ObjectHash } from "../../lake/run_log.ts";
import { damagedAmong } from "../../warehouse/damaged_objects.ts";
import { buildHour, insertHourSql } from "../../warehouse/market_hours.ts";
import { hourKey } from "../../warehouse/materialize.ts";
import type { RunContext } from "../context.ts";
import { HOURS_UNIT, hourUnit } from "./market_hour_units.ts";
import { doneBefore, type Part } from "./process_part.ts";
import { markWhole, objectsSince, wholeUntil } from "./whole_days.ts";

/** Raise this when partitions change for another reason than the statement. */
const HOURS_VERSION = 1;

/**
 * Materializes each completed hour whose snapshots are others than when it was made: the hour that has just ended, and
 * older ones to which a snapshot came late. Days that are through are not looked at again.
 *
 * @throws {LakeError} where a snapshot cannot be read, after all other hours were made.
 */
export async function materializeHours(context: RunContext): Promise<Part | null> {
  const { store } = context;
  const since = await wholeUntil(store, HOURS_UNIT);
  const hours = await completedHours(context, since);
  if (hours.length === 0) return since === null ? null : doneBefore("no new hour of market snapshots");
  const sql = await insertHourSql();
  const inputs = (hour: HourFolder) => fingerprint([HOURS_VERSION, sql, hour.objects]);
  const done = await Promise.all(hours.map((hour) => isDone(store, hourUnit(hour.start_ms), inputs(hour))));
  const dirty = hours.filter((_, i) => done[i] === null);
  const outputs: ObjectHash[] = [];
  const damaged: string[] = [];
  let rows = 0;
  for (const hour of dirty) {
    try {
      const made = await materializeHour(context, hour);
      const record = await writeRecord(store, hourUnit(hour.start_ms), {
        fingerprint: inputs(hour),
        outputs: made > 0 ? [hourKey(hour.start_ms)] : [],
        notes: { rows: made },
      });
      outputs.push(...record.outputs);
      rows += made;
    } catch (error) {
      const found = error instanceof SqlError ? await damagedInHour(context, hour) : [];
      if (found.length === 0) throw error;
      damaged.push(...found);
    }
  }
  if (damaged.length > 0) {
    throw new LakeError(
      `Cannot materialize "${
        damaged.join('", "')
      }": damaged, move it aside with \`deno task doctor --quarantine ` +
        `--lake ${store.url}\` and run again; the other hours are done`,
    );
  }
  // A snapshot that came late meanwhile has moved the mark back: then it stays there.
  if (await wholeUntil(store, HOURS_UNIT) === since) {
    await markWhole(store, HOURS_UNIT, hours.map(({ start_ms }) => utcDay(start_ms)), context.startedAt);
  }
  if (dirty.length === 0) return doneBefore("the hours of market snapshots were materialized before");
  const hoursMade = `${dirty.length} ${dirty.length === 1 ? "hour" : "hours"}`;
  const detail = `${hoursMade} of market snapshots, ${rows} rows`;
  return { done: false, rows_in: rows, rows_out: rows, detail, outputs };
}

/** The hours that are over and hold snapshots, from a day on, oldest first. */
async function completedHours({ store, startedAt }: RunContext, since: string | null): Promise<HourFolder[]> {
  const objects = await objectsSince(store, PROCESSED_PRICES.prefix, { since, now: startedAt });
  const hours = Map.groupBy(objects, ({ key }) => hourOf(key) ?? NaN);
  return [...hours].filter(([start_ms]) => start_ms + HOUR_MS <= startedAt.getTime())
    .map(([start_ms, objects]) => ({
      start_ms,
      folder: hourFolder(PROCESSED_PRICES.prefix, start_ms),
      objects,
    }))
    .sort((a, b) => a.start_ms - b.start_ms);
}

async function damagedInHour(context: RunContext, { objects }: HourFolder): Promise<string[]> {
  const keys = objects.map(({ key }) => key);
  return await damagedAmong(await context.engine(), context.store, { table: PROCESSED_PRICES_RAW, keys });
}

async function materializeHour(context: RunContext, hour: HourFolder): Promise<number> {
  const { store } = context;
  const path = `${await store.scratch()}/hour.parquet`;
  const kind = context.settings.source === "demo" ? "demo" : "live";
  const rows = await buildHour(await context.engine(), store, hour, { path, kind });
  // An hour whose snapshots hold no usable row has no object.
  if (rows > 0) await store.putFile(hourKey(hour.start_ms), path);
  else await store.delete(hourKey(hour.start_ms));
  return rows;
}
