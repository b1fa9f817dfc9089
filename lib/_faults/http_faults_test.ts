import { assertEquals } from "@std/assert";
import { isClean } from "./crash_points.ts";
import { KINDS, mixedFaults, oneFault } from "./http_faults.ts";

const MORE: Readonly<Record<string, Record<string, unknown>>> = { drift: { change: "column_renamed" } };

for (const kind of KINDS) {
  Deno.test(`fault "${kind}" loses nothing: the page is taken whole, or replayed to what no fault would have left`, async () => {
    const found = await oneFault(kind, MORE[kind]);
    assertEquals(found.failures, []);
    assertEquals(isClean(found), true);
  });
}

Deno.test("a mix of faults over some slots, replayed, equals a quiet time", async () => {
  for (const seed of [1, 2, 3]) {
    const found = await mixedFaults(seed);
    assertEquals(found.failures, []);
    assertEquals(isClean(found), true);
  }
});
