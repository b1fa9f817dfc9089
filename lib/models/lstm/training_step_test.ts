import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { seededRandom } from "../seeded_random.ts";
import { FusedAdam } from "./fused_adam.ts";
import { fusedDropout } from "./fused_dropout.ts";
import { fusedLstm } from "./fused_lstm.ts";
import { initialWeights } from "./initial_weights.ts";
import { takenBytes } from "./memory.ts";
import { dropoutSeed, Network, type NetworkShape } from "./network.ts";
import { lstmThreads } from "./threads.ts";
import { TrainingStep } from "./training_step.ts";
import type { FilledWindows } from "./windows.ts";

const SHAPE: NetworkShape = { lookBack: 7, features: 3, units: 50, dropout: 0.3, seed: 5 };

function windows(count: number, { lookBack, features }: NetworkShape, seed: number): FilledWindows {
  const random = seededRandom(seed), draw = () => 2 * random() - 1;
  const x = Float32Array.from({ length: count * lookBack * features }, draw);
  return { x, y: Float32Array.from({ length: count }, draw), shape: [count, lookBack, features] };
}

/** The same step by tfjs, over the fused layers: a function that gives the loss, and the variables. */
function byTape(shape: NetworkShape, learningRate: number) {
  const { lookBack, features, units, dropout: rate, seed } = shape;
  const dropouts = ([1, 2] as const).map((layer) => fusedDropout({ rate, seed: dropoutSeed(seed, layer) }));
  // tfjs takes long over an orthogonal matrix that nobody needs.
  const zeros = { kernelInitializer: "zeros", recurrentInitializer: "zeros" } as const;
  const model = tf.sequential({
    layers: [
      fusedLstm({ units, ...zeros, returnSequences: true, inputShape: [lookBack, features] }),
      dropouts[0]!,
      fusedLstm({ units, ...zeros }),
      dropouts[1]!,
      tf.layers.dense({ units: 1 }),
    ],
  });
  const variables = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
  initialWeights({ features, units, seed }).forEach((values, i) =>
    variables[i]!.assign(tf.tensor(values, variables[i]!.shape))
  );
  const adam = new FusedAdam(learningRate);
  const run = ({ x, y, shape }: FilledWindows, mask: number) =>
    tf.tidy(() => {
      for (const layer of dropouts) layer.drawn = mask;
      const input = tf.tensor3d(x, shape), target = tf.tensor2d(y, [shape[0], 1]);
      const loss = () =>
        tf.losses.meanSquaredError(target, model.apply(input, { training: true }) as tf.Tensor);
      return adam.minimize(loss as () => tf.Scalar, true, variables)!.dataSync()[0]!;
    });
  const weights = () => variables.map((variable) => Float32Array.from(variable.dataSync()));
  return { run, weights, [Symbol.dispose]: () => void (model.dispose(), adam.dispose()) };
}

Deno.test("TrainingStep gives the bits of tfjs' tape, on any number of threads", async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
  const changes: Partial<NetworkShape>[] = [{}, { dropout: 0 }, { units: 5, features: 1, lookBack: 2 }, {
    units: 97,
  }];
  for (const change of changes) {
    const shape = { ...SHAPE, ...change };
    for (const threads of [1, 2]) {
      using _threads = await lstmThreads(threads);
      using tape = byTape(shape, 0.01);
      using step = new TrainingStep(shape, initialWeights(shape), 0.01);
      for (const [mask, count] of [32, 1, 13, 100].entries()) {
        const batch = windows(count, shape, mask);
        assertEquals(step.run(batch, mask), tape.run(batch, mask));
        assertEquals(step.weights, tape.weights());
      }
    }
  }
});

Deno.test("TrainingStep adds up the chunks of a batch that is too large for one", () => {
  const shape = { ...SHAPE, lookBack: 60, units: 64, features: 1 }, batch = windows(1500, shape, 1);
  using whole = new TrainingStep(shape, initialWeights(shape), 0.01);
  using tape = byTape(shape, 0.01);
  for (let mask = 0; mask < 2; mask++) {
    const [loss, other] = [whole.run(batch, mask), tape.run(batch, mask)];
    assert(Math.abs(loss - other) < 1e-5 * other, `${loss} ${other}`);
  }
});

Deno.test("TrainingStep goes on from a state bit for bit, and gives its memory back", () => {
  const before = takenBytes();
  {
    using unbroken = new TrainingStep(SHAPE, initialWeights(SHAPE), 0.01);
    using resumed = new TrainingStep(SHAPE, initialWeights({ ...SHAPE, seed: 9 }), 0.01);
    unbroken.run(windows(32, SHAPE, 1), 0);
    resumed.restore(unbroken.weights, unbroken.adam);
    const loss = unbroken.run(windows(20, SHAPE, 2), 1);
    assertEquals(resumed.run(windows(20, SHAPE, 2), 1), loss);
    assertEquals(resumed.weights, unbroken.weights);
  }
  assertEquals(takenBytes(), before);
});

Deno.test("TrainingStep's weights forecast in the network what they were trained to", () => {
  const shape = { ...SHAPE, dropout: 0 }, batch = windows(8, shape, 3);
  using step = new TrainingStep(shape, initialWeights(shape), 0.01);
  let loss = 1;
  for (let i = 0; i < 60; i++) loss = step.run(batch, i);
  using network = new Network(shape, step.weights);
  const forecasts = tf.tidy(() =>
    (network.model.predict(tf.tensor3d(batch.x, batch.shape)) as tf.Tensor).dataSync()
  );
  const error = batch.y.reduce((sum, y, i) => sum + (y - forecasts[i]!) ** 2, 0) / batch.y.length;
  assert(loss < 0.01 && error < 1.1 * loss + 1e-4, `${loss} ${error}`);
});
