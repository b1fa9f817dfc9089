/**
 * Daily features of ten years of minutes beside Python Polars: whole processes in turn, A B A B …, so that the ratio
 * holds on a noisy machine. Then a leaderboard of all baselines with monthly refits over eight years, by itself.
 *
 * `LAKEBOOK_BENCH_PYTHON` names a Python that has Polars; without one the comparison is skipped, and said so.
 */
import { loadavg } from "node:os";
import pl from "nodejs-polars";
import { DAY_MS, MINUTE_MS, utcDay } from "../core/time.ts";
import { targetRows } from "../features/target_rows.ts";
import { TARGETS } from "../features/targets.ts";
import { MODELS } from "../models/contestants.ts";
import { leaderboard } from "../models/leaderboard.ts";
import { seededRandom } from "../models/seeded_random.ts";

const RUNS = Number(Deno.env.get("LAKEBOOK_BENCH_RUNS") ?? 7);
const MINUTES = 3650 * 1440;

interface Timing {
  /** Of the process, from its start to its end. */
  whole: number;
  /** After the file was read. */
  seconds: number;
  days: number;
  sums: number[];
}

const folder = await Deno.makeTempDir();
const file = `${folder}/minutes.parquet`;
madeUpMinutes(MINUTES).writeParquet(file);
const job = new URL("features_job.ts", import.meta.url).pathname;
const peer = new URL("features_polars.py", import.meta.url).pathname;
const python = await pythonWithPolars();
const ours: Timing[] = [], theirs: Timing[] = [];
for (let run = 0; run <= RUNS; run++) {
  const mine = await timeProcess(Deno.execPath(), ["run", "--quiet", "--no-prompt", "-P=bench", job, file]);
  const other = python === null ? null : await timeProcess(python, [peer, file]);
  if (run === 0) {
    if (other) sameNumbers(mine, other);
    continue; // a warm-up
  }
  ours.push(mine);
  if (other) theirs.push(other);
}
console.log(
  `\ndaily features of ${MINUTES.toLocaleString("en")} minutes: ${RUNS} runs after one warm-up, load ${
    loadavg().map((x) => x.toFixed(1)).join(" ")
  }`,
);
print("lakebook", ours);
if (python === null) {
  console.log("  skipped: the comparison, no Python with Polars (name one in LAKEBOOK_BENCH_PYTHON)");
} else {
  print("Python Polars", theirs);
  for (const what of ["whole", "seconds"] as const) {
    const ratios = ours.map((timing, run) => timing[what] / theirs[run]![what]);
    console.log(`  Lakebook takes ${median(ratios).toFixed(2)} × as long (${what}), pair by pair`);
  }
}
await Deno.remove(folder, { recursive: true });

const candles = madeUpDays(2 * 365 + 8 * 365);
for (const target of ["volatility", "price", "return"] as const) {
  const start = performance.now();
  const { rows } = targetRows(candles, { target });
  const baselines = Object.values(MODELS[target]).filter(({ baseline }) => baseline);
  const board = leaderboard(rows, baselines, {
    ...{ target, today: TARGETS[target].today, scale: TARGETS[target].scale },
    ...{ start: rows.days.length - 8 * 365, refit_every: 30, seed: 1, seeds: 1 },
  });
  console.log(
    `\nleaderboard of ${target}: ${board.models.length} baselines, ${board.folds} fits each, ${board.forecasts} forecasts ` +
      `in ${((performance.now() - start) / 1000).toFixed(2)} s`,
  );
}

async function timeProcess(command: string, args: string[]): Promise<Timing> {
  const start = performance.now();
  const { success, stdout } = await new Deno.Command(command, { args, stderr: "inherit" }).output();
  if (!success) throw new Error(`Cannot time ${command}: it failed, see above`);
  const whole = (performance.now() - start) / 1000;
  return { whole, ...JSON.parse(new TextDecoder().decode(stdout)) };
}

/** What is faster for computing something else proves nothing. */
function sameNumbers(mine: Timing, other: Timing): void {
  const off = mine.sums.map((sum, i) => Math.abs(sum / other.sums[i]! - 1));
  if (mine.days === other.days && off.every((each) => each < 1e-9)) return;
  throw new Error(`Cannot compare: ${JSON.stringify(mine)} is not ${JSON.stringify(other)}`);
}

/** A random walk of minutes; one in two hundred is missing. */
function madeUpMinutes(count: number): pl.DataFrame {
  const random = seededRandom(1);
  const kept: number[] = [];
  for (let i = 0; i < count; i++) if (random() > 0.005) kept.push(i);
  const column = () => new Float64Array(kept.length);
  const [open, high, low, close, volume] = [column(), column(), column(), column(), column()];
  let price = 1000;
  for (let i = 0; i < kept.length; i++) {
    open[i] = price;
    price *= 1 + (random() - 0.5) / 500;
    close[i] = price;
    high[i] = Math.max(open[i]!, price) * (1 + random() / 2000);
    low[i] = Math.min(open[i]!, price) * (1 - random() / 2000);
    volume[i] = random();
  }
  const timestamp = Float64Array.from(kept, (i) => Date.UTC(2014, 0, 1) + i * MINUTE_MS);
  const numbers = Object.entries({ open, high, low, close, volume }).map(([name, values]) =>
    pl.Series(name, values, pl.Float64)
  );
  return pl.DataFrame([pl.Series("timestamp", timestamp, pl.Float64), ...numbers])
    .withColumn(pl.col("timestamp").cast(pl.Int64).cast(pl.Datetime("ms")).alias("timestamp"));
}

function madeUpDays(count: number) {
  const random = seededRandom(2);
  let price = 1000, level = 0;
  return Array.from({ length: count }, (_, i) => {
    level = 0.95 * level + 0.3 * (random() - 0.5);
    const open = price, reach = Math.exp(0.02 * Math.exp(level));
    price *= 1 + (random() - 0.5) * 0.04 * Math.exp(level);
    return {
      day: utcDay(Date.UTC(2014, 0, 1) + i * DAY_MS),
      ...{ open, close: price, high: Math.max(open, price) * reach, low: Math.min(open, price) / reach },
      volume: 100 * random(),
    };
  });
}

async function pythonWithPolars(): Promise<string | null> {
  const python = Deno.env.get("LAKEBOOK_BENCH_PYTHON") ?? "python3";
  try {
    const check = await new Deno.Command(python, { args: ["-c", "import polars"], stderr: "null" }).output();
    return check.success ? python : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function print(name: string, timings: readonly Timing[]): void {
  const of = (what: "whole" | "seconds") => median(timings.map((timing) => timing[what])).toFixed(2);
  console.log(
    `  ${name.padEnd(14)} ${of("whole")} s the process, ${of("seconds")} s without start and reading`,
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b), half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
}
