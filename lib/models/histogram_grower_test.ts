import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { binColumns } from "./binned_columns.ts";
import { toColumns } from "./feature_columns.ts";
import { type GrowthLimits, growthMemory, HistogramGrower } from "./histogram_grower.ts";
import { leafOf } from "./tree.ts";
import { TreeGrower } from "./tree_grower.ts";

const cell = fc.integer({ min: -9, max: 9 });
const label = fc.double({ min: -100, max: 100, noNaN: true });
const rows = fc.integer({ min: 1, max: 6 }).chain((width) =>
  fc.array(fc.tuple(fc.array(cell, { minLength: width, maxLength: width }), label), {
    minLength: 1,
    maxLength: 80,
  })
);
const limits = fc.record({
  maxDepth: fc.integer({ min: 1, max: 5 }),
  minSamplesLeaf: fc.integer({ min: 1, max: 9 }),
});

/** A function that grows a tree on all rows; gives the rows' new order, too. */
function treesOn(columns: readonly Float64Array[], limits: GrowthLimits) {
  const memory = growthMemory(columns[0]!.length, columns.length, limits);
  const grower = new HistogramGrower(binColumns(columns, 255), limits, memory);
  return (labels: Float64Array) => {
    memory.rows.set(labels.keys().toArray());
    memory.labels.set(labels);
    return { ...grower.grow(labels.length), order: memory.rows };
  };
}

Deno.test("HistogramGrower gains as much with its first split as sorting the rows does", () => {
  fc.assert(fc.property(rows, fc.integer({ min: 1, max: 9 }), (lines, minSamplesLeaf) => {
    const columns = toColumns(lines.map(([x]) => x), lines[0]![0].length);
    const labels = Float64Array.from(lines, ([, y]) => y);
    const settings = { maxDepth: 1, minSamplesLeaf };
    const exact = new TreeGrower(columns, labels, settings).grow(
      new Float64Array(lines.length).fill(1),
      () => 0,
    );
    const { tree } = treesOn(columns, settings)(labels);
    assertAlmostEquals(tree.gain[0]!, exact.gain[0]!, 1e-6 * (1 + exact.gain[0]!));
  }));
});

Deno.test("HistogramGrower hands out every row once, in the leaf that it falls into, and keeps its limits", () => {
  fc.assert(fc.property(rows, limits, (lines, settings) => {
    const columns = toColumns(lines.map(([x]) => x), lines[0]![0].length);
    const grow = treesOn(columns, settings);
    const labels = Float64Array.from(lines, ([, y]) => y);
    for (let tree = 0; tree < 2; tree++) { // the second one on histograms that were used before
      const { tree, leaves, order } = grow(labels);
      assertEquals([...order].toSorted((a, b) => a - b), [...lines.keys()]);
      assertEquals(leaves.length, tree.feature.filter((column) => column < 0).length);
      assertEquals(leaves.reduce((sum, { segments: [[from, to]] }) => sum + to - from, 0), lines.length);
      for (const { node, segments: [[from, to]] } of leaves) {
        assert(order.subarray(from, to).every((row) => leafOf(tree, columns, row) === node));
        assert(leaves.length === 1 || to - from >= settings.minSamplesLeaf);
      }
    }
  }));
});

Deno.test("HistogramGrower splits labels of any size, and none that are equal", () => {
  const all = Float64Array.from({ length: 40 }, (_, row) => row);
  const grow = treesOn([all], { maxDepth: 3, minSamplesLeaf: 1 });
  for (const size of [1e-150, 1, 1e300]) {
    const { tree } = grow(all.map((row) => row < 11 ? -size : size));
    assertEquals([tree.threshold[0], tree.feature.length], [10.5, 3]);
  }
  for (const constant of [0, 0.1, -1e300]) {
    assertEquals(grow(new Float64Array(40).fill(constant)).tree.feature.length, 1);
  }
});
