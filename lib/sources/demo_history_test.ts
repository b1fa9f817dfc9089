import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { demoMarket } from "./demo_market.ts";

const MARKET = demoMarket({ seed: 3 });
const NOON = new Date("2026-03-01T12:00:00Z");

Deno.test("minutePrices() are the closes of Bitcoin's minute candles", () => {
  const csv = new TextDecoder().decode(MARKET.minuteCandlesCsv(2026, 3, { until: NOON }));
  const bars = csv.trim().split("\n").slice(1).map((line) => line.split(",").map(Number));
  const prices = MARKET.minutePrices("bitcoin", { from: new Date("2026-03-01T00:00:00Z"), until: NOON });
  assertEquals(prices.length, 721);
  for (const [time, _open, close] of bars) {
    const price = prices[(time! - Date.UTC(2026, 2, 1)) / 60_000 + 1]!;
    assertEquals(Math.round(price * 100) / 100, close);
  }
});

Deno.test("minutePrices() and samples() agree with each other and with the snapshot, for every coin", () => {
  const records = JSON.parse(MARKET.marketsJson(NOON));
  for (const record of records) {
    const [sample] = MARKET.samples(record.id, [NOON.getTime()]);
    const [price] = MARKET.minutePrices(record.id, { from: NOON, until: NOON });
    assertEquals(sample!.price_usd, price);
    assertAlmostEquals(price! / record.current_price, 1, 0.003, record.id);
    assertAlmostEquals(sample!.market_cap_usd / record.market_cap, 1, 0.003, record.id);
    assertEquals(Math.round(sample!.volume_usd), record.total_volume, record.id);
  }
});

Deno.test("samples() at midnight lie between the minutes around it, whichever is asked for first", () => {
  const midnight = Date.UTC(2026, 2, 2);
  const around = { from: new Date(midnight - 60_000), until: new Date(midnight + 60_000) };
  const [before, at, after] = MARKET.minutePrices("ethereum", around);
  assertEquals(MARKET.samples("ethereum", [midnight])[0]!.price_usd, at);
  assertEquals(demoMarket({ seed: 3 }).samples("ethereum", [midnight])[0]!.price_usd, at);
  assert(Math.abs(at! / before! - 1) < 0.02 && Math.abs(after! / at! - 1) < 0.02);
});

Deno.test("minutePrices() and samples() refuse what the demo market does not have", () => {
  assertThrows(() => MARKET.samples("luna", [NOON.getTime()]), RangeError, "no such coin");
  for (const text of ["2019-12-31T23:59:00Z", "2100-01-01T00:00:00Z", "2026-03-01T12:00:01Z"]) {
    const time = new Date(text);
    assertThrows(() => MARKET.samples("bitcoin", [time.getTime()]), RangeError, "full minute from 2020");
    assertThrows(() => MARKET.minutePrices("bitcoin", { from: time, until: time }), RangeError);
  }
  assertThrows(() => MARKET.samples("bitcoin", [NaN]), RangeError, '"NaN"');
  assertEquals(
    MARKET.minutePrices("bitcoin", { from: NOON, until: new Date(NOON.getTime() - 60_000) }).length,
    0,
  );
});
