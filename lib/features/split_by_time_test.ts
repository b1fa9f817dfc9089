import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DAY_MS, utcDay } from "../core/time.ts";
import { splitByTime } from "./split_by_time.ts";

function daysAfter(gaps: number[]): string[] {
  let time = Date.UTC(2020, 0, 1);
  return gaps.map((gap) => utcDay(time += gap * DAY_MS));
}

Deno.test("splitByTime() keeps every test row an embargo after the last training row", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 30, maxLength: 80 }),
      fc.double({ min: 0.05, max: 0.5, noNaN: true }),
      fc.integer({ min: 1, max: 12 }),
      (gaps, testShare, embargoDays) => {
        const days = daysAfter(gaps);
        const { train: { until: trainEnd }, test: { from: testStart } } = splitByTime(days, {
          testShare,
          embargoDays,
        });
        const distance = (from: number) => (Date.parse(days[testStart]!) - Date.parse(days[from]!)) / DAY_MS;
        assert(distance(trainEnd - 1) >= embargoDays);
        assert(trainEnd === testStart || distance(trainEnd) < embargoDays, "no row is left out without need");
        assertEquals(days.length - testStart, Math.max(1, Math.floor(days.length * testShare)));
      },
    ),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("splitByTime() with an embargo of one day leaves out nothing", () => {
  const { train, test } = splitByTime(daysAfter(new Array(10).fill(1)), { embargoDays: 1 });
  assertEquals([train.from, train.until], [0, 8]);
  assertEquals(test, { from: 8, until: 10 });
});

Deno.test("splitByTime() refuses nonsense", () => {
  const days = daysAfter(new Array(20).fill(1));
  for (const testShare of [0, 1, -0.1, 2, NaN]) {
    assertThrows(() => splitByTime(days, { testShare }), RangeError);
  }
  for (const embargoDays of [0, -1, 1.5, NaN]) {
    assertThrows(() => splitByTime(days, { embargoDays }), RangeError);
  }
  assertThrows(() => splitByTime(days, { horizonDays: 0 }), RangeError);
  assertThrows(() => splitByTime(days, { horizonDays: 5, embargoDays: 4 }), RangeError, "the horizon");
  assertThrows(() => splitByTime(days, { embargoDays: 30 }), RangeError, "give more rows");
  assertThrows(() => splitByTime([]), RangeError);
  assertThrows(() => splitByTime([...days].reverse()), RangeError, "not after");
  assertThrows(() => splitByTime([days[0]!, days[0]!]), RangeError, "not after");
  assertThrows(() => splitByTime(["someday", ...days]), RangeError, "someday");
});
