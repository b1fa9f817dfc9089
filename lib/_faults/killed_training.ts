/**
 * Trainings that are killed: a process trains the LSTM with checkpoints and is stopped by SIGKILL, before, within or
 * after one of its acts on the disk, or at a moment that its parent chooses; the next one resumes. The weights in the end
 * must be, bit for bit, those of a training that nobody disturbed.
 */
import { FaultyDisk, killMyself, type Moment } from "../lake/_test_faulty_disk.ts";
import { firstRows } from "../models/_test_models.ts";
import { CheckpointFolder } from "../models/lstm/checkpoint_folder.ts";
import { LstmModel } from "../models/lstm/lstm_model.ts";
import { seededRandom } from "../models/seeded_random.ts";
import { type Findings, noFindings } from "./crash_points.ts";

const RANGE = firstRows(139);
const SETTINGS = {
  lookBack: 10,
  units: 8,
  epochs: 7,
  batchSize: 16,
  learningRate: 0.02,
  patience: 3,
  seed: 4,
};

function rows() {
  const random = seededRandom(11);
  const v = Float64Array.from({ length: 140 }, (_, i) => Math.sin(i / 3) + random());
  const days = Array.from(v, (_, i) => new Date(86_400_000 * i).toISOString().slice(0, 10));
  return { days, columns: { v }, target: v.map((_, i) => v[i + 1] ?? NaN), horizon: 1 };
}

/** Where a child is to die: at an act of its disk. */
interface KillPoint {
  at: number;
  moment: Moment;
}

/** Trains to the end, from where the folder's checkpoint stands; gives the acts on the disk. */
async function train(folder: string, point: KillPoint | null): Promise<readonly string[]> {
  const disk = new FaultyDisk(point && { ...point, strike: killMyself });
  const checkpoints = new CheckpointFolder(folder, disk);
  const model = new LstmModel({ columns: ["v"], learns: "value", ...SETTINGS });
  using training = model.startTraining(rows(), RANGE);
  await checkpoints.resume(training);
  for await (const _ of checkpoints.run(model, training));
  const { "weights.bin": weights } = model.save();
  await Deno.writeFile(`${folder}/result.bin`, weights!);
  return disk.acts;
}

/** Trains in a process of its own; `killAfterMs` sends SIGKILL from here. Whether it came to its end. */
async function trainInChild(folder: string, point: KillPoint | null, killAfterMs?: number): Promise<boolean> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", new URL(import.meta.url).pathname, folder, JSON.stringify(point)],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => {
    try {
      child.kill("SIGKILL");
    } catch {
      // it had ended by itself
    }
  }, killAfterMs);
  const { signal, code, stderr } = await child.output();
  clearTimeout(timer);
  if (signal === "SIGKILL") return false;
  if (code !== 0) throw new Error(`the child ended with ${code}: ${new TextDecoder().decode(stderr)}`);
  return true;
}

/**
 * Kills trainings at seeded points: those of even seeds at an act of the disk, the others at any moment; each is killed
 * up to three times before it may end.
 */
export async function killTrainings(seeds: readonly number[]): Promise<Findings> {
  const found = noFindings();
  const home = await Deno.makeTempDir({ prefix: "lakebook-faults-" });
  try {
    await Deno.mkdir(`${home}/unbroken`);
    const began = performance.now();
    const acts = await train(`${home}/unbroken`, null);
    const took = performance.now() - began;
    const clean = (await Deno.readFile(`${home}/unbroken/result.bin`)).toHex();
    for (const seed of seeds) {
      const folder = `${home}/${seed}`, random = seededRandom(seed);
      await Deno.mkdir(folder);
      for (let kill = 0; kill < 3; kill++) {
        const moment = (["before", "within", "after"] as const)[Math.floor(random() * 3)]!;
        const point = { at: 1 + Math.floor(random() * acts.length / (kill + 1)), moment };
        // A process takes half a second to start; the training lies behind that.
        const after = 400 + random() * (took + 400);
        const ended = seed % 2 === 0
          ? await trainInChild(folder, point)
          : await trainInChild(folder, null, after);
        if (ended) break;
        found.points++;
      }
      await trainInChild(folder, null);
      if ((await Deno.readFile(`${folder}/result.bin`)).toHex() === clean) continue;
      found.different++;
      found.failures.push(`seed ${seed}: other weights than those of an unbroken training`);
    }
  } finally {
    await Deno.remove(home, { recursive: true });
  }
  return found;
}

if (import.meta.main) {
  const [folder, point] = Deno.args;
  await train(folder!, JSON.parse(point!));
}
