/** The training loop: an epoch at a time, so that whoever drives it can show, save or stop. */
import { createHash } from "node:crypto";
import { seededRandom } from "../seeded_random.ts";
import type { TrainingSnapshot } from "./checkpoint.ts";
import { initialWeights } from "./initial_weights.ts";
import { type EpochReport, LossLog } from "./loss_log.ts";
import { Network } from "./network.ts";
import type { LstmSettings } from "./settings.ts";
import { TrainingStep } from "./training_step.ts";
import { trainingBytes } from "./training_memory.ts";
import { fillWindows, type LabelledWindows } from "./windows.ts";

/** What a training learns from. */
export interface TrainingData {
  train: LabelledWindows;
  /** Later windows; null without any. */
  validation: LabelledWindows | null;
}

/**
 * Trains a network by Adam on the mean squared error, with Keras's `EarlyStopping`: training stops where the validation
 * loss has not fallen for `patience` epochs, and the weights of the best epoch stay (without validation: those of the
 * last one).
 *
 * Windows are shuffled and values dropped by streams of the seed that belong to an epoch, so a training that goes on
 * from a snapshot ends at the same weights, bit for bit, as one that was never stopped.
 */
export class LstmTraining implements Disposable {
  readonly network: Network;
  readonly settings: LstmSettings;
  readonly #data: TrainingData;
  readonly #step: TrainingStep;
  readonly #clock: () => number;
  #identity: string | undefined;
  #log: LossLog;
  #best: Float32Array<ArrayBuffer>[];

  /** @param clock milliseconds, for the time left; without one it is not told. */
  constructor(
    data: TrainingData,
    settings: LstmSettings,
    { clock = () => 0 }: { clock?: () => number } = {},
  ) {
    const { lookBack, units, dropout, seed, learningRate } = settings;
    const { features } = data.train.series;
    this.settings = settings;
    this.#data = data;
    this.#clock = clock;
    this.#log = new LossLog(settings);
    this.#best = initialWeights({ features, units, seed });
    const shape = { lookBack, features, units, dropout, seed };
    this.network = new Network(shape, this.#best);
    this.#step = new TrainingStep(shape, this.#best, learningRate);
  }

  /** Says of which model, settings and data a checkpoint is; more epochs may be asked for when a training goes on. */
  get identity(): string {
    return this.#identity ??= this.#hash();
  }

  #hash(): string {
    const hash = createHash("sha256");
    const { epochs: _, ...settings } = this.settings;
    hash.update(JSON.stringify(settings));
    for (const windows of [this.#data.train, this.#data.validation]) {
      if (windows === null) continue;
      hash.update(JSON.stringify([windows.series.features, windows.ends.length]));
      for (const { buffer } of [windows.series.values, windows.ends, windows.targets]) {
        hash.update(new Uint8Array(buffer));
      }
    }
    return hash.digest("hex");
  }

  /** Windows that are trained on. */
  get windows(): number {
    return this.#data.train.ends.length;
  }

  /** Memory that the training takes at its peak, as it is estimated. */
  get bytes(): number {
    const { values, features } = this.#data.train.series;
    return trainingBytes(this.settings, { rows: values.length / features, features }).total;
  }

  /** Weights of the best epoch so far. */
  get best(): Float32Array<ArrayBuffer>[] {
    return this.#best;
  }

  /** Losses of each epoch, and which was the best one. */
  get history(): LossLog {
    return this.#log;
  }

  /** Whether there is no epoch left, or training has stopped early. */
  get done(): boolean {
    return this.#log.done;
  }

  /** All that is needed to go on from here. */
  snapshot(): TrainingSnapshot {
    const { step, first: m, second: v } = this.#step.adam;
    return {
      epoch: this.#log.epoch,
      losses: this.#log.losses,
      best_epoch: this.#log.best_epoch,
      weights: this.network.getWeights(),
      best: this.#best,
      adam: { step, m, v },
    };
  }

  /** Goes on from a snapshot of the same training. */
  restore({ epoch, losses, best_epoch, weights, best, adam }: TrainingSnapshot): void {
    this.#log = new LossLog(this.settings, { losses, best_epoch });
    this.#best = best;
    this.network.setWeights(weights);
    if (epoch > 0) this.#step.restore(weights, { step: adam.step, first: adam.m, second: adam.v });
  }

  /**
   * Trains epoch after epoch until {@linkcode done}.
   *
   * @throws {ModelError} where the loss is no finite number any more.
   */
  *run(): Generator<EpochReport, void, undefined> {
    const seconds = () => this.#clock() / 1000, began = seconds(), skipped = this.#log.epoch;
    while (!this.done) {
      const start = seconds();
      const train = this.#trainEpoch();
      const validation = this.#data.validation && this.#lossOn(this.#data.validation);
      const improved = this.#log.add({ train, validation });
      if (improved) this.#best = this.network.getWeights();
      yield this.#log.report(improved, { now: seconds(), start, began, skipped });
    }
  }

  [Symbol.dispose](): void {
    this.network[Symbol.dispose]();
    this.#step[Symbol.dispose]();
  }

  #trainEpoch(): number {
    const { train } = this.#data, { batchSize, seed } = this.settings, { epoch } = this.#log;
    const order = shuffled(train.ends.length, seededRandom(seed, epoch));
    let mask = epoch * Math.ceil(order.length / batchSize), sum = 0;
    for (let from = 0; from < order.length; from += batchSize, mask++) {
      const batch = fillWindows(train, order, from, batchSize);
      sum += this.#step.run(batch, mask) * batch.shape[0];
    }
    this.network.setWeights(this.#step.weights);
    return sum / order.length;
  }

  #lossOn(windows: LabelledWindows): number {
    const forecasts = this.network.predict(windows);
    return forecasts.reduce((sum, value, i) => sum + (value - windows.targets[i]!) ** 2, 0) /
      forecasts.length;
  }
}

/** 0 … count − 1 in a random order (Fisher and Yates). */
export function shuffled(count: number, random: () => number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
