import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { argsort } from "./argsort.ts";

const value = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(0, -0, Infinity, -Infinity, Number.MIN_VALUE, -Number.MIN_VALUE),
);
const pairs = fc.array(fc.tuple(value, value), { maxLength: 300 });

Deno.test("argsort() sorts as comparisons do, equal values in their old order", () => {
  fc.assert(fc.property(pairs, (pairs) => {
    const first = Float64Array.from(pairs, ([a]) => a), second = Float64Array.from(pairs, ([, b]) => b);
    const compare = (x: number, y: number) => x < y ? -1 : x > y ? 1 : 0;
    const rows = [...first.keys()];
    assertEquals([...argsort(first)], rows.toSorted((a, b) => compare(first[a]!, first[b]!)));
    assertEquals(
      [...argsort(first, argsort(second))],
      rows.toSorted((a, b) => compare(first[a]!, first[b]!) || compare(second[a]!, second[b]!)),
    );
  }));
});

Deno.test("argsort() leaves the order that it is given as it is", () => {
  const order = Uint32Array.of(2, 1, 0);
  assertEquals([...argsort(Float64Array.of(5, 5, 1), order)], [2, 1, 0]);
  assertEquals([...order], [2, 1, 0]);
});
