/**
 * The same training on a graphics card, by stock tfjs: operation by operation on the backend `webgpu`, whose numbers can
 * only be waited for. It keeps no checkpoints and repeats no bits; what it has learnt is used like any other LSTM.
 */
import * as tf from "@tensorflow/tfjs";
import { seededRandom } from "../seeded_random.ts";
import { initialWeights } from "./initial_weights.ts";
import { type EpochReport, LossLog } from "./loss_log.ts";
import type { LstmSettings } from "./settings.ts";
import { shuffled, type TrainingData } from "./training.ts";
import { fillWindows, type LabelledWindows, PREDICTED_AT_ONCE } from "./windows.ts";

/** A training on tfjs's backend of the moment, whichever that is. */
export class GpuTraining implements Disposable {
  /** Weights of the best epoch so far. */
  best: Float32Array<ArrayBuffer>[];
  readonly #data: TrainingData;
  readonly #settings: LstmSettings;
  readonly #clock: () => number;
  readonly #model: tf.Sequential;
  readonly #adam: tf.AdamOptimizer;

  /** @param clock milliseconds. */
  constructor(
    data: TrainingData,
    settings: LstmSettings,
    { clock = () => 0 }: { clock?: () => number } = {},
  ) {
    const { units, lookBack, dropout: rate, learningRate, seed } = settings, { features } = data.train.series;
    this.#data = data;
    this.#settings = settings;
    this.#clock = clock;
    this.best = initialWeights({ features, units, seed });
    const lstm: Parameters<typeof tf.layers.lstm>[0] = {
      ...{ units, recurrentActivation: "sigmoid" as const, unitForgetBias: false },
      ...{ kernelInitializer: "zeros" as const, recurrentInitializer: "zeros" as const },
    };
    this.#model = tf.sequential({
      layers: [
        tf.layers.lstm({ ...lstm, returnSequences: true, inputShape: [lookBack, features] }),
        tf.layers.dropout({ rate }),
        tf.layers.lstm(lstm),
        tf.layers.dropout({ rate }),
        tf.layers.dense({ units: 1 }),
      ],
    });
    const shapes = this.#model.getWeights().map(({ shape }) => shape);
    tf.tidy(() => this.#model.setWeights(this.best.map((values, i) => tf.tensor(values, shapes[i]))));
    this.#adam = tf.train.adam(learningRate, 0.9, 0.999, 1e-7);
  }

  /**
   * Trains epoch after epoch to the last one, or to the early stop.
   *
   * @throws {ModelError} where the loss is no finite number any more.
   */
  async *run(): AsyncGenerator<EpochReport, void, undefined> {
    const seconds = () => this.#clock() / 1000, began = seconds(), log = new LossLog(this.#settings);
    while (!log.done) {
      const start = seconds();
      const train = await this.#trainEpoch(log.epoch);
      const validation = this.#data.validation && await this.#lossOn(this.#data.validation);
      const improved = log.add({ train, validation });
      if (improved) {
        this.best = await Promise.all(
          this.#model.getWeights().map(async (weight) => Float32Array.from(await weight.data())),
        );
      }
      yield log.report(improved, { now: seconds(), start, began, skipped: 0 });
    }
  }

  [Symbol.dispose](): void {
    this.#model.dispose();
    this.#adam.dispose();
  }

  async #trainEpoch(epoch: number): Promise<number> {
    const { train } = this.#data, { batchSize, seed } = this.#settings;
    const order = shuffled(train.ends.length, seededRandom(seed, epoch));
    let sum = 0;
    for (let from = 0; from < order.length; from += batchSize) {
      const { x, y, shape } = fillWindows(train, order, from, batchSize);
      const loss = tf.tidy(() => {
        const input = tf.tensor3d(x, shape), target = tf.tensor2d(y, [shape[0], 1]);
        const forecasts = () => this.#model.apply(input, { training: true }) as tf.Tensor;
        return this.#adam.minimize(() => tf.losses.meanSquaredError(target, forecasts()) as tf.Scalar, true)!;
      });
      sum += (await loss.data())[0]! * shape[0];
      loss.dispose();
    }
    return sum / order.length;
  }

  async #lossOn(windows: LabelledWindows): Promise<number> {
    const order = Int32Array.from(windows.ends.keys());
    let sum = 0;
    for (let from = 0; from < order.length; from += PREDICTED_AT_ONCE) {
      const { x, y, shape } = fillWindows(windows, order, from, PREDICTED_AT_ONCE);
      const forecasts = tf.tidy(() =>
        this.#model.apply(tf.tensor3d(x, shape), { training: false }) as tf.Tensor
      );
      (await forecasts.data()).forEach((value, i) => sum += (value - y[i]!) ** 2);
      forecasts.dispose();
    }
    return sum / order.length;
  }
}
