/**
 * Minute candles into minute, hourly, daily and per-year Parquet: Lakebook beside Python Polars, whole processes in
 * turn, A B B A …, so that the ratio holds on a noisy machine. Prints medians, the ratio pair by pair, and peak memory.
 * The whole `backfill` stands beside both, what raw bytes, report and completeness ledger cost, and beside what Polars
 * has the means to do of that.
 *
 * Input: the file named by `LAKEBOOK_BENCH_CSV`, or about 1.6 million simulated minutes. `LAKEBOOK_BENCH_PYTHON`
 * names a Python that has Polars; without one the comparison is skipped, and said so.
 */
import { demoMarket } from "../sources/demo_market.ts";

const RUNS = Number(Deno.env.get("LAKEBOOK_BENCH_RUNS") ?? 7);

interface Timing {
  seconds: number;
  peak_mib: number;
}

const scratch = await Deno.makeTempDir();
const csv = Deno.env.get("LAKEBOOK_BENCH_CSV") ?? await simulatedCsv(`${scratch}/minutes.csv`);
const gz = `${scratch}/minutes.csv.gz`;
// A stream: what this process ever held would count as its children's peak.
await (await Deno.open(csv)).readable.pipeThrough(new CompressionStream("gzip"))
  .pipeTo((await Deno.create(gz)).writable);
const python = await pythonWithPolars();

const here = (name: string) => new URL(name, import.meta.url).pathname;
const deno = (job: string, file: string, out: string) => [
  Deno.execPath(),
  "run",
  "--quiet",
  "-P=bench",
  here(job),
  file,
  out,
];
const jobs = {
  lakebook: (file: string, out: string) => deno("candles_job.ts", file, out),
  "whole backfill": (file: string, out: string) => deno("history_job.ts", file, out),
  polars: (file: string, out: string) => [python!, here("candles_polars.py"), file, out],
  // Lakebook's commits are synced to the disk; this peer's files are, too.
  "polars, synced": (file: string, out: string) => [python!, here("candles_polars.py"), file, out, "sync"],
  "polars, whole": (file: string, out: string) => [python!, here("candles_polars.py"), file, out, "whole"],
};
const peers = (Object.keys(jobs) as (keyof typeof jobs)[]).filter((peer) =>
  python !== null || !peer.startsWith("polars")
);

for (const [name, file] of [["plain .csv", csv], [".csv.gz", gz]] as const) {
  const { size } = await Deno.stat(file);
  console.log(`\n${name}: ${(size / 1e6).toFixed(0)} MB, ${RUNS} runs after one warm-up`);
  const times = new Map(peers.map((peer) => [peer, [] as Timing[]]));
  for (let run = 0; run <= RUNS; run++) {
    // Who comes after whom changes: what one leaves to the disk, the next one waits for.
    for (const peer of run % 2 === 0 ? peers : peers.toReversed()) {
      const out = `${scratch}/out`;
      await Deno.remove(out, { recursive: true }).catch(() => {});
      const timing = await timeProcess(jobs[peer](file, out));
      if (run > 0) times.get(peer)!.push(timing);
    }
  }
  for (const [peer, list] of times) {
    const seconds = list.map((timing) => timing.seconds);
    const memory = median(list.map((timing) => timing.peak_mib));
    const pairs = (own: keyof typeof jobs) =>
      median(seconds.map((value, i) => value / times.get(own)![i]!.seconds)).toFixed(2);
    const ratios = peer.startsWith("polars")
      ? `; Lakebook is ${pairs("lakebook")} × as fast, the whole backfill ${
        pairs("whole backfill")
      } ×, pair by pair`
      : "";
    console.log(
      `  ${peer.padEnd(14)} median ${median(seconds).toFixed(3)} s (${Math.min(...seconds).toFixed(3)} to ` +
        `${Math.max(...seconds).toFixed(3)}), peak memory ${memory.toFixed(0)} MiB${ratios}`,
    );
  }
}
if (!python) {
  console.log("\nskipped: the comparison, no Python with Polars (name one in LAKEBOOK_BENCH_PYTHON)");
}
await Deno.remove(scratch, { recursive: true });

async function simulatedCsv(path: string): Promise<string> {
  const market = demoMarket({ seed: 1 });
  using file = await Deno.open(path, { write: true, create: true });
  for (let month = 0; month < 37; month++) {
    const text = market.minuteCandlesCsv(2021 + Math.floor(month / 12), (month % 12) + 1, {
      until: new Date(8.64e15),
    });
    const bytes = month === 0 ? text : text.subarray(text.indexOf(10) + 1);
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  }
  return path;
}

async function pythonWithPolars(): Promise<string | null> {
  for (const name of [Deno.env.get("LAKEBOOK_BENCH_PYTHON"), "python3"]) {
    if (!name) continue;
    const probe = await new Deno.Command(name, {
      args: ["-c", "import polars"],
      stderr: "null",
      stdout: "null",
    }).output()
      .catch(() => null);
    if (probe?.success) return name;
  }
  return null;
}

async function timeProcess([command, ...args]: string[]): Promise<Timing> {
  const began = performance.now();
  const { success, stdout } = await new Deno.Command(command!, { args, stderr: "inherit" }).output();
  const seconds = (performance.now() - began) / 1000;
  if (!success) throw new Error(`Cannot time "${command}": it failed`);
  return { seconds, peak_mib: Number(new TextDecoder().decode(stdout)) / 1024 };
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.length % 2
    ? sorted[sorted.length >> 1]!
    : (sorted[sorted.length / 2 - 1]! + sorted[sorted.length / 2]!) / 2;
}
