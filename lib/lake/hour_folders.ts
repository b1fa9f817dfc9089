/**
 * Where the newest objects of a table lie, told from the names of folders: what is asked of a lake of ten years costs
 * no more than of a lake of a day.
 */
import { HOUR_MS } from "../core/time.ts";
import { hourFolder, hourOf } from "./keys.ts";
import type { ObjectInfo, ObjectStore } from "./store.ts";

/** The objects of one hour of a table with `year=/month=/day=/hour=` folders. */
export interface HourFolder {
  /** Start of the hour, epoch milliseconds. */
  start_ms: number;
  /** Key with its slash. */
  folder: string;
  /** Never empty, sorted by key. */
  objects: ObjectInfo[];
}

/**
 * Folders beneath a prefix that have no folders of their own, the last name first: for dates, the newest first.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { LocalStore } from "./store_local.ts";
 * const store = new LocalStore(await Deno.makeTempDir());
 * for (const day of ["day=01", "day=02"]) await store.put(`t/${day}/a`, new Uint8Array(1));
 * assertEquals(await Array.fromAsync(leafFolders(store, "t/")), ["t/day=02/", "t/day=01/"]);
 * await store.close();
 * ```
 */
export async function* leafFolders(store: ObjectStore, prefix: string): AsyncGenerator<string> {
  const names = await store.folders(prefix);
  if (names.length === 0) yield prefix;
  for (const name of names.toReversed()) yield* leafFolders(store, `${prefix}${name}/`);
}

/** Whether any object beneath a prefix has the ending. */
export async function hasObjects(store: ObjectStore, prefix: string, ending: string): Promise<boolean> {
  for await (const folder of leafFolders(store, prefix)) {
    if ((await store.list(folder)).some(({ key }) => key.endsWith(ending))) return true;
  }
  return false;
}

/** The newest hour that has an object of the wanted kind, or null where there is none. */
export async function newestHour(
  store: ObjectStore,
  prefix: string,
  wanted: (object: ObjectInfo) => boolean,
): Promise<HourFolder | null> {
  for await (const folder of leafFolders(store, prefix)) {
    const start_ms = hourOf(folder);
    if (start_ms === null) continue;
    const objects = (await store.list(folder)).filter(wanted);
    if (objects.length > 0) return { start_ms, folder, objects };
  }
  return null;
}

/** The hours from `newest_ms` back, `count` of them, that have objects with the ending; newest first. */
export async function hoursBack(
  store: ObjectStore,
  prefix: string,
  { newest_ms, count, ending }: { newest_ms: number; count: number; ending: string },
): Promise<HourFolder[]> {
  const hours = await Promise.all(Array.from({ length: count }, async (_, back) => {
    const start_ms = newest_ms - back * HOUR_MS;
    const folder = hourFolder(prefix, start_ms);
    const objects = (await store.list(folder)).filter(({ key }) => key.endsWith(ending));
    return { start_ms, folder, objects };
  }));
  return hours.filter(({ objects }) => objects.length > 0);
}
