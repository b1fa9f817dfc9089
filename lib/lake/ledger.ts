/**
 * The ledger's state: what each unit of work was last made from and what it made, so that the next run can skip what
 * is done and notice what has been harmed. Its history is the run log, see `run_log.ts`.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { LakeError } from "../core/errors.ts";
import type { Digest } from "./digest.ts";
import type { ObjectStore } from "./store.ts";

const RECORD = z.object({
  /** Hash of everything that the result depends on: inputs, settings, code version. */
  fingerprint: z.string(),
  /** Objects that the unit wrote. */
  outputs: z.array(z.object({ key: z.string(), size: z.number(), sha256: z.string() })),
  /** What the unit wants to remember. */
  notes: z.record(z.string(), z.unknown()),
});

/** What the ledger keeps of a unit. */
export type LedgerRecord = z.infer<typeof RECORD>;

/** SHA-256 in hexadecimal. */
export function sha256(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}

/** A short hash of any JSON value, for fingerprints. */
export function fingerprint(value: unknown): string {
  return sha256(JSON.stringify(value)).slice(0, 32);
}

function recordKey(unit: string): string {
  return `_ledger/units/${unit}.json`;
}

/** The record of a unit, or null where it has never been done. */
export async function readRecord(store: ObjectStore, unit: string): Promise<LedgerRecord | null> {
  const key = recordKey(unit);
  const bytes = await store.get(key);
  if (!bytes) return null;
  try {
    return RECORD.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new LakeError(`Cannot read "${key}": it is damaged, delete it and run again`, { cause });
  }
}

/** All records whose unit starts with `prefix`, by unit. */
export async function readRecords(store: ObjectStore, prefix: string): Promise<Map<string, LedgerRecord>> {
  return new Map(await Array.fromAsync(eachRecord(store, prefix)));
}

/** The same one after another, for records that are large. */
export async function* eachRecord(
  store: ObjectStore,
  prefix: string,
): AsyncGenerator<[unit: string, record: LedgerRecord]> {
  const root = recordKey("").slice(0, -".json".length);
  for (const { key } of await store.list(`${root}${prefix}`)) {
    const unit = key.slice(root.length, -".json".length);
    const record = await readRecord(store, unit);
    if (record) yield [unit, record];
  }
}

/**
 * Writes down that a unit is done.
 *
 * @param digests Of those outputs that somebody digested before committing them; the others are read for it.
 */
export async function writeRecord(
  store: ObjectStore,
  unit: string,
  { fingerprint, outputs, digests = new Map(), notes }: {
    fingerprint: string;
    outputs: readonly string[];
    digests?: ReadonlyMap<string, Digest>;
    notes: LedgerRecord["notes"];
  },
): Promise<LedgerRecord> {
  const sizes = await Promise.all(outputs.map(async (key) => {
    const digest = digests.get(key) ?? await store.digest(key);
    if (!digest) {
      throw new LakeError(`Cannot record "${unit}": its object "${key}" is not in the lake, run again`);
    }
    return { key, ...digest };
  }));
  const record: LedgerRecord = { fingerprint, outputs: sizes, notes };
  await store.put(recordKey(unit), new TextEncoder().encode(`${JSON.stringify(record, null, 2)}\n`));
  return record;
}

/** Whether a unit was done from the very same inputs and all its objects still hold the bytes that it wrote. */
export async function isDone(
  store: ObjectStore,
  unit: string,
  fingerprint: string,
): Promise<LedgerRecord | null> {
  const record = await readRecord(store, unit);
  if (!record || record.fingerprint !== fingerprint) return null;
  for (const { key, size, sha256: expected } of record.outputs) {
    const digest = await store.digest(key);
    if (digest?.size !== size || digest.sha256 !== expected) return null;
  }
  return record;
}

/** Makes a unit count as never done, so that the next run does it again. */
export async function forgetRecord(store: ObjectStore, unit: string): Promise<void> {
  await store.delete(recordKey(unit));
}
