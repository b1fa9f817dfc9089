import { assertEquals, assertThrows } from "@std/assert";
import { QualityError } from "../core/errors.ts";
import { calendarGrid } from "./calendar_grid.ts";

const price = (day: string, avg = 2, min = 1, max = 3) => ({
  day,
  avg_price_usd: avg,
  min_price_usd: min,
  max_price_usd: max,
});

Deno.test("calendarGrid() drops days after the last complete one", () => {
  const grid = calendarGrid([price("2026-02-28"), price("2026-03-01"), price("2026-03-02")], "2026-03-01");
  assertEquals(grid.days, ["2026-02-28", "2026-03-01"]);
  assertEquals(grid.missing_days, []);
});

Deno.test("calendarGrid() counts days over a change of the clocks and a leap day once", () => {
  const grid = calendarGrid([price("2024-02-28"), price("2024-04-01")], "2024-04-01");
  assertEquals(grid.days.length, 34);
  assertEquals(grid.days[1], "2024-02-29");
});

Deno.test("calendarGrid() treats prices that cannot be as missing and lists them", () => {
  const bad = [[NaN, 1, 3], [2, 0, 3], [2, -1, 3], [2, 1, Infinity], [2, 3, 1], [4, 1, 3], [
    0.5,
    1,
    3,
  ]] as const;
  for (const [avg, min, max] of bad) {
    const grid = calendarGrid([price("2026-01-01"), price("2026-01-02", avg, min, max)], "2026-01-02");
    assertEquals(grid.unusable_days, ["2026-01-02"], `${avg} ${min} ${max}`);
    assertEquals(grid.prices[1], null);
  }
  assertEquals(calendarGrid([price("2026-01-01", 0.1 + 0.2, 0.3, 0.3)], "2026-01-01").unusable_days, []);
});

Deno.test("calendarGrid() refuses a day twice and a day that is none", () => {
  assertThrows(
    () => calendarGrid([price("2026-01-01"), price("2026-01-01")], "2026-01-02"),
    QualityError,
    "two rows",
  );
  assertThrows(() => calendarGrid([price("2026-02-30")], "2026-03-02"), SyntaxError);
  assertThrows(() => calendarGrid([], "today"), SyntaxError);
});

Deno.test("calendarGrid() of no prices is empty", () => {
  assertEquals(calendarGrid([], "2026-01-02").days, []);
});
