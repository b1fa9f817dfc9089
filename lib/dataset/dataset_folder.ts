/** Where a dataset lies, and the names in it. */
import { LakeError } from "../core/errors.ts";
import { fromFileUrl } from "./file_url.ts";
import { openStore, type StoreOptions } from "../lake/open_lake.ts";
import type { ObjectStore } from "../lake/store.ts";

/** The summary file with all row groups: the one object that says which parts are the dataset. */
export const METADATA_KEY = "_metadata";
/** The summary file with the schema alone, which Petastorm reads. */
export const COMMON_METADATA_KEY = "_common_metadata";

/**
 * The store of a dataset: its folder is the store's root. A path, a `file://` URL or `s3://bucket/prefix`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * assertEquals((await openDataset(`file://${folder}`)).url, folder);
 * assertEquals((await openDataset(folder)).url, folder);
 * ```
 */
export async function openDataset(url: string, options: StoreOptions = {}): Promise<ObjectStore> {
  return await openStore(fromFileUrl(url), options);
}

const OWN_PART = /(?:^|\/)part-\d{5}-[0-9a-f]{16}\.parquet$/;

/** Name of a part: its place among the parts of its folder, and the beginning of its bytes' SHA-256. */
export function partName(index: number, sha256: string): string {
  return `part-${String(index).padStart(5, "0")}-${sha256.slice(0, 16)}.parquet`;
}

/** Whether a key names a part as {@linkcode partName} does. Such parts count only where `_metadata` lists them. */
export function isOwnPart(key: string): boolean {
  return OWN_PART.test(key);
}

/**
 * The key itself, where it stays inside the dataset: relative, without "..", and through no symbolic link that leads
 * elsewhere. A summary file may come from anywhere, and so may what it names.
 *
 * @throws {LakeError} where it does not.
 */
export async function containedKey(store: ObjectStore, key: string): Promise<string> {
  const parts = key.split("/");
  if (
    key === "" || key.includes("\\") || key.includes("\0") ||
    parts.some((part) => part === "" || part === "..")
  ) {
    throw escape(store, key, "it is no path inside the dataset");
  }
  if (/^[a-z0-9]+:\/\//i.test(store.url)) return key;
  const root = await realPath(store.url);
  for (let depth = parts.length; root !== null && depth > 0; depth--) {
    const path = await realPath(`${store.url}/${parts.slice(0, depth).join("/")}`);
    if (path === null) continue;
    if (path.startsWith(`${root === "/" ? "" : root}/`)) return key;
    throw escape(store, key, `a symbolic link leads to "${path}"`);
  }
  return key;
}

async function realPath(path: string): Promise<string | null> {
  return await Deno.realPath(path).catch(() => null);
}

function escape(store: ObjectStore, key: string, state: string): LakeError {
  return new LakeError(
    `Cannot use "${key.slice(0, 200)}" in dataset "${store.url}": ${state}, keep all its files in its folder`,
  );
}
