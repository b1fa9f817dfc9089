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
import type { TrainFlags } from "./train_flags.ts";
import { useWebGpu } from "./use_webgpu.ts";

/** A batch of 32 windows is four blocks of work: more threads would wait for each other. */
const MOST_THREADS = 4;

/** What is trained, and how. */
export interface LstmRun {
  rows: SeriesRows;
  train: TrainRange;
  flags: Pick<TrainFlags, "target" | "symbol" | "horizon" | "resume" | "backend"> & { models: string };
  say: ProgressLines;
}

/** Epochs that were trained now, and with those before a training was resumed. */
export interface EpochCount {
  now: number;
  total: number;
}

/** Starts the threads of all trainings to come; by default as many as there are cores, up to four. */
export async function startThreads(count: number | undefined): Promise<Disposable> {
  return await lstmThreads(count ?? Math.min(availableParallelism(), MOST_THREADS));
}

/**
 * Trains until the last epoch or the early stop. Beside the model's versions, in the folder `checkpoint`, each training
 * has a folder of its own, named by model, settings and data.
 */
export async function trainLstm(series: SeriesModel, run: LstmRun): Promise<EpochCount> {
  const model = series as LstmModel, { say } = run, count = { now: 0, total: 0 };
  const epochs = run.flags.backend === "webgpu" ? trainOnGpu(model, run) : trainHere(model, run, count);
  for await (const report of epochs) {
    say.progress(epochLine(report));
    count.now++;
    count.total = report.epoch;
  }
  return count;
}

const CLOCK = { clock: () => performance.now() };

async function* trainHere(
  model: LstmModel,
  { rows, train, flags, say }: LstmRun,
  count: EpochCount,
): AsyncGenerator<EpochReport> {
  const availableBytes = Deno.systemMemoryInfo().available;
  using training = model.startTraining(rows, train, { ...CLOCK, availableBytes });
  say.line(`training takes about ${Math.ceil(training.bytes / 2 ** 20)} MiB`);
  const all = `${trainedFolder(flags.models, { ...flags, model: model.name })}/checkpoint`;
  const folder = new CheckpointFolder(`${all}/${training.identity.slice(0, 16)}`);
  if (flags.resume) {
    const done = count.total = await folder.resume(training);
    say.line(
      done === 0
        ? `no checkpoint of these settings and data in "${all}": training begins anew`
        : training.done
        ? `the training was through after epoch ${done}`
        : `going on after epoch ${done}`,
    );
  } else {
    const left = await folder.unfinished(training);
    if (left > 0) {
      say.line(
        `a training that was stopped after epoch ${left} is given up: --resume would have gone on with it`,
      );
    }
    await folder.clear();
  }
  yield* folder.run(model, training);
}

async function* trainOnGpu(model: LstmModel, { rows, train, say }: LstmRun): AsyncGenerator<EpochReport> {
  using _backend = await useWebGpu(navigator.gpu, say.line);
  using training = new GpuTraining(model.prepare(rows, train), model.settings, CLOCK);
  yield* training.run();
  model.take(training);
}
