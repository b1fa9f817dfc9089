/** The rounds of gradient boosting, run by one thread or by a team: the same trees to the bit. */
import { binColumns, type BinMemory, binMemory } from "./binned_columns.ts";
import type { BoostingSettings } from "./boosted_trees.ts";
import { type BoostingLoss, boostingLoss } from "./boosting_loss.ts";
import {
  type GrowthMemory,
  growthMemory,
  HistogramGrower,
  type LeafRows,
  mostNodes,
} from "./histogram_grower.ts";
import { seededRandom } from "./seeded_random.ts";
import { gatherTeam, joinTeam, TeamEnded, teamState, ThreadTeam } from "./thread_team.ts";
import { leafOf, type Tree } from "./tree.ts";
import { helperPorts, inSharedMemory, type TreeJob } from "./tree_threads.ts";

/** What a team works on, in shared memory. */
export interface BoostingMemory {
  /** One array a feature. */
  columns: Float64Array[];
  labels: Float64Array;
  /** What the trees so far forecast. */
  scores: Float64Array;
  bins: BinMemory;
  growth: GrowthMemory;
  /** What a leaf of the new tree adds to its rows' scores, by node. */
  steps: Float64Array;
}

/** What a helper is told. */
export interface BoostingJob {
  memory: BoostingMemory;
  settings: BoostingSettings;
  /** The team's. */
  state: Int32Array;
}

/** With fewer rows × columns, threads wait for each other longer than they work. */
const WORTH_A_THREAD = 100_000;

/** Trees, one a round, each grown on what those before got wrong. All threads of a team run the same rounds. */
export class BoostingRounds implements Disposable {
  readonly #memory: BoostingMemory;
  readonly #settings: BoostingSettings;
  readonly #team: ThreadTeam;
  readonly #loss: BoostingLoss;
  readonly #grower: HistogramGrower;
  readonly #random: () => number;
  /** Labels and scores of a leaf's rows. */
  readonly #labels: Float64Array;
  readonly #scores: Float64Array;

  constructor(memory: BoostingMemory, settings: BoostingSettings, team: ThreadTeam) {
    this.#memory = memory;
    this.#settings = settings;
    this.#team = team;
    this.#loss = boostingLoss(settings.loss, settings.quantile);
    const binned = binColumns(memory.columns, settings.maxBins, memory.bins, team);
    this.#grower = new HistogramGrower(binned, settings, memory.growth, team);
    this.#random = seededRandom(settings.seed);
    this.#labels = new Float64Array(memory.labels.length);
    this.#scores = new Float64Array(memory.labels.length);
  }

  /** What the trees so far forecast, by row. */
  get scores(): Float64Array {
    return this.#memory.scores;
  }

  /** Grows the next tree and adds it to the scores. */
  round(): Tree {
    const { labels, scores, growth: { rows, labels: residuals } } = this.#memory, team = this.#team;
    const drawn = Math.max(1, Math.floor(labels.length * this.#settings.subsample));
    if (team.thread === 0) drawRows(rows, drawn, this.#random);
    team.barrier();
    const [from, to] = team.share(drawn);
    for (let at = from; at < to; at++) {
      const row = rows[at]!;
      residuals[row] = this.#loss.residual(labels[row]!, scores[row]!);
    }
    const { tree, leaves } = this.#grower.grow(drawn);
    this.#takeSteps(tree, leaves);
    const [first, end] = team.share(labels.length - drawn);
    for (const row of rows.subarray(drawn + first, drawn + end)) {
      scores[row]! += tree.value[leafOf(tree, this.#memory.columns, row)]!;
    }
    team.barrier();
    return tree;
  }

  /** Ends the team. */
  [Symbol.dispose](): void {
    this.#team.end();
  }

  /** Sets the leaves' values and adds them to the scores of their rows; each thread sees to every so many leaves. */
  #takeSteps(tree: Tree, leaves: readonly LeafRows[]): void {
    const { labels, scores, steps, growth: { rows } } = this.#memory, { thread, threads } = this.#team;
    for (let leaf = thread; leaf < leaves.length; leaf += threads) {
      const { node, segments } = leaves[leaf]!;
      const parts = segments.map(([from, to]) => rows.subarray(from, to));
      let count = 0;
      for (const part of parts) {
        for (let index = 0; index < part.length; index++, count++) {
          const row = part[index]!;
          this.#labels[count] = labels[row]!;
          this.#scores[count] = scores[row]!;
        }
      }
      const step = this.#settings.learningRate *
        this.#loss.step(this.#labels.subarray(0, count), this.#scores.subarray(0, count));
      steps[node] = step;
      for (const part of parts) {
        for (let index = 0; index < part.length; index++) scores[part[index]!]! += step;
      }
    }
    this.#team.barrier();
    for (const { node } of leaves) tree.value[node] = steps[node]!;
  }
}

/**
 * Rounds on these rows, on as many threads as `treeThreads` has started; dispose of them when they are done.
 *
 * @param columns one array a feature.
 * @param start the score before the first tree.
 */
export function startBoosting(
  columns: readonly Float64Array[],
  labels: Float64Array,
  { start, settings }: { start: number; settings: BoostingSettings },
): BoostingRounds {
  const helpers = labels.length * columns.length < WORTH_A_THREAD ? [] : helperPorts();
  const shared = helpers.length === 0 ? (values: Float64Array) => values : inSharedMemory;
  const rows = labels.length, threads = 1 + helpers.length;
  const memory: BoostingMemory = {
    columns: columns.map(shared),
    labels: shared(labels),
    scores: shared(new Float64Array(rows).fill(start)),
    bins: binMemory(rows, columns.length),
    growth: growthMemory(rows, columns.length, settings, threads),
    steps: shared(new Float64Array(mostNodes(rows, settings.maxDepth))),
  };
  const state = teamState();
  for (const port of helpers) port.postMessage({ boosting: { memory, settings, state } } satisfies TreeJob);
  return new BoostingRounds(memory, settings, gatherTeam(state, helpers.length));
}

/** A helper's part: the same rounds, until the caller's thread ends them. */
export function helpToBoost({ memory, settings, state }: BoostingJob): void {
  const team = joinTeam(state);
  if (!team) return;
  try {
    const rounds = new BoostingRounds(memory, settings, team);
    while (true) rounds.round();
  } catch (error) {
    if (error instanceof TeamEnded) return;
    team.end();
    throw error;
  }
}

/** Puts a random `count` of all rows first, in their old order, and the others behind them (Knuth's algorithm S). */
function drawRows(rows: Uint32Array, count: number, random: () => number): void {
  let taken = 0, left = count;
  for (let row = 0; row < rows.length; row++) {
    const open = rows.length - row, wanted = count - taken;
    if (wanted === open || (wanted > 0 && random() * open < wanted)) rows[taken++] = row;
    else rows[left++] = row;
  }
}
