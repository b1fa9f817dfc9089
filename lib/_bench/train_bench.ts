/**
 * A whole `deno task train --model lstm --target price`, process start included, beside the same work as a Keras script:
 * 50 epochs of 4,000 windows of 60 closes, early stopping and checkpoints on, in turn, A B A B …, so that the ratio holds
 * on a noisy machine. Prints medians, the ratio pair by pair, and the machine's load.
 *
 * `LAKEBOOK_BENCH_PYTHON` names a Python that has Keras and TensorFlow; without one the comparison is skipped, and said so.
 */
import { loadavg } from "node:os";
import { fillGaussian } from "../sources/demo_rng.ts";

const RUNS = Number(Deno.env.get("LAKEBOOK_BENCH_RUNS") ?? 3);
const EPOCHS = Number(Deno.env.get("LAKEBOOK_BENCH_EPOCHS") ?? 50);
const python = Deno.env.get("LAKEBOOK_BENCH_PYTHON") ?? "python3";

/** Days of which 4,000 windows are trained on and validated with. */
const DAYS = 5112;

const folder = await Deno.makeTempDir();
const file = `${folder}/days.csv`;
await Deno.writeTextFile(file, candles(DAYS));
const hasKeras = await new Deno.Command(python, { args: ["-c", "import keras, tensorflow"], stderr: "null" })
  .output()
  .then(({ success }) => success, () => false);

const ours: number[] = [], theirs: number[] = [];
for (let run = 0; run < RUNS; run++) {
  const args = ["run", "--quiet", "--no-prompt", "-P=train", "lib/pipeline/cli.ts", "train"]
    .concat(["--model", "lstm", "--target", "price", "--ohlcv", file, "--models", `${folder}/models`])
    .concat(["--epochs", String(EPOCHS), "--set", `patience=${EPOCHS}`, "--json"]);
  ours.push(await timed("lakebook", Deno.execPath(), args));
  if (!hasKeras) continue;
  const script = new URL("train_keras.py", import.meta.url).pathname;
  theirs.push(await timed("keras", python, [script, file, `${folder}/keras`, String(EPOCHS)]));
}
await Deno.remove(folder, { recursive: true });

const load = loadavg().map((x) => x.toFixed(1)).join(" ");
console.log(`\nLSTM, ${EPOCHS} epochs of 4,000 windows, whole processes, ${RUNS} runs in turn, load ${load}`);
console.log(
  `  lakebook  median ${median(ours).toFixed(1)} s (${ours.map((each) => each.toFixed(1)).join(", ")})`,
);
if (hasKeras) {
  console.log(
    `  keras     median ${median(theirs).toFixed(1)} s (${theirs.map((each) => each.toFixed(1)).join(", ")})`,
  );
  const pairs = theirs.map((seconds, run) => seconds / ours[run]!);
  console.log(`  Lakebook is ${median(pairs).toFixed(2)} × as fast, pair by pair`);
} else {
  console.log("  skipped: the comparison, no Python with Keras (name one in LAKEBOOK_BENCH_PYTHON)");
}

async function timed(name: string, command: string, args: string[]): Promise<number> {
  const began = performance.now();
  const { success, stdout, stderr } = await new Deno.Command(command, { args }).output();
  const seconds = (performance.now() - began) / 1000;
  if (!success) throw new Error(`Cannot time ${name}: ${new TextDecoder().decode(stderr)}`);
  const said = JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
  console.log(
    `${name}: ${seconds.toFixed(1)} s, mean absolute error on the later days ${
      said.metrics.mae.toPrecision(4)
    }`,
  );
  return seconds;
}

/** Daily candles on a random walk. */
function candles(count: number): string {
  const noise = fillGaussian({ seed: 3, purpose: 7006, series: 0, index: 0 }, new Float64Array(count));
  let price = 1000;
  const lines = Array.from({ length: count }, (_, i) => {
    const open = price, close = price *= Math.exp(0.02 * noise[i]!);
    const [high, low] = [Math.max(open, close) * 1.01, Math.min(open, close) / 1.01];
    return [Date.UTC(2010, 0, 1 + i), open, close, high, low, 10].join();
  });
  return `time,open,close,high,low,volume\n${lines.join("\n")}\n`;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}
