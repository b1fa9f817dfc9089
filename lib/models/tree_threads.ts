/** Threads that take part in growing trees; without them the caller's thread grows all alone. */
import { type Transferable, Worker } from "node:worker_threads";
import type { BoostingJob } from "./boosting_rounds.ts";
import type { GrowthJob } from "./forest_growth.ts";

/** What a helper is told. Rows lie in shared memory. */
export type TreeJob = { forest: GrowthJob } | { boosting: BoostingJob };

/** A thread, and the port where it takes jobs. */
interface Helper {
  worker: Worker;
  jobs: MessagePort;
}

let helpers: readonly Helper[] = [];

/**
 * Lets all forests and boosted trees of the process grow on so many threads, this one included, until it is disposed.
 * What grows does not depend on the number of threads.
 *
 * @throws {RangeError} if the number is not a whole one from 1.
 * @throws {TypeError} while the threads of another call are there.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { RandomForest } from "./random_forest.ts";
 * const x = Array.from({ length: 400 }, (_, i) => [i % 20, i % 7]), y = Float64Array.from(x, ([a, b]) => a! * b!);
 * const grown = () => {
 *   const forest = new RandomForest({ trees: 200 });
 *   forest.fit(x, y);
 *   return JSON.stringify(forest);
 * };
 * const alone = grown();
 * using _threads = treeThreads(2);
 * assertEquals(grown(), alone);
 * ```
 */
export function treeThreads(count = Math.min(2, navigator.hardwareConcurrency)): Disposable {
  if (!(Number.isInteger(count) && count >= 1)) {
    throw new RangeError(`Cannot use ${count} threads: give a whole number from 1`);
  }
  if (helpers.length > 0) {
    throw new TypeError("Cannot start threads for trees: there are some already, dispose of them first");
  }
  const started = Array.from({ length: count - 1 }, startHelper);
  helpers = started;
  return {
    [Symbol.dispose]() {
      for (const { worker, jobs } of started) {
        worker.terminate();
        jobs.close();
      }
      helpers = [];
    },
  };
}

/** Where each helper takes a {@linkcode TreeJob}; empty without threads. */
export function helperPorts(): MessagePort[] {
  return helpers.map(({ jobs }) => jobs);
}

/** The array, or where it lies in memory of this thread alone, a copy that all threads can see. */
export function inSharedMemory(values: Float64Array): Float64Array {
  if (values.buffer instanceof SharedArrayBuffer) return values;
  const copy = new Float64Array(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
}

function startHelper(): Helper {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL("./tree_worker.ts", import.meta.url), {
    workerData: port2,
    transferList: [port2 as unknown as Transferable],
  });
  // A process that ends takes it along.
  worker.unref();
  return { worker, jobs: port1 };
}
