import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { normals, relativeError } from "./_test_layers.ts";
import { FusedAdam } from "./fused_adam.ts";
import { type FusedDropout, fusedDropout } from "./fused_dropout.ts";
import { fusedLstm } from "./fused_lstm.ts";

function model() {
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 1 }),
    recurrentInitializer = kernelInitializer;
  const lstm = fusedLstm({ units: 5, inputShape: [6, 2], kernelInitializer, recurrentInitializer });
  const dropout = fusedDropout({ rate: 0.3, seed: 4 });
  const layers = [lstm, dropout, tf.layers.dense({ units: 1, kernelInitializer })];
  const optimizer = new FusedAdam(0.01), model = tf.sequential({ layers });
  model.compile({ optimizer, loss: "meanSquaredError" });
  return { model, optimizer, dropout };
}

const fit = async (model: tf.LayersModel, epochs: number) => {
  const x = normals([20, 6, 2], 1), y = normals([20, 1], 2);
  await model.fit(x, y, { epochs, batchSize: 8, shuffle: false, verbose: 0 });
};
const weightsOf = (model: tf.LayersModel) => model.getWeights().map((weight) => weight.dataSync());

Deno.test("weights, FusedAdam.state and FusedDropout.drawn are a checkpoint to the bit", async () => {
  const unbroken = model();
  await fit(unbroken.model, 5);

  const before = model();
  await fit(before.model, 2);
  const checkpoint = JSON.stringify({
    weights: weightsOf(before.model).map((values) => [...values]),
    drawn: before.dropout.drawn,
    ...before.optimizer.state,
    first: before.optimizer.state.first.map((values) => [...values]),
    second: before.optimizer.state.second.map((values) => [...values]),
  });
  const { weights, drawn, step, first, second } = JSON.parse(checkpoint);
  assertEquals([drawn, step], [6, 6]);

  const after = model();
  after.model.setWeights(after.model.getWeights().map((weight, i) => tf.tensor(weights[i], weight.shape)));
  after.optimizer.state = { step, first, second };
  (after.model.layers[1] as FusedDropout).drawn = drawn;
  await fit(after.model, 3);
  assertEquals(weightsOf(after.model), weightsOf(unbroken.model));
  assertEquals(after.optimizer.state, unbroken.optimizer.state);

  const without = model();
  without.model.setWeights(
    without.model.getWeights().map((weight, i) => tf.tensor(weights[i], weight.shape)),
  );
  await fit(without.model, 3);
  assert(relativeError(weightsOf(without.model)[0]!, weightsOf(unbroken.model)[0]!) > 1e-4);
});

Deno.test("FusedAdam takes over from stock Adam, and stock Adam from it", async () => {
  const loss = (x: tf.Variable) => () => tf.sum(tf.square(x)) as tf.Scalar;
  const variable = () => tf.variable(tf.tensor([1, -2, 3]));
  const unbroken = variable(), stock = tf.train.adam(0.1, 0.9, 0.999, 1e-7);
  for (let i = 0; i < 6; i++) stock.minimize(loss(unbroken), false, [unbroken]);
  const steps = [
    tf.train.adam(0.1, 0.9, 0.999, 1e-7),
    new FusedAdam(0.1),
    tf.train.adam(0.1, 0.9, 0.999, 1e-7),
  ];
  const x = variable();
  for (const [i, adam] of steps.entries()) {
    if (i > 0) await adam.setWeights(await steps[i - 1]!.getWeights());
    for (let step = 0; step < 2; step++) adam.minimize(loss(x), false, [x]);
    assertEquals(adam.iterations, 2 * (i + 1));
  }
  assert(relativeError(x.dataSync(), unbroken.dataSync()) < 1e-5);
});

Deno.test("FusedAdam refuses a state that is damaged or another model's", async () => {
  const { model: net, optimizer } = model();
  const first = [new Float32Array(3)], second = [new Float32Array(2)];
  assertThrows(() => optimizer.state = { step: 1, first, second }, Error, "its state is damaged");
  assertThrows(() => optimizer.state = { step: -1, first: [], second: [] }, Error, "its state is damaged");
  optimizer.state = { step: 1, first, second: first };
  let message = "";
  await fit(net, 1).catch((error) => message = error.message);
  assert(message.startsWith("Cannot go on with Adam: it has 3 moments for the 40 weights"), message);
});

Deno.test("FusedAdam.getWeights() leaks no tensors", async () => {
  const { model: net, optimizer } = model();
  await fit(net, 1);
  await optimizer.getWeights();
  const tensors = tf.memory().numTensors;
  for (let i = 0; i < 20; i++) await optimizer.getWeights();
  assertEquals(tf.memory().numTensors, tensors);
  optimizer.dispose();
  assert(tf.memory().numTensors < tensors);
});
