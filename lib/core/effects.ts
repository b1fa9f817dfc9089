/** Where a step says what it does. The command line prints it on stderr; a test collects it. */
export interface Log {
  /** Progress worth a line. */
  info(message: string): void;
  /** Something the reader should act on or know about the data. */
  warn(message: string): void;
}

/**
 * Everything a module may want from the outside world, handed in rather than reached for, so that a test can
 * fix the clock and answer the network from a file.
 *
 * @example A fixed clock and a silent log
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const effects: Effects = {
 *   fetch: () => Promise.reject(new TypeError("offline")),
 *   now: () => new Date("2026-01-02T03:04:05Z"),
 *   sleep: () => Promise.resolve(),
 *   random: () => 0.5,
 *   log: { info() {}, warn() {} },
 * };
 * assertEquals(effects.now().toISOString(), "2026-01-02T03:04:05.000Z");
 * ```
 */
export interface Effects {
  /** The network. */
  fetch: typeof fetch;
  /** The clock; fixed by `--now`. */
  now: () => Date;
  /** Waits; ends early, with the signal's reason as error, where the signal aborts. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Uniform in [0, 1): jitter of retries. Models and simulations have seeds of their own. */
  random: () => number;
  /** Where messages go. */
  log: Log;
}

/** Acts that wait for an interrupt, each until it is taken away. */
export interface LastActs {
  add(act: () => Promise<void>): void;
  delete(act: () => Promise<void>): void;
}
