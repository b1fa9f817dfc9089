/** The buffers of a layer's pass in the kernel's memory. */
import { CHUNK_BYTES, LANES } from "./kernel_limits.ts";
import { give, memory, type Region, take } from "./memory.ts";

/** Sizes of an LSTM's input and output. */
export interface Shape {
  steps: number;
  features: number;
  units: number;
  /** Whether h of every step goes out, or that of the last one alone. */
  sequences: boolean;
}

/** Bytes of one row of a block: a number for each window. */
const ROW = 4 * LANES;
/** The fields of `Pass` in `kernel.as.ts`, in its order. */
const SIZES = ["windows", "steps", "features", "units", "sequences", "keep", "accumulate"] as const;
const BUFFERS = [
  ...["x", "W", "U", "b", "out", "dOut", "dX", "dW", "dU", "db"] as const,
  ...["forwardA", "backwardA", "v", "z", "c", "tanhC", "dH", "dV", "dC", "tiles"] as const,
];
export type Buffer = typeof BUFFERS[number];
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

/** Gives a region back when the buffers that lay in it are gone, for layers that nobody disposes of. */
const forgotten = new FinalizationRegistry<{ region: Region | null }>((held) => {
  if (held.region) give(held.region);
});

/** One layer's buffers, kept from one pass to the next and grown when a pass needs more. */
export class PassBuffers implements Disposable {
  #held: { region: Region | null } = { region: null };
  #at = {} as Record<Buffer, number>;

  constructor() {
    forgotten.register(this, this.#held, this);
  }

  /**
   * Lays the buffers out for `capacity` windows and writes the kernel's `Pass` for so many of them.
   *
   * @param keep whether the pass goes backward, too.
   * @param accumulate whether gradients go on from those of the windows before.
   * @returns the address of the `Pass`.
   */
  prepare(
    shape: Shape,
    { capacity, windows, keep, accumulate = false }: {
      capacity: number;
      windows: number;
      keep: boolean;
      accumulate?: boolean;
    },
  ): number {
    const sizes = bufferBytes(shape, capacity, keep);
    let end = Math.ceil(FIELDS * 4 / 64) * 64;
    for (const name of BUFFERS) {
      this.#at[name] = end;
      end += Math.ceil(sizes[name] / 64) * 64;
    }
    if (!this.#held.region || this.#held.region.bytes < end) {
      this[Symbol.dispose]();
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

  /** A view of a buffer; the next pass may write over it. */
  view(name: Buffer, length: number): Float32Array<SharedArrayBuffer> {
    return new Float32Array(memory.buffer as SharedArrayBuffer, this.#at[name], length);
  }

  /** Gives the memory back; a later pass takes some again. */
  [Symbol.dispose](): void {
    if (this.#held.region) give(this.#held.region);
    this.#held.region = null;
  }
}

/**
 * Windows a chunk: at most `wanted`, of whole blocks if there are several, within the bytes that a layer may
 * take.
 */
export function chunkWindows(shape: Shape, keep: boolean, wanted: number): number {
  const sum = (windows: number) =>
    Object.values(bufferBytes(shape, windows, keep)).reduce((a, b) => a + b, 0);
  const one = sum(LANES), each = sum(2 * LANES) - one;
  const blocks = 1 + Math.max(0, Math.floor((CHUNK_BYTES - one) / each));
  return Math.min(wanted, blocks * LANES);
}
