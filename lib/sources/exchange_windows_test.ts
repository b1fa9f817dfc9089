import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { MINUTE_MS } from "../core/time.ts";
import { planWindows, timeframeMs } from "./exchange_windows.ts";

const TIMES = fc.integer({ min: Date.UTC(2010, 0, 1), max: Date.UTC(2030, 0, 1) });

Deno.test("planWindows() covers its range once, without holes", () => {
  fc.assert(fc.property(
    TIMES,
    fc.integer({ min: 0, max: 20_000 }),
    fc.integer({ min: 1, max: 1000 }),
    fc.constantFrom("1m", "5m", "1h", "1d"),
    (since, bars, limit, timeframe) => {
      const step = timeframeMs(timeframe);
      const first = Math.floor(since / step) * step;
      const windows = planWindows({ since, until: first + bars * step, timeframe, limit });
      let at = first;
      for (const { from_ms, until_ms, bars } of windows) {
        assertEquals(from_ms, at);
        assert(bars >= 1 && bars <= limit && until_ms === from_ms + bars * step);
        at = until_ms;
      }
      assertEquals(at, first + bars * step);
      assertEquals(new Set(windows.map(({ name }) => name)).size, windows.length);
    },
  ));
});

Deno.test("planWindows() gives the same windows wherever a backfill begins and ends", () => {
  fc.assert(fc.property(TIMES, TIMES, fc.integer({ min: 1, max: 1000 }), (a, b, limit) => {
    const middle = Date.UTC(2020, 0, 1);
    const plan = (since: number) =>
      planWindows({ since, until: since + 5000 * MINUTE_MS, timeframe: "1m", limit })
        .filter(({ bars }) => bars === limit).map(({ name }) => name);
    const [one, other] = [plan(middle + a % 2e8), plan(middle + b % 2e8)];
    const overlap = one.filter((name) => name >= (other[0] ?? "2") && name <= (other.at(-1) ?? ""));
    assertEquals(overlap.filter((name) => !other.includes(name)), []);
  }));
});

Deno.test("planWindows() refuses bars and limits that cannot be", () => {
  const range = { since: 0, until: MINUTE_MS };
  for (const timeframe of ["1w", "1M", "7m", "", "m", "2d"]) {
    assertThrows(() => planWindows({ ...range, timeframe, limit: 10 }), RangeError, timeframe);
  }
  for (const limit of [0, -1, 1.5, NaN]) {
    assertThrows(() => planWindows({ ...range, timeframe: "1m", limit }), RangeError);
  }
  assertThrows(() => planWindows({ ...range, since: NaN, timeframe: "1m", limit: 1 }), RangeError);
  assertEquals(planWindows({ since: MINUTE_MS, until: 0, timeframe: "1m", limit: 1 }), []);
});
