import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RandomForestRegression } from "ml-random-forest";
import { ModelError } from "../core/errors.ts";
import { friedman } from "./_test_friedman.ts";
import { growForest } from "./forest_growth.ts";
import { treeThreads } from "./tree_threads.ts";
import { r2 } from "./metrics.ts";
import { permutationImportance } from "./permutation_importance.ts";
import { RandomForest, type StoredForest } from "./random_forest.ts";
import { seededRandom } from "./seeded_random.ts";
import { TreeGrower } from "./tree_grower.ts";
import storedV1 from "./testdata/forest_stored_v1.json" with { type: "json" };
import golden from "./testdata/trees_sklearn.json" with { type: "json" };

const x = Array.from({ length: 200 }, (_, i) => [Math.sin(i), Math.cos(3 * i), i % 7]);
const y = Float64Array.from(x, ([a, b, c]) => a! * b! + 0.1 * c!);
const few = { trees: 8 };

function fitted(settings = {}): RandomForest {
  const forest = new RandomForest({ ...few, ...settings });
  forest.fit(x, y);
  return forest;
}

Deno.test("RandomForest gives the same trees for the same seed, others for another", () => {
  const first = JSON.stringify(fitted({ seed: 7 }));
  assertEquals(JSON.stringify(fitted({ seed: 7 })), first);
  assertNotEquals(
    JSON.stringify(fitted({ seed: 8 }).predict(x)),
    JSON.stringify(fitted({ seed: 7 }).predict(x)),
  );
});

Deno.test("RandomForest survives JSON to the bit, and to the byte", () => {
  const forest = fitted();
  const text = JSON.stringify(forest);
  const copy = RandomForest.load(JSON.parse(text));
  assertEquals(copy.predict(x), forest.predict(x));
  assertEquals(JSON.stringify(copy), text);
});

Deno.test("RandomForest as saved forecasts the same in stock ml-random-forest, whatever the rows", () => {
  const row = fc.array(fc.integer({ min: -4, max: 4 }).map((value) => value / 3), {
    minLength: 3,
    maxLength: 3,
  });
  const rows = fc.array(fc.tuple(row, fc.double({ min: -1e3, max: 1e3, noNaN: true })), {
    minLength: 1,
    maxLength: 40,
  });
  const shape = fc.record({
    maxDepth: fc.integer({ min: 1, max: 9 }),
    minNumSamples: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(fc.property(rows, shape, fc.integer(), (lines, settings, seed) => {
    const forest = new RandomForest({ ...few, ...settings, seed });
    forest.fit(lines.map(([features]) => features), Float64Array.from(lines, ([, label]) => label));
    const text = JSON.stringify(forest);
    const points = [...lines.map(([features]) => features), [0, 9, -9]];
    const forecasts = [...forest.predict(points)];
    assertEquals(RandomForestRegression.load(JSON.parse(text)).predict(points), forecasts);
    assertEquals([...RandomForest.load(JSON.parse(text)).predict(points)], forecasts);
  }));
});

Deno.test("RandomForest loads what was saved before the format was ml-random-forest's", () => {
  const points = Array.from({ length: 12 }, (_, i) => [Math.sin(i), Math.cos(3 * i), i % 7]);
  const forest = RandomForest.load(storedV1.forest as Parameters<typeof RandomForest.load>[0]);
  assertEquals([...forest.predict(points)], storedV1.predictions);
  assertEquals(RandomForest.load(JSON.parse(JSON.stringify(forest))).predict(points), forest.predict(points));
});

Deno.test("RandomForest leans towards the rows that weigh more", () => {
  const twice = [[1], [1]];
  const forest = new RandomForest({ trees: 200 });
  forest.fit(twice, Float64Array.of(0, 1), Float64Array.of(1, 9));
  const [heavy] = forest.predict([[1]]);
  forest.fit(twice, Float64Array.of(0, 1), Float64Array.of(9, 1));
  assert(heavy! > 0.6 && forest.predict([[1]])[0]! < 0.4);
});

Deno.test("RandomForest fits again from nothing", () => {
  const forest = fitted();
  const before = forest.predict(x);
  forest.fit(x.slice(0, 50), y.slice(0, 50));
  forest.fit(x, y);
  assertEquals(forest.predict(x), before);
});

Deno.test("RandomForest trains on the newest maxTrainRows and says how many it left out", () => {
  const forest = fitted({ maxTrainRows: 120 });
  assertEquals(forest.rowsLeftOut, 80);
  const recent = new RandomForest({ ...few, maxTrainRows: 120 });
  recent.fit(x.slice(80), y.slice(80));
  assertEquals([forest.predict(x), recent.rowsLeftOut], [recent.predict(x), 0]);
});

Deno.test("RandomForest forecasts stay inside the labels it saw", () => {
  const forecasts = fitted().predict([[100, -100, 100], [-100, 100, -100]]);
  assert(forecasts.every((value) => value >= Math.min(...y) && value <= Math.max(...y)));
});

Deno.test("RandomForest learns a constant, and a single row", () => {
  const forest = new RandomForest(few);
  forest.fit(x, new Float64Array(x.length).fill(0.5));
  assertEquals(forest.predict([[1, 2, 3]]), Float64Array.of(0.5));
  forest.fit([[1]], Float64Array.of(3));
  assertEquals(forest.predict([[9]]), Float64Array.of(3));
});

Deno.test("RandomForest predicts no rows as no forecasts", () => {
  assertEquals(fitted().predict([]).length, 0);
});

Deno.test("RandomForest refuses what it can't use", () => {
  assertThrows(() => new RandomForest().predict([[1]]), ModelError, "not fitted");
  assertThrows(() => JSON.stringify(new RandomForest()), ModelError, "not fitted");
  assertThrows(() => new RandomForest().fit([], new Float64Array()), ModelError);
  assertThrows(() => new RandomForest().fit([[1]], Float64Array.of(1, 2)), ModelError);
  assertThrows(() => new RandomForest().fit([[1], [NaN]], Float64Array.of(1, 2)), ModelError, "row 1");
  assertThrows(() => new RandomForest().fit([[1]], Float64Array.of(NaN)), ModelError, "label");
  assertThrows(
    () => new RandomForest().fit([[1]], Float64Array.of(1), Float64Array.of(0)),
    ModelError,
    "weight",
  );
  assertThrows(
    () => new RandomForest().fit([[1]], Float64Array.of(1), Float64Array.of(1, 1)),
    ModelError,
    "2 weights for 1 rows",
  );
  assertThrows(() => fitted().predict([[1, 2]]), ModelError, "3 finite numbers");
  const cut = JSON.parse(JSON.stringify(fitted()).replace('"left":', '"leff":'));
  assertThrows(() => RandomForest.load(cut), ModelError, "a node is missing");
  assertThrows(() => RandomForest.load({ name: "lstm" } as unknown as StoredForest), ModelError);
});

Deno.test("RandomForest refuses settings out of range", () => {
  const bad = [{ trees: 0 }, { trees: 1.5 }, { maxFeatures: 0 }, { maxFeatures: 1.1 }, { seed: 2 ** 31 }, {
    seed: 0.5,
  }];
  for (const settings of bad) assertThrows(() => new RandomForest(settings), RangeError);
  for (const name of ["maxDepth", "minNumSamples", "minSamplesLeaf", "maxTrainRows"]) {
    assertThrows(() => new RandomForest({ [name]: NaN }), RangeError, name);
  }
});

const grown = { maxFeatures: 1, maxDepth: 1000, minNumSamples: 1 };

for (const { settings, seeds, r2_mean, r2_variance } of golden.forests) {
  Deno.test(`RandomForest is as good as scikit-learn's over 12 seeds: ${JSON.stringify(settings)}`, () => {
    const { x, y } = friedman(900, 10, 11);
    const { max_features, min_samples_leaf } = settings as Record<string, number | undefined>;
    const scores = Array.from({ length: 12 }, (_, seed) => {
      const forest = new RandomForest({
        ...grown,
        trees: 100,
        maxFeatures: (max_features ?? 10) / 10,
        minSamplesLeaf: min_samples_leaf ?? 1,
        seed,
      });
      forest.fit(x.slice(0, 600), y.slice(0, 600));
      return r2(y.slice(600), forest.predict(x.slice(600)));
    });
    const mean = scores.reduce((sum, score) => sum + score) / 12;
    const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / 11;
    const standardError = Math.sqrt(variance / 12 + r2_variance / seeds);
    // Two forests that are equally good are within two standard errors in 95 of 100 cases.
    assert(Math.abs(mean - r2_mean) < 2 * standardError, `${mean} and ${r2_mean} ± ${standardError}`);
  });
}

Deno.test("RandomForest's out-of-bag score is that of rows it has not seen", () => {
  const { x, y } = friedman(2000, 5, 3);
  const forest = new RandomForest({ ...grown, trees: 60 });
  forest.fit(x.slice(0, 1000), y.slice(0, 1000));
  const { forecasts, rows, r2: score } = forest.outOfBag();
  assertEquals([rows, forecasts.length], [1000, 1000]);
  assert(Math.abs(score - r2(y.slice(1000), forest.predict(x.slice(1000)))) < 0.04);
  assertThrows(() => RandomForest.load(forest.toJSON()).outOfBag(), ModelError, "was loaded");
});

Deno.test("RandomForest's intervals hold the share of new labels that they promise", () => {
  const { x, y } = friedman(2500, 5, 9);
  const forest = new RandomForest({ ...grown, trees: 60, minSamplesLeaf: 5 });
  forest.fit(x.slice(0, 1500), y.slice(0, 1500));
  const [low, middle, high] = forest.predictQuantiles(x.slice(1500), [0.05, 0.5, 0.95]);
  const inside = y.slice(1500).filter((label, row) => label >= low![row]! && label <= high![row]!).length;
  assert(inside > 880 && inside < 990, `${inside}`);
  assert(middle!.every((value, row) => value >= low![row]! && value <= high![row]!));
  const [least, most] = forest.predictQuantiles(x.slice(0, 20), [0, 1]);
  const labels = new Set(y.slice(0, 1500));
  assert([...least!, ...most!].every((value) => labels.has(value)));
  assertThrows(() => forest.predictQuantiles([x[0]!], [1.1]), RangeError, "1.1");
  assertThrows(
    () => RandomForest.load(forest.toJSON()).predictQuantiles([x[0]!], [0.5]),
    ModelError,
    "loaded",
  );
});

Deno.test("RandomForest's importances find the features that matter, both ways", () => {
  const { x, y } = friedman(1500, 8, 2);
  const forest = new RandomForest({ ...grown, trees: 30 });
  forest.fit(x.slice(0, 1000), y.slice(0, 1000));
  const shares = forest.impurityImportance();
  assert(Math.abs(shares.reduce((sum, share) => sum + share) - 1) < 1e-12);
  const falls = permutationImportance(forest, x.slice(1000), y.slice(1000), { seed: 1 }).map(({ mean }) =>
    mean
  );
  for (const found of [[...shares], falls]) {
    assertEquals(found.indexOf(Math.max(...found)), 3);
    assert(Math.min(...found.slice(0, 5)) > 2 * Math.max(...found.slice(5)), `${found}`);
  }
  assertEquals(
    permutationImportance(forest, x.slice(1000), y.slice(1000), { seed: 1 }).map(({ mean }) => mean),
    falls,
  );
  assertThrows(() => permutationImportance(forest, x, y, { seed: 1, repeats: 0 }), RangeError, "repeats");
  assertThrows(() => permutationImportance(forest, [], new Float64Array(), { seed: 1 }), RangeError);
});

Deno.test("RandomForest is the same forest on any number of threads", () => {
  const { x, y } = friedman(600, 5, 1);
  const weights = Float64Array.from(y, (_, row) => 1 + row % 3);
  const grown = (trees: number) => {
    const forest = new RandomForest({ trees, seed: 3, maxTrainRows: 550 });
    forest.fit(x, y, weights);
    return JSON.stringify(forest);
  };
  const sizes = [57, 400];
  const alone = sizes.map(grown);
  for (const threads of [1, 2, 3]) {
    using _threads = treeThreads(threads);
    for (let round = 0; round < 3; round++) assertEquals(sizes.map(grown), alone);
  }
});

Deno.test("TreeGrower grows the same tree whichever trees it grew before", () => {
  const { x, y } = friedman(200, 5, 1);
  const columns = [0, 1, 2, 3, 4].map((column) => Float64Array.from(x, (row) => row[column]!));
  const settings = { maxFeatures: 2, maxDepth: 6, minSamplesSplit: 5, minSamplesLeaf: 1 };
  const grower = new TreeGrower(columns, y, settings);
  const grow = (tree: number) => grower.grow(new Float64Array(200).fill(1), seededRandom(3, tree));
  const first = grow(1);
  grow(2);
  assertEquals(grow(1), first);
});

Deno.test("RandomForest on two threads refuses what it refuses on one", () => {
  const settings = { maxFeatures: 1, maxDepth: 3, minSamplesSplit: 2, minSamplesLeaf: 1 };
  const y = Float64Array.from({ length: 1000 }, (_, row) => row);
  const rows = { columns: [y.with(5, NaN)], y, weights: null, seed: 1, settings };
  using _threads = treeThreads(2);
  assertThrows(() => growForest(rows, 200), ModelError, "NaN");
  assertEquals(growForest({ ...rows, columns: [y] }, 200).length, 200);
  assertThrows(() => treeThreads(2), TypeError, "there are some already");
});

Deno.test("treeThreads() refuses a number of threads that is none", () => {
  for (const count of [0, 1.5, NaN]) assertThrows(() => treeThreads(count), RangeError, "whole number");
});
