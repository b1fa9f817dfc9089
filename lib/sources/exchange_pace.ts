/** One request after another, never closer together than the pace allows. */
import type { Effects } from "../core/effects.ts";
import { MINUTE_MS } from "../core/time.ts";

/**
 * Spreads requests evenly: exchanges count by the second as well as by the minute, so a minute's worth must not go
 * out at once.
 *
 * @example 600 requests a minute are one each tenth of a second
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const waits: number[] = [];
 * const pace = new RequestPace(600, {
 *   now: () => new Date(0),
 *   sleep: (ms: number) => Promise.resolve(void waits.push(ms)),
 * });
 * for (let i = 0; i < 3; i++) await pace.take();
 * assertEquals(waits, [100, 100]);
 * ```
 */
export class RequestPace {
  readonly #apart_ms: number;
  readonly #effects: Pick<Effects, "now" | "sleep">;
  /** When the next request may go out, by a clock that never goes back. */
  #next = -Infinity;
  #clock = -Infinity;

  constructor(perMinute: number, effects: Pick<Effects, "now" | "sleep">) {
    this.#apart_ms = MINUTE_MS / perMinute;
    this.#effects = effects;
  }

  /** Waits until a request may go out; gives the milliseconds waited. */
  async take(): Promise<number> {
    this.#clock = Math.max(this.#clock, this.#effects.now().getTime());
    const wait = Math.max(0, this.#next - this.#clock);
    this.#clock += wait;
    this.#next = this.#clock + this.#apart_ms;
    if (wait > 0) await this.#effects.sleep(wait);
    return wait;
  }
}
