/** A step of training of the whole network: what goes from layer to layer stays in the kernel's memory. */
import { denseHead } from "./dense_head.ts";
import { ADAM, type AdamState, adamUpdate } from "./fused_adam.ts";
import { dropped, type DropRule, dropRule, GOLDEN } from "./fused_dropout.ts";
import { LANES } from "./kernel_limits.ts";
import { give, kernel, memory, take } from "./memory.ts";
import { dropoutSeed, type NetworkShape } from "./network.ts";
import { type Buffer, chunkWindows, PassBuffers, type Shape } from "./pass_buffers.ts";
import { runSplit } from "./threads.ts";
import type { FilledWindows } from "./windows.ts";

/** Numbers that a thread drops at once, as in `kernel_dropout.as.ts`. */
const DROP_PART = 1024;
/** Bytes of the kernel's `Drop`. */
const DROP_BYTES = 24;

/** An LSTM layer at work. */
interface Layer {
  buffers: PassBuffers;
  shape: Shape;
  /** Where its kernel stands among the weights; the recurrent kernel and the bias follow. */
  first: number;
}

/** Of which windows a chunk of a batch is. */
interface Chunk {
  from: number;
  to: number;
  capacity: number;
}

/**
 * Trains LSTM → Dropout → LSTM → Dropout → Dense(1) by Adam on the mean squared error. The weights are, bit for bit,
 * those that tfjs' tape gives over the fused layers, without the time that the tape takes.
 *
 * A batch that would need more than 64 MiB a layer is worked through in chunks, whose gradients add up.
 */
export class TrainingStep implements Disposable {
  /** As of `initialWeights`; each step changes them in place. */
  readonly weights: Float32Array<ArrayBuffer>[];
  readonly #layers: readonly [Layer, Layer];
  readonly #shape: NetworkShape;
  readonly #learningRate: number;
  readonly #drop = take(DROP_BYTES);
  #adam: AdamState;

  constructor(shape: NetworkShape, weights: readonly Float32Array[], learningRate: number) {
    const { lookBack: steps, features, units } = shape;
    this.weights = weights.map((values) => Float32Array.from(values));
    this.#shape = shape;
    this.#learningRate = learningRate;
    this.#layers = [
      { buffers: new PassBuffers(), shape: { steps, features, units, sequences: true }, first: 0 },
      { buffers: new PassBuffers(), shape: { steps, features: units, units, sequences: false }, first: 3 },
    ];
    const zeros = () => this.weights.map(({ length }) => new Float32Array(length));
    this.#adam = { step: 0, first: zeros(), second: zeros() };
  }

  /** Adam's state, a copy. */
  get adam(): AdamState {
    return structuredClone(this.#adam);
  }

  /** Goes on from weights and a state of Adam, which are copied. */
  restore(weights: readonly Float32Array[], adam: AdamState): void {
    for (const [at, values] of weights.entries()) this.weights[at]!.set(values);
    this.#adam = structuredClone(adam);
  }

  /**
   * One step; gives the loss before it.
   *
   * @param mask number of the masks of dropout, the same for both layers.
   */
  run({ x, y, shape: [windows] }: FilledWindows, mask: number): number {
    const [first, second] = this.#layers;
    const capacity = Math.min(...this.#layers.map(({ shape }) => chunkWindows(shape, true, windows)));
    const gradients = this.weights.slice(6).map(({ length }) => new Float32Array(length));
    let squares = 0;
    for (let from = 0; from < windows; from += capacity) {
      const chunk = { from, to: Math.min(from + capacity, windows), capacity };
      const head = this.#chunk({ x, y, windows, mask }, chunk);
      squares += head.squares;
      for (const [at, part] of [head.kernel, head.bias].entries()) {
        for (let i = 0; i < part.length; i++) gradients[at]![i]! += part[i]!;
      }
    }
    this.#update([...this.#gradients(first), ...this.#gradients(second), ...gradients]);
    return Math.fround(Math.fround(squares) / windows);
  }

  [Symbol.dispose](): void {
    for (const { buffers } of this.#layers) buffers[Symbol.dispose]();
    give(this.#drop);
  }

  /** Forward and backward; the gradients of the LSTM layers stay in their buffers, those of the last layer come back. */
  #chunk(
    { x, y, windows, mask }: { x: Float32Array; y: Float32Array; windows: number; mask: number },
    chunk: Chunk,
  ) {
    const [first, second] = this.#layers, { dropout, seed, units, lookBack } = this.#shape;
    const { from, to } = chunk, between = lookBack * units;
    const rule = (layer: 1 | 2, size: number) => {
      const whole = dropRule(dropout, dropoutSeed(seed, layer), mask);
      return { ...whole, counter: (whole.counter + Math.imul(from * size, GOLDEN)) | 0 };
    };
    const rules = [rule(1, between), rule(2, units)] as const;
    const passes = [this.#prepare(first, chunk), this.#prepare(second, chunk)] as const;
    const blocks = Math.ceil((to - from) / LANES), count = (to - from) * between;

    const inputs = lookBack * first.shape.features;
    first.buffers.view("x", (to - from) * inputs).set(x.subarray(from * inputs, to * inputs));
    runSplit("forward", passes[0], blocks);
    this.#dropout(rules[0], count, [first, "out"], [second, "x"]);
    runSplit("forward", passes[1], blocks);

    const h = dropped(second.buffers.view("out", (to - from) * units), rules[1]);
    const last = { kernel: this.weights[6]!, bias: this.weights[7]! };
    const head = denseHead(h, last, y.subarray(from, to), windows);
    second.buffers.view("dOut", h.length).set(dropped(h, rules[1]));

    this.#backward(second, passes[1], blocks);
    this.#dropout(rules[0], count, [second, "dX"], [first, "dOut"]);
    this.#backward(first, passes[0], blocks);
    return head;
  }

  #prepare({ buffers, shape, first }: Layer, { from, to, capacity }: Chunk): number {
    const pass = buffers.prepare(shape, { capacity, windows: to - from, keep: true, accumulate: from > 0 });
    if (from === 0) {
      const names = ["W", "U", "b"] as const;
      names.forEach((name, at) => {
        const values = this.weights[first + at]!;
        buffers.view(name, values.length).set(values);
      });
      kernel.packWeights(pass);
    }
    return pass;
  }

  #backward({ shape: { features, units } }: Layer, pass: number, blocks: number): void {
    runSplit("backward", pass, blocks);
    runSplit("weightGradients", pass, Math.ceil((units + features + 1) / 4));
  }

  #dropout(
    { counter, last, scale }: DropRule,
    count: number,
    from: [Layer, Buffer],
    to: [Layer, Buffer],
  ): void {
    const { address } = this.#drop;
    const words = new Int32Array(memory.buffer, address, DROP_BYTES / 4);
    const place = ([{ buffers }, name]: [Layer, Buffer]) => buffers.view(name, 0).byteOffset;
    words.set([place(from), place(to), count, counter, last]);
    new Float32Array(memory.buffer, address, DROP_BYTES / 4)[5] = scale;
    runSplit("dropout", address, Math.ceil(count / DROP_PART));
  }

  /** Views of a layer's gradients. */
  #gradients({ buffers, first }: Layer): Float32Array[] {
    return (["dW", "dU", "db"] as const).map((name, at) =>
      buffers.view(name, this.weights[first + at]!.length)
    );
  }

  #update(gradients: readonly Float32Array[]): void {
    const { first, second } = this.#adam, step = ++this.#adam.step;
    const rates = { learningRate: this.#learningRate, ...ADAM };
    for (const [at, weights] of this.weights.entries()) {
      const moments = { first: first[at]!, second: second[at]! };
      adamUpdate({ next: weights, weights, gradient: gradients[at]!, ...moments }, step, rates);
    }
  }
}
