import { assert, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { ModelError } from "../../core/errors.ts";
import { firstRows } from "../_test_models.ts";
import { SMALL, waveRows } from "./_test_series.ts";
import { GpuTraining } from "./gpu_training.ts";
import { LstmModel } from "./lstm_model.ts";

// On tfjs's plain backend: what a card computes is tfjs's matter, and few machines that test have one.
Deno.test("GpuTraining learns what LstmTraining learns, but for rounding, and leaves no tensor behind", async () => {
  await tf.setBackend("cpu");
  const rows = waveRows(60), range = firstRows(59);
  const options = { columns: ["v"], learns: "value", ...SMALL, dropout: 0, epochs: 3 } as const;
  const ours = new LstmModel(options), theirs = new LstmModel(options);
  ours.fit(rows, range);
  const before = tf.memory().numTensors;
  {
    using training = new GpuTraining(theirs.prepare(rows, range), theirs.settings);
    for await (const _ of training.run());
    theirs.take(training);
  }
  assert(tf.memory().numTensors - before <= 1, `${tf.memory().numTensors - before} tensors more`);
  const at = { from: 20, until: 58 }, expected = ours.predict(rows, at);
  theirs.predict(rows, at).forEach((value, i) =>
    assert(Math.abs(value - expected[i]!) < 2e-3, `${value} ${expected[i]}`)
  );
});

Deno.test("GpuTraining ends where its loss is no number any more", async () => {
  await tf.setBackend("cpu");
  const model = new LstmModel({ columns: ["v"], learns: "value", ...SMALL, learningRate: 1e30, dropout: 0 });
  using training = new GpuTraining(model.prepare(waveRows(60), firstRows(59)), model.settings);
  await assertRejects(() => Array.fromAsync(training.run()), ModelError, "lower learningRate");
});
