import * as tf from "@tensorflow/tfjs";

/** As of `tf.layers.dropout`, with a seed. */
export interface DropoutConfig {
  /** Share of the numbers that become 0, from 0 to 1. */
  rate: number;
  /** 32-bit whole number; give each layer of a model its own. */
  seed: number;
  name?: string;
}

/** What we use of the stock layer; tfjs does not export its type. */
interface StockDropout extends tf.layers.Layer {
  readonly rate: number;
  readonly seed?: number;
  readonly noiseShape?: unknown;
}

const StockDropout = tf.serialization.SerializationMap.getMap().classNameMap["Dropout"]![0] as unknown as {
  new (config: { rate: number; seed?: number }): StockDropout;
};

/**
 * The stock Dropout layer with one pass over the numbers in place of six tensor operations, and masks that
 * can be had again: the k-th mask of a seed is always the same, so a training that goes on from a checkpoint
 * (set `drawn`) drops what the unbroken one drops. Made by {@linkcode fusedDropout}; saved and loaded as
 * stock `Dropout`.
 */
export class FusedDropout extends StockDropout {
  static readonly className = "Dropout";
  #drawn = 0;

  constructor(config: { rate: number; seed?: number | null; name?: string }) {
    const { seed, rate } = config;
    if (seed !== undefined && seed !== null && seed !== (seed | 0)) {
      throw new RangeError(`Cannot make dropout: seed ${seed} is not a 32-bit whole number`);
    }
    if (!(rate >= 0 && rate <= 1)) {
      throw new RangeError(`Cannot make dropout: rate ${rate} is not from 0 to 1`);
    }
    super({ ...config, seed: seed ?? 0 });
  }

  /** Masks drawn so far: belongs into a checkpoint. */
  get drawn(): number {
    return this.#drawn;
  }

  set drawn(count: number) {
    if (!(Number.isSafeInteger(count) && count >= 0)) {
      throw new RangeError(`Cannot go on with dropout: ${count} masks is not a whole number from 0`);
    }
    this.#drawn = count;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean }): tf.Tensor | tf.Tensor[] {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    const drops = kwargs?.training === true && this.rate > 0 && this.rate < 1;
    if (!drops || this.noiseShape != null) return super.call(inputs, kwargs ?? {});
    const rule = dropRule(this.rate, this.seed ?? 0, this.#drawn++);
    // Its own derivative: the same numbers are dropped on the way back.
    const drop: (t: tf.Tensor) => tf.Tensor = tf.customGrad((t) => {
      const { shape } = t as tf.Tensor, values = (t as tf.Tensor).dataSync<"float32">();
      return {
        value: tf.tensor(dropped(values, rule), shape, "float32"),
        gradFunc: (d: tf.Tensor) => drop(d),
      };
    });
    return drop(x);
  }
}

/**
 * A Dropout layer for `tf.sequential` and the like (Srivastava et al. 2014): in training it sets a share
 * `rate` of the numbers to 0 and divides the others by 1 − rate; else it does nothing.
 *
 * @throws {RangeError} if the rate is not from 0 to 1, or the seed is not a 32-bit whole number.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { assertEquals } from "@std/assert";
 * await tf.setBackend("cpu");
 * const layer = fusedDropout({ rate: 0.5, seed: 1 });
 * const first = (layer.apply(tf.ones([1, 6]), { training: true }) as tf.Tensor).dataSync();
 * assertEquals([...first], [2, 2, 0, 0, 0, 0]);
 * layer.drawn = 0; // as a checkpoint says
 * assertEquals((layer.apply(tf.ones([1, 6]), { training: true }) as tf.Tensor).dataSync(), first);
 * ```
 */
export function fusedDropout(config: DropoutConfig): FusedDropout {
  return new FusedDropout(config);
}

/** Which numbers a mask drops: a counter that goes through a hash says so for each of them. */
export interface DropRule {
  /** Before the first number; each next one adds {@linkcode GOLDEN}. */
  counter: number;
  /** Numbers whose 31 bits are above this are kept. */
  last: number;
  /** What is kept is multiplied by this float: 1 / (1 − rate). */
  scale: number;
}

/** 2^32 over the golden ratio. */
export const GOLDEN = 0x9e3779b9;

/** The rule of a mask: the counter starts at a place that seed and mask choose. */
export function dropRule(rate: number, seed: number, mask: number): DropRule {
  return {
    counter: mix(mix(mix(seed) ^ mask) ^ Math.floor(mask / 2 ** 32)),
    last: Math.round(rate * 2 ** 31) - 1,
    scale: Math.fround(1 / (1 - rate)),
  };
}

/**
 * Each value times 0 with probability `rate`, to 31 bits, else times 1 / (1 − rate). The counter goes through the
 * finaliser of MurmurHash3 (as in SplitMix, Steele, Lea & Flood 2014); the way back draws the same mask again, which is
 * faster than keeping it. `kernel_dropout.as.ts` gives the same bits.
 */
export function dropped(values: Float32Array, { counter, last, scale }: DropRule): Float32Array<ArrayBuffer> {
  const result = new Float32Array(values.length);
  for (let i = 0, at = counter; i < result.length; i++) {
    at = (at + GOLDEN) | 0;
    const kept = (last - (mix(at) >>> 1)) >>> 31; // a branch would be mispredicted at every drop
    result[i] = values[i]! * (scale * kept);
  }
  return result;
}

function mix(bits: number): number {
  let h = bits | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
