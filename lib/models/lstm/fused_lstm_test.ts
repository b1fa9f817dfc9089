import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { gradients, lstmPair, normals, relativeError } from "./_test_layers.ts";
import { FusedAdam } from "./fused_adam.ts";
import { fusedDropout } from "./fused_dropout.ts";
import { fusedLstm } from "./fused_lstm.ts";
import { registerFusedLayers } from "./register.ts";

const SHAPES: [windows: number, steps: number, features: number, units: number][] = [
  [1, 2, 1, 1], // not one step: stock tfjs cannot take the derivative of that
  [5, 7, 3, 6],
  [8, 12, 20, 33],
  [32, 20, 1, 50],
  [9, 15, 50, 50],
];

for (const [windows, steps, features, units] of SHAPES) {
  for (const returnSequences of [true, false]) {
    const shape = `${windows} × ${steps} × ${features} → ${units}${returnSequences ? ", sequences" : ""}`;
    Deno.test(`fusedLstm() gives stock tfjs' values and derivatives: ${shape}`, () => {
      const { stock, fused } = lstmPair({ units, returnSequences }, [steps, features]);
      const x = normals([windows, steps, features], 3);
      const error = (a: unknown, b: unknown) =>
        relativeError((a as tf.Tensor).dataSync(), (b as tf.Tensor).dataSync());
      assert(error(fused.apply(x), stock.apply(x)) < 1e-5);
      const theirs = gradients(stock, x);
      gradients(fused, x).forEach((ours, i) => {
        assertEquals(ours.shape, theirs[i]!.shape);
        assert(error(ours, theirs[i]) < 1e-5, `derivative ${i}: ${error(ours, theirs[i])}`);
      });
      assertEquals(fused.diagnostics.reasons, []);
    });
  }
}

Deno.test("fusedLstm() used twice in one loss has stock tfjs' derivatives", () => {
  const { stock, fused } = lstmPair({ units: 7 }, [6, 2]);
  const x = [normals([4, 6, 2], 1), normals([4, 6, 2], 2)];
  const [ours, theirs] = [fused, stock].map((layer) =>
    tf.grads((a, b) =>
      tf.sum(tf.mul(layer.apply(a) as tf.Tensor, tf.square(layer.apply(b) as tf.Tensor))) as tf.Scalar
    )(x)
  );
  for (const i of [0, 1]) assert(relativeError(ours![i]!.dataSync(), theirs![i]!.dataSync()) < 1e-5);
});

Deno.test("fusedLstm() refuses second derivatives", () => {
  const { fused } = lstmPair({ units: 3 }, [4, 2]);
  const sum = (x: tf.Tensor) => tf.sum(fused.apply(x) as tf.Tensor);
  const second = () => tf.grad((x) => tf.sum(tf.square(tf.grad(sum)(x))))(normals([2, 4, 2], 1));
  assertThrows(second, Error, "Cannot take a second derivative of layer");
});

const FALLBACKS: [reason: string, config: Partial<Parameters<typeof fusedLstm>[0]>][] = [
  ["recurrentActivation hardSigmoid", { recurrentActivation: "hardSigmoid" }],
  ["activation relu", { activation: "relu" }],
  ["no bias", { useBias: false }],
  ["dropout", { dropout: 0.1 }],
  ["recurrentDropout", { recurrentDropout: 0.3 }],
  ["returnState", { returnState: true }],
  ["goBackwards", { goBackwards: true }],
  ["stateful", { stateful: true, batchInputShape: [2, 5, 3] }],
];
for (const [reason, config] of FALLBACKS) {
  Deno.test(`fusedLstm() runs stock code and says so: ${reason}`, () => {
    const { stock, fused } = lstmPair({ units: 7, ...config }, [5, 3]);
    assertEquals(fused.diagnostics.reasons, [reason]);
    const x = normals([2, 5, 3], 1);
    const [ours, theirs] = [fused, stock].map((layer) => [layer.apply(x)].flat() as tf.Tensor[]);
    ours!.forEach((tensor, i) => assertEquals(tensor.dataSync(), theirs![i]!.dataSync()));
    assertEquals(fused.diagnostics, { fusedCalls: 0, stockCalls: 1, reasons: [reason] });
  });
}

Deno.test("fusedLstm() runs stock code for a mask and an initial state, and says so", () => {
  const masked = (lstm: tf.layers.Layer) =>
    tf.sequential({ layers: [tf.layers.masking({ maskValue: 0, inputShape: [5, 3] }), lstm] });
  const { stock, fused } = lstmPair({ units: 4 }, [5, 3]);
  const x = tf.concat([tf.zeros([2, 2, 3]), normals([2, 3, 3], 1)], 1);
  const [ours, theirs] = [fused, stock].map((layer) => masked(layer).predict(x) as tf.Tensor);
  assertEquals(ours!.dataSync(), theirs!.dataSync());
  assertEquals(fused.diagnostics.reasons, ["mask"]);

  const state = [normals([2, 4], 1), normals([2, 4], 2)];
  const [a, b] = [fused, stock].map((layer) => layer.apply(x, { initialState: state }) as tf.Tensor);
  assertEquals(a!.dataSync(), b!.dataSync());
  assertEquals(fused.diagnostics.reasons, ["mask", "initialState"]);
});

/** Two LSTM layers of 50 as in reference document 002, made of stock or of fused parts. */
function forecaster(fused: boolean, dropout = 0): tf.Sequential {
  const lstm = fused ? fusedLstm : tf.layers.lstm;
  const drop = (seed: number) =>
    fused ? fusedDropout({ rate: dropout, seed }) : tf.layers.dropout({ rate: dropout, seed });
  const config = (seed: number) => ({
    units: 12,
    recurrentActivation: "sigmoid" as const,
    kernelInitializer: tf.initializers.glorotUniform({ seed }),
    recurrentInitializer: tf.initializers.glorotUniform({ seed: seed + 1 }),
  });
  const layers = [
    lstm({ ...config(1), returnSequences: true, inputShape: [10, 1] }),
    drop(1),
    lstm(config(3)),
    drop(2),
    tf.layers.dense({ units: 1, kernelInitializer: tf.initializers.glorotUniform({ seed: 5 }) }),
  ];
  return tf.sequential({ layers });
}

Deno.test("fused layers and FusedAdam have stock tfjs' weights after 24 steps", async () => {
  const x = normals([64, 10, 1], 1), y = tf.mean(x, 1);
  const weights: Float32Array[][] = [];
  for (const fused of [true, false]) {
    const model = forecaster(fused);
    const optimizer = fused ? new FusedAdam() : tf.train.adam(0.001, 0.9, 0.999, 1e-7);
    model.compile({ optimizer, loss: "meanSquaredError" });
    await model.fit(x, y, { epochs: 6, batchSize: 16, shuffle: false, verbose: 0 });
    weights.push(model.getWeights().map((weight) => weight.dataSync<"float32">()));
  }
  const [ours, theirs] = weights;
  ours!.forEach((values, i) => {
    assert(relativeError(values, theirs![i]!) < 1e-4, `weight ${i}: ${relativeError(values, theirs![i]!)}`);
  });
});

Deno.test("fused layers and FusedAdam are saved and loaded as stock ones, and back", async () => {
  const model = forecaster(true, 0.2);
  model.compile({ optimizer: new FusedAdam(), loss: "meanSquaredError" });
  const x = normals([40, 10, 1], 1), y = tf.mean(x, 1);
  await model.fit(x, y, { epochs: 2, batchSize: 16, shuffle: false, verbose: 0 });
  let saved: tf.io.ModelArtifacts = {};
  const save = tf.io.withSaveHandler((artifacts) => {
    saved = artifacts;
    return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) });
  });
  await model.save(save, { includeOptimizer: true });
  const stock = await tf.loadLayersModel(tf.io.fromMemory(saved)) as tf.Sequential;
  assertEquals(stock.layers.map((layer) => layer.constructor.name), [
    "LSTM",
    "Dropout",
    "LSTM",
    "Dropout",
    "Dense",
  ]);
  const predict = (model: tf.LayersModel) => (model.predict(x) as tf.Tensor).dataSync();
  assert(relativeError(predict(stock), predict(model)) < 1e-5);
  assertEquals(stock.optimizer.constructor.name, "AdamOptimizer");
  assertEquals(stock.optimizer.iterations, 6);

  using _fused = registerFusedLayers();
  const again = await tf.loadLayersModel(tf.io.fromMemory(saved));
  assertEquals(predict(again), predict(model));
  assertEquals(again.layers[0]!.constructor.name, "FusedLstm");
});
