import { assertEquals } from "@std/assert";
import { checkStale } from "./check_stale.ts";

const SERIES = { symbol: "BTCUSD", source: "csv", timeframe: "1h" };

Deno.test("checkStale() warns of runs, and counts filled bars apart without warning", () => {
  const examples = [{ from_ms: 0, to_ms: 3_600_000 * 3, bars: 4, close: 99 }];
  const [stale, filled] = checkStale(SERIES, { runs: 2, bars: 7, examples }, 27);
  assertEquals([stale!.check, stale!.status, stale!.count, stale!.detail], [
    "BTCUSD csv 1h: stale repeats",
    "warn",
    2,
    "2 runs of 3 or more equal bars, 7 bars in all; the longest: 1970-01-01T00:00Z to 1970-01-01T03:00Z (4 bars at 99)",
  ]);
  assertEquals(stale!.examples, [
    { at: "1970-01-01T00:00:00.000Z", values: { until: "1970-01-01T03:00:00.000Z", bars: 4, close: 99 } },
  ]);
  assertEquals([filled!.status, filled!.count], ["pass", 27]);
});

Deno.test("checkStale() passes a series without runs", () => {
  const [stale] = checkStale(SERIES, { runs: 0, bars: 0, examples: [] }, 0);
  assertEquals([stale!.status, stale!.count, stale!.detail], ["pass", 0, "no run of 3 or more equal bars"]);
});
