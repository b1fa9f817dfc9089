/** Local copies of a bucket's objects, fetched when they are needed and when they have changed. */
import { ConditionFailed } from "./store_s3_errors.ts";
import type { S3Bucket } from "./store_s3_bucket.ts";
import { explainWriteError } from "./store_local.ts";
import { inParallel, turns } from "./turns.ts";

/** Objects (or lists of them) asked for at the same time, and pieces of a big one. */
const OBJECTS_AT_ONCE = 16, PIECES_AT_ONCE = 4;
/** Larger objects are fetched piece by piece. */
const PIECE_BYTES = 16 << 20;
/** Tries to fetch one object that others replace again and again. */
const TRIES = 5;

/** Copies in a folder of this writer's own; what it does not know of is not there. */
export class LocalCopies {
  readonly #bucket: S3Bucket;
  readonly #folder: string;
  /** ETag of each copy. */
  readonly #etags = new Map<string, string>();
  /** Refreshes under way, by their keys. */
  readonly #underWay = new Set<{ key: string; end: Promise<unknown> }>();
  /** Refreshes of many folders share them: a view may look at each hour of a week. */
  readonly #inTurn = turns(OBJECTS_AT_ONCE);

  constructor(bucket: S3Bucket, folder: string) {
    this.#bucket = bucket;
    this.#folder = folder;
  }

  /** A path with the object, or, for a key with a slash at its end, a folder with all objects beneath it. */
  refresh(key: string): Promise<string> {
    // Two that could write the same file wait for each other.
    const before = [...this.#underWay].filter((other) =>
      key.startsWith(other.key) || other.key.startsWith(key)
    );
    const refreshed = Promise.all(before.map(({ end }) => end)).then(() => this.#refresh(key));
    const entry = { key, end: refreshed.catch(() => {}).finally(() => this.#underWay.delete(entry)) };
    this.#underWay.add(entry);
    return refreshed;
  }

  async #refresh(key: string): Promise<string> {
    const isFolder = key === "" || key.endsWith("/");
    const objects = await this.#inTurn(async () => {
      if (isFolder) return await this.#bucket.list(key);
      const object = await this.#bucket.head(key);
      return object ? [{ key, etag: object.etag }] : [];
    });
    const wanted = new Map(objects.filter((one) => !one.key.endsWith("/")).map((one) => [one.key, one.etag]));
    for (const known of [...this.#etags.keys()]) {
      if ((isFolder ? known.startsWith(key) : known === key) && !wanted.has(known)) await this.#drop(known);
    }
    const stale = [...wanted].filter(([name, etag]) => this.#etags.get(name) !== etag).map(([name]) => name);
    await inParallel(OBJECTS_AT_ONCE, stale, (name) => this.#inTurn(() => this.#fetch(name)));
    return `${this.#folder}/${key}`;
  }

  async #drop(key: string): Promise<void> {
    this.#etags.delete(key);
    await Deno.remove(`${this.#folder}/${key}`);
  }

  async #fetch(key: string): Promise<void> {
    const path = `${this.#folder}/${key}`;
    await local(key, () => Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true }));
    for (let tries = 1;; tries++) {
      try {
        const object = await this.#bucket.get(key, { limit: PIECE_BYTES });
        if (!object) return;
        await local(key, () => Deno.writeFile(path, object.bytes ?? new Uint8Array()));
        if (!object.bytes) await this.#fetchPieces(key, path, object);
        this.#etags.set(key, object.etag);
        return;
      } catch (error) {
        if (!(error instanceof ConditionFailed) || tries === TRIES) throw error;
      }
    }
  }

  async #fetchPieces(
    key: string,
    path: string,
    { size, etag }: { size: number; etag: string },
  ): Promise<void> {
    await inParallel(PIECES_AT_ONCE, pieces(0, size), async ([first, last]) => {
      const piece = await this.#bucket.get(key, { range: [first, last], etag });
      if (!piece) throw new ConditionFailed(`"${key}" is gone`);
      using file = await Deno.open(path, { write: true });
      await file.seek(first, Deno.SeekMode.Start);
      await local(key, () => new Blob([piece.bytes!]).stream().pipeTo(file.writable, { preventClose: true }));
    });
  }
}

/** First and last byte of each piece of `size` bytes from `start` on. */
export function pieces(start: number, size: number): [first: number, last: number][] {
  return Array.from({ length: Math.ceil(size / PIECE_BYTES) }, (_, i) => {
    const first = start + i * PIECE_BYTES;
    return [first, Math.min(first + PIECE_BYTES, start + size) - 1];
  });
}

async function local<T>(key: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw explainWriteError(key, error);
  }
}
