import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { GapFinder } from "./gap_finder.ts";

/** Steps of bars that are there, in order. */
const there = fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { maxLength: 60 })
  .map((steps) => steps.sort((a, b) => a - b));

function found(starts: readonly number[], step: number, cut: number) {
  const finder = new GapFinder(step);
  for (const part of [starts.slice(0, cut), starts.slice(cut)]) finder.add(Float64Array.from(part));
  return finder.end();
}

Deno.test("GapFinder finds each step that is missing, however the bars are cut into parts", () => {
  fc.assert(fc.property(there, fc.nat(60), fc.constantFrom(60_000, 3_600_000), (steps, cut, step) => {
    const gaps = found(steps.map((i) => i * step), step, cut)!;
    const missing = Array.from(
      gaps.from_ms,
      (from, g) => Array.from({ length: gaps.missing[g]! }, (_, k) => from / step + k),
    ).flat();
    const first = steps[0] ?? null, last = steps.at(-1) ?? null;
    const all = first === null ? [] : Array.from({ length: last! - first }, (_, k) => first + k);
    assertEquals(missing, all.filter((i) => !steps.includes(i)));
    assertEquals([gaps.bars, gaps.first_ms, gaps.last_ms], [
      steps.length,
      first === null ? null : first * step,
      last === null ? null : last * step,
    ]);
  }));
});

Deno.test("GapFinder gives nothing for bars that repeat, go back, or stand beside the steps", () => {
  for (
    const starts of [[0, 60_000, 60_000], [0, 120_000, 60_000], [0, 60_000, 90_000], [30_000, 90_000], [NaN]]
  ) {
    for (let cut = 0; cut <= starts.length; cut++) {
      assertEquals(found(starts, 60_000, cut), null, `${starts}`);
    }
  }
});
