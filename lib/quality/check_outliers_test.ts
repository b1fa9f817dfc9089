import { assertEquals } from "@std/assert";
import { checkOutliers } from "./check_outliers.ts";
import { readQualityConfig } from "./config.ts";

const SERIES = { symbol: "BTCUSD", source: "csv", timeframe: "1m", rows: 1_596_991 };
const BAR = { time: Date.UTC(2013, 3, 16, 4, 38), open: 0.01, high: 59.991, low: 0.01, close: 59.991 };
const EXAMPLE = { ...BAR, prices: ["open", "low"], centre: 62.171234, z: 261.4321 };

Deno.test("checkOutliers() says which prices, where, and how many of a million", () => {
  const finding = checkOutliers(SERIES, { flagged: 17, examples: Array(5).fill(EXAMPLE) });
  assertEquals([finding.check, finding.status, finding.count], ["BTCUSD csv 1m: outliers", "warn", 17]);
  const one = "2013-04-16T04:38Z open 0.01, low 0.01 beside 62.171";
  assertEquals(
    finding.detail,
    `17 of 1596991 bars (0.0011 %) have a price that stands alone: ${one}; ${one}; ${one}; …`,
  );
  assertEquals(finding.examples![0], {
    at: "2013-04-16T04:38:00.000Z",
    values: {
      out: "open, low",
      open: 0.01,
      high: 59.991,
      low: 0.01,
      close: 59.991,
      centre: 62.171,
      z: 261.43,
    },
  });
});

Deno.test("checkOutliers() passes none, and up to the limit", () => {
  const none = checkOutliers(SERIES, { flagged: 0, examples: [] });
  assertEquals([none.status, none.count, none.examples], ["pass", 0, undefined]);
  const thresholds = readQualityConfig('{"series":{"outliers":{"limit":2,"level":"fail"}}}').series;
  const status = (flagged: number) =>
    checkOutliers(SERIES, { flagged, examples: [EXAMPLE] }, thresholds).status;
  assertEquals([2, 3].map(status), ["pass", "fail"]);
});
