import * as tf from "@tensorflow/tfjs";
import { seededRandom } from "../seeded_random.ts";
import { type FusedLstm, fusedLstm, type LstmConfig } from "./fused_lstm.ts";

await tf.setBackend("cpu");

/** Standard normal numbers times `scale`, that a seed repeats. */
export function normals(shape: number[], seed: number, scale = 1): tf.Tensor {
  const random = seededRandom(seed);
  const size = tf.util.sizeFromShape(shape);
  const values = Float32Array.from(
    { length: size },
    () => scale * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  );
  return tf.tensor(values, shape);
}

/** Constant initialisers: tfjs' default, orthogonal, takes long, and `lstmPair` sets the weights anyway. */
const ZEROS = {
  kernelInitializer: "zeros",
  recurrentInitializer: "zeros",
  biasInitializer: "zeros",
} as const;

/** A stock layer and a fused one with the same random weights. */
export function lstmPair(
  config: LstmConfig,
  [steps, features]: [steps: number, features: number],
  { seed = 1, scale = 0.4 } = {},
): { stock: tf.layers.Layer; fused: FusedLstm } {
  const whole = { recurrentActivation: "sigmoid", ...ZEROS, ...config } as LstmConfig;
  const stock = tf.layers.lstm({ ...whole }), fused = fusedLstm({ ...whole });
  const batchShape = [config.stateful ? config.batchInputShape![0]! : null, steps, features];
  for (const layer of [stock, fused]) layer.apply(tf.input({ batchShape }));
  const weights = stock.getWeights().map((weight, i) => normals(weight.shape, seed * 31 + i, scale));
  for (const layer of [stock, fused]) layer.setWeights(weights);
  tf.dispose(weights);
  return { stock, fused };
}

/** Derivatives of Σ h² · t, t drawn by `seed`, by the input and the layer's weights. */
export function gradients(layer: tf.layers.Layer, x: tf.Tensor, seed = 5): tf.Tensor[] {
  const weights = layer.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
  const loss = (input: tf.Tensor) => {
    const h = layer.apply(input) as tf.Tensor;
    return tf.sum(tf.mul(tf.square(h), normals(h.shape, seed))) as tf.Scalar;
  };
  const byInput = tf.grad(loss)(x);
  const { grads, value } = tf.variableGrads(() => loss(x), weights);
  value.dispose();
  return [byInput, ...weights.map(({ name }) => grads[name]!)];
}

/**
 * The greatest difference, as a share of the greatest reference value; NaN has to be where the reference has
 * it.
 */
export function relativeError(actual: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (actual.length !== reference.length) return Infinity;
  let difference = 0, most = 1e-30;
  for (let i = 0; i < reference.length; i++) {
    if (Number.isNaN(actual[i]) !== Number.isNaN(reference[i])) return Infinity;
    if (Number.isNaN(reference[i])) continue;
    difference = Math.max(difference, Math.abs(actual[i]! - reference[i]!));
    most = Math.max(most, Math.abs(reference[i]!));
  }
  return difference / most;
}
