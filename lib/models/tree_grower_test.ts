import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ModelError } from "../core/errors.ts";
import { toColumns } from "./feature_columns.ts";
import { seededRandom } from "./seeded_random.ts";
import golden from "./testdata/trees_sklearn.json" with { type: "json" };
import { addForecasts, type Tree } from "./tree.ts";
import { TreeGrower, type TreeSettings } from "./tree_grower.ts";

for (const { name, x, y, weights, settings, feature, threshold, value } of golden.trees) {
  Deno.test(`TreeGrower splits as scikit-learn does: ${name}`, () => {
    const { max_depth, min_samples_split, min_samples_leaf } = settings as Record<string, number | undefined>;
    const limits: Partial<TreeSettings> = {
      maxDepth: max_depth ?? Infinity,
      minSamplesSplit: min_samples_split ?? 2,
      minSamplesLeaf: min_samples_leaf ?? 1,
    };
    const grower = new TreeGrower(toColumns(x, x[0]!.length), Float64Array.from(y), limits);
    const tree = grower.grow(Float64Array.from(weights), seededRandom(1));
    assertEquals([[...tree.feature], [...tree.threshold]], [feature, threshold]);
    tree.value.forEach((found, node) => assertAlmostEquals(found, value[node]!, 1e-9));
  });
}

const cells = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true, min: -1e200, max: 1e200 }));
/** Rows of one to four features with a label, many of them tied. */
const rows = fc.integer({ min: 1, max: 4 }).chain((width) =>
  fc.array(
    fc.tuple(fc.array(cells, { minLength: width, maxLength: width }), fc.integer({ min: -9, max: 9 })),
    {
      minLength: 1,
      maxLength: 70,
    },
  )
);
const limits = fc.record({
  maxFeatures: fc.integer({ min: 1, max: 4 }),
  maxDepth: fc.integer({ min: 1, max: 8 }),
  minSamplesSplit: fc.integer({ min: 2, max: 9 }),
  minSamplesLeaf: fc.integer({ min: 1, max: 5 }),
});
type Row = [number[], number];

function grow(lines: readonly Row[], settings: Partial<TreeSettings>): Tree {
  const columns = toColumns(lines.map(([x]) => x), lines[0]![0].length);
  const grower = new TreeGrower(columns, Float64Array.from(lines, ([, y]) => y), settings);
  return grower.grow(new Float64Array(lines.length).fill(1), seededRandom(3));
}

function forecasts(tree: Tree, lines: readonly Row[]): Float64Array {
  const sums = new Float64Array(lines.length);
  addForecasts(tree, toColumns(lines.map(([x]) => x), lines[0]![0].length), sums);
  return sums;
}

Deno.test("TreeGrower keeps its limits and the labels' range, whatever the rows", () => {
  fc.assert(fc.property(rows, limits, (lines, settings) => {
    const tree = grow(lines, settings);
    const labels = lines.map(([, y]) => y);
    const found = forecasts(tree, lines);
    assert(found.every((value) => value >= Math.min(...labels) && value <= Math.max(...labels)));
    const leafSizes = new Map<number, number>();
    const depths = new Float64Array(tree.feature.length);
    for (let node = 0; node < tree.feature.length; node++) {
      if (tree.feature[node]! < 0) continue;
      depths[node + 1] = depths[tree.right[node]!] = depths[node]! + 1;
    }
    assert(Math.max(...depths) <= settings.maxDepth);
    const byLeaf = { ...tree, value: Float64Array.from(tree.value.keys()) };
    for (const leaf of forecasts(byLeaf, lines)) leafSizes.set(leaf, (leafSizes.get(leaf) ?? 0) + 1);
    assertEquals(leafSizes.size, tree.feature.filter((column) => column < 0).length);
    if (leafSizes.size > 1) assert(Math.min(...leafSizes.values()) >= settings.minSamplesLeaf);
  }));
});

Deno.test("TreeGrower gives the same tree for the same rows in another order", () => {
  fc.assert(fc.property(rows, limits, fc.integer(), (lines, settings, seed) => {
    const random = seededRandom(seed);
    const shuffled = lines.map((line) => ({ line, key: random() })).sort((a, b) => a.key - b.key).map((
      { line },
    ) => line);
    assertEquals(grow(shuffled, settings), grow(lines, settings));
  }));
});

Deno.test("TreeGrower without limits forecasts each row's label where rows differ", () => {
  fc.assert(fc.property(rows, (lines) => {
    const distinct = [
      ...new Map(lines.map((line) => [JSON.stringify(line[0].map((value) => value + 0)), line])).values(),
    ];
    const labels = Float64Array.from(distinct, ([, y]) => y);
    assertEquals(
      forecasts(grow(distinct, {}), distinct).map((value) => value + 0),
      labels.map((value) => value + 0),
    );
  }));
});

Deno.test("TreeGrower favours no column where columns are equal", () => {
  const column = Float64Array.from({ length: 20 }, (_, row) => row);
  const grower = new TreeGrower([column, column, column], column, { maxDepth: 1 });
  const random = seededRandom(1), weights = new Float64Array(20).fill(1);
  const roots = [0, 0, 0];
  for (let tree = 0; tree < 300; tree++) roots[grower.grow(weights, random).feature[0]!]!++;
  assert(roots.every((count) => count > 70 && count < 130), `${roots}`);
});

Deno.test("TreeGrower counts a row of weight 3 as three equal rows", () => {
  const x = [1, 2, 3, 4, 5, 6], y = [0, 4, 1, 9, 3, 7], weights = [3, 1, 2, 1, 1, 3];
  const lines = x.map((value, row): Row => [[value], y[row]!]);
  const repeated = lines.flatMap((line, row) => new Array<Row>(weights[row]!).fill(line));
  const grower = new TreeGrower([Float64Array.from(x)], Float64Array.from(y), { maxDepth: 2 });
  const { feature, threshold, value } = grower.grow(Float64Array.from(weights), seededRandom(1));
  const other = grow(repeated, { maxDepth: 2 });
  assertEquals([feature, threshold], [other.feature, other.threshold]);
  value.forEach((mean, node) => assertAlmostEquals(mean, other.value[node]!, 1e-12));
});

Deno.test("TreeGrower grows a thousand levels without running out of stack", () => {
  const lines = Array.from({ length: 1200 }, (_, row): Row => [[row], 3 ** Math.min(600, row / 2)]);
  assert(grow(lines, {}).feature.length > 1200);
});

Deno.test("TreeGrower refuses NaN, and rows without weight", () => {
  const y = Float64Array.of(1, 2);
  assertThrows(() => new TreeGrower([Float64Array.of(1, NaN)], y), ModelError, "row 1 of column 0 is NaN");
  const grower = new TreeGrower([y], y);
  assertThrows(() => grower.grow(Float64Array.of(0, 0), () => 0), ModelError, "every weight is 0");
});
