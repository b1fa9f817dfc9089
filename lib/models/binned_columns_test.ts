import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { binColumns } from "./binned_columns.ts";

const value = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
const column = fc.array(value, { minLength: 1, maxLength: 600 }).map((values) => Float64Array.from(values));

Deno.test("binColumns() puts a value below an edge exactly where its bin is not above the edge's", () => {
  fc.assert(fc.property(column, fc.integer({ min: 2, max: 255 }), (values, maxBins) => {
    const { edges: [edges], packed: [packed] } = binColumns([values], maxBins);
    assert(edges!.length < maxBins);
    assert(edges!.every((edge, at) => at === 0 || edge > edges![at - 1]!));
    for (const [row, bin] of packed!.entries()) {
      assertEquals(bin, edges!.filter((edge) => edge <= values[row]!).length);
    }
  }));
});

Deno.test("binColumns() gives every distinct value a bin of its own where they are few", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: -60, max: 60 }), { minLength: 1 }), (values) => {
    const { edges: [edges] } = binColumns([Float64Array.from(values)], 255);
    assertEquals(edges!.length, new Set(values).size - 1);
  }));
});

Deno.test("binColumns() fills bins alike where values are many, heaps of equal values aside", () => {
  const values = Float64Array.from({ length: 10_000 }, (_, row) => row < 9_000 ? Math.sqrt(row) : -7);
  const { packed: [packed] } = binColumns([values], 100);
  const sizes = new Uint32Array(100);
  for (const bin of packed!) sizes[bin]!++;
  assertEquals(sizes[0], 1000);
  assert(sizes.subarray(1, 91).every((size) => size === 100), `${sizes}`);
});

Deno.test("binColumns() packs four columns a number, a fifth in the next", () => {
  const columns = [[1, 2], [2, 1], [1, 1], [1, 2], [2, 1]].map((values) => Float64Array.from(values));
  const { packed } = binColumns(columns, 255);
  assertEquals(packed.map((bins) => [...bins]), [[0x00000100, 0x01000001], [1, 0]]);
});
