/** Training of the LSTM by the command line: with checkpoints, progress, threads and a look at the memory. */
import { availableParallelism } from "node:os";
import type { SeriesRows } from "../../features/series_rows.ts";
import type { TrainRange } from "../../features/train_range.ts";
import { CheckpointFolder } from "../../models/lstm/checkpoint_folder.ts";
import type { LstmModel } from "../../models/lstm/lstm_model.ts";
import { lstmThreads } from "../../models/lstm/threads.ts";
import { GpuTraining } from "../../models/lstm/gpu_training.ts";
import type { EpochReport } from "../../models/lstm/loss_log.ts";
import { epochLine } from "../../models/lstm/progress.ts";
import type { SeriesModel } from "../../models/series_model.ts";
import { trainedFolder } from "../../models/trained_model.ts";
import type { ProgressLines } from "./progress_lines.ts";
import { useWebGpu } from "./use_webgpu.ts";

/** A batch of 32 windows is four blocks of work: more threads would wait for each other. */
const MOST_THREADS = 4;

/** What is trained, and how. */
export interface LstmRun {
  rows: SeriesRows;
  train: TrainRange;
  flags: { models: string; target: string; resume: boolean; backend: "cpu" | "webgpu" };
  say: ProgressLines;
}

/** Starts the threads of all trainings to come; by default as many as there are cores, up to four. */
export async function startThreads(count: number | undefined): Promise<Disposable> {
  return await lstmThreads(count ?? Math.min(availableParallelism(), MOST_THREADS));
}

/**
 * Trains until the last epoch or the early stop; the checkpoint lies in the folder `checkpoint` of the model's versions.
 *
 * @returns epochs that were trained now.
 */
export async function trainLstm(series: SeriesModel, run: LstmRun): Promise<number> {
  const model = series as LstmModel, { say } = run;
  const epochs = run.flags.backend === "webgpu" ? trainOnGpu(model, run) : trainHere(model, run);
  let count = 0;
  for await (const report of epochs) {
    say.progress(epochLine(report));
    count++;
  }
  return count;
}

const CLOCK = { clock: () => performance.now() };

async function* trainHere(
  model: LstmModel,
  { rows, train, flags, say }: LstmRun,
): AsyncGenerator<EpochReport> {
  const root = trainedFolder(flags.models, { model: model.name, target: flags.target });
  const folder = new CheckpointFolder(`${root}/checkpoint`);
  const availableBytes = Deno.systemMemoryInfo().available;
  using training = model.startTraining(rows, train, { ...CLOCK, availableBytes });
  say.line(`training takes about ${Math.ceil(training.bytes / 2 ** 20)} MiB`);
  if (flags.resume) {
    const done = await folder.resume(training);
    say.line(done === 0 ? "no checkpoint: training begins anew" : `going on after epoch ${done}`);
  } else await folder.clear();
  yield* folder.run(model, training);
}

async function* trainOnGpu(model: LstmModel, { rows, train, say }: LstmRun): AsyncGenerator<EpochReport> {
  using _backend = await useWebGpu(navigator.gpu, say.line);
  using training = new GpuTraining(model.prepare(rows, train), model.settings, CLOCK);
  yield* training.run();
  model.take(training);
}
