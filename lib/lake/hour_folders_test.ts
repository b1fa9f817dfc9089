import { assertEquals } from "@std/assert";
import { HOUR_MS } from "../core/time.ts";
import { hasObjects, hoursBack, leafFolders, newestHour } from "./hour_folders.ts";
import { hourFolder, hourOf } from "./keys.ts";
import { LocalStore } from "./store_local.ts";

/** 2026-01-01T01:00Z. */
const NEWEST = Date.UTC(2026, 0, 1, 1);

/** A store with an object of some bytes in some hours before {@linkcode NEWEST}. */
async function storeWith(sizes: Record<number, number>): Promise<LocalStore & AsyncDisposable> {
  const store = new LocalStore(await Deno.makeTempDir());
  for (const [back, size] of Object.entries(sizes)) {
    await store.put(`${hourFolder("t/", NEWEST - Number(back) * HOUR_MS)}a.json`, new Uint8Array(size));
  }
  return Object.assign(store, {
    async [Symbol.asyncDispose]() {
      await store.close();
      await Deno.remove(store.url, { recursive: true });
    },
  });
}

Deno.test("hourOf() reads back what hourFolder() writes, and gives null for other keys", () => {
  for (const time of [NEWEST, Date.UTC(2024, 1, 29, 23), Date.UTC(2025, 11, 31, 0)]) {
    assertEquals(hourOf(`${hourFolder("processed/t/", time)}a.json`), time);
  }
  assertEquals(hourOf("processed/t/year=2026/month=01/a.json"), null);
});

Deno.test("leafFolders() goes from the newest hour to the oldest, over a year's end", async () => {
  await using store = await storeWith({ 0: 1, 1: 1, 2: 1, 30: 1 });
  const hours = (await Array.fromAsync(leafFolders(store, "t/"))).map((folder) =>
    (NEWEST - hourOf(folder)!) / HOUR_MS
  );
  assertEquals(hours, [0, 1, 2, 30]);
});

Deno.test("newestHour() passes over hours without an object of the wanted kind", async () => {
  await using store = await storeWith({ 0: 3, 2: 30, 3: 30 });
  const wanted = (bytes: number) => newestHour(store, "t/", ({ size }) => size >= bytes);
  assertEquals((await wanted(1))!.start_ms, NEWEST);
  const { start_ms, objects } = (await wanted(10))!;
  assertEquals([start_ms, objects.length], [NEWEST - 2 * HOUR_MS, 1]);
  // A folder whose objects are gone stays on a disk.
  await store.delete(objects[0]!.key);
  assertEquals((await wanted(10))!.start_ms, NEWEST - 3 * HOUR_MS);
  assertEquals(await wanted(100), null);
});

Deno.test("hoursBack() gives the hours of a span that have objects, and hasObjects() looks for an ending", async () => {
  await using store = await storeWith({ 0: 1, 2: 1, 3: 1 });
  const found = await hoursBack(store, "t/", { newest_ms: NEWEST, count: 3, ending: ".json" });
  assertEquals(found.map(({ start_ms }) => (NEWEST - start_ms) / HOUR_MS), [0, 2]);
  assertEquals([await hasObjects(store, "t/", ".json"), await hasObjects(store, "t/", ".csv")], [
    true,
    false,
  ]);
  assertEquals(await hasObjects(store, "none/", ".json"), false);
});
