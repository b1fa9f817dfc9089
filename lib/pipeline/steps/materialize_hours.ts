/** Completed hours of market snapshots into gold: one object an hour, made anew when the hour's snapshots changed. */
import { LakeError, SqlError } from "../../core/errors.ts";
import { ANALYTICS_PRICES, PROCESSED_PRICES_RAW } from "../../core/tables.ts";
import type { HourFolder } from "../../lake/hour_folders.ts";
import { removeObject } from "../../lake/integrity.ts";
import { hourFolder } from "../../lake/keys.ts";
import { writeRecord } from "../../lake/ledger.ts";
import type { ObjectHash } from "../../lake/run_log.ts";
import type { ObjectStore } from "../../lake/store.ts";
import { inParallel } from "../../lake/turns.ts";
import { damagedAmong } from "../../warehouse/damaged_objects.ts";
import { buildHours, type BuiltHour, insertHourSql } from "../../warehouse/market_hours.ts";
import { hourKey } from "../../warehouse/materialize.ts";
import { openInsert } from "../athena_inserts.ts";
import type { RunContext } from "../context.ts";

import { countHours, hourBatches, hoursToMake, type HourToMake, markHoursMade } from "./hours_to_make.ts";
import { hourUnit } from "./market_hour_units.ts";
import { doneBefore, type Part } from "./process_part.ts";

/** Objects that are committed side by side: most of a commit is waiting for the disk, or for the network. */
const AT_ONCE = 8;

/**
 * Materializes each completed hour whose snapshots are others than when it was made, with the engine of the run.
 *
 * @throws {LakeError} where a snapshot cannot be read, after all other hours were made; where DuckDB would write beside an
 * INSERT that Athena may still be carrying out.
 */
export async function materializeHours(context: RunContext): Promise<Part | null> {
  if (context.settings.engine === "athena") {
    const { insertHours } = await import("./insert_hours_athena.ts");
    return await insertHours(context);
  }
  const { store } = context;
  await refuseOpenInsert(store);
  const sql = context.settings.insertSql ?? await insertHourSql();
  const found = await hoursToMake(context, sql);
  const { since, hours, dirty } = found;
  if (hours.length === 0) return since === null ? null : doneBefore("no new hour of market snapshots");
  const done: HoursDone = { rows: 0, outputs: [], damaged: [] };
  let committing = Promise.resolve();
  try {
    for (const batch of hourBatches(dirty, sql)) {
      const built = await buildDay(context, batch, done);
      await committing;
      // While these are being committed the next day is built.
      committing = commitHours(context, built, done);
      committing.catch(() => {});
    }
  } finally {
    await committing;
  }
  const { rows, outputs, damaged } = done;
  if (damaged.length > 0) {
    throw new LakeError(
      `Cannot materialize "${
        damaged.join('", "')
      }": damaged, move it aside with \`deno task doctor --quarantine ` +
        `--lake ${store.url}\` and run again; the other hours are done`,
    );
  }
  await markHoursMade(context, found);
  if (dirty.length === 0) return doneBefore("the hours of market snapshots were materialized before");
  const detail = `${countHours(dirty.length)} of market snapshots, ${rows} rows`;
  outputs.sort((a, b) => a.key < b.key ? -1 : 1);
  return { done: false, rows_in: rows, rows_out: rows, detail, outputs };
}

/** What has come of the hours so far. */
interface HoursDone {
  rows: number;
  outputs: ObjectHash[];
  damaged: string[];
}

/** An hour's partition, and what it was made from. */
type Built = BuiltHour & Pick<HourToMake, "fingerprint">;

/** Hours of one day at once; one by one where an object among them is damaged, so that the others are made. */
async function buildDay(
  context: RunContext,
  hours: readonly HourToMake[],
  done: HoursDone,
): Promise<Built[]> {
  const { store } = context;
  await Promise.all(hours.map((hour) => refuseForeign(store, hour)));
  try {
    const { kind } = context;
    const { insertSql: sql } = context.settings;
    const to = { folder: await store.scratch(), kind, sql } as const;
    const built = await buildHours(await context.engine(), store, hours, to);
    return built.map((one, i) => ({ ...one, fingerprint: hours[i]!.fingerprint }));
  } catch (error) {
    const damaged = error instanceof SqlError ? await damagedInHours(context, hours) : [];
    if (damaged.length === 0) throw error;
    if (hours.length === 1) {
      done.damaged.push(...damaged);
      return [];
    }
    const built: Built[] = [];
    for (const hour of hours) built.push(...await buildDay(context, [hour], done));
    return built;
  }
}

async function damagedInHours(context: RunContext, hours: readonly HourFolder[]): Promise<string[]> {
  const keys = hours.flatMap(({ objects }) => objects.map(({ key }) => key));
  return await damagedAmong(await context.engine(), context.store, { table: PROCESSED_PRICES_RAW, keys });
}

async function commitHours(
  { store, effects }: RunContext,
  built: readonly Built[],
  done: HoursDone,
): Promise<void> {
  await inParallel(AT_ONCE, built, async ({ start_ms, rows, path, fingerprint }) => {
    const key = hourKey(start_ms);
    // An hour whose snapshots hold no usable row has no object.
    if (path !== null) await store.putFile(key, path);
    else await removeObject(store, key, effects.now());
    const outputs = path === null ? [] : [key];
    const record = await writeRecord(store, hourUnit(start_ms), { fingerprint, outputs, notes: { rows } });
    done.outputs.push(...record.outputs);
    done.rows += rows;
  });
}

/** Athena's objects appear when its query ends: until then an hour that it writes looks empty. */
async function refuseOpenInsert(store: ObjectStore): Promise<void> {
  const open = await openInsert(store);
  if (open === null) return;
  throw new LakeError(
    `Cannot materialize hourly gold: an INSERT was sent to Athena and not seen to its end (query ` +
      `${open.insert.query_id ?? "unknown"}), run once more with --engine athena`,
  );
}

async function refuseForeign(store: ObjectStore, { start_ms }: HourFolder): Promise<void> {
  const folder = hourFolder(ANALYTICS_PRICES.prefix, start_ms);
  const foreign = (await store.list(folder)).find(({ key }) => key !== hourKey(start_ms));
  if (foreign === undefined) return;
  throw new LakeError(
    `Cannot materialize "${folder}": Athena wrote into it (${foreign.key}), and an object beside that would ` +
      `double its rows; go on with --engine athena, or take the folder's objects away to have DuckDB make it`,
  );
}
