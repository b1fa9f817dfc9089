import { assertEquals } from "@std/assert";
import { committedObjects, findDamages, removeObject } from "./integrity.ts";
import { writeRecord } from "./ledger.ts";
import { logRun, type ObjectHash, objectHash } from "./run_log.ts";
import { LocalStore } from "./store_local.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

async function inLake(run: (store: LocalStore) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  await run(new LocalStore(folder)).finally(() => Deno.remove(folder, { recursive: true }));
}

/** A store in which a writer is at work as soon as somebody looks at an object. */
class BusyStore extends LocalStore {
  writer: (() => Promise<void>) | null = null;

  override async digest(key: string) {
    const { writer } = this;
    this.writer = null;
    await writer?.();
    return await super.digest(key);
  }
}

async function commit(store: LocalStore, key: string, text: string): Promise<void> {
  await store.put(key, bytesOf(text));
  await writeRecord(store, `unit/${key}`, { fingerprint: text, outputs: [key], notes: {} });
}

Deno.test("findDamages() looks again where a writer was at work, and tells what is still wrong", () =>
  inLake(async ({ url }) => {
    const store = new BusyStore(url);
    for (const key of ["processed/a", "processed/b"]) await commit(store, key, "first");
    await store.put("processed/b", bytesOf("damage"));
    store.writer = () => commit(store, "processed/a", "second");
    assertEquals((await findDamages(store)).map(({ key, detail }) => [key, detail]), [
      ["processed/b", "processed/b has 6 bytes, 5 were committed"],
    ]);
  }));

Deno.test("committedObjects() takes the newest word: of the log, of what was taken away, then of the records", () =>
  inLake(async (store) => {
    const at = (hour: number) => `2026-01-02T0${hour}:00:00.000Z`;
    const entry = (hour: number, outputs: ObjectHash[]) => ({
      ...{ run_id: `run-${hour}`, command: "pipeline", step: "process", unit: "a", status: "ok" },
      ...{ started_at: at(hour), ended_at: at(hour), requests: 0, rows_in: 0, rows_out: 0, detail: "" },
      inputs: [],
      outputs,
    });
    const objects = ["first", "second"].map((text) => objectHash("processed/a", bytesOf(text)));
    const expected = async () => [...(await committedObjects(store)).values()];
    await logRun(store, entry(1, [objects[0]!]));
    assertEquals(await expected(), [objects[0]]);
    // Nothing is there: nothing is taken away, and its loss stays one.
    await removeObject(store, "processed/a", new Date(at(2)));
    assertEquals(await expected(), [objects[0]]);
    await store.put("processed/a", bytesOf("first"));
    await removeObject(store, "processed/a", new Date(at(2)));
    assertEquals([await store.head("processed/a"), await expected()], [null, []]);
    await logRun(store, entry(3, [objects[1]!]));
    assertEquals(await expected(), [objects[1]]);
    await commit(store, "processed/a", "first");
    assertEquals(await expected(), [objects[0]]);
  }));
