/**
 * Reading a dataset of (timestamp int64, price float32): Lakebook beside Petastorm and pyarrow, whole processes in turn,
 * A B A B …, so that the ratio holds on a noisy machine. Prints medians of rows a second, the ratio pair by pair, and
 * peak memory: `deno run -P=bench lib/_bench/dataset_bench.ts`.
 *
 * `LAKEBOOK_BENCH_PYTHON` names a Python that has Petastorm; without one the comparison is skipped, and said so.
 * `LAKEBOOK_BENCH_ROWS` and `LAKEBOOK_BENCH_RUNS` change the size.
 */
const ROWS = Number(Deno.env.get("LAKEBOOK_BENCH_ROWS") ?? 10_000_000);
const RUNS = Number(Deno.env.get("LAKEBOOK_BENCH_RUNS") ?? 5);
/** Petastorm's row reader is too slow for all rows. */
const PETASTORM_ROWS = Math.min(ROWS, 100_000);

interface Timing {
  rows: number;
  seconds: number;
  peak_mib: number;
}

const folder = await Deno.makeTempDir();
const here = (name: string) => new URL(name, import.meta.url).pathname;
const lakebook = (mode: string, ...rest: string[]) => [
  Deno.execPath(),
  "run",
  "--quiet",
  "-P=bench",
  here("dataset_job.ts"),
  mode,
  folder,
  ...rest,
];
const python = await pythonWithPetastorm();
const peer = (
  mode: string,
  ...rest: string[]
) => [python!, here("dataset_petastorm.py"), mode, folder, ...rest];

await time(lakebook("write", String(ROWS)));
const contests: Record<string, Record<string, string[]>> = {
  "record batches": {
    lakebook: lakebook("batches", String(ROWS)),
    ...(python &&
      {
        "petastorm make_batch_reader": peer("batches", String(ROWS)),
        "pyarrow, bare columns": peer("pyarrow", String(ROWS)),
      }),
  },
  rows: {
    lakebook: lakebook("rows", String(ROWS)),
    ...(python && { "petastorm make_reader": peer("rows", String(PETASTORM_ROWS)) }),
  },
  "windows of 24 with a target": { lakebook: lakebook("windows", String(ROWS)) },
};
for (const [name, jobs] of Object.entries(contests)) {
  console.log(`\n${name}: ${ROWS} rows, ${RUNS} runs`);
  const found = new Map(Object.keys(jobs).map((job) => [job, [] as Timing[]]));
  for (let run = 0; run < RUNS; run++) {
    for (const [job, command] of Object.entries(jobs)) found.get(job)!.push(await time(command));
  }
  const speeds = (job: string) => found.get(job)!.map(({ rows, seconds }) => rows / seconds);
  for (const [job, timings] of found) {
    const ratio = median(speeds("lakebook").map((speed, run) => speed / speeds(job)[run]!));
    console.log(
      `  ${job.padEnd(28)} median ${(median(speeds(job)) / 1e6).toFixed(2)} M rows/s, ` +
        `${median(timings.map(({ seconds }) => seconds)).toFixed(3)} s, ` +
        `peak memory ${median(timings.map(({ peak_mib }) => peak_mib)).toFixed(0)} MiB` +
        (job === "lakebook" ? "" : `; Lakebook is ${ratio.toFixed(2)} × as fast, pair by pair`),
    );
  }
}
if (!python) {
  console.log("\nskipped: the comparison, no Python with Petastorm (name one in LAKEBOOK_BENCH_PYTHON)");
}
await Deno.remove(folder, { recursive: true });

async function pythonWithPetastorm(): Promise<string | null> {
  for (const name of [Deno.env.get("LAKEBOOK_BENCH_PYTHON"), "python3"]) {
    if (!name) continue;
    const probe = await new Deno.Command(name, {
      args: ["-W", "ignore", "-c", "import petastorm"],
      stderr: "null",
      stdout: "null",
    })
      .output().catch(() => null);
    if (probe?.success) return name;
  }
  return null;
}

async function time([command, ...args]: string[]): Promise<Timing> {
  const { success, stdout } = await new Deno.Command(command!, { args, stderr: "null" }).output();
  if (!success) throw new Error(`Cannot time "${args.join(" ")}": it failed`);
  return JSON.parse(new TextDecoder().decode(stdout).split("\n").find((line) => line.startsWith("{"))!);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
