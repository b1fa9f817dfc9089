import type { Digest } from "./digest.ts";

/** What came of a write. `unchanged` means that the very same bytes were there before. */
export type PutResult = "created" | "replaced" | "unchanged";

/** An object of the lake. */
export interface ObjectInfo {
  key: string;
  /** Bytes. */
  size: number;
}

/**
 * A place that keeps objects under keys such as `analytics/daily_prices/year=2017/part-0.parquet`.
 *
 * The commit rule: an object appears whole or not at all, and an existing object stays readable until the new
 * one has taken its place in one atomic act. Writing the same bytes again changes nothing.
 */
export interface ObjectStore {
  /** How a person names this store: a folder, or `s3://bucket/prefix`. */
  readonly url: string;
  /** How a person finds an object: its path or URL. */
  locate(key: string): string;
  /** Size of an object, or null where there is none. */
  head(key: string): Promise<ObjectInfo | null>;
  /** All bytes of an object, or null where there is none. */
  get(key: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Size and hash of an object's bytes as they are, or null where there is none; it need not fit into memory. */
  digest(key: string): Promise<Digest | null>;
  /**
   * `length` bytes of an object from `start` on (fewer where it ends before), or null where there is none. `room` is
   * memory that nobody uses: a store may put them there, if it is long enough.
   */
  getRange(
    key: string,
    start: number,
    length: number,
    room?: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer> | null>;
  /**
   * Objects whose key starts with `prefix` (a folder, with its slash), sorted by key. Temporary files never show, nor
   * does what a system leaves in a folder: a name that begins with a dot, which Hive and Athena skip as well.
   */
  list(prefix: string): Promise<ObjectInfo[]>;
  /**
   * Names of the folders right beneath a folder (its key with its slash; `""` is the lake), sorted. What lies deeper is
   * not listed. A folder whose objects are gone may show.
   */
  folders(prefix: string): Promise<string[]>;
  /** Commits bytes. */
  put(key: string, bytes: Uint8Array): Promise<PutResult>;
  /** Commits bytes where nothing is yet. Of several writers at once exactly one creates; the others see `exists`. */
  putNew(key: string, bytes: Uint8Array): Promise<"created" | "exists">;
  /** Commits a local file, which is gone afterwards: make it in {@linkcode ObjectStore.scratch}. */
  putFile(key: string, path: string): Promise<PutResult>;
  /** Takes an object away; that there is none is fine. */
  delete(key: string): Promise<void>;
  /**
   * A local path at which an object can be opened, or, for a folder's key with its slash, a local folder that holds
   * all objects beneath it under their keys' names. A store elsewhere fetches what this machine lacks.
   */
  localPath(key: string): Promise<string>;
  /** A local folder of this writer's own for files that are being built. What a crash leaves, the next writer clears. */
  scratch(): Promise<string>;
  /** Becomes the only holder of the lake's lock until disposed; a crash releases it. */
  lock(holder: string): Promise<AsyncDisposable>;
  /** Clears the scratch folder and lets go of connections. The store must not be used afterwards. */
  close(): Promise<void>;
}
