/**
 * What the ledger knows of Athena's INSERTs into hourly gold. At most one is open: it is written down before it is sent,
 * so that after a crash the next run finds the same query instead of starting another one beside it. Each one that has
 * ended is kept with the objects that it wrote: what no successful one wrote, a failed one left behind.
 */
import { z } from "zod";
import { LakeError } from "../core/errors.ts";
import { ANALYTICS_PRICES } from "../core/tables.ts";
import { utcDay } from "../core/time.ts";
import { hourOf } from "../lake/keys.ts";
import { forgetRecord, readRecord, readRecords, writeRecord } from "../lake/ledger.ts";
import type { ObjectStore } from "../lake/store.ts";
import { hourKey } from "../warehouse/materialize.ts";

const OPEN = "materialize/athena_insert";
const ENDED = "materialize/athena_inserts/";

const INSERT = z.object({
  sql: z.string(),
  token: z.string(),
  /** Absent where it may never have reached Athena. */
  query_id: z.string().optional(),
  /** When the run began that learned its id. */
  sent_at: z.iso.datetime().optional(),
  /** Starts of its hours (epoch milliseconds), each with the fingerprint of what it is made from. */
  hours: z.array(z.object({ start_ms: z.number(), fingerprint: z.string() })),
});

const END = z.object({
  state: z.enum(["done", "failed"]),
  query_id: z.string(),
  /** Fingerprint of all its hours. */
  of: z.string(),
  rows: z.number(),
  bytes_scanned: z.number(),
  /** Objects that it wrote; of a failed one, what there was of them when it ended. */
  objects: z.array(z.string()),
  /** Why it failed. */
  reason: z.string().optional(),
});

/** An INSERT that was sent, or is about to be. */
export type OpenInsert = z.infer<typeof INSERT>;
/** How one ended. */
export type EndedInsert = z.infer<typeof END>;

/** The open one, with the fingerprint of all its hours, or null. */
export async function openInsert(store: ObjectStore): Promise<{ of: string; insert: OpenInsert } | null> {
  const record = await readRecord(store, OPEN);
  return record && { of: record.fingerprint, insert: INSERT.parse(record.notes) };
}

/** Writes down what is about to be sent, or that it got an id. */
export async function noteOpen(store: ObjectStore, of: string, insert: OpenInsert): Promise<void> {
  await writeRecord(store, OPEN, { fingerprint: of, outputs: [], notes: insert });
}

/** Writes down how an INSERT ended. */
export async function noteEnd(store: ObjectStore, { hours }: OpenInsert, end: EndedInsert): Promise<void> {
  const unit = `${ENDED}${utcDay(hours[0]!.start_ms)}/${end.query_id}`;
  await writeRecord(store, unit, { fingerprint: end.of, outputs: [], notes: end });
}

/** To be called after everything that follows from an INSERT's end is written down. */
export async function closeInsert(store: ObjectStore): Promise<void> {
  await forgetRecord(store, OPEN);
}

/** Those of a day (`YYYY-MM-DD`) that have ended; of all days where none is given. */
export async function endedInserts(store: ObjectStore, day?: string): Promise<EndedInsert[]> {
  const records = await readRecords(store, day === undefined ? ENDED : `${ENDED}${day}/`);
  return [...records.values()].map(({ notes }) => END.parse(notes));
}

/** An object in hourly gold that nothing in the ledger accounts for. */
export interface Orphan {
  key: string;
  /** The failed query that left it, where one is known to have. */
  query_id: string | null;
}

/** Objects among some keys of hourly gold that neither DuckDB nor a successful INSERT has written. */
export function orphansAmong(keys: readonly string[], ended: readonly EndedInsert[]): Orphan[] {
  const writers = new Map<string, EndedInsert>();
  for (const insert of ended) for (const key of insert.objects) writers.set(key, insert);
  return keys.flatMap((key) => {
    const start_ms = hourOf(key), writer = writers.get(key);
    if (writer?.state === "done" || start_ms !== null && key === hourKey(start_ms)) return [];
    return [{ key, query_id: writer?.query_id ?? null }];
  });
}

/** The same for a whole lake. */
export async function findOrphans(store: ObjectStore): Promise<Orphan[]> {
  const keys = (await store.list(ANALYTICS_PRICES.prefix)).map(({ key }) => key);
  const foreign = keys.filter((key) => hourOf(key) === null || key !== hourKey(hourOf(key)!));
  return foreign.length === 0 ? [] : orphansAmong(foreign, await endedInserts(store));
}

/**
 * Keys that Athena's manifest names, one URL a line.
 *
 * @throws {LakeError} where one of them is not in this lake.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(manifestKeys("s3://lake/analytics/a\ns3://lake/analytics/b\n", "s3://lake"), [
 *   "analytics/a",
 *   "analytics/b",
 * ]);
 * ```
 */
export function manifestKeys(text: string, lake: string): string[] {
  const urls = text.split(/\r?\n/).map((line) => line.trim().replace(/^"(.*)"$/, "$1")).filter((line) =>
    line !== ""
  );
  const foreign = urls.find((url) => !url.startsWith(`${lake}/`));
  if (foreign !== undefined) {
    throw new LakeError(
      `Cannot account for "${foreign}": Athena wrote it outside of lake ${lake}, see where its table ` +
        `crypto_gold.analytics_prices lies (\`deno task query --engine athena --create --lake ${lake}\` moves it here)`,
    );
  }
  return urls.map((url) => url.slice(lake.length + 1));
}
