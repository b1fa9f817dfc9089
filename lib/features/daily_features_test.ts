import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import pl from "nodejs-polars";
import type { DailyPrice } from "../core/rows.ts";
import { DAY_MS, utcDay } from "../core/time.ts";
import { realPrices, syntheticPrices } from "./_test_prices.ts";
import { dailyFeatures } from "./daily_features.ts";
import { FEATURES, TARGET_NAME } from "./feature_table.ts";

const DAYS = 120;
const LAST = utcDay(Date.UTC(2020, 0, DAYS));
const prices = syntheticPrices(DAYS);

function columns(rows: readonly DailyPrice[]): Record<string, unknown[]> {
  const { frame } = dailyFeatures(rows, { lastCompleteDay: LAST });
  return Object.fromEntries(frame.columns.map((name) => [name, [...frame.getColumn(name).toArray()]]));
}

function perturbed(index: number): DailyPrice[] {
  return prices.map((price, at) =>
    at !== index
      ? price
      : { ...price, avg_price_usd: price.min_price_usd, max_price_usd: price.max_price_usd * 1.5 }
  );
}

Deno.test("dailyFeatures() equals pandas 3.1.1 on a deterministic series", () => {
  const series = Array.from({ length: 45 }, (_, i): DailyPrice => {
    const avg = 100 + 10 * Math.sin(i) + i;
    return {
      day: utcDay(Date.UTC(2026, 0, 1) + i * DAY_MS),
      avg_price_usd: avg,
      min_price_usd: avg * (1 - 0.01 * (1 + i % 3)),
      max_price_usd: avg * (1 + 0.01 * (1 + i % 4)),
    };
  });
  const { frame } = dailyFeatures(series, { lastCompleteDay: "2026-02-14" });
  const expected: Record<string, number> = {
    vol_1: 0.018108744919903073,
    vol_mean_7: 0.027358954179570117,
    vol_mean_30: 0.026945597068226506,
    log_return_1: -0.00801669951689199,
    abs_return_1: 0.00801669951689199,
    ma_7_ratio: 0.0710269884177499,
    ma_30_ratio: 0.1733915699578248,
    volatility_7: 0.05186380446032115,
    volatility_30: 0.05516638929151947,
    day_of_week: 2, // 2026-02-10 is a Tuesday
    [TARGET_NAME]: 0.03018530803102356,
  };
  for (const [name, value] of Object.entries(expected)) {
    assertAlmostEquals(frame.getColumn(name).get(40), value, 1e-14, name);
  }
  assertEquals(frame.columns, [
    "day",
    "avg_price_usd",
    ...FEATURES.map((feature) => feature.name),
    TARGET_NAME,
  ]);
});

Deno.test("dailyFeatures() at day t is bit-equal whatever happens on a later day", () => {
  const before = columns(prices);
  for (let changed = 1; changed < DAYS; changed++) {
    const after = columns(perturbed(changed));
    for (const { name } of FEATURES) {
      assertEquals(
        after[name]!.slice(0, changed),
        before[name]!.slice(0, changed),
        `${name}, day ${changed} changed`,
      );
    }
    assertEquals(after[TARGET_NAME]!.slice(0, changed - 1), before[TARGET_NAME]!.slice(0, changed - 1));
  }
});

Deno.test("dailyFeatures() at day t looks back exactly as far as FEATURES says, to the bit", () => {
  const before = columns(prices);
  const changed = 60;
  const after = columns(perturbed(changed));
  for (const { name, lookback_days } of FEATURES) {
    const forgotten = changed + lookback_days + 1;
    assertEquals(after[name]!.slice(forgotten), before[name]!.slice(forgotten), name);
  }
  for (const { name, lookback_days } of FEATURES.filter(({ name }) => name.endsWith("_30"))) {
    const last = changed + lookback_days - (name.startsWith("vol_mean") ? 1 : 0); // its 30th day back: bad prints only
    assertNotEquals(after[name]![last], before[name]![last], name);
  }
});

Deno.test("dailyFeatures() makes a missing day a row of nulls that no window bridges", () => {
  const hole = 50;
  const { frame, notes } = dailyFeatures(prices.filter((_, at) => at !== hole), { lastCompleteDay: LAST });
  assertEquals(frame.height, DAYS);
  const at = (name: string, row: number) => frame.getColumn(name).get(row);
  assertEquals(at("day", hole), prices[hole]!.day);
  for (const { name } of FEATURES.filter(({ name }) => name !== "day_of_week")) {
    assertEquals(at(name, hole), null, name);
  }
  assertEquals(at(TARGET_NAME, hole - 1), null);
  assertEquals([at("vol_mean_7", hole + 6), at("volatility_7", hole + 7)], [null, null]);
  assert(at("vol_mean_7", hole + 7) !== null && at("volatility_7", hole + 8) !== null);
  assertEquals(at("volatility_30", hole + 30), null);
  assert(at("volatility_30", hole + 31) !== null);
  assertStringIncludes(
    notes.join(" "),
    `have no price: windows that touch them are empty: 1 (${prices[hole]!.day})`,
  );
});

Deno.test("dailyFeatures() takes a frame with dates or text and gives the same", () => {
  const rows = dailyFeatures(prices, { lastCompleteDay: LAST }).frame.toString();
  const text = pl.DataFrame(prices);
  const dates = text.withColumn(pl.col("day").str.strptime(pl.Date, "%Y-%m-%d").alias("day"));
  assertEquals(dailyFeatures(text, { lastCompleteDay: LAST }).frame.toString(), rows);
  assertEquals(dailyFeatures(dates, { lastCompleteDay: LAST }).frame.toString(), rows);
});

Deno.test("dailyFeatures() uses absolute returns on one price a day", () => {
  const points = prices.map(({ day, avg_price_usd: avg }) => ({
    day,
    avg_price_usd: avg,
    min_price_usd: avg,
    max_price_usd: avg,
  }));
  const { frame, proxy, notes } = dailyFeatures(points, { lastCompleteDay: LAST });
  assertEquals(proxy.kind, "absolute_return");
  assertStringIncludes(notes[0]!, "absolute daily log return");
  for (let row = 1; row < DAYS; row++) {
    assertAlmostEquals(frame.getColumn("vol_1").get(row), frame.getColumn("abs_return_1").get(row), 1e-15);
  }
});

Deno.test("dailyFeatures() of no prices has the columns and no row", () => {
  const { frame } = dailyFeatures([], { lastCompleteDay: LAST });
  assertEquals([frame.height, frame.width], [0, FEATURES.length + 3]);
});

Deno.test("dailyFeatures() of the real daily file stays finite after its bad prints", async () => {
  const real = await realPrices();
  if (!real) return;
  const { frame } = dailyFeatures(real, { lastCompleteDay: "2023-12-31" });
  assertEquals(frame.height, 4519);
  for (const { name } of FEATURES) {
    const values = frame.getColumn(name).toArray() as (number | null)[];
    assert(values.every((value) => value === null || Number.isFinite(value)), name);
  }
  const row = (frame.getColumn("day").toArray() as string[]).indexOf("2017-04-15");
  assertEquals(frame.getColumn("vol_1").get(row), null);
  assertEquals(frame.getColumn(TARGET_NAME).get(row - 1), null);
});
