import { assertAlmostEquals, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { DailyPrice } from "../core/rows.ts";
import { realPrices } from "./_test_prices.ts";
import { volatilityProxy } from "./volatility_proxy.ts";

function price(index: number, avg: number, min = avg, max = avg): DailyPrice {
  return {
    day: `2026-01-${String(index + 1).padStart(2, "0")}`,
    avg_price_usd: avg,
    min_price_usd: min,
    max_price_usd: max,
  };
}

const ranged = (index: number) => price(index, 105, 100, 110);
const single = (index: number) => price(index, 105);

Deno.test("volatilityProxy() takes Parkinson's range when 8 of 10 days have one", () => {
  const proxy = volatilityProxy(Array.from({ length: 10 }, (_, i) => i < 8 ? ranged(i) : single(i)));
  assertEquals(proxy.kind, "parkinson_range");
  assertAlmostEquals(proxy.values[0]!, 0.0572395963742202, 1e-15); // numpy: log(1.1) / (2 sqrt(log 2))
  assertEquals(proxy.values.slice(8), [null, null]);
  assertStringIncludes(proxy.explanation, "Parkinson");
  assertStringIncludes(proxy.explanation, "Days with one price only (2) have no value");
});

Deno.test("volatilityProxy() takes absolute returns when 7 of 10 days have a range, and says so", () => {
  const proxy = volatilityProxy(Array.from({ length: 10 }, (_, i) => i < 7 ? ranged(i) : single(i)));
  assertEquals(proxy.kind, "absolute_return");
  assertEquals(proxy.values, [null, ...new Array(9).fill(0)]);
  assertStringIncludes(proxy.explanation, "absolute daily log return");
  assertStringIncludes(proxy.explanation, "7 of 10 days");
});

Deno.test("volatilityProxy() has no return across a missing day", () => {
  const proxy = volatilityProxy([price(0, 100), price(1, 110), null, price(3, 121), price(4, 110)]);
  assertEquals(proxy.values.map((value) => value && value.toFixed(6)), [
    null,
    "0.095310",
    null,
    null,
    "0.095310",
  ]);
});

Deno.test("volatilityProxy() calls a lone far print bad, and keeps a crash", () => {
  const badLow = volatilityProxy([ranged(0), price(1, 105, 0.06, 110), ranged(2)]);
  assertEquals(badLow.bad_print_days, ["2026-01-02"]);
  assertEquals(badLow.values[1], null);
  const badHigh = volatilityProxy([ranged(0), price(1, 105, 100, 500), ranged(2)]);
  assertEquals(badHigh.bad_print_days, ["2026-01-02"]);
  const crash = volatilityProxy([ranged(0), price(1, 5, 4, 110), price(2, 5, 4, 6)]);
  assertEquals(crash.bad_print_days, []);
  const firstDay = volatilityProxy([price(0, 105, 1, 110)]);
  assertEquals(firstDay.bad_print_days, ["2026-01-01"]);
});

Deno.test("volatilityProxy() obeys a forced kind and says that it was asked", () => {
  const proxy = volatilityProxy([ranged(0), ranged(1)], { kind: "absolute_return" });
  assertEquals(proxy.kind, "absolute_return");
  assertMatch(proxy.explanation, /as asked/);
});

Deno.test("volatilityProxy() of no days is empty", () => {
  assertEquals(volatilityProxy([]).values, []);
});

Deno.test("volatilityProxy() finds the known bad prints of the real daily file", async () => {
  const prices = await realPrices();
  if (!prices) return;
  const proxy = volatilityProxy(prices);
  assertEquals(proxy.kind, "parkinson_range");
  assertEquals(proxy.bad_print_days, ["2011-11-25", "2017-04-15"]);
  assertEquals([proxy.days, proxy.days_with_range], [4519, 4480]);
});
