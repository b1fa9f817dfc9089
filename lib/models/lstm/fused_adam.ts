import * as tf from "@tensorflow/tfjs";
import { ModelError } from "../../core/errors.ts";

type NamedTensors = Awaited<ReturnType<tf.AdamOptimizer["getWeights"]>>;

/** All that Adam knows between two steps: with the weights, a training goes on from it bit for bit. */
export interface AdamState {
  /** Steps done. */
  step: number;
  /** Decaying means of the gradients, one array a variable, in the order of the model's trainable weights. */
  first: Float32Array[];
  /** Decaying means of their squares. */
  second: Float32Array[];
}

/**
 * Adam (Kingma & Ba 2015, algorithm 1) with the update of a variable in one loop, where stock tfjs does it in
 * twenty tensor operations; for the plain `cpu` backend. Defaults are Keras'.
 *
 * @example Two steps in one go, and with a checkpoint in between
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { assertEquals } from "@std/assert";
 * await tf.setBackend("cpu");
 * const loss = (x: tf.Variable) => () => tf.sum(tf.square(x)) as tf.Scalar;
 * const a = tf.variable(tf.tensor([1, 2])), b = tf.variable(tf.tensor([1, 2]));
 * const adam = new FusedAdam(0.1), before = new FusedAdam(0.1), after = new FusedAdam(0.1);
 * for (let step = 0; step < 2; step++) adam.minimize(loss(a), false, [a]);
 * before.minimize(loss(b), false, [b]);
 * after.state = before.state;
 * after.minimize(loss(b), false, [b]);
 * assertEquals(b.dataSync(), a.dataSync());
 * assertEquals(after.state.step, 2);
 * ```
 */
export class FusedAdam extends tf.AdamOptimizer {
  #first: Float32Array[] = [];
  #second: Float32Array[] = [];
  #names: string[] = [];
  #handedOut: tf.Tensor[] = [];

  constructor(learningRate = 0.001, beta1 = ADAM.beta1, beta2 = ADAM.beta2, epsilon = ADAM.epsilon) {
    super(learningRate, beta1, beta2, epsilon);
  }

  static override get className(): string {
    return "Adam";
  }

  /** A copy. */
  get state(): AdamState {
    const copy = (arrays: Float32Array[]) => arrays.map((array) => array.slice());
    return { step: this.iterations, first: copy(this.#first), second: copy(this.#second) };
  }

  /** @throws {ModelError} if it is not a state. */
  set state({ step, first, second }: AdamState) {
    const fits = first.length === second.length && first.every((m, i) => m.length === second[i]!.length);
    if (!(Number.isSafeInteger(step) && step >= 0) || !fits) {
      throw new ModelError("Cannot go on with Adam: its state is damaged, start the training anew");
    }
    this.iterations_ = step;
    this.#first = first.map((array) => Float32Array.from(array));
    this.#second = second.map((array) => Float32Array.from(array));
  }

  override applyGradients(gradients: Parameters<tf.AdamOptimizer["applyGradients"]>[0]): void {
    const named = Array.isArray(gradients)
      ? gradients.map(({ name, tensor }): [string, tf.Tensor] => [name, tensor])
      : Object.entries(gradients) as [string, tf.Tensor][];
    const step = this.iterations + 1;
    const { learningRate, beta1, beta2 } = this;
    this.#names = named.map(([name]) => name);
    named.forEach(([name, gradient], at) => {
      const variable = tf.engine().registeredVariables[name]!;
      const first = this.#first[at] ??= new Float32Array(variable.size);
      const second = this.#second[at] ??= new Float32Array(variable.size);
      if (first.length !== variable.size) {
        throw new ModelError(
          `Cannot go on with Adam: it has ${first.length} moments for the ${variable.size} weights of ` +
            `"${name}", its state is of another model`,
        );
      }
      if (gradient === null || gradient === undefined) return;
      const next = new Float32Array(variable.size), weights = variable.dataSync<"float32">();
      adamUpdate({ next, weights, gradient: gradient.dataSync<"float32">(), first, second }, step, {
        ...{ learningRate, beta1, beta2, epsilon: this.epsilon! },
      });
      tf.tidy(() => variable.assign(tf.tensor(next, variable.shape, "float32")));
    });
    this.incrementIterations();
  }

  /**
   * In stock Adam's order, so that what `model.save` writes loads in stock tfjs; valid until the next call.
   */
  override async getWeights(): Promise<NamedTensors> {
    tf.dispose(this.#handedOut);
    const named = (moments: Float32Array[], suffix: string) =>
      moments.map((moment, at) => {
        const name = this.#names[at] ?? `variable_${at}`;
        const shape = tf.engine().registeredVariables[name]?.shape ?? [moment.length];
        return { name: `${name}/${suffix}`, tensor: tf.tensor(moment.slice(), shape) };
      });
    const weights = [await this.saveIterations(), ...named(this.#first, "m"), ...named(this.#second, "v")];
    this.#handedOut = weights.map(({ tensor }) => tensor);
    return weights;
  }

  override async setWeights(weights: NamedTensors): Promise<void> {
    const moments = await this.extractIterations(weights);
    const arrays = await Promise.all(moments.map(({ tensor }) => tensor.data<"float32">()));
    this.#names = moments.slice(0, moments.length / 2).map(({ name }) => name.replace(/\/m$/, ""));
    this.state = {
      step: this.iterations,
      first: arrays.slice(0, arrays.length / 2),
      second: arrays.slice(arrays.length / 2),
    };
  }

  override dispose(): void {
    tf.dispose(this.#handedOut);
    super.dispose();
  }
}

/** Adam's settings. */
export interface AdamRates {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
}

/** Keras' defaults, but for the step. */
export const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

/**
 * Writes the next weights of a variable to `next`, which may be `weights`; the moments are updated in place.
 *
 * @param step number of the step, from 1: means are too small while they are young.
 */
export function adamUpdate(
  { next, weights, gradient, first, second }: Record<
    "next" | "weights" | "gradient" | "first" | "second",
    Float32Array
  >,
  step: number,
  { learningRate, beta1, beta2, epsilon }: AdamRates,
): void {
  const stride = learningRate / (1 - beta1 ** step), scale = 1 / (1 - beta2 ** step);
  for (let i = 0; i < next.length; i++) {
    const g = gradient[i]!;
    const m = beta1 * first[i]! + (1 - beta1) * g;
    const v = beta2 * second[i]! + (1 - beta2) * g * g;
    first[i] = m;
    second[i] = v;
    next[i] = weights[i]! - stride * m / (Math.sqrt(v * scale) + epsilon);
  }
}
