import { assertEquals } from "@std/assert";
import { utcDay } from "../core/time.ts";
import { realPrices, syntheticPrices } from "./_test_prices.ts";
import { dailyFeatures } from "./daily_features.ts";
import { FEATURE_NAMES } from "./feature_table.ts";
import { latestRow, trainingRows } from "./training_rows.ts";

const LAST = utcDay(Date.UTC(2020, 0, 100));
const prices = syntheticPrices(100);

Deno.test("trainingRows() pairs each day with the next day's volatility", () => {
  const { frame } = dailyFeatures(prices, { lastCompleteDay: LAST });
  const rows = trainingRows(frame);
  assertEquals(rows.days.length, 69); // 100 − 30 to fill the windows − 1 without a next day
  assertEquals(rows.days[0], prices[30]!.day);
  assertEquals([...rows.y.subarray(0, -1)], [...rows.persistence.subarray(1)]);
  assertEquals(rows.x.every((row) => row.length === FEATURE_NAMES.length), true);
});

Deno.test("trainingRows() leaves out every row that a hole touches", () => {
  const { frame } = dailyFeatures(prices.filter((_, at) => at !== 60), { lastCompleteDay: LAST });
  const { days } = trainingRows(frame);
  assertEquals(days.slice(28, 30), [prices[58]!.day, prices[91]!.day]);
});

Deno.test("latestRow() is the last complete day, which has no target yet", () => {
  const { frame } = dailyFeatures(prices, { lastCompleteDay: LAST });
  const latest = latestRow(frame)!;
  assertEquals(latest.day, LAST);
  assertEquals(latest.persistence, latest.x[0]);
});

Deno.test("latestRow() goes back to the day before a hole", () => {
  const { frame } = dailyFeatures(prices.filter((_, at) => at !== 98), { lastCompleteDay: LAST });
  assertEquals(latestRow(frame)!.day, prices[97]!.day);
});

Deno.test("trainingRows() of the real daily file", async () => {
  const real = await realPrices();
  if (!real) return;
  const { days } = trainingRows(dailyFeatures(real, { lastCompleteDay: "2023-12-31" }).frame);
  assertEquals([days.length, days[0], days.at(-1)], [4287, "2012-02-01", "2023-12-30"]);
});
