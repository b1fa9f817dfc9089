import { LANES } from "./kernel_limits.ts";
import { kernel } from "./memory.ts";
import { type Buffer, chunkWindows, PassBuffers, type Shape } from "./pass_buffers.ts";
import { runSplit } from "./threads.ts";

/** What a tensor's `dataSync` gives. */
type Numbers = Float32Array | Int32Array | Uint8Array;

/**
 * Numbers row by row: x [windows][steps][features]; W [features][4 units], U [units][4 units], b [4 units] as
 * in Keras.
 */
export interface Inputs {
  x: Numbers;
  W: Numbers;
  U: Numbers;
  b: Numbers;
}

/** Derivatives by the inputs, each shaped as its input. */
export type Gradients = Record<keyof Inputs, Float32Array<ArrayBuffer>>;

/** Windows at once in inference: enough for eight threads, few enough to stay in the processor's cache. */
const INFERENCE_WINDOWS = 64;

/**
 * A layer's buffers in the kernel's memory, kept from one call to the next and grown when a call needs more.
 * Batches that would need more than 64 MiB are worked through in chunks: forward chunk by chunk, and backward
 * each chunk's steps are computed again before their gradients (Chen et al. 2016, "Training deep nets with
 * sublinear memory cost").
 *
 * @example One unit, one step: h = σ(z_o) · tanh(σ(z_i) · tanh z_c), with all weights 1 and x = 1
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * const space = new Workspace();
 * const ones = new Float32Array(4).fill(1), shape = { steps: 1, features: 1, units: 1, sequences: false };
 * const h = space.infer({ x: Float32Array.of(1), W: ones, U: ones, b: new Float32Array(4) }, shape);
 * const sigmoid = 1 / (1 + Math.exp(-1));
 * assertAlmostEquals(h[0]!, sigmoid * Math.tanh(sigmoid * Math.tanh(1)), 1e-6);
 * space.dispose();
 * ```
 */
export class Workspace {
  readonly #buffers = new PassBuffers();
  /** Counts what is written over the kept steps, so that a tape knows whether they are still its own. */
  #written = 0;

  /** h [windows][steps or 1][units], with nothing kept for a way back. */
  infer(inputs: Inputs, shape: Shape): Float32Array<ArrayBuffer> {
    return this.#forward(inputs, shape, false, INFERENCE_WINDOWS);
  }

  /** The same, and a function that takes the derivative by h and gives those by the inputs. */
  train(
    inputs: Inputs,
    shape: Shape,
  ): { h: Float32Array<ArrayBuffer>; backward: (inputs: Inputs, dH: Float32Array) => Gradients } {
    const windows = inputs.x.length / (shape.steps * shape.features);
    const whole = windows <= chunkWindows(shape, true, windows);
    const h = whole
      ? this.#forward(inputs, shape, true, windows)
      : this.#forward(inputs, shape, false, INFERENCE_WINDOWS);
    const written = this.#written;
    return {
      h,
      backward: (inputs, dH) => this.#backward(inputs, shape, dH, whole && written === this.#written),
    };
  }

  /** Gives the memory back; a later call takes some again. */
  dispose(): void {
    this.#buffers[Symbol.dispose]();
    this.#written++;
  }

  #forward(inputs: Inputs, shape: Shape, keep: boolean, most: number): Float32Array<ArrayBuffer> {
    const { steps, features, units, sequences } = shape;
    const inSize = steps * features, outSize = (sequences ? steps : 1) * units;
    const windows = inputs.x.length / inSize, chunk = chunkWindows(shape, keep, Math.min(most, windows));
    const h = new Float32Array(windows * outSize);
    for (let from = 0; from < windows; from += chunk) {
      const to = Math.min(from + chunk, windows);
      const pass = this.#buffers.prepare(shape, { capacity: chunk, windows: to - from, keep });
      if (from === 0) this.#loadWeights(inputs, pass);
      this.#write("x", inputs.x.subarray(from * inSize, to * inSize));
      runSplit("forward", pass, Math.ceil((to - from) / LANES));
      h.set(this.#buffers.view("out", (to - from) * outSize), from * outSize);
    }
    return h;
  }

  #backward(inputs: Inputs, shape: Shape, dH: Float32Array, kept: boolean): Gradients {
    const { steps, features, units, sequences } = shape;
    const inSize = steps * features, outSize = (sequences ? steps : 1) * units;
    const windows = inputs.x.length / inSize, chunk = chunkWindows(shape, true, windows);
    const x = new Float32Array(inputs.x.length);
    for (let from = 0; from < windows; from += chunk) {
      const to = Math.min(from + chunk, windows), blocks = Math.ceil((to - from) / LANES);
      const size = { capacity: chunk, windows: to - from, keep: true, accumulate: from > 0 };
      const pass = this.#buffers.prepare(shape, size);
      if (!kept) {
        if (from === 0) this.#loadWeights(inputs, pass);
        this.#write("x", inputs.x.subarray(from * inSize, to * inSize));
        runSplit("forward", pass, blocks);
      }
      this.#write("dOut", dH.subarray(from * outSize, to * outSize));
      runSplit("backward", pass, blocks);
      runSplit("weightGradients", pass, Math.ceil((units + features + 1) / 4));
      x.set(this.#buffers.view("dX", (to - from) * inSize), from * inSize);
    }
    this.#written++; // the kept activations are derivatives now
    const W = features * units * 4, U = units * units * 4, b = units * 4;
    return {
      x,
      W: this.#buffers.view("dW", W).slice(),
      U: this.#buffers.view("dU", U).slice(),
      b: this.#buffers.view("db", b).slice(),
    };
  }

  #loadWeights({ W, U, b }: Inputs, pass: number): void {
    this.#written++;
    this.#write("W", W);
    this.#write("U", U);
    this.#write("b", b);
    kernel.packWeights(pass);
  }

  #write(name: Buffer, values: Numbers): void {
    this.#buffers.view(name, values.length).set(values);
  }
}
