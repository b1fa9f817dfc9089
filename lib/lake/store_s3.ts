import type { LastActs } from "../core/effects.ts";
import { ConfigError, LakeError } from "../core/errors.ts";
import { type Digest, digestOf, digestPieces } from "./digest.ts";
import { safeKey } from "./keys.ts";
import type { ObjectInfo, ObjectStore, PutResult } from "./store.ts";
import { LocalStore } from "./store_local.ts";
import { bodyOf, bodyOfFile, type S3Body } from "./store_s3_body.ts";
import { S3Bucket, type S3Object } from "./store_s3_bucket.ts";
import { LocalCopies, pieces } from "./store_s3_copies.ts";
import { ConditionFailed, isUnknownOutcome } from "./store_s3_errors.ts";
import { type Lease, type LeaseOptions, takeLease } from "./store_s3_lease.ts";
import { probeConditions } from "./store_s3_probe.ts";
import type { S3Settings } from "./store_s3_settings.ts";
import { inParallel } from "./turns.ts";

/** Tries to replace an object that others replace as well. */
const TRIES = 8;
/** Larger objects are read in pieces, a few at a time. */
const WHOLE_BYTES = 32 << 20;

/**
 * A lake in a bucket. A commit is one PUT (or one multipart upload, which appears whole when it is completed) under
 * the condition that the object is still what this writer saw. SHA-256 and a name of the write stand in the object's
 * metadata: by the first a writer knows that nothing changed, by the second its own write when a reply was lost.
 *
 * @throws {ConfigError} where bucket, credentials or access are wrong, or the store ignores conditions.
 * @throws {LakeError} where a write fails, an object is damaged, or the lock was lost.
 * @throws {LockError} where another run holds the lock.
 */
export class S3Store implements ObjectStore {
  readonly url: string;
  readonly #bucket: S3Bucket;
  readonly #workshop: LocalStore;
  readonly #leaseOptions: LeaseOptions;
  #copies: Promise<LocalCopies> | null = null;
  #lease: Lease | null = null;
  #closed = false;
  readonly #atInterrupt: LastActs | undefined;
  /** Objects whose bytes were found to be others than their metadata say. */
  readonly #damaged = new Set<string>();

  /** @param options.atInterrupt Gets what gives the lock back: it lives on when the process that holds it ends. */
  constructor(
    settings: S3Settings,
    { lease = {}, atInterrupt }: {
      lease?: LeaseOptions;
      atInterrupt?: LastActs | undefined;
    } = {},
  ) {
    this.#bucket = new S3Bucket(settings);
    this.#workshop = new LocalStore(settings.scratch);
    this.#leaseOptions = lease;
    this.#atInterrupt = atInterrupt;
    this.url = this.#bucket.url;
  }

  locate(key: string): string {
    return `${this.url}/${safeKey(key)}`;
  }

  async head(key: string): Promise<ObjectInfo | null> {
    const object = await this.#bucket.head(safeKey(key));
    return object && { key, size: object.size };
  }

  async get(key: string): Promise<Uint8Array<ArrayBuffer> | null> {
    for (let tries = 1;; tries++) {
      try {
        const object = await this.#bucket.get(safeKey(key), { limit: WHOLE_BYTES });
        if (!object) return null;
        const bytes = object.bytes ?? await this.#getPieces(key, object);
        // Whoever asked compares hashes and makes it anew, if it can be made; its metadata are not to be believed then.
        if (object.sha256 !== null && digestOf(bytes).sha256 !== object.sha256) this.#damaged.add(key);
        return bytes;
      } catch (error) {
        // Replaced between two pieces: read the new one.
        if (!(error instanceof ConditionFailed)) throw error;
        if (tries === TRIES) throw conflict(key, "read");
      }
    }
  }

  async digest(key: string): Promise<Digest | null> {
    for (let tries = 1;; tries++) {
      try {
        const object = await this.#bucket.get(safeKey(key), { limit: WHOLE_BYTES });
        if (!object) return null;
        const digest = object.bytes
          ? digestOf(object.bytes)
          : await digestPieces(this.#eachPiece(key, object));
        if (object.sha256 !== null && digest.sha256 !== object.sha256) this.#damaged.add(key);
        return digest;
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error;
        if (tries === TRIES) throw conflict(key, "read");
      }
    }
  }

  async getRange(key: string, start: number, length: number): Promise<Uint8Array<ArrayBuffer> | null> {
    safeKey(key);
    if (length <= 0) return await this.#bucket.head(key) && new Uint8Array();
    return (await this.#bucket.get(key, { range: [start, start + length - 1] }))?.bytes ?? null;
  }

  async list(prefix: string): Promise<ObjectInfo[]> {
    const objects = await this.#bucket.list(safeKey(prefix));
    return objects
      // A folder's own key is a console's habit, not an object of the lake.
      .filter(({ key }) => !/(^|\/)(\.[^/]*)?$/.test(key) && key !== "_lock" && !/^(_tmp|_probe)\//.test(key))
      .map(({ key, size }) => ({ key, size }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async folders(prefix: string): Promise<string[]> {
    const names = await this.#bucket.folders(safeKey(prefix));
    return names.filter((name) => !/^(_tmp|_probe)$/.test(`${prefix}${name}`)).sort();
  }

  async put(key: string, bytes: Uint8Array): Promise<PutResult> {
    return await this.#commit(key, bodyOf(bytes));
  }

  async putNew(key: string, bytes: Uint8Array): Promise<"created" | "exists"> {
    safeKey(key);
    const body = bodyOf(bytes);
    for (let tries = 0; tries < TRIES; tries++) {
      await this.#mayWrite({ verify: tries > 0 });
      if (await this.#bucket.head(key)) return "exists";
      if (await this.#write(key, body, null)) return "created";
    }
    throw conflict(key, "write");
  }

  async putFile(key: string, path: string): Promise<PutResult> {
    const result = await this.#commit(key, await bodyOfFile(path));
    await Deno.remove(path);
    return result;
  }

  async delete(key: string): Promise<void> {
    safeKey(key);
    await this.#mayWrite();
    if (await this.#bucket.head(key)) await this.#bucket.delete(key);
  }

  async localPath(key: string): Promise<string> {
    safeKey(key);
    this.#copies ??= this.scratch().then((folder) => new LocalCopies(this.#bucket, `${folder}/copies`));
    return await (await this.#copies).refresh(key);
  }

  async scratch(): Promise<string> {
    try {
      return await this.#workshop.scratch();
    } catch (cause) {
      throw new ConfigError(
        `Cannot use folder "${this.#workshop.url}" for local copies: ${
          (cause as Error).message
        }; name another one ` +
          `with LAKEBOOK_S3_SCRATCH (query may write to data/scratch only, see deno.json)`,
        { cause },
      );
    }
  }

  async lock(holder: string): Promise<AsyncDisposable> {
    await probeConditions(this.#bucket);
    const lease = await takeLease(this.#bucket, holder, this.#leaseOptions);
    this.#lease = lease;
    const release = () => lease.release();
    this.#atInterrupt?.add(release);
    return {
      [Symbol.asyncDispose]: async () => {
        this.#atInterrupt?.delete(release);
        await release();
        this.#lease = null;
        if (this.#closed) this.#bucket.close();
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#copies = null;
    await this.#workshop.close();
    this.#bucket.close();
  }

  /** Puts a body in place of whatever is there, however often that changes meanwhile. */
  async #commit(key: string, body: S3Body): Promise<PutResult> {
    safeKey(key);
    for (let tries = 0; tries < TRIES; tries++) {
      // Whoever was faster may hold the lock by now.
      await this.#mayWrite({ verify: tries > 0 });
      const before = await this.#bucket.head(key);
      if (before && await this.#holds(key, before, body)) return "unchanged";
      if (await this.#write(key, body, before?.etag ?? null)) return before ? "replaced" : "created";
    }
    throw conflict(key, "write");
  }

  /** One conditional write; false where the object is not the expected one any more. */
  async #write(key: string, body: S3Body, expected: string | null): Promise<boolean> {
    try {
      await this.#bucket.put(key, body, { etag: expected });
      this.#damaged.delete(key);
      return true;
    } catch (error) {
      const refused = error instanceof ConditionFailed;
      if (!refused && !isUnknownOutcome(error)) throw error;
      // The reply may have been lost and the write be done: then it carries this write's name.
      const found = await this.#bucket.head(key).catch(() => {
        throw error;
      });
      if (found?.write === body.write) return true;
      if (refused) return false;
      throw error;
    }
  }

  /** Whether an object holds these very bytes. */
  async #holds(key: string, object: S3Object, body: S3Body): Promise<boolean> {
    if (object.size !== body.size) return false;
    if (object.sha256 !== null && !this.#damaged.has(key)) return object.sha256 === body.sha256;
    // Another tool wrote it, or harmed it.
    const bytes = await this.get(key);
    return bytes !== null && bodyOf(bytes).sha256 === body.sha256;
  }

  async #mayWrite({ verify = false } = {}): Promise<void> {
    await probeConditions(this.#bucket);
    await this.#lease?.assertHeld({ verify });
  }

  async *#eachPiece(key: string, { size, etag }: S3Object): AsyncGenerator<Uint8Array> {
    for (const [first, last] of pieces(0, size)) {
      const piece = await this.#bucket.get(key, { range: [first, last], etag });
      if (!piece) throw new ConditionFailed(`"${key}" is gone`);
      yield piece.bytes!;
    }
  }

  async #getPieces(key: string, { size, etag }: S3Object): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(size);
    await inParallel(4, pieces(0, size), async ([first, last]) => {
      const piece = await this.#bucket.get(key, { range: [first, last], etag });
      if (!piece) throw new ConditionFailed(`"${key}" is gone`);
      bytes.set(piece.bytes!, first);
    });
    return bytes;
  }
}

function conflict(key: string, action: string): LakeError {
  return new LakeError(
    `Cannot ${action} "${key}": other writers replaced it ${TRIES} times meanwhile, run again`,
    { retryable: true },
  );
}
