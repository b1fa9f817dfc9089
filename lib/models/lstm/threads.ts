import { Worker } from "node:worker_threads";
import { CONTROL, type Operation, OPERATIONS, partsFrom, SPINS, STOP, type ThreadStart } from "./kernel.ts";
import { compiled, kernel, memory } from "./memory.ts";

/** Threads that are at work until they are disposed of. */
export interface LstmThreads extends Disposable {
  readonly count: number;
}

/** A part of an operation takes well under a second. */
const PATIENCE_MS = 60_000;

let pool: Pool | null = null;

/**
 * Lets all fused LSTM layers of this process work on `count` threads until the result is disposed of; without
 * it they work on one. Results are the same to the bit, whatever the count. It pays from two blocks of eight
 * windows on.
 *
 * The other threads sleep between batches, and a process that ends takes them with it, disposed of or not.
 *
 * @param count Whole number from 1 to 64: this thread and so many less one workers.
 * @throws {RangeError} if `count` is something else, or threads are at work already.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * using threads = await lstmThreads(2);
 * assertEquals(threads.count, 2);
 * ```
 */
export async function lstmThreads(count: number): Promise<LstmThreads> {
  if (!(Number.isInteger(count) && count >= 1 && count <= 64)) {
    throw new RangeError(`Cannot start threads: ${count} is not a whole number from 1 to 64`);
  }
  if (pool) throw new RangeError(`Cannot start threads: ${pool.count} are at work, dispose of them first`);
  const mine = pool = new Pool(count);
  const stop = () => {
    mine.stop();
    if (pool === mine) pool = null;
  };
  try {
    await mine.start();
  } catch (error) {
    stop();
    throw error;
  }
  return { count, [Symbol.dispose]: stop };
}

/** Runs an operation of the kernel in `parts`, split evenly between the threads. */
export function runSplit(operation: Operation, pass: number, parts: number): void {
  if (pool && pool.ready) pool.run(operation, pass, parts);
  else kernel[operation](pass, 0, parts);
}

/**
 * Workers that wait for a job number to change (fork), and a count that they lower when they are done (join).
 */
class Pool {
  readonly #workers: Worker[] = [];
  readonly #control = new Int32Array(new SharedArrayBuffer(Object.keys(CONTROL).length * 4));
  ready = false;

  constructor(readonly count: number) {}

  async start(): Promise<void> {
    const started: Promise<void>[] = [];
    for (let thread = 1; thread < this.count; thread++) {
      const workerData: ThreadStart = {
        ...{ compiled, memory, control: this.#control },
        ...{ thread, threads: this.count },
      };
      const worker = new Worker(new URL("./thread.ts", import.meta.url), { workerData });
      this.#workers.push(worker);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      worker.once("message", () => resolve());
      worker.once("error", reject);
      started.push(promise);
    }
    await Promise.all(started);
    for (const worker of this.#workers) worker.unref(); // a process that ends need not stop them
    this.ready = true;
  }

  stop(): void {
    this.ready = false;
    this.#post(STOP, 0, 0); // a thread that sleeps cannot be terminated
    for (const worker of this.#workers.splice(0)) worker.terminate();
  }

  run(operation: Operation, pass: number, parts: number): void {
    if (this.count > 1) this.#post(OPERATIONS.indexOf(operation), pass, parts);
    try {
      kernel[operation](pass, 0, partsFrom(1, this.count, parts));
    } finally {
      if (this.count > 1) this.#join();
    }
  }

  #post(operation: number, pass: number, parts: number): void {
    const control = this.#control;
    control[CONTROL.operation] = operation;
    control[CONTROL.pass] = pass;
    control[CONTROL.parts] = parts;
    Atomics.store(control, CONTROL.pending, this.count - 1);
    Atomics.add(control, CONTROL.job, 1);
    Atomics.notify(control, CONTROL.job);
  }

  #join(): void {
    const control = this.#control, { pending, failed } = CONTROL;
    for (let spin = 0; spin < SPINS && Atomics.load(control, pending) > 0; spin++);
    for (let left; (left = Atomics.load(control, pending)) > 0;) {
      if (Atomics.wait(control, pending, left, PATIENCE_MS) === "timed-out") {
        throw new Error(`Cannot run an LSTM: a thread has not answered for ${PATIENCE_MS / 1000} s`);
      }
    }
    if (Atomics.load(control, failed)) throw new Error("Cannot run an LSTM: the kernel failed on a thread");
  }
}
