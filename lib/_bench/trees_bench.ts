/**
 * Training of forests and boosted trees beside scikit-learn and XGBoost: `fit` alone, in turn, A B C A B C …, so that
 * the ratio holds on a noisy machine. Prints medians, the ratio pair by pair, processor time (all are on two threads),
 * R² on test rows, our peak memory and the machine's load.
 *
 * `LAKEBOOK_BENCH_PYTHON` names a Python that has scikit-learn, and XGBoost perhaps; without one the comparison is
 * skipped, and said so. `LAKEBOOK_BENCH_LARGE` adds a forest of so many trees on a million rows (minutes a tree).
 */
import { loadavg } from "node:os";
import process from "node:process";
import { BoostedTrees } from "../models/boosted_trees.ts";
import { treeThreads } from "../models/tree_threads.ts";
import type { Forecaster } from "../models/forecaster.ts";
import { r2 } from "../models/metrics.ts";
import { RandomForest } from "../models/random_forest.ts";
import { seededRandom } from "../models/seeded_random.ts";

const RUNS = Number(Deno.env.get("LAKEBOOK_BENCH_RUNS") ?? 7);

interface Job {
  name: "forest" | "large" | "boosting";
  title: string;
  peers: string[];
  runs?: number;
  rows: number;
  columns: number;
  model: () => Forecaster;
}

interface Timing {
  seconds: number;
  processor_seconds: number;
  r2: number;
}

const JOBS: Job[] = [
  {
    name: "forest",
    title: "forest of 100 trees, 3,500 × 10",
    peers: ["scikit-learn"],
    rows: 3500,
    columns: 10,
    model: () =>
      new RandomForest({ trees: 100, maxFeatures: 1, maxDepth: 1000, minNumSamples: 1, maxTrainRows: 1e9 }),
  },
  {
    name: "boosting",
    title: "200 boosted trees of depth 6, 100,000 × 20",
    peers: ["scikit-learn", "xgboost"],
    rows: 100_000,
    columns: 20,
    model: () => new BoostedTrees({ maxIter: 200, maxDepth: 6, validationFraction: 0 }),
  },
];

const LARGE = Number(Deno.env.get("LAKEBOOK_BENCH_LARGE") ?? 0);
if (LARGE > 0) {
  const forest = { trees: LARGE, maxFeatures: 1 / 3, maxDepth: 1000, minSamplesLeaf: 5, maxTrainRows: 1e9 };
  JOBS.push({
    name: "large",
    title: `forest of ${LARGE} trees, 1,000,000 × 20, a third of the features, leaves of 5`,
    peers: ["scikit-learn"],
    runs: 1,
    rows: 1_000_000,
    columns: 20,
    model: () => new RandomForest({ ...forest, minNumSamples: 1 }),
  });
}

using _threads = treeThreads(2);
const folder = await Deno.makeTempDir();
const python = await scikitLearn();
for (const job of JOBS) {
  const train = madeUpRows(job.rows, job.columns, 1), test = madeUpRows(1500, job.columns, 2);
  await Promise.all([
    writeNumbers("x", train.x),
    writeNumbers("y", [train.y]),
    writeNumbers("test_x", test.x),
    writeNumbers("test_y", [test.y]),
  ]);
  const runs = job.runs ?? RUNS, warmUps = job.runs ? 0 : 1;
  const ours: Timing[] = [], theirs = new Map<string, Timing[]>();
  for (let run = 0; run < warmUps + runs; run++) {
    const timing = timeFit(job.model(), train, test);
    if (run >= warmUps) ours.push(timing);
    for (const peer of job.peers) {
      const other = await python?.fit(`${job.name} ${peer} ${LARGE} ${folder} ${job.columns}`);
      if (run >= warmUps && other) theirs.set(peer, [...theirs.get(peer) ?? [], other]);
    }
  }
  const load = loadavg().map((x) => x.toFixed(1)).join(" ");
  console.log(`\n${job.title}: ${runs} runs after ${warmUps} to warm up, load ${load}`);
  print("lakebook", ours);
  for (const [peer, timings] of theirs) {
    print(peer, timings);
    const ratio = (key: "seconds" | "processor_seconds") =>
      median(timings.map((timing, run) => timing[key] / ours[run]![key])).toFixed(2);
    console.log(
      `  Lakebook is ${ratio("seconds")} × as fast, pair by pair (${
        ratio("processor_seconds")
      } × by processor time)`,
    );
  }
  console.log(
    `  peak memory of this process so far ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`,
  );
}
if (!python) {
  console.log("\nskipped: the comparison, no Python with scikit-learn (name one in LAKEBOOK_BENCH_PYTHON)");
}
await python?.close();
await Deno.remove(folder, { recursive: true });

function madeUpRows(rows: number, columns: number, seed: number): { x: number[][]; y: Float64Array } {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const x = Array.from({ length: rows }, () => Array.from({ length: columns }, normal));
  const y = Float64Array.from(x, (row) => {
    const [a, b, c, d, e, f, g] = row as [number, number, number, number, number, number, number];
    return 10 * Math.sin(Math.PI * a * b / 3) + 5 * (c - 0.5) ** 2 / 3 + 4 * d + 2 * e + f * g + 3 * normal();
  });
  return { x, y };
}

async function writeNumbers(name: string, rows: ArrayLike<number>[]): Promise<void> {
  using file = await Deno.create(`${folder}/${name}.f64`);
  for (let from = 0; from < rows.length; from += 10_000) {
    const numbers = rows.slice(from, from + 10_000).flatMap((row) => Array.from(row));
    const bytes = new Uint8Array(Float64Array.from(numbers).buffer);
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  }
}

function timeFit(
  model: Forecaster,
  train: { x: number[][]; y: Float64Array },
  test: { x: number[][]; y: Float64Array },
): Timing {
  const start = performance.now(), before = process.cpuUsage();
  model.fit(train.x, train.y);
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - start) / 1000;
  return { seconds, processor_seconds: (user + system) / 1e6, r2: r2(test.y, model.predict(test.x)) };
}

/** A Python process that fits on request, so that its imports are not timed; null where there is none. */
async function scikitLearn() {
  const python = Deno.env.get("LAKEBOOK_BENCH_PYTHON") ?? "python3";
  try {
    const check = await new Deno.Command(python, { args: ["-c", "import sklearn"], stderr: "null" }).output();
    if (!check.success) return null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  const script = new URL("trees_sklearn.py", import.meta.url).pathname;
  const env = { OMP_NUM_THREADS: "2" };
  const child = new Deno.Command(python, { args: [script], stdin: "piped", stdout: "piped", env }).spawn();
  const writer = child.stdin.getWriter();
  const answers = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  return {
    /** A timing, or null where the peer is not installed. */
    async fit(request: string): Promise<Timing | null> {
      await writer.write(new TextEncoder().encode(`${request}\n`));
      let line = "";
      while (!line.endsWith("\n")) {
        const { value } = await answers.read();
        if (value === undefined) {
          throw new Error(`Cannot time scikit-learn: it ended at "${request}", see its message`);
        }
        line += value;
      }
      return JSON.parse(line);
    },
    async close(): Promise<void> {
      await writer.close();
      await answers.cancel();
      await child.status;
    },
  };
}

function print(name: string, timings: Timing[]): void {
  const of = (key: keyof Timing) => timings.map((timing) => timing[key]);
  console.log(
    `  ${name.padEnd(12)} median ${median(of("seconds")).toFixed(3)} s (${
      Math.min(...of("seconds")).toFixed(3)
    } to ` +
      `${Math.max(...of("seconds")).toFixed(3)}), processor ${
        median(of("processor_seconds")).toFixed(3)
      } s, ` +
      `R² ${median(of("r2")).toFixed(4)}`,
  );
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}
