import { assert, assertAlmostEquals, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ModelError } from "../core/errors.ts";
import { DAY_MS } from "../core/time.ts";
import { realPrices, syntheticPrices } from "../features/_test_prices.ts";
import { dailyFeatures } from "../features/daily_features.ts";
import { latestRow, trainingRows } from "../features/mod.ts";
import { compareWithPersistence } from "./evaluate.ts";
import { mae } from "./metrics.ts";

const { frame, proxy: { kind: proxy } } = dailyFeatures(syntheticPrices(400), {
  lastCompleteDay: "2021-02-03",
});
const rows = trainingRows(frame);
const latest = latestRow(frame);
const options = { seed: 1, proxy, latest, forest: { trees: 10 } };

Deno.test("compareWithPersistence() judges both models on the same rows", () => {
  const comparison = compareWithPersistence(rows, options);
  const { test_predictions: series, metrics, split } = comparison;
  assertEquals(series.length, rows.days.length - split.test.from);
  assertEquals(comparison.tested_on.rows, series.length);
  const actual = series.map((row) => row.actual);
  assertAlmostEquals(mae(actual, series.map((row) => row.forest)), metrics.forest.mae, 1e-15);
  assertAlmostEquals(mae(actual, series.map((row) => row.persistence)), metrics.persistence.mae, 1e-15);
  assertEquals(comparison.mae_ratio, metrics.forest.mae / metrics.persistence.mae);
  const trainMae = mae(rows.y.slice(0, split.train.until), rows.persistence.slice(0, split.train.until));
  assertAlmostEquals(metrics.persistence.mase!, metrics.persistence.mae / trainMae, 1e-15);
});

Deno.test("compareWithPersistence() forecasts the day after each row", () => {
  const { test_predictions: series, split, tested_on: tested, trained_on: trained, forecast, champion } =
    compareWithPersistence(rows, options);
  assertEquals(Date.parse(series[0]!.day) - Date.parse(rows.days[split.test.from]!), DAY_MS);
  assertEquals(series[0]!.persistence, rows.persistence[split.test.from]);
  assert((Date.parse(tested.from) - Date.parse(trained.to)) / DAY_MS >= 7);
  assertEquals([latest?.day, forecast?.day], ["2021-02-03", "2021-02-04"]);
  assertEquals(forecast?.champion, forecast?.[champion]);
});

Deno.test("compareWithPersistence() says the same test days in figures and words: those that were forecast", () => {
  const { test_predictions: series, tested_on: tested, verdict } = compareWithPersistence(rows, options);
  assertEquals([tested.from, tested.to], [series[0]!.day, series.at(-1)!.day]);
  assertStringIncludes(verdict, `on ${series.length} test days (${series[0]!.day} to ${series.at(-1)!.day})`);
});

Deno.test("compareWithPersistence() serves the forest on volatility that clusters noisily", () => {
  const { champion, verdict, mae_ratio } = compareWithPersistence(rows, options);
  assertEquals(champion, "forest");
  assertStringIncludes(verdict, `The random forest's MAE is ${mae_ratio!.toFixed(2)} × persistence's`);
  assertStringIncludes(verdict, "without a significance test");
});

Deno.test("compareWithPersistence() serves persistence where the level has left what the forest knows", () => {
  const x = rows.x.map((row, at) => at < 290 ? row : row.map((value) => value * 10));
  const y = rows.y.map((value, at) => at < 290 ? value : 0.5 + value / 100);
  const persistence = y.map((value) => value * 1.01);
  const shifted = {
    days: rows.days,
    y,
    persistence,
    x: x.map((row, at) => [persistence[at]!, ...row.slice(1)]),
  };
  const { champion, verdict, forecast } = compareWithPersistence(shifted, options);
  assertEquals(champion, "persistence");
  assert(verdict.startsWith("No model beats persistence: persistence is served."), verdict);
  assertEquals(forecast?.champion, forecast?.persistence);
});

Deno.test("compareWithPersistence() does not learn from the test rows", () => {
  const { split, forest } = compareWithPersistence(rows, options);
  const y = rows.y.map((value, at) => at < split.train.until ? value : value * 3);
  assertEquals(
    JSON.stringify(compareWithPersistence({ ...rows, y }, options).forest),
    JSON.stringify(forest),
  );
});

Deno.test("compareWithPersistence() says when rows were left out", () => {
  const { trained_on: trained, split } = compareWithPersistence(rows, {
    ...options,
    forest: { trees: 2, maxTrainRows: 100 },
  });
  assertEquals([trained.rows, trained.rows_left_out], [100, split.train.until - 100]);
  assertEquals(trained.from, rows.days[split.train.until - 100]);
});

Deno.test("compareWithPersistence() refuses 119 usable days and takes 120", () => {
  const { days, x, y, persistence } = rows;
  const first = (count: number) => ({
    days: days.slice(0, count),
    x: x.slice(0, count),
    y: y.slice(0, count),
    persistence: persistence.slice(0, count),
  });
  assertThrows(
    () => compareWithPersistence(first(119), options),
    ModelError,
    "only 119 usable days, 120 are needed",
  );
  assertEquals(compareWithPersistence(first(120), { ...options, latest: null }).forecast, null);
});

Deno.test("compareWithPersistence() with its own settings on the real daily file", async () => {
  const prices = await realPrices();
  if (!prices) return;
  const real = dailyFeatures(prices, { lastCompleteDay: "2023-12-31" });
  const comparison = compareWithPersistence(trainingRows(real.frame), {
    seed: 1,
    proxy: real.proxy.kind,
    latest: latestRow(real.frame),
  });
  const { metrics, trained_on: trained, tested_on: tested, mae_ratio, champion, forecast } = comparison;
  assertEquals([trained.rows, tested.rows], [1500, 857]);
  assertEquals(tested.to, "2023-12-31");
  assert(mae_ratio! > 0.75 && mae_ratio! < 0.95, `${mae_ratio}`);
  assertEquals(champion, "forest");
  assert(metrics.persistence.mae > 0.012 && metrics.persistence.mae < 0.015);
  assertEquals(forecast?.day, "2024-01-01");
});
