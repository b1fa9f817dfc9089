/** At most so many requests in any 60 seconds. */
import type { Effects } from "../core/effects.ts";
import { MINUTE_MS } from "../core/time.ts";

/**
 * A sliding window over the last minute. Every request counts, failed ones included, as CoinGecko counts.
 *
 * @example The third request of a minute waits until the first one is a minute old
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const waits: number[] = [];
 * const effects = {
 *   now: () => new Date("2026-01-02T03:04:05Z"),
 *   sleep: (ms: number) => Promise.resolve(void waits.push(ms)),
 * };
 * const limit = new RequestLimit(2, effects);
 * for (let i = 0; i < 3; i++) await limit.take(Infinity);
 * assertEquals(waits, [60_000]);
 * ```
 */
export class RequestLimit {
  readonly perMinute: number;
  readonly #effects: Pick<Effects, "now" | "sleep">;
  /** Times of the last requests, by a clock that never goes back. */
  #taken: number[] = [];
  #clock = 0;

  constructor(perMinute: number, effects: Pick<Effects, "now" | "sleep">) {
    this.perMinute = perMinute;
    this.#effects = effects;
  }

  /**
   * Waits until a request may go out, and counts it. Gives the milliseconds waited, or null, without waiting, where
   * that would take longer than `atMostMs`.
   */
  async take(atMostMs: number, signal?: AbortSignal): Promise<number | null> {
    this.#clock = Math.max(this.#clock, this.#effects.now().getTime());
    this.#taken = this.#taken.filter((time) => time > this.#clock - MINUTE_MS);
    const blocking = this.#taken.at(-this.perMinute);
    const wait = blocking === undefined ? 0 : blocking + MINUTE_MS - this.#clock;
    if (wait > atMostMs) return null;
    // Counted before the wait, so that two callers do not take the same place.
    this.#taken.push(this.#clock + wait);
    if (wait > 0) {
      await this.#effects.sleep(wait, signal);
      this.#clock = Math.max(this.#clock, this.#taken.at(-1)!);
    }
    return wait;
  }
}
