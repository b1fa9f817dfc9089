import { assertEquals } from "@std/assert";
import { findDamages } from "./integrity.ts";
import { writeRecord } from "./ledger.ts";
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
