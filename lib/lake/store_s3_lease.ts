/**
 * The lake's lock on S3: an object that says who holds it, renewed while its holder lives. A lease that has run out
 * may be taken over; its epoch then rises by one, and the former holder's next conditional write is refused.
 */
import { z } from "zod";
import { LakebookError, LakeError, LockError } from "../core/errors.ts";
import { bodyOf } from "./store_s3_body.ts";
import type { S3Bucket } from "./store_s3_bucket.ts";
import { ConditionFailed, isUnknownOutcome } from "./store_s3_errors.ts";

const LOCK = "_lock";

/** What the lease object holds. */
const LEASE = z.object({
  /** Null once it was given back. */
  holder: z.string().nullable(),
  /** How often the lock has changed hands: the fencing number. */
  epoch: z.number().int().positive(),
  ttl_ms: z.number().positive(),
  /** Differs in every write, so that no two of them have one ETag. */
  nonce: z.string(),
});
type LeaseText = z.infer<typeof LEASE>;

/** How a lease is held; tests have clocks of their own. */
export interface LeaseOptions {
  /** How long it holds without being renewed. */
  ttl_ms?: number;
  /** Milliseconds that pass whatever the wall clock says. */
  monotonic?: () => number;
  wall?: () => number;
}

/**
 * Takes the lease of a lake. One that is held by a writer that is alive is left alone; one whose age (by the store's
 * own clock) is more than its time to live is taken over.
 *
 * @throws {LockError} where somebody else holds it.
 */
export async function takeLease(
  bucket: S3Bucket,
  holder: string,
  options: LeaseOptions = {},
): Promise<Lease> {
  const { ttl_ms = 60_000 } = options;
  for (let tries = 0; tries < 10; tries++) {
    const found = await bucket.get(LOCK);
    const before = found && readLease(bucket, found.bytes!);
    // Both instants are in whole seconds.
    const runOut = before && found.age_ms !== null && found.age_ms > before.ttl_ms + 1_000;
    if (before && before.holder !== null && !runOut) {
      throw new LockError(
        `Cannot write to lake "${bucket.url}": ${before.holder} is writing to it, wait for it to end and run again`,
      );
    }
    const lease = new Lease(bucket, { holder, epoch: (before?.epoch ?? 0) + 1, ttl_ms }, options);
    if (await lease.write(holder, found?.etag ?? null)) {
      lease.keep();
      return lease;
    }
  }
  throw new LockError(`Cannot write to lake "${bucket.url}": several runs want its lock at once, run again`);
}

/** A lease that this process holds. */
export class Lease {
  readonly epoch: number;
  readonly #bucket: S3Bucket;
  readonly #holder: string;
  readonly #ttl_ms: number;
  readonly #monotonic: () => number;
  readonly #wall: () => number;
  #etag = "";
  /** Writes of which nobody knows whether they were carried out. */
  readonly #unconfirmed = new Set<string>();
  #renewed = { monotonic: 0, wall: 0 };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #renewal: Promise<void> | null = null;
  #lost: LockError | null = null;

  constructor(
    bucket: S3Bucket,
    { holder, epoch, ttl_ms }: { holder: string; epoch: number; ttl_ms: number },
    { monotonic = () => performance.now(), wall = Date.now }: LeaseOptions,
  ) {
    this.epoch = epoch;
    this.#bucket = bucket;
    this.#holder = holder;
    this.#ttl_ms = ttl_ms;
    this.#monotonic = monotonic;
    this.#wall = wall;
  }

  /**
   * Comes back while the lock is held. Where the lease may have run out (a suspended laptop, a paused process), it is
   * renewed first, which fails once somebody else has taken it; so it is with `verify`.
   *
   * @throws {LockError} where the lock is lost.
   */
  async assertHeld({ verify = false } = {}): Promise<void> {
    if (this.#lost) throw this.#lost;
    // The monotonic clock stands still while a machine sleeps, and the wall clock may be set back: the later one counts.
    const age = Math.max(
      this.#monotonic() - this.#renewed.monotonic,
      this.#wall() - this.#renewed.wall,
    );
    if (verify || age > this.#ttl_ms * 0.75) await this.#renew();
  }

  /** Renews the lease from time to time, without keeping the process alive. */
  keep(): void {
    const timer = setTimeout(async () => {
      // A store that cannot be reached for a moment: the next renewal or the next write will tell.
      await this.#renew().catch(() => {});
      if (!this.#lost && this.#timer !== undefined) this.keep();
    }, this.#ttl_ms / 3);
    Deno.unrefTimer(timer);
    this.#timer = timer;
  }

  /** Gives the lock back. The object stays, with its epoch. */
  async release(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#renewal?.catch(() => {});
    if (this.#lost) return;
    await this.write(null, this.#etag).catch((error) => {
      // All is committed by now; without this word the lease runs out by itself.
      if (!(error instanceof LakebookError)) throw error;
    });
  }

  /** Writes the lease; false where the object is not the expected one any more. */
  async write(holder: string | null, expected: string | null): Promise<boolean> {
    for (;;) {
      const at = { monotonic: this.#monotonic(), wall: this.#wall() };
      const text: LeaseText = { holder, epoch: this.epoch, ttl_ms: this.#ttl_ms, nonce: crypto.randomUUID() };
      const body = bodyOf(`${JSON.stringify(text)}\n`);
      try {
        this.#etag = await this.#bucket.put(LOCK, body, { etag: expected });
      } catch (error) {
        if (!(error instanceof ConditionFailed) && !isUnknownOutcome(error)) throw error;
        // The reply to our own write may have been lost.
        this.#unconfirmed.add(body.write);
        const found = await this.#bucket.head(LOCK);
        if (!found?.write || !this.#unconfirmed.has(found.write)) {
          if (error instanceof ConditionFailed) return false;
          throw error;
        }
        this.#etag = found.etag;
        if (found.write !== body.write) {
          if (!(error instanceof ConditionFailed)) throw error;
          // An earlier write of ours was carried out after all: this one follows it.
          expected = found.etag;
          continue;
        }
      }
      // All earlier ones expect an object that is not there any more.
      this.#unconfirmed.clear();
      this.#renewed = at;
      return true;
    }
  }

  #renew(): Promise<void> {
    return this.#renewal ??= this.#renewOnce().finally(() => this.#renewal = null);
  }

  async #renewOnce(): Promise<void> {
    if (await this.write(this.#holder, this.#etag)) return;
    this.#lost = new LockError(
      `Cannot write to lake "${this.#bucket.url}": ${this.#holder} lost the lock (it was away for more than ` +
        `${this.#ttl_ms / 1000} s and another run took over), run again; what was committed stays`,
    );
    throw this.#lost;
  }
}

function readLease(bucket: S3Bucket, bytes: Uint8Array): LeaseText {
  try {
    return LEASE.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new LakeError(
      `Cannot lock lake "${bucket.url}": its ${LOCK} is damaged, delete it once no run is writing, and run again`,
      { cause },
    );
  }
}
