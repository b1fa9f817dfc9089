/** A training that outlives its process: after each epoch it is on disk, whole. */
import { ModelError } from "../../core/errors.ts";
import { DISK, type Disk } from "../../lake/disk.ts";
import { readIfThere, removeFolder, replaceFile, sweep } from "../registry_files.ts";
import { decodeCheckpoint, encodeCheckpoint, type TrainingSnapshot } from "./checkpoint.ts";
import type { LstmModel } from "./lstm_model.ts";
import { type EpochReport, LossLog } from "./loss_log.ts";
import type { LstmTraining } from "./training.ts";

const STATE = "training.checkpoint";

/**
 * A folder with the newest checkpoint, and with the best network so far as `model.json` and `weights.bin`, which stock
 * tfjs loads (Keras's `ModelCheckpoint(save_best_only=True)`). Each file is replaced in one rename after fsync.
 *
 * @example A training that is stopped after two epochs and goes on
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { splitByTime } from "../../features/split_by_time.ts";
 * import { LstmModel } from "./lstm_model.ts";
 * const v = Float64Array.from({ length: 40 }, (_, i) => Math.sin(i));
 * const days = Array.from(v, (_, i) => new Date(86_400_000 * i).toISOString().slice(0, 10));
 * const rows = { days, columns: { v }, target: v.map((_, i) => v[i + 1] ?? NaN), horizon: 1 };
 * const options = { columns: ["v"], learns: "value", lookBack: 4, units: 3, epochs: 4 } as const;
 * const folder = new CheckpointFolder(await Deno.makeTempDir());
 * const model = new LstmModel(options), { train } = splitByTime(days, { embargoDays: 1 });
 * {
 *   using training = model.startTraining(rows, train);
 *   for await (const { epoch } of folder.run(model, training)) if (epoch === 2) break;
 * }
 * using resumed = model.startTraining(rows, train);
 * assertEquals(await folder.resume(resumed), 2);
 * for await (const _ of folder.run(model, resumed));
 * const unbroken = new LstmModel(options);
 * unbroken.fit(rows, train);
 * assertEquals(model.save(), unbroken.save()); // the same weights, bit for bit
 * await Deno.remove(folder.path, { recursive: true });
 * ```
 */
export class CheckpointFolder {
  constructor(readonly path: string, readonly disk: Disk = DISK) {}

  /**
   * Brings a training to where its checkpoint was.
   *
   * @returns epochs that are done; 0 where there is no checkpoint.
   * @throws {ModelError} where the checkpoint is cut, or of another model, other settings or other data.
   */
  async resume(training: LstmTraining): Promise<number> {
    await sweep(this.path, this.disk);
    const snapshot = await this.#read(training);
    if (snapshot) training.restore(snapshot);
    return snapshot?.epoch ?? 0;
  }

  /** Epochs of such a training that was stopped before its end; 0 where there is none that could go on. */
  async unfinished(training: LstmTraining): Promise<number> {
    try {
      const snapshot = await this.#read(training);
      return snapshot && !new LossLog(training.settings, snapshot).done ? snapshot.epoch : 0;
    } catch (error) {
      if (error instanceof ModelError) return 0; // damaged: nothing is lost with it
      throw error;
    }
  }

  async #read({ identity }: LstmTraining): Promise<TrainingSnapshot | null> {
    const place = `${this.path}/${STATE}`, bytes = await readIfThere(place);
    return bytes && decodeCheckpoint(bytes, { identity, place });
  }

  /** Forgets an earlier training. */
  async clear(): Promise<void> {
    await removeFolder(this.path, this.disk);
  }

  /** Trains to the end, or until the loop is left; each epoch is on disk before it is reported. */
  async *run(model: LstmModel, training: LstmTraining): AsyncGenerator<EpochReport, void, undefined> {
    for (const report of training.run()) {
      model.take(training);
      if (report.improved) {
        const { "weights.bin": weights, "model.json": description } = model.save();
        await replaceFile(`${this.path}/weights.bin`, weights!, this.disk);
        await replaceFile(`${this.path}/model.json`, description!, this.disk);
      }
      const state = encodeCheckpoint(training.identity, training.snapshot());
      await replaceFile(`${this.path}/${STATE}`, state, this.disk);
      yield report;
    }
    model.take(training);
  }
}
