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
  /** Size of an object, or null where there is none. */
  head(key: string): Promise<ObjectInfo | null>;
  /** All bytes of an object, or null where there is none. */
  get(key: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Objects whose key starts with `prefix` (a folder, with its slash), sorted by key. Temporary files never show. */
  list(prefix: string): Promise<ObjectInfo[]>;
  /** Commits bytes. */
  put(key: string, bytes: Uint8Array): Promise<PutResult>;
  /** Commits a local file, which is gone afterwards: make it in {@linkcode ObjectStore.scratch}. */
  putFile(key: string, path: string): Promise<PutResult>;
  /** A local folder for files that are being built; it empties when the lock is taken. */
  scratch(): Promise<string>;
  /** A local path or URL of an object or a prefix, which an SQL engine can open. */
  locate(key: string): string;
  /** Becomes the only writer until disposed; a crash releases it. */
  lock(holder: string): Promise<AsyncDisposable>;
}
