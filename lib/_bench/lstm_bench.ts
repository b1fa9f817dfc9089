/**
 * An epoch of the LSTM of reference document 002 beside Keras and PyTorch: 1,000 windows of 60 × 1 in batches
 * of 32 through LSTM(50) → Dropout → LSTM(50) → Dropout → Dense(1), and a prediction of the 1,000. Whole
 * epochs run in turn, A B C A B C …, so that ratios hold on a noisy machine. Prints medians, ratios round by
 * round (also of processor time, which a busy machine disturbs less), and the machine's load.
 *
 * `LAKEBOOK_BENCH_PYTHON` names a Python with Keras on TensorFlow, PyTorch or both; what it lacks is skipped,
 * and said so.
 */
import { loadavg } from "node:os";
import process from "node:process";
import { lstmSettings } from "../models/lstm/settings.ts";
import { lstmThreads } from "../models/lstm/threads.ts";
import { LstmTraining } from "../models/lstm/training.ts";
import type { LabelledWindows } from "../models/lstm/windows.ts";
import { seededRandom } from "../models/seeded_random.ts";

const ROUNDS = Number(Deno.env.get("LAKEBOOK_BENCH_RUNS") ?? 15);

/** Seconds of an epoch, of the processor in it, and of the prediction. */
interface Timing {
  epoch: number;
  processor: number;
  predict: number;
}

interface Contestant {
  name: string;
  run(): Promise<Timing>;
  close(): Promise<void>;
}

for (const threads of [1, 2]) {
  const peers = await Promise.all(
    ["lstm_keras.py", "lstm_torch.py"].map((script) => python(script, threads)),
  );
  const contestants = [await lakebook(threads), ...peers.filter((peer) => peer !== null)];
  const timings = contestants.map((): Timing[] => []);
  for (let round = -2; round < ROUNDS; round++) { // two to warm up
    for (const [i, contestant] of contestants.entries()) {
      const timing = await contestant.run();
      if (round >= 0) timings[i]!.push(timing);
    }
  }
  console.log(`\n${threads} threads, ${ROUNDS} rounds, load ${loadavg().map((x) => x.toFixed(1)).join(" ")}`);
  contestants.forEach(({ name }, i) => print(name, timings[i]!, timings[0]!));
  for (const contestant of contestants) await contestant.close();
}

/** The training of `deno task train`. */
async function lakebook(count: number): Promise<Contestant> {
  const threads = await lstmThreads(count);
  const random = seededRandom(1), draw = (length: number) => Float32Array.from({ length }, random);
  const train: LabelledWindows = {
    ...{ series: { values: draw(1059), features: 1 }, lookBack: 60 },
    ...{ ends: Int32Array.from({ length: 1000 }, (_, window) => window + 59), targets: draw(1000) },
  };
  const training = new LstmTraining({ train, validation: null }, lstmSettings({ epochs: 2 + ROUNDS }));
  const epochs = training.run();
  return {
    name: "Lakebook",
    run() {
      const start = performance.now(), before = process.cpuUsage();
      epochs.next();
      const fitted = performance.now(), { user, system } = process.cpuUsage(before);
      training.network.predict(train);
      const seconds = (ms: number) => ms / 1000;
      return Promise.resolve({
        epoch: seconds(fitted - start),
        processor: (user + system) / 1e6,
        predict: seconds(performance.now() - fitted),
      });
    },
    close() {
      training[Symbol.dispose]();
      threads[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

/**
 * A Python process that trains on request, so that its imports are not timed; null, and a word, where there
 * is none.
 */
async function python(script: string, threads: number): Promise<Contestant | null> {
  const path = new URL(script, import.meta.url).pathname, env = { OMP_NUM_THREADS: String(threads) };
  const command = Deno.env.get("LAKEBOOK_BENCH_PYTHON") ?? "python3", args = [path, String(threads)];
  const skipped = (why: string) => {
    console.log(`skipped: ${script}, ${why} (name a Python in LAKEBOOK_BENCH_PYTHON)`);
    return null;
  };
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(command, { args, env, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return skipped(`no ${command}`);
    throw error;
  }
  const writer = child.stdin.getWriter();
  const lines = readLines(child.stdout);
  const first = await lines.next();
  if (first.done) {
    await writer.abort().catch(() => {}); // its end of the pipe is gone already
    await child.status;
    return skipped("its library is missing or does not start");
  }
  return {
    name: JSON.parse(first.value).name,
    async run() {
      await writer.write(new TextEncoder().encode("epoch\n"));
      const line = await lines.next();
      if (line.done) throw new Error(`Cannot time "${script}": it ended, run it by hand to see why`);
      return JSON.parse(line.value);
    },
    async close() {
      await writer.close();
      await lines.return();
      await child.status;
    },
  };
}

async function* readLines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string, void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

function print(name: string, timings: Timing[], ours: Timing[]): void {
  const column = (key: keyof Timing) => {
    const ms = timings.map((timing) => 1000 * timing[key]);
    const ratio = median(timings.map((timing, i) => timing[key] / ours[i]![key]));
    return `${key} ${median(ms).toFixed(0)} ms, best ${Math.min(...ms).toFixed(0)} (${ratio.toFixed(2)} ×)`;
  };
  console.log(`  ${name.padEnd(34)} ${column("epoch")}; ${column("processor")}; ${column("predict")}`);
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}
