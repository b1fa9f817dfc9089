/** Where a dataset lies, and the store behind it. */
import { openStore, type StoreOptions } from "../lake/open_lake.ts";
import type { ObjectStore } from "../lake/store.ts";
import { fromFileUrl } from "./file_url.ts";

/**
 * A dataset's place: a folder or one Parquet file as a path or a `file://` URL, `s3://bucket/prefix`, or a folder of
 * a store that is open already.
 */
export type DatasetPlace = string | URL | { store: ObjectStore; prefix: string };

/** An open place. Keys of the dataset start with `prefix`, which is empty or ends with a slash. */
export interface OpenPlace extends AsyncDisposable {
  store: ObjectStore;
  prefix: string;
  /** The one file that was asked for, or null for a folder. */
  file: string | null;
  /** How a person names it. */
  name: string;
}

/**
 * Opens the store behind a place. Disposing closes the store, unless it was open before.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * await using place = await openPlace("file:///data/prices%20btc/");
 * assertEquals([place.store.url, place.prefix, place.file], ["/data/prices btc", "", null]);
 * ```
 */
export async function openPlace(place: DatasetPlace, { env = {} }: StoreOptions = {}): Promise<OpenPlace> {
  if (typeof place === "object" && "store" in place) {
    const { store } = place, prefix = folderOf(place.prefix);
    return {
      store,
      prefix,
      file: null,
      name: `${store.url}/${prefix}`,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const path = place instanceof URL && place.protocol === "s3:"
    ? `s3://${place.host}${decodeURIComponent(place.pathname)}`
    : fromFileUrl(String(place));
  const cut = /\.(parquet|parq)$/.test(path) && await isFile(path, env) ? path.lastIndexOf("/") : null;
  const store = await openStore(cut === null ? path : path.slice(0, Math.max(cut, 0)) || ".", { env });
  return {
    store,
    prefix: "",
    file: cut === null ? null : path.slice(cut + 1),
    name: path,
    [Symbol.asyncDispose]: () => store.close(),
  };
}

function folderOf(prefix: string): string {
  const bare = prefix.replace(/\/+$/, "");
  return bare === "" ? "" : `${bare}/`;
}

/** Whether a path with a file's ending is a file: a folder may be named like one. */
async function isFile(path: string, env: StoreOptions["env"] = {}): Promise<boolean> {
  const at = path.lastIndexOf("/");
  if (!/^s3:/i.test(path)) return await Deno.stat(path).then((info) => !info.isDirectory, () => true);
  if (!/^s3:\/\/[^/]+\/./i.test(path)) return false;
  const parent = await openStore(path.slice(0, at), { env });
  try {
    return await parent.head(path.slice(at + 1)) !== null;
  } finally {
    await parent.close();
  }
}
