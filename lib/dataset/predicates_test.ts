import { assertEquals, assertThrows } from "@std/assert";
import { inLambda, inNegate, inPseudorandomSplit, inReduce, inSet } from "./predicates.ts";

Deno.test("inPseudorandomSplit() cuts as Petastorm 0.13.1 does", () => {
  const part = inPseudorandomSplit([0.3, 0.7], 0, "id");
  const ids = Array.from({ length: 60 }, (_, id) => id).filter((id) => part.includes({ id }));
  assertEquals(ids, [0, 1, 3, 5, 6, 10, 13, 22, 25, 42, 44, 48, 49, 52, 53, 55, 56, 57, 59]);
  assertEquals(ids.map(BigInt).every((id) => part.includes({ id })), true);
  const names = ["BTC", "ETH", "SOL", "XRP", "ADA", "DOT", "é"].filter((id) => part.includes({ id }));
  assertEquals(names, ["BTC", "ETH"]);
});

Deno.test("inPseudorandomSplit() puts every value into exactly one part", () => {
  const parts = [0, 1, 2].map((part) => inPseudorandomSplit([0.5, 0.3, 0.2], part, "id"));
  const counts = [0, 0, 0];
  for (let id = 0; id < 10_000; id++) {
    const found = parts.flatMap((part, at) => (part.includes({ id }) ? [at] : []));
    assertEquals(found.length, 1);
    counts[found[0]!]!++;
  }
  for (const [at, share] of [0.5, 0.3, 0.2].entries()) {
    assertEquals(Math.abs(counts[at]! / 10_000 - share) < 0.02, true, String(counts));
  }
});

Deno.test("inPseudorandomSplit() refuses shares that are none, and values without one text", () => {
  assertThrows(() => inPseudorandomSplit([0.7, 0.7], 0, "id"), RangeError, "1 in sum at most");
  assertThrows(() => inPseudorandomSplit([0.5, 0.5], 2, "id"), RangeError, "there are 2, counted from 0");
  assertThrows(
    () => inPseudorandomSplit([1], 0, "id").includes({ id: 0.5 }),
    TypeError,
    "text or whole numbers",
  );
});

Deno.test("predicates name all fields that they look at, and combine", () => {
  const both = inReduce(
    [inSet([1], "a"), inNegate(inLambda(["b", "a"], ({ b }) => b === 2))],
    (answers) => answers.every(Boolean),
  );
  assertEquals(both.fields, ["a", "b"]);
  assertEquals([{ a: 1, b: 3 }, { a: 1, b: 2 }, { a: 0, b: 3 }].map(both.includes), [true, false, false]);
});
