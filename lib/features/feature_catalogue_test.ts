import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import pl from "nodejs-polars";
import { syntheticPrices } from "./_test_prices.ts";
import { assertGolden, goldenBars, goldens } from "./_test_goldens.ts";
import { featureCatalogue, parkinsonRange, withFeatures } from "./feature_catalogue.ts";
import { ohlcvFrame } from "./ohlcv_frame.ts";
import { realisedVolatility } from "./realised_volatility.ts";
import { resampleBars } from "./resample.ts";
import { volatilityProxy } from "./volatility_proxy.ts";

const CATALOGUE = featureCatalogue({ windows: [2, 24] });

function computed(bars: pl.DataFrame): Record<string, unknown[]> {
  const frame = withFeatures(ohlcvFrame(bars, "1h"), CATALOGUE);
  return Object.fromEntries(CATALOGUE.map(({ name }) => [name, [...frame.getColumn(name).toArray()]]));
}

/** The golden hours with one bar moved: every price of it, so that it stays a bar. */
function moved(row: number, factor: number): pl.DataFrame {
  const bars = goldenBars("hours");
  const prices = ["open", "high", "low", "close"].map((name) => {
    const values = [...bars.getColumn(name).toArray()] as number[];
    values[row]! *= factor;
    return pl.Series(name, values, pl.Float64);
  });
  return bars.withColumns(...prices);
}

Deno.test("features of bars with holes equal pandas", () => {
  assertGolden(withFeatures(ohlcvFrame(goldenBars("hours"), "1h"), CATALOGUE), goldens.features);
});

Deno.test("resampleBars() equals pandas, holes and beginnings of weeks included", () => {
  assertGolden(resampleBars(goldenBars("hours"), "4h"), goldens.four_hours);
  assertGolden(resampleBars(goldenBars("hours"), "1w"), goldens.weeks);
  // Rows of nulls that stand for missing bars change nothing.
  assertGolden(resampleBars(ohlcvFrame(goldenBars("hours"), "1h"), "4h"), goldens.four_hours);
});

Deno.test("realisedVolatility() equals numpy, and a day with a long hole has none", () => {
  const daily = realisedVolatility(goldenBars("minutes"));
  assertGolden(daily, goldens.realised);
  assertEquals(daily.getColumn("realised_volatility").nullCount(), 1);
  assertThrows(() => realisedVolatility(goldenBars("minutes"), { step: "7m" }), RangeError, "evenly");
  assertThrows(() => realisedVolatility(goldenBars("minutes"), { least_share: 2 }), RangeError, "share");
});

Deno.test("every feature of the catalogue looks back as far as it says, to the bit, and never ahead", () => {
  const before = computed(goldenBars("hours"));
  const timestamps = goldens.hours["timestamp"] as number[];
  for (const row of [70, 190]) {
    const gridRow = (timestamps[row]! - timestamps[0]!) / 3_600_000;
    for (const factor of [1e6, 0.9]) {
      const after = computed(moved(row, factor));
      for (const { name, lookback_bars } of CATALOGUE) {
        assertEquals(
          after[name]!.slice(0, gridRow),
          before[name]!.slice(0, gridRow),
          `${name} knows the future`,
        );
        const forgotten = gridRow + lookback_bars + 1;
        assertEquals(
          after[name]!.slice(forgotten),
          before[name]!.slice(forgotten),
          `${name} remembers longer`,
        );
      }
      // A look-back that is said to be longer than it is would be no promise at all.
      for (const name of ["volatility_24", "ma_24", "return_1"]) {
        const last = gridRow + CATALOGUE.find((each) => each.name === name)!.lookback_bars;
        assertNotEquals(after[name]![last], before[name]![last], name);
      }
    }
  }
});

Deno.test("features of a constant price are zeros, of a short series nulls, and never NaN", () => {
  const constant = (bars: number, hole: number) => {
    const rows = Array.from({ length: bars }, (_, i) => i).filter((i) => i < 30 || i >= 30 + hole);
    const price = rows.map(() => 100);
    return {
      timestamp: rows.map((i) => i * 3_600_000),
      open: price,
      high: price,
      low: price,
      close: price,
      volume: price,
    };
  };
  const flat = withFeatures(ohlcvFrame(constant(100, 0), "1h"), CATALOGUE);
  for (
    const name of ["return_1", "volatility_24", "parkinson", "garman_klass", "rogers_satchell", "drawdown_24"]
  ) {
    assertEquals(flat.getColumn(name).get(99), 0, name);
  }
  const short = withFeatures(ohlcvFrame(constant(20, 0), "1h"), CATALOGUE);
  assertEquals([short.getColumn("ma_24").nullCount(), short.getColumn("ma_2").nullCount()], [20, 1]);
  // A hole that is longer than the window: nulls in it, and until the window lies behind it.
  const broken = withFeatures(ohlcvFrame(constant(100, 30), "1h"), CATALOGUE);
  assertEquals([broken.getColumn("ma_24").get(82), broken.getColumn("ma_24").get(83)], [null, 100]);
  // Opens and closes outside of low and high.
  const price = Array.from({ length: 30 }, (_, i) => 100 + i % 7);
  const timestamp = price.map((_, i) => i * 3_600_000);
  const odd = withFeatures(
    ohlcvFrame({
      timestamp,
      open: price.map((p) => p * 2),
      high: price,
      low: price,
      close: price,
      volume: price,
    }, "1h"),
    CATALOGUE,
  );
  for (const frame of [flat, short, broken, odd]) {
    for (const { name } of CATALOGUE) {
      const values = frame.getColumn(name).toArray() as unknown[];
      assert(values.every((value) => value === null || Number.isFinite(value)), name);
    }
  }
});

Deno.test("Parkinson's range of least and greatest prices alone is what volatilityProxy() has", () => {
  const prices = syntheticPrices(50);
  const range = parkinsonRange(pl.col("min_price_usd"), pl.col("max_price_usd"));
  const frame = pl.DataFrame(prices).select(range.alias("range"));
  const { values } = volatilityProxy(prices, { kind: "parkinson_range" });
  for (const [row, value] of values.entries()) {
    assertAlmostEquals(frame.getColumn("range").get(row), value!, 1e-15);
  }
});

Deno.test("windows that are none are refused", () => {
  for (const windows of [[1], [2.5], [0], [-3], [NaN]]) {
    assertThrows(() => featureCatalogue({ windows }), RangeError, "whole number");
  }
});
