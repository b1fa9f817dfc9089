import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  paginateListObjectsV2,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import { ConfigError, LakeError, LockError } from "../core/errors.ts";
import type { ObjectInfo, ObjectStore, PutResult } from "./store.ts";
import { Lease, LOCK_KEY } from "./store_s3_lease.ts";
import { explainWriteError } from "./store_local.ts";
import { explainS3Error, isNoObject, isPreconditionFailed, statusOf } from "./store_s3_errors.ts";
import type { S3Settings } from "./store_s3_settings.ts";

/** Keys that belong to the store itself. */
const OWN = [LOCK_KEY, "_probe/"];

/** Objects above this many bytes are sent in parts. */
const PART_BYTES = 16 << 20;

/** Objects that are fetched at once for {@linkcode S3Store.localPath}. */
const LANES = 16;

/** Metadata of each object: what it holds, and which write made it. */
const SHA256 = "lakebook-sha256";
const WRITE = "lakebook-write";

/** Options of {@linkcode S3Store}. */
export interface S3StoreOptions {
  /** How long a lock outlives its holder's last sign of life. */
  leaseMs?: number;
  /** For tests: credentials instead of the standard chain. */
  credentials?: { accessKeyId: string; secretAccessKey: string };
}

/**
 * A lake in a bucket. A commit is one PUT (or one completed multipart upload), which S3 makes visible as a whole. Where
 * writers could race it is conditional, and a store that ignores conditions is refused before the first write. A
 * reply that got lost is not a failure: the writer looks whether the object is its own.
 *
 * @throws {ConfigError} for missing or refused credentials, a bucket that does not exist, a store without conditional
 * writes.
 * @throws {LakeError} where S3 cannot be reached or fails, and where the lock was lost.
 * @throws {LockError} where another run holds the lock.
 */
export class S3Store implements ObjectStore {
  readonly url: string;
  readonly #client: S3Client;
  readonly #settings: S3Settings;
  readonly #leaseMs: number;
  #lease: Lease | null = null;
  #probe: Promise<void> | null = null;
  #scratch: Promise<string> | null = null;
  #cached = new Map<string, string>();

  constructor(settings: S3Settings, { leaseMs = 60_000, credentials }: S3StoreOptions = {}) {
    this.url = `s3://${settings.bucket}/${settings.prefix}`.replace(/\/$/, "");
    this.#settings = settings;
    this.#leaseMs = leaseMs;
    this.#client = new S3Client({
      region: settings.region,
      ...(credentials ? { credentials } : {}),
      // Other servers than AWS know neither bucket names in hosts nor the newer checksums.
      ...(settings.endpoint === null ? {} : {
        endpoint: settings.endpoint,
        forcePathStyle: true,
        requestChecksumCalculation: "WHEN_REQUIRED",
        responseChecksumValidation: "WHEN_REQUIRED",
      }),
      maxAttempts: 4,
    });
  }

  locate(key: string): string {
    if (key.split("/").includes("..")) {
      throw new LakeError(`Cannot use key "${key}": it leaves the lake, use keys without ".."`);
    }
    return `${this.url}/${key}`;
  }

  async head(key: string): Promise<ObjectInfo | null> {
    const found = await this.#head(key);
    return found && { key, size: found.size };
  }

  async get(key: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return await this.#get(key);
  }

  async getRange(key: string, start: number, length: number): Promise<Uint8Array<ArrayBuffer> | null> {
    if (length === 0) return await this.#head(key) && new Uint8Array();
    return await this.#get(key, `bytes=${start}-${start + length - 1}`);
  }

  async list(prefix: string): Promise<ObjectInfo[]> {
    this.locate(prefix);
    return (await this.#list(prefix)).map(({ key, size }) => ({ key, size }));
  }

  async put(key: string, bytes: Uint8Array): Promise<PutResult> {
    const sha256 = hashOf(bytes);
    const before = await this.#head(key);
    if (before && await this.#holds(key, before, { size: bytes.length, sha256 })) return "unchanged";
    await this.#write(key, bytes, { sha256 });
    return before ? "replaced" : "created";
  }

  async putNew(key: string, bytes: Uint8Array): Promise<"created" | "exists"> {
    const write = crypto.randomUUID();
    try {
      await this.#write(key, bytes, { sha256: hashOf(bytes), write, condition: { IfNoneMatch: "*" } });
      return "created";
    } catch (error) {
      const cause = (error as Error).cause;
      if (!isPreconditionFailed(cause)) throw error;
      // Our own write, if its reply was lost and the SDK sent it again.
      return (await this.#head(key))?.write === write ? "created" : "exists";
    }
  }

  async putFile(key: string, path: string): Promise<PutResult> {
    const { size, sha256 } = await hashFile(path);
    const before = await this.#head(key);
    const same = before !== null && await this.#holds(key, before, { size, sha256 });
    if (!same && size <= PART_BYTES) await this.#write(key, await Deno.readFile(path), { sha256 });
    else if (!same) await this.#writeParts(key, path, sha256);
    await Deno.remove(path);
    return same ? "unchanged" : before ? "replaced" : "created";
  }

  async delete(key: string): Promise<void> {
    await this.#beforeWriting();
    await this.#doing("delete", key, () => this.#client.send(new DeleteObjectCommand(this.#at(key))));
  }

  async localPath(key: string): Promise<string> {
    const root = `${await this.scratch()}/objects`;
    const folder = key === "" || key.endsWith("/");
    const wanted = folder ? await this.#list(key) : [await this.#head(key)].filter((found) => found !== null);
    const queue = wanted.filter(({ key, etag }) => this.#cached.get(key) !== etag);
    await Promise.all(Array.from({ length: LANES }, async () => {
      for (let next = queue.pop(); next; next = queue.pop()) await this.#fetch(next, root);
    }));
    const there = new Set(wanted.map(({ key }) => key));
    for (const cached of this.#cached.keys()) {
      const covered = folder ? cached.startsWith(key) : cached === key;
      if (!covered || there.has(cached)) continue;
      await Deno.remove(`${root}/${cached}`);
      this.#cached.delete(cached);
    }
    if (folder) await Deno.mkdir(`${root}/${key}`, { recursive: true });
    return `${root}/${key}`;
  }

  async scratch(): Promise<string> {
    return await (this.#scratch ??= Deno.makeTempDir({ prefix: "lakebook-s3-" }).catch((error) => {
      throw explainWriteError("the folder for temporary files", error);
    }));
  }

  async close(): Promise<void> {
    const scratch = await this.#scratch?.catch(() => null);
    this.#scratch = null;
    this.#cached.clear();
    if (scratch !== undefined && scratch !== null) await Deno.remove(scratch, { recursive: true });
    this.#client.destroy();
  }

  async lock(holder: string): Promise<AsyncDisposable> {
    await this.#beforeWriting();
    const { Bucket, Key } = this.#at(LOCK_KEY);
    const lease = new Lease(this.#client, {
      Bucket,
      Key,
      holder,
      ms: this.#leaseMs,
      sse: this.#settings.sse,
    });
    const owner = await this.#doing("lock", LOCK_KEY, () => lease.take());
    if (owner !== null) {
      throw new LockError(
        `Cannot write to lake "${this.url}": ${owner} is writing to it, wait for it to end and run again`,
      );
    }
    this.#lease = lease;
    return {
      [Symbol.asyncDispose]: async () => {
        this.#lease = null;
        await this.#doing("unlock", LOCK_KEY, () => lease.release());
      },
    };
  }

  #at(key: string): { Bucket: string; Key: string } {
    this.locate(key);
    return { Bucket: this.#settings.bucket, Key: this.#settings.prefix + key };
  }

  async #doing<T>(action: string, key: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw explainS3Error(action, this.locate(key), error);
    }
  }

  async #head(key: string): Promise<Found | null> {
    const at = this.#at(key);
    return await this.#doing("read", key, async () => {
      try {
        const found = await this.#client.send(new HeadObjectCommand(at));
        const { [SHA256]: sha256, [WRITE]: write } = found.Metadata ?? {};
        return { key, size: found.ContentLength ?? 0, etag: found.ETag ?? "", sha256, write };
      } catch (error) {
        if (isNoObject(error)) return null;
        throw await this.#withReason(error);
      }
    });
  }

  /** An answer to HEAD has no body, so it cannot say why: a listing that fails for the same reason can. */
  async #withReason(error: unknown): Promise<unknown> {
    if (statusOf(error) === 0) return error;
    const { Bucket } = this.#at("");
    const list = this.#client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 1 }));
    return await list.then(() => error, (reason) => reason);
  }

  async #get(key: string, range?: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const at = this.#at(key);
    return await this.#doing("read", key, async () => {
      try {
        const { Body, ContentLength } = await this.#client.send(
          new GetObjectCommand({ ...at, ...(range === undefined ? {} : { Range: range }) }),
        );
        const bytes = new Uint8Array(await Body!.transformToByteArray());
        if (ContentLength !== undefined && bytes.length !== ContentLength) {
          throw new LakeError(
            `Cannot read "${this.locate(key)}": ${bytes.length} of ${ContentLength} bytes came, run again`,
            { retryable: true },
          );
        }
        return bytes;
      } catch (error) {
        if (isNoObject(error)) return null;
        throw error;
      }
    });
  }

  async #list(prefix: string): Promise<Found[]> {
    const found: Found[] = [];
    const { Bucket, Key } = this.#at(prefix);
    await this.#doing("list", prefix, async () => {
      for await (const page of paginateListObjectsV2({ client: this.#client }, { Bucket, Prefix: Key })) {
        for (const { Key = "", Size = 0, ETag = "" } of page.Contents ?? []) {
          const key = Key.slice(this.#settings.prefix.length);
          // A folder that another tool made is an empty object whose key ends with a slash.
          if (key.endsWith("/") || OWN.some((own) => key.startsWith(own))) continue;
          found.push({ key, size: Size, etag: ETag });
        }
      }
    });
    // S3 sorts by UTF-8 bytes, we everywhere by UTF-16 units.
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Whether an object holds such bytes; one that another tool wrote has no hash to compare, so its bytes are. */
  async #holds(
    key: string,
    found: Found,
    { size, sha256 }: { size: number; sha256: string },
  ): Promise<boolean> {
    if (found.size !== size) return false;
    if (found.sha256 !== undefined) return found.sha256 === sha256;
    const bytes = await this.#get(key);
    return bytes !== null && hashOf(bytes) === sha256;
  }

  async #write(
    key: string,
    bytes: Uint8Array,
    { sha256, write, condition = {} }: {
      sha256: string;
      write?: string;
      condition?: Pick<PutObjectCommandInput, "IfNoneMatch">;
    },
  ): Promise<void> {
    await this.#beforeWriting();
    await this.#doing("write", key, () =>
      this.#client.send(
        new PutObjectCommand({
          ...this.#at(key),
          Body: bytes,
          Metadata: { [SHA256]: sha256, ...(write === undefined ? {} : { [WRITE]: write }) },
          ...this.#settings.sse,
          ...condition,
        }),
      ));
  }

  async #writeParts(key: string, path: string, sha256: string): Promise<void> {
    await this.#beforeWriting();
    const { Upload } = await import("@aws-sdk/lib-storage");
    using file = await Deno.open(path);
    await this.#doing("write", key, () =>
      new Upload({
        client: this.#client,
        params: {
          ...this.#at(key),
          Body: file.readable,
          Metadata: { [SHA256]: sha256 },
          ...this.#settings.sse,
        },
        partSize: PART_BYTES,
        queueSize: 2,
      }).done());
  }

  async #fetch({ key, etag }: Found, root: string): Promise<void> {
    const bytes = await this.#get(key);
    if (!bytes) return;
    const path = `${root}/${key}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(path, bytes);
    this.#cached.set(key, etag);
  }

  async #beforeWriting(): Promise<void> {
    this.#lease?.check();
    await (this.#probe ??= this.#probeConditions());
  }

  /** A store that takes two conditional writes of one key would let two runs believe that they are alone. */
  async #probeConditions(): Promise<void> {
    const at = this.#at(`_probe/${crypto.randomUUID()}`);
    const put = (condition: Pick<PutObjectCommandInput, "IfNoneMatch" | "IfMatch">) =>
      this.#client.send(new PutObjectCommand({ ...at, Body: "probe", ...this.#settings.sse, ...condition }));
    const refused = async (condition: Pick<PutObjectCommandInput, "IfNoneMatch" | "IfMatch">) => {
      try {
        await put(condition);
        return false;
      } catch (error) {
        if (isPreconditionFailed(error)) return true;
        throw error;
      }
    };
    await this.#doing("write to", "", async () => {
      await put({ IfNoneMatch: "*" });
      const keeps = await refused({ IfNoneMatch: "*" }) &&
        await refused({ IfMatch: '"00000000000000000000000000000000"' });
      await this.#client.send(new DeleteObjectCommand(at));
      if (keeps) return;
      throw new ConfigError(
        `Cannot write to lake "${this.url}": this store ignores conditional writes (If-None-Match, If-Match), so ` +
          `two runs could overwrite each other; use AWS S3, MinIO or versitygw`,
      );
    });
  }
}

/** What a listing or a HEAD knows of an object. */
interface Found extends ObjectInfo {
  etag: string;
  sha256?: string | undefined;
  write?: string | undefined;
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function hashFile(path: string): Promise<{ size: number; sha256: string }> {
  const hash = createHash("sha256");
  let size = 0;
  using file = await Deno.open(path);
  for await (const chunk of file.readable) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: hash.digest("hex") };
}
