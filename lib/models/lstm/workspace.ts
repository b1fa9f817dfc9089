import { CHUNK_BYTES, LANES } from "./kernel_limits.ts";
import { give, kernel, memory, type Region, take } from "./memory.ts";
import { runSplit } from "./threads.ts";

/** Sizes of an LSTM's input and output. */
export interface Shape {
  steps: number;
  features: number;
  units: number;
  /** Whether h of every step goes out, or that of the last one alone. */
  sequences: boolean;
}

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

/** Bytes of one row of a block: a number for each window. */
const ROW = 4 * LANES;
/** Windows at once in inference: enough for eight threads, few enough to stay in the processor's cache. */
const INFERENCE_WINDOWS = 64;

/** The fields of `Pass` in `kernel.as.ts`, in its order. */
const SIZES = ["windows", "steps", "features", "units", "sequences", "keep", "accumulate"] as const;
const BUFFERS = [
  ...["x", "W", "U", "b", "out", "dOut", "dX", "dW", "dU", "db"] as const,
  ...["forwardA", "backwardA", "v", "z", "c", "tanhC", "dH", "dV", "dC", "tiles"] as const,
];
type Buffer = typeof BUFFERS[number];
const FIELDS = SIZES.length + BUFFERS.length;

/** Bytes of each buffer for so many windows; `keep` for a pass that goes backward. */
function bufferBytes(
  { steps, features, units, sequences }: Shape,
  windows: number,
  keep: boolean,
): Record<Buffer, number> {
  const blocks = Math.ceil(windows / LANES), rows = Math.ceil((units + features + 1) / 4) * 4;
  const x = windows * steps * features * 4, out = windows * (sequences ? steps : 1) * units * 4;
  const W = features * units * 16, U = units * units * 16, b = units * 16;
  const cells = blocks * units * ROW, kept = keep ? steps : 1, back = keep ? 1 : 0;
  return {
    ...{ x, W, U, b, out, dOut: back * out, dX: back * x, dW: back * W, dU: back * U, db: back * b },
    ...{ forwardA: units * rows * 16, backwardA: rows * units * 16, v: (steps + 1) * blocks * rows * ROW },
    ...{ z: kept * cells * 4, c: (kept + 1) * cells, tanhC: kept * cells },
    ...{
      dH: back * cells,
      dV: back * blocks * rows * ROW,
      dC: back * cells,
      tiles: back * rows * units * 64,
    },
  };
}

/** Gives a region back when the workspace that held it is gone, for layers that nobody disposes of. */
const forgotten = new FinalizationRegistry<{ region: Region | null }>((held) => {
  if (held.region) give(held.region);
});

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
  #held: { region: Region | null } = { region: null };
  #at = {} as Record<Buffer, number>;
  /** Counts what is written over the kept steps, so that a tape knows whether they are still its own. */
  #written = 0;

  constructor() {
    forgotten.register(this, this.#held, this);
  }

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
    if (this.#held.region) give(this.#held.region);
    this.#held.region = null;
    this.#written++;
  }

  #forward(inputs: Inputs, shape: Shape, keep: boolean, most: number): Float32Array<ArrayBuffer> {
    const { steps, features, units, sequences } = shape;
    const inSize = steps * features, outSize = (sequences ? steps : 1) * units;
    const windows = inputs.x.length / inSize, chunk = chunkWindows(shape, keep, Math.min(most, windows));
    const h = new Float32Array(windows * outSize);
    for (let from = 0; from < windows; from += chunk) {
      const to = Math.min(from + chunk, windows);
      const pass = this.#prepare(shape, chunk, to - from, keep);
      if (from === 0) this.#loadWeights(inputs, pass);
      this.#write("x", inputs.x.subarray(from * inSize, to * inSize));
      runSplit("forward", pass, Math.ceil((to - from) / LANES));
      h.set(this.#read("out", (to - from) * outSize), from * outSize);
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
      const pass = this.#prepare(shape, chunk, to - from, true, from > 0);
      if (!kept) {
        if (from === 0) this.#loadWeights(inputs, pass);
        this.#write("x", inputs.x.subarray(from * inSize, to * inSize));
        runSplit("forward", pass, blocks);
      }
      this.#write("dOut", dH.subarray(from * outSize, to * outSize));
      runSplit("backward", pass, blocks);
      runSplit("weightGradients", pass, Math.ceil((units + features + 1) / 4));
      x.set(this.#read("dX", (to - from) * inSize), from * inSize);
    }
    this.#written++; // the kept activations are derivatives now
    const W = features * units * 4, U = units * units * 4, b = units * 4;
    return {
      x,
      W: this.#read("dW", W).slice(),
      U: this.#read("dU", U).slice(),
      b: this.#read("db", b).slice(),
    };
  }

  /** Lays the buffers out and writes the kernel's `Pass`; its address. */
  #prepare(shape: Shape, capacity: number, windows: number, keep: boolean, accumulate = false): number {
    const sizes = bufferBytes(shape, capacity, keep);
    let end = Math.ceil(FIELDS * 4 / 64) * 64;
    for (const name of BUFFERS) {
      this.#at[name] = end;
      end += Math.ceil(sizes[name] / 64) * 64;
    }
    if (!this.#held.region || this.#held.region.bytes < end) {
      this.dispose();
      this.#held.region = take(end);
    }
    const pass = this.#held.region.address;
    for (const name of BUFFERS) this.#at[name] += pass;
    const { steps, features, units, sequences } = shape;
    new Uint32Array(memory.buffer, pass, FIELDS).set([
      ...[windows, steps, features, units, Number(sequences), Number(keep), Number(accumulate)],
      ...BUFFERS.map((name) => this.#at[name]),
    ]);
    return pass;
  }

  #loadWeights({ W, U, b }: Inputs, pass: number): void {
    this.#written++;
    this.#write("W", W);
    this.#write("U", U);
    this.#write("b", b);
    kernel.packWeights(pass);
  }

  #write(name: Buffer, values: Numbers): void {
    this.#read(name, values.length).set(values);
  }

  /** A view of a buffer; the next call may write over it. */
  #read(name: Buffer, length: number): Float32Array<SharedArrayBuffer> {
    return new Float32Array(memory.buffer as SharedArrayBuffer, this.#at[name], length);
  }
}

/**
 * Windows a chunk: at most `wanted`, of whole blocks if there are several, within the bytes that a layer may
 * take.
 */
function chunkWindows(shape: Shape, keep: boolean, wanted: number): number {
  const sum = (windows: number) =>
    Object.values(bufferBytes(shape, windows, keep)).reduce((a, b) => a + b, 0);
  const one = sum(LANES), each = sum(2 * LANES) - one;
  const blocks = 1 + Math.max(0, Math.floor((CHUNK_BYTES - one) / each));
  return Math.min(wanted, blocks * LANES);
}
