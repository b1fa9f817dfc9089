/**
 * Loads numbered things ahead of their use, no more than `ahead` beyond the one in use: a consumer that pauses stops
 * the loading.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const started: number[] = [];
 * const load = (at: number) => Promise.resolve(started.push(at));
 * const queue = new Prefetch(load, { ahead: 2, end: 10 });
 * await queue.take(0);
 * assertEquals(started, [0, 1, 2]);
 * await queue.take(1);
 * assertEquals(started, [0, 1, 2, 3]);
 * ```
 */
export class Prefetch<T> {
  readonly #load: (at: number) => Promise<T>;
  readonly #ahead: number;
  readonly #end: number;
  readonly #waiting = new Map<number, Promise<T>>();

  /** @param options.end Numbers from here on do not exist. */
  constructor(load: (at: number) => Promise<T>, { ahead, end }: { ahead: number; end: number }) {
    this.#load = load;
    this.#ahead = ahead;
    this.#end = end;
  }

  /** One of them, and the order to load the next ones. What lies outside of that window is let go. */
  async take(at: number): Promise<T> {
    const last = Math.min(at + this.#ahead, this.#end - 1);
    for (const other of this.#waiting.keys()) if (other < at || other > last) this.#waiting.delete(other);
    for (let next = at; next <= last; next++) if (!this.#waiting.has(next)) this.#start(next);
    const taken = this.#waiting.get(at) ?? this.#load(at);
    this.#waiting.delete(at);
    return await taken;
  }

  #start(at: number): void {
    const promise = this.#load(at);
    this.#waiting.set(at, promise);
    // A failure is news for whoever waits for it; whoever comes later has another try.
    promise.catch(() => {
      if (this.#waiting.get(at) === promise) this.#waiting.delete(at);
    });
  }

  /** How many are loaded or being loaded. */
  get size(): number {
    return this.#waiting.size;
  }

  clear(): void {
    this.#waiting.clear();
  }
}
