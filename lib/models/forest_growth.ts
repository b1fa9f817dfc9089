/** The trees of a forest, grown by one thread or by several: the same trees to the bit. */
import { receiveMessageOnPort } from "node:worker_threads";
import { ModelError } from "../core/errors.ts";
import { seededRandom } from "./seeded_random.ts";
import type { Tree } from "./tree.ts";
import { TreeGrower, type TreeSettings } from "./tree_grower.ts";
import { helperPorts, inSharedMemory, type TreeJob } from "./tree_threads.ts";

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

/** What a helper is told. Rows lie in shared memory. */
export interface GrowthJob {
  rows: ForestRows;
  trees: number;
  /** The tree that nobody has begun yet, and how many workers have begun and not ended. */
  state: Int32Array;
  /** Where trees are sent. */
  port: MessagePort;
}

/** What a helper sends: the trees that it grew, by number, or why it could not. */
export type GrowthAnswer = { trees: [number, Tree][] } | { error: string; ours: boolean };

const NEXT = 0, BUSY = 1;

/** Below so many (rows × columns × trees) a forest has grown before another thread has taken part. */
const WORTH_A_THREAD = 100_000;

/**
 * Grows a forest, each tree on a bootstrap of its own. Threads take the next tree as they get free; which one grows it
 * does not matter, because a tree's random numbers depend on the seed and its number alone.
 *
 * The call answers only when all trees are there: this thread grows trees as well, then waits for the others.
 *
 * @throws {ModelError} if a value is NaN, or a bootstrap drew no row of any weight.
 */
export function growForest(rows: ForestRows, trees: number): Tree[] {
  const helpers = helperPorts();
  if (helpers.length === 0 || rows.y.length * rows.columns.length * trees < WORTH_A_THREAD) {
    return growNext(rows, trees, new Int32Array(2)).map(([, tree]) => tree);
  }
  const shared = {
    ...rows,
    columns: rows.columns.map(inSharedMemory),
    y: inSharedMemory(rows.y),
    weights: rows.weights && inSharedMemory(rows.weights),
  };
  const state = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  const ports = helpers.map((helper) => {
    const { port1, port2 } = new MessageChannel();
    helper.postMessage({ forest: { rows: shared, trees, state, port: port2 } } satisfies TreeJob, [port2]);
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

/** A helper's part: trees that nobody has begun. One that comes too late has none, and is not waited for. */
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

/** What a helper sent; nothing where it came too late. */
function receivedTrees(port: MessagePort): [number, Tree][] {
  const received = receiveMessageOnPort(port as unknown as Parameters<typeof receiveMessageOnPort>[0]);
  if (!received) return [];
  const answer = received.message as GrowthAnswer;
  if ("error" in answer) throw answer.ours ? new ModelError(answer.error) : new Error(answer.error);
  return answer.trees;
}
