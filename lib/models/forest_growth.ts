/** The trees of a forest, grown by one thread or by several: the same trees to the bit. */
import { receiveMessageOnPort } from "node:worker_threads";
import { ModelError } from "../core/errors.ts";
import { argsort } from "./argsort.ts";
import { seededRandom } from "./seeded_random.ts";
import { gatherTeam, joinTeam, TeamEnded, teamState, type ThreadTeam } from "./thread_team.ts";
import { type Tree, treeIn } from "./tree.ts";
import { sortedRows, TreeGrower, type TreeSettings } from "./tree_grower.ts";
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

/** What the threads of a forest share. */
interface ForestWork {
  rows: ForestRows;
  /** Of each column, rows by value: see {@linkcode TreeGrower}. */
  sorted: Uint32Array[];
  trees: number;
  /** The first tree that nobody has begun yet. */
  next: Int32Array;
}

/** What a helper is told. Rows lie in shared memory. */
export interface GrowthJob extends ForestWork {
  /** The team's. */
  state: Int32Array;
  /** Where trees are sent. */
  port: MessagePort;
}

/**
 * What a helper sends: the memory of the trees that it grew, by their numbers, or why it could not. Of arrays in it the
 * receiving end would look at every element.
 */
type GrowthAnswer = { trees: [number, ArrayBufferLike][] } | { error: string; ours: boolean };

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
  const helpers = rows.y.length * rows.columns.length * trees < WORTH_A_THREAD ? [] : helperPorts();
  const share = helpers.length === 0 ? (values: Float64Array) => values : inSharedMemory;
  const { columns, y, weights } = rows;
  const work: ForestWork = {
    rows: { ...rows, columns: columns.map(share), y: share(y), weights: weights && share(weights) },
    sorted: columns.map(() => new Uint32Array(new SharedArrayBuffer(4 * y.length))),
    trees,
    next: new Int32Array(new SharedArrayBuffer(4)),
  };
  const state = teamState();
  const ports = helpers.map((helper) => {
    const { port1, port2 } = new MessageChannel();
    helper.postMessage({ forest: { ...work, state, port: port2 } } satisfies TreeJob, [port2]);
    return port1;
  });
  const team = gatherTeam(state, helpers.length);
  try {
    const grown = growTrees(work, team);
    team.barrier();
    for (const port of ports) grown.push(...receivedTrees(port));
    return grown.sort(([a], [b]) => a - b).map(([, tree]) => tree);
  } catch (error) {
    if (error instanceof TeamEnded) { for (const port of ports) receivedTrees(port); }
    throw error;
  } finally {
    Atomics.store(work.next, 0, trees);
    team.end();
    for (const port of ports) port.close();
  }
}

/** A helper's part: trees that nobody has begun. */
export function helpToGrow({ port, state, ...work }: GrowthJob): void {
  const team = joinTeam(state);
  if (!team) return;
  const send = (answer: GrowthAnswer) => port.postMessage(answer);
  try {
    send({ trees: growTrees(work, team).map(([number, tree]) => [number, tree.value.buffer]) });
    team.barrier();
  } catch (error) {
    if (error instanceof TeamEnded) return;
    send({ error: (error as Error).message, ours: error instanceof ModelError });
    Atomics.store(work.next, 0, work.trees);
    team.end();
  }
}

/**
 * How much each row counts in one tree: as many rows as there are, drawn with replacement, times their weights.
 *
 * @param drawn where it is written, one number a row.
 */
export function bootstrap(
  weights: Float64Array | null,
  random: () => number,
  drawn: Float64Array,
): Float64Array {
  const rows = drawn.fill(0).length;
  for (let row = 0; row < rows; row++) {
    const taken = Math.floor(random() * rows);
    drawn[taken]! += weights ? weights[taken]! : 1;
  }
  return drawn;
}

/** Sorts the columns together with the team; then grows trees that no other thread has begun. */
function growTrees({ rows, sorted, trees, next }: ForestWork, team: ThreadTeam): [number, Tree][] {
  const { columns, y, weights, seed, settings } = rows;
  const byLabel = argsort(y), [first, end] = team.share(columns.length);
  for (let column = first; column < end; column++) {
    sorted[column]!.set(sortedRows(columns[column]!, byLabel, column));
  }
  team.barrier();
  const grower = new TreeGrower(columns, y, settings, sorted);
  const grown: [number, Tree][] = [], drawn = new Float64Array(y.length);
  for (let tree = Atomics.add(next, 0, 1); tree < trees; tree = Atomics.add(next, 0, 1)) {
    const random = seededRandom(seed, tree);
    grown.push([tree, grower.grow(bootstrap(weights, random, drawn), random)]);
  }
  return grown;
}

/** What a helper sent; nothing where it came too late. */
function receivedTrees(port: MessagePort): [number, Tree][] {
  const received = receiveMessageOnPort(port as unknown as Parameters<typeof receiveMessageOnPort>[0]);
  if (!received) return [];
  const answer = received.message as GrowthAnswer;
  if ("error" in answer) throw answer.ours ? new ModelError(answer.error) : new Error(answer.error);
  return answer.trees.map(([number, memory]) => [number, treeIn(memory)]);
}
