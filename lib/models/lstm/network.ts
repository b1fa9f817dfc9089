/** The network of the course: LSTM → Dropout → LSTM → Dropout → Dense(1), on tfjs, with layers that train fast. */
import * as tf from "@tensorflow/tfjs";
import { ModelError } from "../../core/errors.ts";
import { fusedDropout } from "./fused_dropout.ts";
import { fusedLstm } from "./fused_lstm.ts";
import { fillWindows, type LabelledWindows, PREDICTED_AT_ONCE } from "./windows.ts";

/** What decides the network's shape. */
export interface NetworkShape {
  lookBack: number;
  features: number;
  units: number;
  dropout: number;
  seed: number;
}

/** A network whose weights are plain arrays from outside. */
export class Network implements Disposable {
  readonly model: tf.Sequential;

  /** Takes weights in the order of Keras's `get_weights`: see `initialWeights`. */
  constructor(
    readonly shape: NetworkShape,
    weights: readonly Float32Array[],
  ) {
    useCpu();
    const { lookBack, features, units, dropout, seed } = shape;
    // Weights are set below; tfjs would take long over an orthogonal matrix that nobody needs.
    const zeros = {
      kernelInitializer: "zeros",
      recurrentInitializer: "zeros",
      unitForgetBias: false,
    } as const;
    const dropoutLayer = (layer: 1 | 2) =>
      fusedDropout({ rate: dropout, seed: dropoutSeed(seed, layer), name: `dropout_${layer}` });
    this.model = tf.sequential({
      name: "lstm",
      layers: [
        fusedLstm({
          ...zeros,
          units,
          returnSequences: true,
          inputShape: [lookBack, features],
          name: "lstm_1",
        }),
        dropoutLayer(1),
        fusedLstm({ ...zeros, units, name: "lstm_2" }),
        dropoutLayer(2),
        tf.layers.dense({ units: 1, kernelInitializer: "zeros", name: "dense" }),
      ],
    });
    this.setWeights(weights);
  }

  /** Variables that training changes, in the order of the weights. */
  get variables(): tf.Variable[] {
    // A layer's variable hides tfjs's own, which gradients are taken of.
    return this.model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
  }

  /** Copies of all weights. */
  getWeights(): Float32Array<ArrayBuffer>[] {
    return this.variables.map((variable) => Float32Array.from(variable.dataSync()));
  }

  setWeights(weights: readonly Float32Array[]): void {
    const { variables } = this;
    const fits = weights.length === variables.length &&
      variables.every(({ size }, i) => weights[i]!.length === size);
    if (!fits) {
      throw new ModelError(
        `Cannot set weights of ${weights.map(({ length }) => length)} numbers: the network has ${
          variables.map(({ size }) => size)
        }, take those of a network of the same shape`,
      );
    }
    tf.tidy(() => {
      for (const [i, variable] of variables.entries()) {
        variable.assign(tf.tensor(Float32Array.from(weights[i]!), variable.shape));
      }
    });
  }

  /** One forecast for each window. Windows are filled in pieces: all at once would copy the series for each day back. */
  predict(windows: LabelledWindows): Float32Array {
    const forecasts = new Float32Array(windows.ends.length);
    const order = Int32Array.from(windows.ends.keys());
    for (let from = 0; from < order.length; from += PREDICTED_AT_ONCE) {
      const { x, shape } = fillWindows(windows, order, from, PREDICTED_AT_ONCE);
      const part = tf.tidy(() =>
        (this.model.apply(tf.tensor3d(x, shape), { training: false }) as tf.Tensor).dataSync()
      );
      forecasts.set(part, from);
    }
    return forecasts;
  }

  [Symbol.dispose](): void {
    this.model.dispose();
  }
}

/** The seed of the network's first or second dropout layer. */
export function dropoutSeed(seed: number, layer: 1 | 2): number {
  return (seed * 2 + layer) | 0;
}

/** Where nobody has chosen WebGPU: the fast layers compute beside tfjs's plain backend, without its greeting. */
function useCpu(): void {
  tf.enableProdMode();
  if (tf.getBackend() !== "cpu" && tf.getBackend() !== "webgpu") tf.setBackend("cpu");
}
