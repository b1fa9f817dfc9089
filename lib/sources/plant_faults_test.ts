import { assertEquals, assertThrows } from "@std/assert";
import { MINUTE_MS } from "../core/time.ts";
import { type PlantedFault, plantFaults } from "./plant_faults.ts";

const CANDLES = [1, 2, 3, 4].map((n) => ({
  time: n * MINUTE_MS,
  open: n,
  high: n + 0.5,
  low: n - 0.5,
  close: n,
  volume: n,
}));

Deno.test("plantFaults() spoils the minutes of each kind and no others", () => {
  const table: [Partial<PlantedFault>, [minute: number, open: number, high: number, low: number][]][] = [
    [{ kind: "outage", minutes: 2 }, [[1, 1, 1.5, 0.5], [4, 4, 4.5, 3.5]]],
    [{ kind: "swapped" }, [[1, 1, 1.5, 0.5], [2, 2, 1.5, 2.5], [3, 3, 3.5, 2.5], [4, 4, 4.5, 3.5]]],
    [{ kind: "stuck", minutes: 2 }, [
      [1, 1, 1.5, 0.5],
      [2, 1, 1.5, 0.5],
      [3, 1, 1.5, 0.5],
      [4, 4, 4.5, 3.5],
    ]],
    [{ kind: "print", factor: 10 }, [[1, 1, 1.5, 0.5], [2, 2, 25, 1.5], [3, 3, 3.5, 2.5], [4, 4, 4.5, 3.5]]],
    [{ kind: "print", factor: 1e-6 }, [
      [1, 1, 1.5, 0.5],
      [2, 2, 2.5, 0.01],
      [3, 3, 3.5, 2.5],
      [4, 4, 4.5, 3.5],
    ]],
  ];
  const before = structuredClone(CANDLES);
  for (const [fault, rows] of table) {
    const spoilt = plantFaults(CANDLES, [{ kind: "outage", from_ms: 2 * MINUTE_MS, ...fault }]);
    assertEquals(spoilt.map(({ time, open, high, low }) => [time / MINUTE_MS, open, high, low]), rows);
  }
  assertEquals(CANDLES, before);
});

Deno.test("plantFaults() refuses a print that would change nothing, or make a price negative", () => {
  for (const factor of [undefined, 1, 0, -2, NaN]) {
    const fault = { kind: "print", from_ms: 0, ...(factor === undefined ? {} : { factor }) } as const;
    assertThrows(() => plantFaults([], [fault]), RangeError, "give one above zero");
  }
});
