import { assert } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import golden from "../testdata/lstm_torch.json" with { type: "json" };
import { lstmPair, relativeError } from "./_test_layers.ts";
import { lstmThreads } from "./threads.ts";

/** As in `lstm_torch.py`. */
function* uniforms(seed: number): Generator<number, never> {
  for (;;) {
    seed = seed * 48271 % 2147483647;
    yield seed / 2147483647;
  }
}

function draw(source: Generator<number, never>, shape: number[]): tf.Tensor {
  const values = Float32Array.from(
    { length: tf.util.sizeFromShape(shape) },
    () => 2 * source.next().value - 1,
  );
  return tf.tensor(values, shape);
}

for (const threads of [1, 2]) {
  for (const { windows, steps, features, units, sequences, h, gradients } of golden.cases) {
    const shape = `${windows} × ${steps} × ${features} → ${units}, ${threads} threads`;
    Deno.test(`fusedLstm() has PyTorch's values and derivatives: ${shape}`, async () => {
      using _threads = await lstmThreads(threads);
      const source = uniforms(1000 * units + steps);
      const x = draw(source, [windows, steps, features]);
      const { fused } = lstmPair({ units, returnSequences: sequences }, [steps, features]);
      fused.setWeights(
        [features, units].map((n) => draw(source, [n, 4 * units]))
          .concat(draw(source, [4 * units])),
      );

      const target = draw(source, sequences ? [windows, steps, units] : [windows, units]);
      const weights = fused.trainableWeights.map((one) => (one as unknown as { val: tf.Variable }).val);
      const loss = (input: tf.Tensor) =>
        tf.sum(tf.mul(tf.square(fused.apply(input) as tf.Tensor), target)) as tf.Scalar;
      const { grads } = tf.variableGrads(() => loss(x), weights);
      const ours = [tf.grad(loss)(x), ...weights.map(({ name }) => grads[name]!)];

      assert(relativeError((fused.apply(x) as tf.Tensor).dataSync(), h) < 1e-5);
      ours.forEach((tensor, i) => assert(relativeError(tensor.dataSync(), gradients[i]!) < 1e-5));
    });
  }
}
