import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { epochUnit, localInstants, localMidnight, readStamp } from "./candle_layout_time.ts";

const START = Date.UTC(2025, 0, 1);

Deno.test("readStamp() reads days, clock times and 12-hour stamps, and nothing that no calendar has", () => {
  const table: [string, number | null][] = [
    ["2019-06-04", Date.UTC(2019, 5, 4)],
    ["2019-06-04 12-AM", Date.UTC(2019, 5, 4)],
    ["2019-06-04 12-PM", Date.UTC(2019, 5, 4, 12)],
    ["2019-06-04 11-PM", Date.UTC(2019, 5, 4, 23)],
    ["2019-06-04T05:06", Date.UTC(2019, 5, 4, 5, 6)],
    ["2019-06-04 05:06:07.000", Date.UTC(2019, 5, 4, 5, 6, 7)],
    ["2019-06-04 00:00:00+00:00", Date.UTC(2019, 5, 4)],
    ["2019-06-04T00:00:00Z", Date.UTC(2019, 5, 4)],
    ["2019-06-04 00-AM", null],
    ["2019-06-04 13-PM", null],
    ["2019-06-04 24:00", null],
    ["2019-02-29", null],
    ["2019-13-01", null],
    ["04/06/2019", null],
    ["2019-06-04 05:06:07+02:00", null],
    ["", null],
  ];
  for (const [text, time] of table) assertEquals([text, readStamp(text)], [text, time]);
});

Deno.test("localInstants() finds the instant again from the clock that it shows, all year, in many zones", () => {
  const zone = fc.constantFrom(
    "Europe/Madrid",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "UTC",
  );
  const minute = fc.integer({ min: Date.UTC(2011, 0) / 60e3, max: Date.UTC(2030, 0) / 60e3 });
  fc.assert(
    fc.property(zone, minute, (timezone, minutes) => {
      const time = minutes * 60e3;
      const clock = new Intl.DateTimeFormat("sv-SE", {
        timeZone: timezone,
        dateStyle: "short",
        timeStyle: "medium",
      });
      const found = localInstants(readStamp(clock.format(time))!, timezone);
      assert(found.includes(time) && found.length <= 2);
    }),
    { seed: 4, numRuns: 500 },
  );
});

Deno.test("localMidnight() knows the hour that clocks jump over and the one that they show twice", () => {
  const at = (text: string) => localMidnight(readStamp(text)!, "Europe/Madrid");
  assertEquals(at("2021-10-31 02:00"), { time: Date.UTC(2021, 9, 31) });
  assertEquals(at("2021-03-28 02:30"), {
    reason: "no_such_local_time",
    detail: "clocks in Europe/Madrid never showed 2021-03-28 02:30",
  });
  assertEquals(at("2021-07-01 01:00"), {
    reason: "not_utc_midnight",
    detail: "2021-07-01 01:00 in Europe/Madrid is 23:00 UTC, not the start of a UTC day",
  });
});

Deno.test("epochUnit() gives each number at most one unit", () => {
  for (const time of [Date.UTC(2009, 0), START, Date.UTC(2099, 11, 31)]) {
    assertEquals(
      [time / 1e3, time, time * 1e3, time * 1e6].map(epochUnit),
      ["seconds", "milliseconds", "microseconds", "nanoseconds"],
    );
  }
  assertEquals(
    [0, -START, NaN, Infinity, Date.UTC(2100, 0), Date.UTC(2008, 11, 31)].map(epochUnit),
    Array(6).fill(null),
  );
});
