/**
 * The lock of an S3 lake: a lease on one object, kept by renewing it. Each change of the object is conditional on the
 * ETag that its writer saw last, so of two takers one wins, and a holder that was paused finds its renewal refused.
 */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from "@aws-sdk/client-s3";
import { z } from "zod";
import { LakeError } from "../core/errors.ts";
import { isNoObject, isPreconditionFailed } from "./store_s3_errors.ts";
import type { S3Settings } from "./store_s3_settings.ts";

/** Key of the lease. */
export const LOCK_KEY = "_lock";

const STATE = z.object({
  holder: z.string(),
  /** Grows by one with each holder: the fencing number. */
  epoch: z.number(),
  /** Tells two writes with the same content apart. */
  nonce: z.string(),
  /** Milliseconds after which the lease is dead without a renewal. */
  ms: z.number(),
});

type State = z.infer<typeof STATE>;

/** A lease that is taken, renewed and released. */
export class Lease {
  readonly #client: S3Client;
  readonly #at: { Bucket: string; Key: string };
  readonly #holder: string;
  readonly #ms: number;
  readonly #sse: S3Settings["sse"];
  #etag = "";
  #epoch = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** When the last renewal was begun, by the monotonic clock. */
  #renewed = -Infinity;
  #lost: string | null = null;

  constructor(
    client: S3Client,
    { Bucket, Key, holder, ms, sse }: {
      Bucket: string;
      Key: string;
      holder: string;
      ms: number;
      sse: S3Settings["sse"];
    },
  ) {
    this.#client = client;
    this.#at = { Bucket, Key };
    this.#holder = holder;
    this.#ms = ms;
    this.#sse = sse;
  }

  /** Takes the lease; gives the name of a holder that is alive, or null where it is ours now. */
  async take(): Promise<string | null> {
    const before = await this.#read();
    // The age is measured by the store's own clock, on both ends.
    if (before && before.age_ms <= before.state.ms) return before.state.holder;
    this.#epoch = (before?.state.epoch ?? 0) + 1;
    const won = await this.#write(before ? { IfMatch: before.etag } : { IfNoneMatch: "*" });
    if (!won) return (await this.#read())?.state.holder ?? "another run";
    this.#timer = setInterval(() => this.#renew(), this.#ms / 3);
    // A run that is over must not wait for its next renewal.
    Deno.unrefTimer(this.#timer as unknown as number);
    return null;
  }

  /**
   * Makes sure that the lease is still ours. A process that was paused longer than the lease lasts cannot know who
   * holds it now, and stops before it writes.
   *
   * @throws {LakeError} where it is not.
   */
  check(): void {
    const silent_ms = performance.now() - this.#renewed;
    if (this.#lost === null && silent_ms < this.#ms) return;
    throw new LakeError(
      `Cannot go on as "${this.#holder}": ` +
        (this.#lost ?? `the lock was not renewed for ${(silent_ms / 1000).toFixed(0)} s`) +
        `, another run may be writing; run again`,
      { retryable: true },
    );
  }

  /** Gives the lease back, unless somebody else has it by now. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#lost !== null) return;
    try {
      await this.#client.send(new DeleteObjectCommand({ ...this.#at, IfMatch: this.#etag }));
    } catch (error) {
      if (!isPreconditionFailed(error) && !isNoObject(error)) throw error;
    }
  }

  async #renew(): Promise<void> {
    try {
      if (!await this.#write({ IfMatch: this.#etag })) this.#lost = "somebody else has taken the lock";
    } catch {
      // The next renewal tries again; check() notices when none came through in time.
    }
  }

  async #write(condition: Pick<PutObjectCommandInput, "IfMatch" | "IfNoneMatch">): Promise<boolean> {
    const began = performance.now();
    const nonce = crypto.randomUUID();
    const state: State = { holder: this.#holder, epoch: this.#epoch, nonce, ms: this.#ms };
    try {
      const { ETag } = await this.#client.send(
        new PutObjectCommand({ ...this.#at, Body: JSON.stringify(state), ...this.#sse, ...condition }),
      );
      this.#etag = ETag!;
    } catch (error) {
      if (!isPreconditionFailed(error)) throw error;
      // Our own write, if its reply was lost and the SDK sent it again.
      const now = await this.#read();
      if (now?.state.nonce !== nonce) return false;
      this.#etag = now.etag;
    }
    this.#renewed = began;
    return true;
  }

  async #read(): Promise<{ state: State; etag: string; age_ms: number } | null> {
    let clock_ms = NaN;
    const command = new GetObjectCommand(this.#at);
    command.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        const headers = (result.response as { headers?: Record<string, string> }).headers ?? {};
        clock_ms = Date.parse(headers["date"] ?? "");
        return result;
      },
      { step: "deserialize", name: "clock" },
    );
    try {
      const { Body, ETag, LastModified } = await this.#client.send(command);
      const state = STATE.parse(JSON.parse(await Body!.transformToString()));
      const age_ms = (Number.isNaN(clock_ms) ? Date.now() : clock_ms) - LastModified!.getTime();
      return { state, etag: ETag!, age_ms };
    } catch (error) {
      if (isNoObject(error)) return null;
      throw error;
    }
  }
}
