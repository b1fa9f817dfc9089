import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { fillGaussian, fillUniform, type RandomKey } from "./demo_rng.ts";

const KEY: RandomKey = { seed: 1, purpose: 2, series: 3, index: 4 };

Deno.test("fillUniform() keeps its numbers: these are the generator's first three for one address", () => {
  const draws = fillUniform(KEY, new Float64Array(3));
  assertEquals([...draws].map((x) => x.toFixed(9)), ["0.642221945", "0.051624587", "0.676978475"]);
});

Deno.test("fillUniform() is uniform in (0, 1) and neighbouring addresses are independent", () => {
  const buckets = new Array(10).fill(0);
  let product = 0;
  const count = 20_000;
  const draw = new Float64Array(1);
  let previous = 0.5;
  for (let index = 0; index < count; index++) {
    const x = fillUniform({ ...KEY, index }, draw)[0]!;
    assert(x > 0 && x < 1);
    buckets[Math.floor(x * 10)]++;
    product += (x - 0.5) * (previous - 0.5);
    previous = x;
  }
  for (const bucket of buckets) assertAlmostEquals(bucket / count, 0.1, 0.01);
  assertAlmostEquals(product / count / (1 / 12), 0, 0.03);
});

Deno.test("fillGaussian() has mean 0, variance 1 and kurtosis 3", () => {
  const z = fillGaussian(KEY, new Float64Array(40_000));
  const moment = (power: number) => z.reduce((sum, x) => sum + x ** power, 0) / z.length;
  assertAlmostEquals(moment(1), 0, 0.02);
  assertAlmostEquals(moment(2), 1, 0.03);
  assertAlmostEquals(moment(4), 3, 0.2);
  assertThrows(() => fillGaussian(KEY, new Float64Array(3)), RangeError, "even");
});
