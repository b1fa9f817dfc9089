/** The few requests of S3 that a lake needs, with errors in Lakebook's words. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { createReadStream } from "node:fs";
import { ConfigError, LakeError } from "../core/errors.ts";
import { isCustom } from "./aws_access.ts";
import type { S3Body } from "./store_s3_body.ts";
import { ConditionFailed, explainS3Error } from "./store_s3_errors.ts";
import type { S3Settings } from "./store_s3_settings.ts";

/** Requests in flight at most; a connection each. */
const AT_ONCE = 32;
/** Larger objects are written in parts. */
const MULTIPART_BYTES = 16 << 20;
/** Bytes of a part of a multipart upload; S3 takes 10,000 parts at most. */
const PART_BYTES = 8 << 20, PARTS = 9_000;
/** Tries of one request, the SDK's own waits (full jitter, doubling) between them. */
const TRIES = 4;

/** An object as S3 tells of it. */
export interface S3Object {
  size: number;
  /** Changes whenever the object is written with other bytes. */
  etag: string;
  /** SHA-256 of the bytes, where Lakebook wrote the object. */
  sha256: string | null;
  /** Names the one write that made it, where Lakebook wrote the object. */
  write: string | null;
  /** Since it was written, both instants by the store's clock, in whole seconds; null where the store names none. */
  age_ms: number | null;
}

/** When a write may take place. */
export interface WriteCondition {
  /** Only while the object has this ETag, or where it is null, only while there is none. */
  etag: string | null;
}

/** A bucket, seen from a lake's prefix: keys are the lake's. */
export class S3Bucket {
  readonly settings: S3Settings;
  readonly url: string;
  readonly #client: S3Client;
  #reachable: Promise<void> | null = null;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(settings: S3Settings) {
    this.settings = settings;
    this.url = `s3://${settings.bucket}/${settings.prefix}`.replace(/\/$/, "");
    this.#client = new S3Client(clientConfig(settings));
    this.#client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        const { headers } = result.response as { headers?: Record<string, string> };
        Object.assign(result.output as object, { serverDate: headers?.["date"] });
        return result;
      },
      { step: "deserialize", priority: "high", name: "keepServerDate" },
    );
  }

  /** An object without its bytes, or null. */
  async head(key: string): Promise<S3Object | null> {
    if (key === "" || key.endsWith("/")) return null;
    return await this.#ask("read", key, async () => {
      try {
        return describe(await this.#client.send(new HeadObjectCommand(this.#place(key))));
      } catch (error) {
        if (statusOf(error) === 404) return null;
        // The answer to HEAD has no body, so it does not say why: ask the same with GET.
        if (![400, 401, 403].includes(statusOf(error) ?? 0)) throw error;
        await this.#client.send(new GetObjectCommand({ ...this.#place(key), Range: "bytes=0-0" }));
        throw error;
      }
    });
  }

  /**
   * An object with its bytes, or null. `range` is its first byte and its last; with `etag` the object must still be
   * that one. Where the object is larger than `limit` bytes it comes without its bytes.
   *
   * @throws {ConditionFailed} where it has another ETag.
   */
  async get(
    key: string,
    { range, etag, limit = Infinity }: {
      range?: [first: number, last: number];
      etag?: string;
      limit?: number;
    } = {},
  ): Promise<S3Object & { bytes: Uint8Array<ArrayBuffer> | null } | null> {
    if (key === "" || key.endsWith("/")) return null;
    return await this.#ask("read", key, async () => {
      for (let tries = 1;; tries++) {
        try {
          const answer = await this.#client.send(
            new GetObjectCommand({
              ...this.#place(key),
              ...range ? { Range: `bytes=${range[0]}-${range[1]}` } : {},
              ...etag ? { IfMatch: etag } : {},
            }),
          );
          const object = describe(answer);
          if (object.size > limit) {
            (answer.Body as unknown as { destroy(): void }).destroy();
            return { ...object, bytes: null };
          }
          const bytes = new Uint8Array(await answer.Body!.transformToByteArray());
          if (bytes.length !== object.size) {
            throw new LakeError(
              `Cannot read "${key}": ${bytes.length} bytes came instead of ${object.size}, run again`,
              { retryable: true },
            );
          }
          return { ...object, bytes };
        } catch (error) {
          if (statusOf(error) === 404 && nameOf(error) === "NoSuchKey") return null;
          // The range begins behind the last byte.
          if (statusOf(error) === 416) return { ...describe({}), bytes: new Uint8Array() };
          // A body that breaks off in the middle is beyond the SDK's own retries.
          if (tries === TRIES || !isBroken(error)) throw error;
        }
      }
    });
  }

  /** Writes an object, as one request or in parts where it is big. Gives its ETag. */
  async put(key: string, body: S3Body, condition: WriteCondition): Promise<string> {
    const { sse, kmsKeyId } = this.settings;
    const input = {
      ...this.#place(key),
      ...condition.etag === null ? { IfNoneMatch: "*" } : { IfMatch: condition.etag },
      Metadata: { "lakebook-sha256": body.sha256, "lakebook-write": body.write },
      ...sse ? { ServerSideEncryption: sse } : {},
      ...kmsKeyId ? { SSEKMSKeyId: kmsKeyId } : {},
    };
    return await this.#ask("write", key, async () => {
      const answer = body.size > MULTIPART_BYTES ? await this.#upload(input, body) : await this.#client.send(
        new PutObjectCommand({
          ...input,
          Body: "bytes" in body ? body.bytes : await Deno.readFile(body.path),
        }),
      );
      if (sse && answer.ServerSideEncryption !== sse) {
        throw new ConfigError(
          `Cannot write "${key}": the store does not encrypt as LAKEBOOK_S3_SSE=${sse} asks, unset it or use a store that does`,
        );
      }
      return answer.ETag!;
    });
  }

  /** Objects whose key starts with `prefix`, with their ETags, in S3's order. */
  async list(prefix: string): Promise<{ key: string; size: number; etag: string }[]> {
    const found: { key: string; size: number; etag: string }[] = [];
    const place = { Bucket: this.settings.bucket, Prefix: this.settings.prefix + prefix };
    await this.#ask("list", prefix === "" ? this.url : prefix, async () => {
      let token: string | undefined;
      do {
        const page = await this.#client.send(
          new ListObjectsV2Command({ ...place, ...token ? { ContinuationToken: token } : {} }),
        );
        for (const { Key = "", Size = 0, ETag = "" } of page.Contents ?? []) {
          found.push({ key: Key.slice(this.settings.prefix.length), size: Size, etag: ETag });
        }
        token = page.NextContinuationToken;
      } while (token);
    });
    return found;
  }

  /** Names of the folders right beneath a prefix: S3 puts the keys of each together, so theirs are not listed. */
  async folders(prefix: string): Promise<string[]> {
    const found: string[] = [];
    const whole = this.settings.prefix + prefix;
    const place = { Bucket: this.settings.bucket, Prefix: whole, Delimiter: "/" };
    await this.#ask("list", prefix === "" ? this.url : prefix, async () => {
      let token: string | undefined;
      do {
        const page = await this.#client.send(
          new ListObjectsV2Command({ ...place, ...token ? { ContinuationToken: token } : {} }),
        );
        for (const { Prefix = "" } of page.CommonPrefixes ?? []) found.push(Prefix.slice(whole.length, -1));
        token = page.NextContinuationToken;
      } while (token);
    });
    return found;
  }

  /** Takes an object away; that there is none is fine. */
  async delete(key: string): Promise<void> {
    await this.#ask("delete", key, () => this.#client.send(new DeleteObjectCommand(this.#place(key))));
  }

  /** Lets go of idle connections. */
  close(): void {
    this.#client.destroy();
  }

  #place(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.settings.bucket, Key: this.settings.prefix + key };
  }

  async #upload(input: { Bucket: string; Key: string }, body: S3Body) {
    const partSize = Math.max(PART_BYTES, Math.ceil(body.size / PARTS));
    const file = "path" in body ? createReadStream(body.path) : null;
    try {
      const Body = "bytes" in body ? body.bytes : file!;
      return await new Upload({ client: this.#client, params: { ...input, Body }, partSize, queueSize: 4 })
        .done();
    } finally {
      file?.destroy();
    }
  }

  /** Runs requests when there is room for them, and explains their errors. */
  async #ask<T>(action: string, what: string, requests: () => Promise<T>): Promise<T> {
    await (this.#reachable ??= this.#check());
    if (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      return await requests();
    } catch (error) {
      const status = statusOf(error), name = nameOf(error);
      if (
        status === 412 || name === "ConditionalRequestConflict" ||
        (action === "write" && /^NoSuch(Key|Upload)$/.test(name))
      ) {
        throw new ConditionFailed(`${name} for "${what}"`);
      }
      throw explainS3Error({ action, what }, error, this.settings);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  /** Whether bucket and credentials are good: asked once, because the answer to HEAD does not say what is wrong. */
  async #check(): Promise<void> {
    const { bucket, prefix } = this.settings;
    try {
      await this.#client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 }));
    } catch (error) {
      this.#reachable = null;
      throw explainS3Error({ action: "open lake", what: this.url }, error, this.settings);
    }
  }
}

function clientConfig({ endpoint, region, credentials }: S3Settings): S3ClientConfig {
  return {
    maxAttempts: TRIES,
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 60_000 },
    ...region ? { region } : {},
    ...credentials ? { credentials } : {},
    ...endpoint ? { endpoint } : {},
    ...isCustom(endpoint)
      ? {
        forcePathStyle: true,
        // AWS's newer checksums by default are what other stores stumble over.
        requestChecksumCalculation: "WHEN_REQUIRED",
        responseChecksumValidation: "WHEN_REQUIRED",
      }
      : {},
  };
}

function describe(
  answer: {
    ContentLength?: number | undefined;
    ETag?: string | undefined;
    LastModified?: Date | undefined;
    Metadata?: Record<string, string> | undefined;
  },
): S3Object {
  const { serverDate } = answer as { serverDate?: string };
  const age = serverDate && answer.LastModified
    ? Date.parse(serverDate) - answer.LastModified.getTime()
    : NaN;
  return {
    size: answer.ContentLength ?? 0,
    etag: answer.ETag ?? "",
    sha256: answer.Metadata?.["lakebook-sha256"] ?? null,
    write: answer.Metadata?.["lakebook-write"] ?? null,
    age_ms: Number.isNaN(age) ? null : age,
  };
}

function nameOf(error: unknown): string {
  return (error as Error | null)?.name ?? "";
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
}

/** Whether an answer had begun well and then broke off. */
function isBroken(error: unknown): boolean {
  if (error instanceof LakeError) return error.retryable;
  return statusOf(error) === undefined && /aborted|ECONNRESET|socket hang up|terminated/i.test(`${error}`);
}
