import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ModelError } from "../core/errors.ts";
import { friedman } from "./_test_friedman.ts";
import { BoostedTrees, type BoostingSettings, type StoredBoostedTrees } from "./boosted_trees.ts";
import type { LossName } from "./boosting_loss.ts";
import { treeThreads } from "./tree_threads.ts";
import golden from "./testdata/trees_sklearn.json" with { type: "json" };

const { x: fine, y: raw } = friedman(450, 5, 21);
const x = fine.map((row) => row.map((value) => Math.floor(value * 200) / 200));
const y = raw.map((value) => Math.exp(value / 10));
const few = { maxIter: 15, minSamplesLeaf: 5 };

function fitted(settings: Partial<BoostingSettings> = {}): BoostedTrees {
  const model = new BoostedTrees({ ...few, ...settings });
  model.fit(x, y);
  return model;
}

for (const { loss, train } of golden.boosting) {
  Deno.test(`BoostedTrees has scikit-learn's loss curve: ${loss}`, () => {
    const model = new BoostedTrees({
      loss: loss as LossName,
      quantile: 0.9,
      maxIter: 60,
      validationFraction: 0,
    });
    model.fit(x, y);
    // Residuals of 1 and -1 let many splits gain the same, and each side takes another one of them.
    const tolerance = loss === "absolute_error" || loss === "quantile" ? 0.06 : 1e-6;
    for (const [index, expected] of train.entries()) {
      const found = model.curve.train[10 * (index + 1)]!;
      assertAlmostEquals(found, expected, tolerance * expected);
    }
  });
}

Deno.test("BoostedTrees lowers each loss with every tree on the rows it trains on", () => {
  for (const loss of ["squared_error", "absolute_error", "quantile", "qlike"] as const) {
    const { train } = fitted({ loss, quantile: 0.2, validationFraction: 0 }).curve;
    assertEquals(train.length, few.maxIter + 1);
    assert(train.every((value, tree) => tree === 0 || value < train[tree - 1]!), loss);
  }
});

Deno.test("BoostedTrees forecasts the quantile that it was asked for", () => {
  const { x, y } = friedman(3000, 5, 4);
  for (const quantile of [0.1, 0.9]) {
    const model = new BoostedTrees({ loss: "quantile", quantile });
    model.fit(x.slice(0, 2000), y.slice(0, 2000));
    const forecasts = model.predict(x.slice(2000));
    const below = y.slice(2000).filter((label, row) => label <= forecasts[row]!).length / 1000;
    assertAlmostEquals(below, quantile, 0.06);
  }
});

Deno.test("BoostedTrees stops when the newest rows say so, and keeps the best trees", () => {
  const settings = { maxIter: 500, learningRate: 0.5, validationFraction: 0.2, nIterNoChange: 7 };
  const model = fitted(settings);
  const { train, validation } = model.curve;
  assertEquals([train.length, validation.length], [model.trees + 8, model.trees + 8]);
  assertEquals(Math.min(...validation), validation[model.trees]);
  const cut = x.length - Math.floor(x.length * 0.2);
  const again = new BoostedTrees({ ...few, ...settings, maxIter: model.trees, validationFraction: 0 });
  again.fit(x.slice(0, cut), y.slice(0, cut));
  assertEquals(again.predict(x), model.predict(x));
});

Deno.test("BoostedTrees gives the same trees for the same seed, others for another", () => {
  const settings = { subsample: 0.5, seed: 7 };
  const first = JSON.stringify(fitted(settings));
  assertEquals(JSON.stringify(fitted(settings)), first);
  assertNotEquals(fitted({ ...settings, seed: 8 }).predict(x), fitted(settings).predict(x));
});

Deno.test("BoostedTrees grows the same trees on any number of threads", () => {
  const { x, y } = friedman(12_500, 10, 5);
  for (const settings of [{ maxDepth: 7 }, { loss: "quantile", subsample: 0.5, maxDepth: 2 }] as const) {
    const grown = () => {
      const model = new BoostedTrees({ maxIter: 12, minSamplesLeaf: 3, ...settings });
      model.fit(x, y);
      return JSON.stringify([model, model.curve]);
    };
    const alone = grown();
    for (const threads of [2, 3]) {
      using _threads = treeThreads(threads);
      for (let round = 0; round < 3; round++) assertEquals(grown(), alone);
    }
  }
});

Deno.test("BoostedTrees survives JSON to the bit, whatever the rows and settings", () => {
  const lines = fc.integer({ min: 1, max: 6 }).chain((width) =>
    fc.array(
      fc.tuple(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: width, maxLength: width }),
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      ),
      { minLength: 1, maxLength: 60 },
    )
  );
  const settings = fc.record({
    loss: fc.constantFrom(
      "squared_error" as const,
      "absolute_error" as const,
      "quantile" as const,
      "qlike" as const,
    ),
    maxDepth: fc.integer({ min: 1, max: 6 }),
    minSamplesLeaf: fc.integer({ min: 1, max: 10 }),
    maxBins: fc.integer({ min: 2, max: 255 }),
    subsample: fc.constantFrom(0.3, 1),
    validationFraction: fc.constantFrom(0, 0.3),
  });
  fc.assert(fc.property(lines, settings, (rows, chosen) => {
    const features = rows.map(([row]) => row);
    const model = new BoostedTrees({ maxIter: 8, ...chosen });
    model.fit(features, Float64Array.from(rows, ([, label]) => label));
    const forecasts = model.predict(features);
    assert(forecasts.every((value) => Number.isFinite(value) && (chosen.loss !== "qlike" || value > 0)));
    const copy = BoostedTrees.load(JSON.parse(JSON.stringify(model)));
    assertEquals(copy.predict(features), forecasts);
    assertEquals(JSON.stringify(copy), JSON.stringify(model));
  }));
});

Deno.test("BoostedTrees gives the same trees for rows in another order", () => {
  const order = x.map((_, row) => (row * 7) % x.length);
  const whole = y.map((value) => Math.round(value * 64));
  const model = new BoostedTrees({ maxIter: 1, validationFraction: 0 });
  model.fit(x, whole);
  const before = model.predict(x);
  model.fit(order.map((row) => x[row]!), Float64Array.from(order, (row) => whole[row]!));
  before.forEach((value, row) => assertAlmostEquals(model.predict([x[row]!])[0]!, value, 1e-9));
});

Deno.test("BoostedTrees learns a constant, and a single row", () => {
  const model = new BoostedTrees();
  model.fit(x, new Float64Array(x.length).fill(0.5));
  assertEquals(model.predict([x[0]!]), Float64Array.of(0.5));
  model.fit([[1]], Float64Array.of(3));
  assertEquals([model.predict([[9]])[0], model.predict([]).length], [3, 0]);
});

Deno.test("BoostedTrees refuses what it can't use", () => {
  const model = new BoostedTrees();
  assertThrows(() => model.predict([[1]]), ModelError, "not fitted");
  assertThrows(() => JSON.stringify(model), ModelError, "not fitted");
  assertThrows(() => model.fit([], new Float64Array()), ModelError, "0 rows");
  assertThrows(() => model.fit([[1], [NaN]], Float64Array.of(1, 2)), ModelError, "row 1");
  assertThrows(() => model.fit([[1]], Float64Array.of(Infinity)), ModelError, "label");
  assertThrows(
    () => new BoostedTrees({ loss: "qlike" }).fit([[1]], Float64Array.of(0)),
    ModelError,
    "not above 0",
  );
  assertThrows(() => fitted().predict([[1, 2]]), ModelError, "5 finite numbers");
  const stored = fitted().toJSON();
  assertThrows(() => BoostedTrees.load({ ...stored, version: 2 }), ModelError, "version 2");
  assertThrows(
    () => BoostedTrees.load({ name: "lstm" } as unknown as StoredBoostedTrees),
    ModelError,
    "train again",
  );
});

Deno.test("BoostedTrees refuses settings out of range", () => {
  const bad: Partial<BoostingSettings>[] = [
    { loss: "huber" as LossName },
    { quantile: 1 },
    { learningRate: 0 },
    { maxIter: 0 },
    { maxDepth: 17 },
    { minSamplesLeaf: 0.5 },
    { maxBins: 256 },
    { subsample: 1.1 },
    { validationFraction: 1 },
    { nIterNoChange: 0 },
    { seed: 2 ** 31 },
  ];
  for (const settings of bad) {
    assertThrows(() => new BoostedTrees(settings), RangeError, `Cannot set ${Object.keys(settings)[0]}`);
  }
});
