/**
 * Completed hours of market snapshots into gold, by Athena: `insert_last_hour.sql` as it stands, one query for the hours
 * of a day. It inserts what is not there yet, so that no order of crashes and reruns doubles a row.
 */
import { ConfigError, type LakebookError, LakeError } from "../../core/errors.ts";
import { ANALYTICS_PRICES, PROCESSED_PRICES_RAW } from "../../core/tables.ts";
import { DAY_MS, utcDay } from "../../core/time.ts";
import { hourFolder, hourOf } from "../../lake/keys.ts";
import { fingerprint, writeRecord } from "../../lake/ledger.ts";
import { openStore } from "../../lake/open_lake.ts";
import type { ObjectHash } from "../../lake/run_log.ts";
import { isUnknownQuery } from "../../warehouse/athena_errors.ts";
import { megabytes } from "../../warehouse/athena_price.ts";
import { athenaSettings } from "../../warehouse/athena_settings.ts";
import { AthenaEngine, type AthenaWrite, requestToken } from "../../warehouse/engine_athena.ts";
import { hourPlaces, insertHourSql } from "../../warehouse/market_hours.ts";
import { fillTemplate } from "../../warehouse/translate.ts";
import {
  closeInsert,
  type EndedInsert,
  endedInserts,
  manifestKeys,
  noteEnd,
  noteOpen,
  type OpenInsert,
  openInsert,
  orphansAmong,
} from "../athena_inserts.ts";
import type { RunContext } from "../context.ts";
import { countHours, hourBatches, hoursToMake, type HourToMake, markHoursMade } from "./hours_to_make.ts";
import { hourUnit } from "./market_hour_units.ts";
import { doneBefore, type Part } from "./process_part.ts";

/** Longer than any query of Athena's may run: one that is unknown after that is not running anywhere. */
const LONGEST_RUN_MS = DAY_MS;

/** What Athena was asked, for the run log. */
interface Done {
  inserts: EndedInsert[];
  hours: number;
  outputs: ObjectHash[];
}

/**
 * Inserts each completed hour whose snapshots are others than when it was made, oldest day first. An earlier run's query
 * that was not seen to its end is waited for first.
 *
 * @throws {ConfigError} where Athena's tables lie over another lake.
 * @throws {LakeError} where an earlier INSERT that failed has left objects in an hour: its rows may be among them; where
 * a query's objects are not all in the lake, or Athena does not know a query that may still be running.
 * @throws {SqlError} where a query fails, or the byte budget is spent; what was inserted before is done.
 */
export async function insertHours(context: RunContext): Promise<Part | null> {
  const { store, settings, effects } = context;
  using engine = new AthenaEngine(athenaSettings(settings.env), effects);
  const done: Done = { inserts: [], hours: 0, outputs: [] };
  const open = await openInsert(store);
  if (open) {
    const failure = await settle(context, engine, { ...open, done });
    if (failure) effects.log.warn(`an earlier run's query failed: ${failure.message}`);
  }
  const sql = settings.insertSql ?? await insertHourSql();
  const found = await hoursToMake(context, sql);
  const { since, hours, dirty } = found;
  if (dirty.length > 0) await checkTables(context, engine);
  for (const batch of hourBatches(dirty, sql)) {
    await refuseOrphans(context, batch);
    const failure = await settle(context, engine, { ...await prepare(context, sql, batch), done });
    if (failure) throw failure;
  }
  if (hours.length > 0) await markHoursMade(context, found);
  if (done.inserts.length > 0) return summary(done);
  if (hours.length === 0) return since === null ? null : doneBefore("no new hour of market snapshots");
  return doneBefore("0 rows inserted, the hours of market snapshots were materialized before");
}

/** Writes down an INSERT before it is sent. */
async function prepare(
  { store }: RunContext,
  template: string,
  batch: readonly HourToMake[],
): Promise<{ of: string; insert: OpenInsert }> {
  const hours = batch.map(({ start_ms, fingerprint }) => ({ start_ms, fingerprint }));
  const of = fingerprint(hours);
  const sql = fillTemplate(template, hourPlaces(hours[0]!.start_ms, hours.at(-1)!.start_ms));
  const before = await endedInserts(store, utcDay(hours[0]!.start_ms));
  // A token that stands for a query which has ended would bring its end back instead of a new query.
  const tries = before.filter((ended) => ended.of === of).length;
  const token = requestToken(store.url, "insert_last_hour", of, String(tries));
  const insert = { sql, token, hours };
  await noteOpen(store, of, insert);
  return { of, insert };
}

/** Sends an INSERT, or finds it where it was sent before, waits for its end, and writes down what came of it. Gives its failure. */
async function settle(
  { store, startedAt, settings: { env } }: RunContext,
  engine: AthenaEngine,
  { of, insert, done }: { of: string; insert: OpenInsert; done: Done },
): Promise<LakebookError | null> {
  const { sql, hours } = insert;
  const write = await engine.write(sql, {
    ...insert,
    onStart: (query_id) => noteOpen(store, of, { ...insert, query_id, sent_at: startedAt.toISOString() }),
  }).catch((error) => forgotten(insert, error, startedAt));
  const { query_id, rows, bytes_scanned, manifest } = write;
  const list = manifest === null ? "" : await readManifest(manifest, env);
  const days = await Promise.all(
    [...new Set(hours.map(({ start_ms }) => utcDay(start_ms)))].map((day) =>
      store.list(dayFolder(Date.parse(day)))
    ),
  );
  const there = days.flat().map(({ key }) => key);
  const { objects, failure } = account(write, { list, there, lake: store.url });
  const end: EndedInsert = {
    ...{ state: failure ? "failed" : "done", query_id, of, rows, bytes_scanned, objects },
    ...failure ? { reason: failure.message } : {},
  };
  await noteEnd(store, insert, end);
  if (!failure) {
    for (const { start_ms, fingerprint } of hours) {
      const record = await writeRecord(store, hourUnit(start_ms), {
        fingerprint,
        outputs: there.filter((key) => hourOf(key) === start_ms),
        notes: { engine: "athena", query_id },
      });
      done.outputs.push(...record.outputs.filter(({ key }) => objects.includes(key)));
    }
  }
  await closeInsert(store);
  if (failure) return failure;
  done.inserts.push(end);
  done.hours += hours.length;
  return null;
}

/** What is known of an INSERT's end. */
type InsertEnd = Pick<AthenaWrite, "query_id" | "rows" | "bytes_scanned" | "failure" | "manifest">;

/**
 * A query that Athena does not know any more has failed, as far as anybody can tell: what it may have written has to be
 * moved aside. A young one may be running in another account or region.
 */
function forgotten({ query_id, sent_at }: OpenInsert, error: unknown, now: Date): InsertEnd {
  if (!isUnknownQuery(error) || query_id === undefined) throw error;
  if (sent_at !== undefined && now.getTime() - Date.parse(sent_at) < LONGEST_RUN_MS) {
    throw new LakeError(
      `Cannot see query ${query_id} to its end: Athena does not know it here, run again with the region and ` +
        `credentials that it was sent with; a day after it was sent (${sent_at}) it counts as failed`,
      { cause: error },
    );
  }
  const failure = new LakeError(
    `Cannot see query ${query_id} to its end: Athena does not know it any more, so it counts as failed`,
    { cause: error },
  );
  return { query_id, rows: 0, bytes_scanned: 0, failure, manifest: null };
}

/**
 * The objects of a query that are in the lake. One whose objects are not all there counts as failed: nobody knows what
 * became of its rows, so those that are there have to be moved aside.
 */
function account(
  { query_id, rows, manifest, failure }: InsertEnd,
  { list, there, lake }: { list: string; there: readonly string[]; lake: string },
): { objects: string[]; failure: LakebookError | null } {
  let written: string[];
  try {
    written = manifestKeys(list, lake);
  } catch (error) {
    if (!(error instanceof LakeError)) throw error;
    return { objects: [], failure: failure ?? error };
  }
  const objects = written.filter((key) => there.includes(key));
  if (failure || objects.length === written.length && (rows === 0 || objects.length > 0)) {
    return { objects, failure };
  }
  const state =
    `it inserted ${rows} rows, and of its objects ${objects.length} of ${written.length} are in lake ` +
    `${lake} (see its list, ${manifest ?? "which Athena does not name"})`;
  return {
    objects,
    failure: new LakeError(
      `Cannot account for query ${query_id}: ${state}, so it counts as failed, run again`,
    ),
  };
}

/** The list of a query's objects, which Athena keeps beside its results. */
async function readManifest(manifest: string, env: RunContext["settings"]["env"]): Promise<string> {
  const slash = manifest.lastIndexOf("/");
  const results = await openStore(manifest.slice(0, slash), { env });
  await using _closing = { [Symbol.asyncDispose]: () => results.close() };
  const bytes = await results.get(manifest.slice(slash + 1));
  // A query that wrote nothing may have no list.
  return bytes === null ? "" : new TextDecoder().decode(bytes);
}

/** Rows of a failed INSERT would count as being there: they have to be taken out of sight first. */
async function refuseOrphans({ store }: RunContext, batch: readonly HourToMake[]): Promise<void> {
  const first = batch[0]!.start_ms, starts = new Set(batch.map(({ start_ms }) => start_ms));
  const objects = (await store.list(dayFolder(first))).map(({ key }) => key)
    .filter((key) => starts.has(hourOf(key) ?? NaN));
  const orphans = orphansAmong(objects, await endedInserts(store, utcDay(first)));
  if (orphans.length === 0) return;
  const { key, query_id } = orphans[0]!;
  throw new LakeError(
    `Cannot insert into "${
      hourFolder(ANALYTICS_PRICES.prefix, hourOf(key)!)
    }": ${orphans.length} of its objects were ` +
      `written by no successful query (the first is ${key}${
        query_id ? `, left by query ${query_id}` : ""
      }), move them ` +
      `aside with \`deno task doctor --quarantine --lake ${store.url}\` and run again`,
  );
}

/** Athena's tables know where they lie: they must lie here, or the rows go elsewhere. */
async function checkTables({ store }: RunContext, engine: AthenaEngine): Promise<void> {
  for (const { database, name, prefix } of [PROCESSED_PRICES_RAW, ANALYTICS_PRICES]) {
    const { rows } = await engine.query(`SHOW CREATE TABLE ${database}.${name}`);
    const place = `${store.url}/${prefix}`;
    if (rows.flat().join("\n").includes(`${place}year=`)) continue;
    throw new ConfigError(
      `Cannot insert into lake "${store.url}": Athena's table ${database}.${name} does not lie at ${place}, ` +
        `\`deno task query --engine athena --create --lake ${store.url}\` puts it there`,
    );
  }
}

function dayFolder(day_ms: number): string {
  return hourFolder(ANALYTICS_PRICES.prefix, day_ms).replace(/hour=\d+\/$/, "");
}

function summary({ inserts, hours, outputs }: Done): Part {
  const rows = inserts.reduce((sum, insert) => sum + insert.rows, 0);
  const scanned = inserts.reduce((sum, { bytes_scanned }) => sum + bytes_scanned, 0);
  const ids = inserts.map(({ query_id }) => query_id);
  const detail = `${countHours(hours)} of market snapshots, ${rows} rows inserted by Athena, ` +
    `${megabytes(scanned)} scanned, ${ids.length === 1 ? "query" : "queries"} ${ids.join(", ")}`;
  return { done: false, rows_in: rows, rows_out: rows, detail, outputs };
}
