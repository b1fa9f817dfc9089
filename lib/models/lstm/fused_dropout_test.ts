import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import "./_test_layers.ts"; // sets the backend
import { fusedDropout } from "./fused_dropout.ts";

const drop = (layer: tf.layers.Layer, x: tf.Tensor, training = true) =>
  (layer.apply(x, { training }) as tf.Tensor).dataSync<"float32">();

for (const rate of [0.01, 0.2, 0.5, 0.9]) {
  Deno.test(`fusedDropout() drops a share of ${rate}, within four standard errors, independently`, () => {
    const n = 400_000, layer = fusedDropout({ rate, seed: 7 });
    const first = drop(layer, tf.ones([n])), second = drop(layer, tf.ones([n]));
    const kept = Math.fround(1 / (1 - rate));
    assert(first.every((value) => value === 0 || value === kept));
    const share = (dropped: (i: number) => boolean) =>
      Array.from({ length: n - 1 }, (_, i) => Number(dropped(i))).reduce((a, b) => a + b) / (n - 1);
    const near = (share: number, expected: number) =>
      assert(Math.abs(share - expected) < 4 * Math.sqrt(expected * (1 - expected) / n), `${share}`);
    near(share((i) => first[i] === 0), rate);
    near(share((i) => first[i] === 0 && first[i + 1] === 0), rate ** 2);
    near(share((i) => first[i] === 0 && second[i] === 0), rate ** 2);
    const other = drop(fusedDropout({ rate, seed: 8 }), tf.ones([n]));
    near(share((i) => first[i] === 0 && other[i] === 0), rate ** 2);
  });
}

Deno.test("fusedDropout() passes derivatives where it passes values", () => {
  const layer = fusedDropout({ rate: 0.4, seed: 1 }), x = tf.ones([50]);
  const values = drop(layer, x);
  layer.drawn = 0;
  const derivatives = tf.grad((x) => tf.sum(layer.apply(x, { training: true }) as tf.Tensor))(x).dataSync();
  assertEquals(derivatives, values);

  const squares = (x: tf.Tensor) => tf.sum(tf.square(layer.apply(x, { training: true }) as tf.Tensor));
  layer.drawn = 0;
  const second = tf.grad((x) => tf.sum(tf.grad(squares)(x)))(x).dataSync<"float32">();
  assertEquals(second, values.map((value) => 2 * value * value));
});

Deno.test("fusedDropout() does nothing outside training and at rate 0, and drops all at rate 1", () => {
  const x = tf.tensor([1, 2, 3]);
  assertEquals([...drop(fusedDropout({ rate: 0.5, seed: 1 }), x, false)], [1, 2, 3]);
  assertEquals([...drop(fusedDropout({ rate: 0, seed: 1 }), x)], [1, 2, 3]);
  const stock = drop(tf.layers.dropout({ rate: 1 }), x);
  assertEquals(drop(fusedDropout({ rate: 1, seed: 1 }), x), stock);
});

Deno.test("fusedDropout() refuses bad rates, seeds and counts", () => {
  assertThrows(() => fusedDropout({ rate: 1.5, seed: 1 }), RangeError, "rate 1.5");
  assertThrows(() => fusedDropout({ rate: NaN, seed: 1 }), RangeError, "rate NaN");
  assertThrows(() => fusedDropout({ rate: 0.5, seed: 2 ** 40 }), RangeError, "seed 1099511627776");
  assertThrows(() => fusedDropout({ rate: 0.5, seed: 1 }).drawn = -1, RangeError, "-1 masks");
});
