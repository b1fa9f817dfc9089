/**
 * Whether every object still holds the bytes that were committed: the run log and the ledger know the size and
 * SHA-256 of each, and which were taken away on purpose. A damaged object is moved to `quarantine/`, never deleted; what
 * can be made again is.
 */
import { z } from "zod";
import { LakeError } from "../core/errors.ts";
import { forgetRecord, readRecords, sha256, writeRecord } from "./ledger.ts";
import type { ObjectHash } from "./run_log.ts";
import type { ObjectStore } from "./store.ts";

/** An object that is not what was committed. */
export interface Damage {
  key: string;
  problem: "missing" | "wrong size" | "wrong bytes";
  detail: string;
}

const RUN_ENTRY = z.object({
  ended_at: z.string(),
  outputs: z.array(z.object({ key: z.string(), size: z.number(), sha256: z.string() })),
});

/** Records of what was taken away, by key. */
const REMOVED = "removed/";

/**
 * Takes a committed object away on purpose: nobody misses it from then on. That is written down first, so that no crash
 * hides it; until the unit that made the object has a new record, its old one still asks for it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { LocalStore } from "./store_local.ts";
 * const store = new LocalStore(await Deno.makeTempDir());
 * await store.put("processed/a", new Uint8Array(1));
 * await removeObject(store, "processed/a", new Date("2026-01-02"));
 * assertEquals(await store.head("processed/a"), null);
 * await store.close();
 * ```
 */
export async function removeObject(store: ObjectStore, key: string, now: Date): Promise<void> {
  if (await store.head(key) === null) return;
  await noteRemoved(store, key, now);
  await store.delete(key);
}

/** Writes down that an object is gone for good, under this key. */
export async function noteRemoved(store: ObjectStore, key: string, now: Date): Promise<void> {
  const notes = { removed_at: now.toISOString() };
  await writeRecord(store, `${REMOVED}${key}`, { fingerprint: "removed", outputs: [], notes });
}

/**
 * What each object of the lake should hold: the newest word of the run log and of what was taken away, then that of the
 * ledger's records, which are of now.
 */
export async function committedObjects(store: ObjectStore): Promise<Map<string, ObjectHash>> {
  const entries: { ended_at: string; outputs: ObjectHash[]; removed?: string }[] = [];
  for (const { key } of await store.list("_ledger/runs/")) {
    const bytes = await store.get(key);
    if (!bytes) continue;
    try {
      entries.push(RUN_ENTRY.parse(JSON.parse(new TextDecoder().decode(bytes))));
    } catch (cause) {
      throw new LakeError(
        `Cannot read the run log's "${key}": it is damaged, move it out of the lake by hand`,
        {
          cause,
        },
      );
    }
  }
  const records = await readRecords(store, "");
  for (const [unit, { notes }] of records) {
    if (!unit.startsWith(REMOVED)) continue;
    entries.push({ ended_at: String(notes["removed_at"]), outputs: [], removed: unit.slice(REMOVED.length) });
  }
  const at = ({ ended_at }: { ended_at: string }) => Date.parse(ended_at);
  entries.sort((a, b) => at(a) - at(b));
  const objects = new Map<string, ObjectHash>();
  for (const { outputs, removed } of entries) {
    for (const output of outputs) objects.set(output.key, output);
    if (removed !== undefined) objects.delete(removed);
  }
  for (const record of records.values()) {
    for (const output of record.outputs) objects.set(output.key, output);
  }
  return objects;
}

/**
 * Objects that are not what was committed. A writer may put an object and its word in the ledger while this looks: what
 * seems damaged is looked at once more by the newest word, and only what is still wrong is told.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { writeRecord } from "./ledger.ts";
 * import { LocalStore } from "./store_local.ts";
 * const store = new LocalStore(await Deno.makeTempDir());
 * await store.put("processed/a", new TextEncoder().encode("whole"));
 * await writeRecord(store, "unit", { fingerprint: "1", outputs: ["processed/a"], notes: {} });
 * assertEquals(await findDamages(store), []);
 * await store.delete("processed/a");
 * assertEquals((await findDamages(store))[0]!.problem, "missing");
 * await store.close();
 * ```
 */
export async function findDamages(store: ObjectStore): Promise<Damage[]> {
  const suspects = await damagesAmong(store, (await committedObjects(store)).values());
  if (suspects.length === 0) return [];
  const newest = await committedObjects(store);
  return await damagesAmong(store, suspects.flatMap(({ key }) => newest.get(key) ?? []));
}

async function damagesAmong(store: ObjectStore, objects: Iterable<ObjectHash>): Promise<Damage[]> {
  const damages: Damage[] = [];
  for (const expected of objects) {
    const damage = await checkObject(store, expected);
    if (damage) damages.push(damage);
  }
  return damages;
}

/**
 * Compares an object with what was committed; null where it is whole. A missing object counts as damaged.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { objectHash } from "./run_log.ts";
 * import { LocalStore } from "./store_local.ts";
 * const store = new LocalStore(await Deno.makeTempDir());
 * const bytes = new TextEncoder().encode("whole");
 * await store.put("raw/a", bytes);
 * assertEquals(await checkObject(store, objectHash("raw/a", bytes)), null);
 * await store.put("raw/a", bytes.subarray(1));
 * assertEquals((await checkObject(store, objectHash("raw/a", bytes)))!.problem, "wrong size");
 * await store.close();
 * ```
 */
export async function checkObject(store: ObjectStore, expected: ObjectHash): Promise<Damage | null> {
  const { key, size } = expected;
  const digest = await store.digest(key);
  if (!digest) return { key, problem: "missing", detail: `${key} is gone, it held ${size} bytes` };
  if (digest.size !== size) {
    return { key, problem: "wrong size", detail: `${key} has ${digest.size} bytes, ${size} were committed` };
  }
  if (digest.sha256 === expected.sha256) return null;
  return { key, problem: "wrong bytes", detail: `${key} does not hold the bytes that were committed` };
}

/**
 * Moves a damaged object out of the tables' sight, to `quarantine/<key>.<hash of what is there>`, and makes the units
 * that wrote it count as not done, so that the next run makes it again where it can. Gives the new key.
 */
export async function quarantine(store: ObjectStore, { key }: Pick<Damage, "key">): Promise<string | null> {
  for (const [unit, { outputs }] of await readRecords(store, "")) {
    if (outputs.some((output) => output.key === key) && !key.startsWith("raw/")) {
      await forgetRecord(store, unit);
    }
  }
  const bytes = await store.get(key);
  if (!bytes) return null;
  const aside = `quarantine/${key}.${sha256(bytes).slice(0, 8)}`;
  await store.putNew(aside, bytes);
  await store.delete(key);
  return aside;
}
