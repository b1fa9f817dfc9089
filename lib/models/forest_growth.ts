/** The trees of a forest, grown by one thread or by several: the same trees to the bit. */
import { receiveMessageOnPort } from "node:worker_threads";
import { ModelError } from "../core/errors.ts";
import { seededRandom } from "./seeded_random.ts";
import type { Tree } from "./tree.ts";
import { TreeGrower, type TreeSettings } from "./tree_grower.ts";

/** What trees grow from. */
export interface ForestRows {
  /** One array a feature. */
  columns: readonly Float64Array[];
  y: Float64Array;
  /** What each row counts; null for 1. */
  weights: Float64Array | null;
  seed: number;
  settings: TreeSettings;
}

/** What a worker is told. Rows lie in shared memory. */
export interface GrowthJob {
  rows: ForestRows;
  trees: number;
  /** The tree that nobody has begun yet, and how many workers have begun and not ended. */
  state: Int32Array;
  /** Where trees are sent. */
  port: MessagePort;
}

/** What a worker sends: the trees that it grew, by number, or why it could not. */
export type GrowthAnswer = { trees: [number, Tree][] } | { error: string; ours: boolean };

const NEXT = 0, BUSY = 1;

/** Below so many (rows × columns × trees) a forest has grown before another thread has taken part. */
const WORTH_A_THREAD = 100_000;

/** The threads that take part besides this one. */
let helpers: readonly Worker[] = [];

/**
 * Lets all forests of the process grow on so many threads, this one included, until it is disposed. A forest does not
 * depend on the number of threads.
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
 * using _threads = forestThreads(2);
 * assertEquals(grown(), alone);
 * ```
 */
export function forestThreads(count = Math.min(2, navigator.hardwareConcurrency)): Disposable {
  if (!(Number.isInteger(count) && count >= 1)) {
    throw new RangeError(`Cannot use ${count} threads: give a whole number from 1`);
  }
  if (helpers.length > 0) {
    throw new TypeError("Cannot start threads for forests: there are some already, dispose of them first");
  }
  const url = new URL("./forest_growth_worker.ts", import.meta.url);
  const started = Array.from({ length: count - 1 }, () => new Worker(url, { type: "module" }));
  helpers = started;
  return {
    [Symbol.dispose]() {
      for (const worker of started) worker.terminate();
      helpers = [];
    },
  };
}

/**
 * Grows a forest, each tree on a bootstrap of its own. Threads take the next tree as they get free; which one grows it
 * does not matter, because a tree's random numbers depend on the seed and its number alone.
 *
 * The call answers only when all trees are there: this thread grows trees as well, then waits for the others.
 *
 * @throws {ModelError} if a value is NaN, or a bootstrap drew no row of any weight.
 */
export function growForest(rows: ForestRows, trees: number): Tree[] {
  if (helpers.length === 0 || rows.y.length * rows.columns.length * trees < WORTH_A_THREAD) {
    return growNext(rows, trees, new Int32Array(2)).map(([, tree]) => tree);
  }
  const shared = inSharedMemory(rows);
  const state = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  const ports = helpers.map((worker) => {
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ rows: shared, trees, state, port: port2 } satisfies GrowthJob, [port2]);
    return port1;
  });
  try {
    const grown = growNext(shared, trees, state);
    for (let busy = Atomics.load(state, BUSY); busy > 0; busy = Atomics.load(state, BUSY)) {
      Atomics.wait(state, BUSY, busy);
    }
    for (const port of ports) grown.push(...receivedTrees(port));
    return grown.sort(([a], [b]) => a - b).map(([, tree]) => tree);
  } finally {
    // No tree is left for a helper that is still at work on what failed here.
    Atomics.store(state, NEXT, trees);
    for (const port of ports) port.close();
  }
}

/** A worker's part: trees that nobody has begun. One that comes too late has none, and is not waited for. */
export function helpToGrow({ rows, trees, state, port }: GrowthJob): void {
  Atomics.add(state, BUSY, 1);
  try {
    port.postMessage({ trees: growNext(rows, trees, state) } satisfies GrowthAnswer);
  } catch (error) {
    port.postMessage(
      {
        error: (error as Error).message,
        ours: error instanceof ModelError,
      } satisfies GrowthAnswer,
    );
  } finally {
    Atomics.sub(state, BUSY, 1);
    Atomics.notify(state, BUSY);
  }
}

/** How much each row counts in one tree: as many rows as there are, drawn with replacement, times their weights. */
export function bootstrap(weights: Float64Array | null, rows: number, random: () => number): Float64Array {
  const drawn = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const taken = Math.floor(random() * rows);
    drawn[taken]! += weights ? weights[taken]! : 1;
  }
  return drawn;
}

/** Trees that no other thread has begun, by number. */
function growNext(
  { columns, y, weights, seed, settings }: ForestRows,
  trees: number,
  state: Int32Array,
): [number, Tree][] {
  const grown: [number, Tree][] = [];
  let grower: TreeGrower | undefined;
  for (let tree = Atomics.add(state, NEXT, 1); tree < trees; tree = Atomics.add(state, NEXT, 1)) {
    const random = seededRandom(seed, tree);
    grower ??= new TreeGrower(columns, y, settings);
    grown.push([tree, grower.grow(bootstrap(weights, y.length, random), random)]);
  }
  return grown;
}

function inSharedMemory({ columns, y, weights, ...rest }: ForestRows): ForestRows {
  const shared = (values: Float64Array) => {
    const copy = new Float64Array(new SharedArrayBuffer(values.byteLength));
    copy.set(values);
    return copy;
  };
  return { ...rest, columns: columns.map(shared), y: shared(y), weights: weights && shared(weights) };
}

/** What a helper sent; nothing where it came too late. */
function receivedTrees(port: MessagePort): [number, Tree][] {
  const received = receiveMessageOnPort(port as unknown as Parameters<typeof receiveMessageOnPort>[0]);
  if (!received) return [];
  const answer = received.message as GrowthAnswer;
  if ("error" in answer) throw answer.ours ? new ModelError(answer.error) : new Error(answer.error);
  return answer.trees;
}
