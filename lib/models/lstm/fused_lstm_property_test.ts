import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { gradients, lstmPair, normals, relativeError } from "./_test_layers.ts";
import type { FusedLstm } from "./fused_lstm.ts";
import { takenBytes } from "./memory.ts";
import { lstmThreads } from "./threads.ts";
import { type Inputs, Workspace } from "./workspace.ts";

const size = (max: number) =>
  fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 9 }) }, {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max }),
  });
const shape = fc.record({
  windows: size(70),
  steps: fc.integer({ min: 2, max: 9 }),
  features: size(70),
  units: size(70),
  sequences: fc.boolean(),
  seed: fc.integer(),
});

/** Values and derivatives of a layer, disposed of all tensors beneath. */
function pass(layer: tf.layers.Layer, x: tf.Tensor): Float32Array[] {
  return tf.tidy(() => [layer.apply(x) as tf.Tensor, ...gradients(layer, x)].map(copy));
}
const copy = (tensor: tf.Tensor) => tensor.dataSync<"float32">().slice();

function dispose(...layers: tf.layers.Layer[]): void {
  for (const layer of layers) layer.dispose();
}

Deno.test("fusedLstm() has stock tfjs' values and derivatives for any sizes", () => {
  fc.assert(
    fc.property(shape, ({ windows, steps, features, units, sequences, seed }) => {
      const scale = 1 / Math.sqrt(units + features);
      const config = { units, returnSequences: sequences };
      const { stock, fused } = lstmPair(config, [steps, features], { seed, scale });
      const x = normals([windows, steps, features], seed);
      const [ours, theirs] = [pass(fused, x), pass(stock, x)];
      ours.forEach((values, i) => {
        const error = relativeError(values, theirs[i]!);
        assert(error < 1e-5, `part ${i} differs by ${error}`);
      });
      x.dispose();
      dispose(stock, fused);
    }),
    { numRuns: 60, seed: 8 },
  );
});

Deno.test("fusedLstm() spreads NaN and infinity where stock tfjs does", () => {
  const bad = fc.constantFrom(NaN, Infinity, -Infinity);
  fc.assert(
    fc.property(shape, bad, fc.nat(), ({ windows, steps, features, units, sequences, seed }, value, at) => {
      const few = {
        windows: Math.min(windows, 20),
        features: Math.min(features, 5),
        units: Math.min(units, 9),
      };
      const config = { units: few.units, returnSequences: sequences };
      const { stock, fused } = lstmPair(config, [steps, few.features], { seed });
      const values = copy(normals([few.windows, steps, few.features], seed));
      values[at % values.length] = value;
      const x = tf.tensor(values, [few.windows, steps, few.features]);
      const [ours, theirs] = [fused, stock].map((layer) => copy(layer.apply(x) as tf.Tensor));
      assert(relativeError(ours!, theirs!) < 1e-5);
      if (Number.isNaN(value)) {
        const [ours, theirs] = [fused, stock].map((layer) => pass(layer, x));
        ours!.forEach((values, i) => assert(relativeError(values, theirs![i]!) < 1e-5));
      }
      dispose(stock, fused);
    }),
    { numRuns: 40, seed: 8 },
  );
});

Deno.test("fusedLstm() saturates as stock tfjs does", () => {
  const { stock, fused } = lstmPair({ units: 7, returnSequences: true }, [5, 3]);
  for (const scale of [10, 1e4, 1e30]) {
    const x = normals([9, 5, 3], 1, scale);
    const [ours, theirs] = [pass(fused, x), pass(stock, x)];
    assert(relativeError(ours[0]!, theirs[0]!) < 1e-5);
    // Derivatives all but vanish: what is left of them is compared with the unsaturated ones' size.
    if (scale === 10) ours.forEach((values, i) => assert(relativeError(values, theirs[i]!) < 1e-4));
  }
});

Deno.test("the kernel's activations are within 2e-7 of exact ones", () => {
  const space = new Workspace(), shape = { steps: 1, features: 1, units: 1, sequences: false };
  const x = Float32Array.from({ length: 20_001 }, (_, i) => (i - 10_000) / 500); // −20 … 20
  const weights = (...W: number[]) => ({
    W: Float32Array.from(W),
    U: new Float32Array(4),
    b: new Float32Array(4),
  });
  const most = (h: Float32Array, exact: (x: number) => number) =>
    h.reduce((most, value, i) => Math.max(most, Math.abs(value - exact(x[i]!))), 0);
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  // h = σ(z_o) · tanh(σ(z_i) · tanh z_c): one gate follows x, the others are ½ or a constant.
  const byTanh = space.infer({ x, ...weights(0, 0, 1, 0) }, shape);
  assert(most(byTanh, (x) => 0.5 * Math.tanh(0.5 * Math.tanh(x))) < 2e-7);
  const byOutput = space.infer({ x, ...weights(0, 0, 0, 1), b: Float32Array.of(0, 0, 1, 0) }, shape);
  assert(most(byOutput, (x) => sigmoid(x) * Math.tanh(0.5 * Math.tanh(1))) < 2e-7);
  space.dispose();
});

Deno.test("one and two threads give the same bits, and so do windows alone and together", async () => {
  const run = async (threads: number) => {
    using _threads = await lstmThreads(threads);
    const results: Float32Array[] = [];
    fc.assert(
      fc.property(shape, ({ windows, steps, features, units, sequences, seed }) => {
        const { stock, fused } = lstmPair({ units, returnSequences: sequences }, [steps, features], { seed });
        const x = normals([windows, steps, features], seed);
        results.push(...pass(fused, x));
        if (threads === 1) {
          const one = tf.slice(x, [windows >> 1, 0, 0], [1, -1, -1]), h = copy(fused.apply(one) as tf.Tensor);
          const at = (windows >> 1) * h.length;
          assertEquals(copy(fused.apply(x) as tf.Tensor).subarray(at, at + h.length), h);
        }
        dispose(stock, fused);
      }),
      { numRuns: 40, seed: 8 },
    );
    return results;
  };
  assertEquals(await run(2), await run(1));
  assertEquals(await run(3), await run(1));
});

/** Of one layer in one go: a batch of `windows`, forward and backward. */
function wholeBatch(windows: number, steps: number) {
  const random = (shape: number[], seed: number, scale?: number) => copy(normals(shape, seed, scale));
  const units = 32, features = 2, shape = { steps, features, units, sequences: false };
  const inputs: Inputs = {
    x: random([windows, steps, features], 1),
    W: random([features, 4 * units], 2, 0.3),
    U: random([units, 4 * units], 3, 0.1),
    b: random([4 * units], 4, 0.1),
  };
  return { inputs, shape, dH: random([windows, units], 5) };
}

Deno.test("a batch of many chunks has the derivatives of its parts, in bounded memory", () => {
  const windows = 4000, steps = 40, { inputs, shape, dH } = wholeBatch(windows, steps);
  const before = takenBytes();
  const space = new Workspace();
  const { h, backward } = space.train(inputs, shape);
  const whole = backward(inputs, dH);
  assert(takenBytes() - before <= 65 * 2 ** 20, `${takenBytes() - before} bytes`);

  const sums = { W: new Float64Array(256), U: new Float64Array(4096), b: new Float64Array(128) };
  const half = windows / 2;
  for (const from of [0, half]) {
    const x = inputs.x.subarray(from * steps * 2, (from + half) * steps * 2);
    const part = space.train({ ...inputs, x }, shape);
    assertEquals(part.h, h.slice(from * 32, (from + half) * 32));
    const derivatives = part.backward({ ...inputs, x }, dH.subarray(from * 32, (from + half) * 32));
    assertEquals(derivatives.x, whole.x.slice(from * steps * 2, (from + half) * steps * 2));
    for (const name of ["W", "U", "b"] as const) {
      derivatives[name].forEach((value, i) => sums[name][i]! += value);
    }
  }
  for (const name of ["W", "U", "b"] as const) assert(relativeError(whole[name], sums[name]) < 1e-5);
  space.dispose();
  assertEquals(takenBytes(), before);
});

Deno.test("inference of 100,000 windows takes a few MiB", () => {
  const { inputs, shape } = wholeBatch(100_000, 3);
  const before = takenBytes(), space = new Workspace();
  assertEquals(space.infer(inputs, shape).length, 100_000 * 32);
  assert(takenBytes() - before < 2 * 2 ** 20);
  space.dispose();
});

Deno.test("an LSTM too large for the kernel's memory says so", () => {
  const units = 4000, steps = 3000, x = new Float32Array(8 * steps);
  const U = new Float32Array(0), inputs = { x, W: U, U, b: U };
  const space = new Workspace();
  let message = "";
  try {
    space.train(inputs, { steps, features: 1, units, sequences: false });
  } catch (error) {
    message = (error as Error).message;
  }
  assert(/^Cannot run an LSTM: its buffers need \d+ MiB more/.test(message), message);
});

Deno.test("1,000 fits of two layers leak neither tensors nor the kernel's memory", async () => {
  using _threads = await lstmThreads(2);
  const x = normals([17, 4, 1], 1), y = normals([17, 1], 2);
  const layers: FusedLstm[] = [
    lstmPair({ units: 3, returnSequences: true }, [4, 1]).fused,
    lstmPair({ units: 3 }, [4, 3]).fused,
  ];
  const model = tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: [4, 1] }), ...layers] });
  model.add(tf.layers.dense({ units: 1 }));
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const fit = () => model.fit(x, y, { epochs: 1, batchSize: 16, verbose: 0, yieldEvery: "never" });
  await fit();
  const tensors = tf.memory().numTensors, bytes = takenBytes();
  for (let i = 0; i < 1000; i++) await fit();
  assertEquals([tf.memory().numTensors, takenBytes()], [tensors, bytes]);
  model.dispose();
  assert(takenBytes() < bytes);
});
