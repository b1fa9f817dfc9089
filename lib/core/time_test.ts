import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { compactStamp, DAY_MS, hourParts, parseInstant, SLOT_MS, slotStart, utcDay } from "./time.ts";

const GOOD: [text: string, ms: number][] = [
  ["1970-01-01", 0],
  ["2026-01-02", Date.UTC(2026, 0, 2)],
  ["2024-02-29", Date.UTC(2024, 1, 29)],
  ["2026-01-02T03:04Z", Date.UTC(2026, 0, 2, 3, 4)],
  ["2026-01-02T03:04:05Z", Date.UTC(2026, 0, 2, 3, 4, 5)],
  ["2026-01-02T03:04:05.6Z", Date.UTC(2026, 0, 2, 3, 4, 5, 600)],
  ["2026-01-02T03:04:05.678Z", Date.UTC(2026, 0, 2, 3, 4, 5, 678)],
  ["2026-01-02T00:30:00+01:00", Date.UTC(2026, 0, 1, 23, 30)],
  ["2025-12-31T23:30:00-01:00", Date.UTC(2026, 0, 1, 0, 30)],
  ["2026-03-29T02:30:00Z", Date.UTC(2026, 2, 29, 2, 30)],
];

const BAD = [
  "",
  " ",
  "yesterday",
  "2026",
  "2026-01",
  "2026-1-2",
  "02.01.2026",
  "2026-02-29",
  "2026-02-30",
  "2026-02-30T00:00:00Z",
  "2026-02-29T00:00:00+14:00",
  "2026-13-01",
  "2026-00-10",
  "2026-01-00",
  "2026-01-02T03:04:05",
  "2026-01-02 03:04:05Z",
  "2026-01-02T03Z",
  "2026-01-02T25:00:00Z",
  "2026-01-02T03:60:00Z",
  "2026-01-02T03:04:61Z",
  "2026-01-02T03:04:05.1234Z",
  "2026-01-02T03:04:05+1",
  "2026-01-02T03:04:05z",
  " 2026-01-02",
  "2026-01-02\n",
  "-000001-01-01",
  "1767323045000",
];

Deno.test("parseInstant() reads ISO 8601 instants and bare days", () => {
  for (const [text, ms] of GOOD) assertEquals([text, parseInstant(text).getTime()], [text, ms]);
});

Deno.test("parseInstant() refuses everything else with a SyntaxError that quotes it", () => {
  for (const text of BAD) {
    assertThrows(() => parseInstant(text), SyntaxError, `Cannot read "${text}" as a time`);
  }
});

const YEARS_0_TO_9999 = { min: new Date("0000-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z") };

Deno.test("parseInstant() gives back every instant that toISOString() writes", () => {
  fc.assert(
    fc.property(fc.date({ ...YEARS_0_TO_9999, noInvalidDate: true }), (instant) => {
      assertEquals(parseInstant(instant.toISOString()).getTime(), instant.getTime());
      assertEquals(parseInstant(utcDay(instant)).getTime(), Math.floor(instant.getTime() / DAY_MS) * DAY_MS);
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("parseInstant() of any text gives a valid date or a SyntaxError", () => {
  const texts = fc.oneof(
    fc.string(),
    fc.stringMatching(/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?$/),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        assertEquals(Number.isFinite(parseInstant(text).getTime()), true);
      } catch (error) {
        assertEquals(error instanceof SyntaxError, true, String(error));
      }
    }),
    { seed: 2, numRuns: 500 },
  );
});

Deno.test("slotStart() rounds down to the slot, before 1970 too", () => {
  const table: [string, string][] = [
    ["2026-01-02T03:04:59.999Z", "2026-01-02T03:00:00.000Z"],
    ["2026-01-02T03:05:00.000Z", "2026-01-02T03:05:00.000Z"],
    ["2026-01-02T03:09:59.999Z", "2026-01-02T03:05:00.000Z"],
    ["2025-12-31T23:59:59.999Z", "2025-12-31T23:55:00.000Z"],
    ["2024-02-29T23:59:00.000Z", "2024-02-29T23:55:00.000Z"],
    ["1969-12-31T23:59:59.999Z", "1969-12-31T23:55:00.000Z"],
  ];
  for (const [instant, slot] of table) assertEquals(slotStart(new Date(instant)).toISOString(), slot);
  assertEquals(
    slotStart(new Date("2026-01-02T03:04:05Z"), DAY_MS).toISOString(),
    "2026-01-02T00:00:00.000Z",
  );
});

Deno.test("slotStart() is at most one slot before the instant and the same for the whole slot", () => {
  fc.assert(
    fc.property(fc.date({ ...YEARS_0_TO_9999, noInvalidDate: true }), (instant) => {
      const start = slotStart(instant).getTime();
      assertEquals(start % SLOT_MS === 0, true);
      assertEquals(start <= instant.getTime() && instant.getTime() < start + SLOT_MS, true);
      assertEquals(slotStart(new Date(start)).getTime(), start);
    }),
    { seed: 3, numRuns: 300 },
  );
});

Deno.test("hourParts() gives zero-padded parts in UTC", () => {
  const table: [string, [string, string, string, string]][] = [
    ["2026-01-02T03:04:05Z", ["2026", "01", "02", "03"]],
    ["2025-12-31T23:59:59.999Z", ["2025", "12", "31", "23"]],
    ["2024-02-29T00:00:00Z", ["2024", "02", "29", "00"]],
    ["2026-03-29T01:30:00Z", ["2026", "03", "29", "01"]],
    ["0999-10-11T12:00:00Z", ["0999", "10", "11", "12"]],
  ];
  for (const [instant, [year, month, day, hour]] of table) {
    assertEquals(hourParts(new Date(instant)), { year, month, day, hour });
  }
});

Deno.test("compactStamp() is the time without milliseconds and without signs that a file name dislikes", () => {
  assertEquals(compactStamp(new Date("2026-01-02T03:05:00.999Z")), "20260102T030500Z");
  assertEquals(compactStamp(new Date("0999-12-31T23:59:59Z")), "09991231T235959Z");
});
