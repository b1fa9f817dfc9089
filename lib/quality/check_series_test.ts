import { assertEquals } from "@std/assert";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../core/time.ts";
import { checkSeries, type SeriesAudit } from "./check_series.ts";

const SOUND: SeriesAudit = {
  symbol: "BTCUSD",
  source: "csv",
  timeframe: "1m",
  rows: 100,
  from_ms: 0,
  to_ms: 99 * MINUTE_MS,
  rejected: {},
  null_volume: 0,
  zero_volume: 0,
  negative: 0,
  ohlc_inconsistent: 0,
  off_grid: 0,
  out_of_order: 0,
  duplicates: 0,
  conflicts: 0,
  gaps: 0,
  missing_bars: 0,
  longest_gaps: [],
};

const CHECKS = "schema,nulls,negatives,zero volume,duplicates,order,grid,gaps,OHLC consistency".split(",");

Deno.test("checkSeries() passes a sound series in every check, and names the series", () => {
  const findings = checkSeries(SOUND);
  assertEquals(findings.map(({ check }) => check), CHECKS.map((check) => `BTCUSD csv 1m: ${check}`));
  for (const { status, count } of findings) assertEquals([status, count], ["pass", 0]);
});

const FAULTS: [change: Partial<SeriesAudit>, check: string, status: string, count: number, detail: string][] =
  [
    [{ rejected: { a: 2, b: 1 } }, "schema", "warn", 3, "3 lines refused (2 a, 1 b), kept in dead_letters/"],
    [{ null_volume: 4 }, "nulls", "warn", 4, "4 bars without a volume"],
    [{ negative: 1 }, "negatives", "fail", 1, "1 prices or volumes below zero"],
    [{ zero_volume: 2 }, "zero volume", "warn", 2, "2 bars with volume 0, often filled bars"],
    [{ duplicates: 2 }, "duplicates", "warn", 2, "2 exact repeats dropped, 0 earlier versions put aside"],
    [
      { duplicates: 1, conflicts: 3 },
      "duplicates",
      "warn",
      4,
      "1 exact repeats dropped, 3 earlier versions put aside",
    ],
    [{ out_of_order: 5 }, "order", "warn", 5, "5 rows stood before an earlier one, sorted"],
    [{ off_grid: 6 }, "grid", "warn", 6, "6 bars do not start on a multiple of 1m"],
    [
      { ohlc_inconsistent: 7 },
      "OHLC consistency",
      "warn",
      7,
      "7 bars whose open or close lies outside low and high",
    ],
  ];

Deno.test("checkSeries() gives each fault its status, count and words, and leaves the other checks alone", () => {
  for (const [change, check, status, count, detail] of FAULTS) {
    for (const finding of checkSeries({ ...SOUND, ...change })) {
      if (finding.check === `BTCUSD csv 1m: ${check}`) {
        assertEquals(finding, { check: finding.check, status, count, detail } as typeof finding);
      } else assertEquals([finding.check, finding.status], [finding.check, "pass"]);
    }
  }
});

Deno.test("checkSeries() passes short gaps, warns of long ones, and of days only beyond one day", () => {
  const table: [timeframe: string, length: number, status: string][] = [
    ["1m", 2 * MINUTE_MS, "pass"],
    ["1m", HOUR_MS, "pass"],
    ["1m", HOUR_MS + MINUTE_MS, "warn"],
    ["1h", 2 * HOUR_MS, "warn"],
    ["1d", DAY_MS, "pass"],
    ["1d", 2 * DAY_MS, "warn"],
  ];
  for (const [timeframe, length, status] of table) {
    const longest_gaps = [{ from_ms: DAY_MS, to_ms: DAY_MS + length, missing: 1 }];
    const audit = { ...SOUND, timeframe, gaps: 3, missing_bars: 9, longest_gaps };
    const finding = checkSeries(audit).find(({ check }) => check.endsWith(": gaps"))!;
    assertEquals([timeframe, length, finding.status, finding.count], [timeframe, length, status, 3]);
  }
});

Deno.test("checkSeries() tells the longest gaps with their times in UTC", () => {
  const longest_gaps = [
    { from_ms: 0, to_ms: 27 * MINUTE_MS, missing: 26 },
    { from_ms: DAY_MS, to_ms: DAY_MS + 3 * MINUTE_MS, missing: 2 },
  ];
  const finding = checkSeries({ ...SOUND, gaps: 9, missing_bars: 47, longest_gaps })[7]!;
  assertEquals(
    finding.detail,
    "9 gaps hide 47 bars; the longest: 1970-01-01T00:00Z to 1970-01-01T00:27Z (26 bars), " +
      "1970-01-02T00:00Z to 1970-01-02T00:03Z (2 bars)",
  );
});
