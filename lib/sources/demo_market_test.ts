import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { demoMarket } from "./demo_market.ts";
import { demoCoins } from "./demo_coins.ts";
import { demoPaths } from "./demo_paths.ts";

const DECODER = new TextDecoder();
const DAYS = 2000;

const KEYS = [
  ..."id symbol name image current_price market_cap market_cap_rank fully_diluted_valuation".split(" "),
  ..."total_volume high_24h low_24h price_change_24h price_change_percentage_24h".split(" "),
  ..."market_cap_change_24h market_cap_change_percentage_24h circulating_supply total_supply".split(" "),
  ..."max_supply ath ath_change_percentage ath_date atl atl_change_percentage atl_date roi".split(" "),
  ..."last_updated price_change_percentage_1h_in_currency".split(" "),
  ..."price_change_percentage_24h_in_currency price_change_percentage_7d_in_currency".split(" "),
];

function mean(values: number[]): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}

function correlation(a: number[], b: number[]): number {
  const [ma, mb] = [mean(a), mean(b)];
  const cov = mean(a.map((x, i) => (x - ma) * (b[i]! - mb)));
  return cov / Math.sqrt(mean(a.map((x) => (x - ma) ** 2)) * mean(b.map((x) => (x - mb) ** 2)));
}

function autocorrelation(values: number[], lag: number): number {
  const m = mean(values);
  const cov = values.slice(lag).reduce((sum, x, i) => sum + (x - m) * (values[i]! - m), 0);
  return cov / values.reduce((sum, x) => sum + (x - m) ** 2, 0);
}

/** Autocorrelation over its standard error that allows for clustered volatility (Lo and MacKinlay 1988). */
function robustT(values: number[], lag: number): number {
  const m = mean(values);
  const squares = values.map((x) => (x - m) ** 2);
  const total = squares.reduce((sum, x) => sum + x, 0);
  const cross = squares.slice(lag).reduce((sum, x, i) => sum + x * squares[i]!, 0);
  return autocorrelation(values, lag) / (Math.sqrt(cross) / total);
}

function excessKurtosis(values: number[]): number {
  const m = mean(values);
  return mean(values.map((x) => (x - m) ** 4)) / mean(values.map((x) => (x - m) ** 2)) ** 2 - 3;
}

function dailyLogReturns(seed: number, coin_count: number): number[][] {
  const coins = demoCoins(seed).slice(0, coin_count);
  const paths = demoPaths(seed, coins);
  return coins.map((_, coin) =>
    Array.from({ length: DAYS }, (_, day) => paths.logOpen(coin, day + 1) - paths.logOpen(coin, day))
  );
}

function barsOf(csv: Uint8Array): number[][] {
  return DECODER.decode(csv).trimEnd().split("\n").slice(1).map((line) => line.split(",").map(Number));
}

for (const seed of [1, 2, 3]) {
  const returns = dailyLogReturns(seed, 60);
  const bitcoin = returns[0]!;

  Deno.test(`demoMarket() has fat tails: excess kurtosis above 1.5 (seed ${seed})`, () => {
    assert(excessKurtosis(bitcoin) > 1.5, `bitcoin ${excessKurtosis(bitcoin)}`);
    const all = returns.map(excessKurtosis).sort((a, b) => a - b);
    assert(all[30]! > 1.5, `median ${all[30]}`);
  });

  Deno.test(`demoMarket() clusters volatility: |r| is autocorrelated for ten days, r is not (seed ${seed})`, () => {
    const sizes = bitcoin.map(Math.abs);
    const band = 1.96 / Math.sqrt(DAYS);
    const lags = Array.from({ length: 10 }, (_, i) => i + 1);
    for (const lag of lags) {
      assert(autocorrelation(sizes, lag) > band, `|r| at lag ${lag}: ${autocorrelation(sizes, lag)}`);
    }
    const worst = Math.max(...lags.map((lag) => Math.abs(robustT(bitcoin, lag))));
    assert(worst < 3.5, `largest |t| of r's autocorrelation: ${worst}`);
  });

  Deno.test(`demoMarket() lets coins move together: mean correlation with Bitcoin 0.4 to 0.7 (seed ${seed})`, () => {
    const others = returns.filter((_, i) => i > 0 && ![2, 6, 15].includes(i));
    const average = mean(others.map((other) => correlation(bitcoin, other)));
    assert(average > 0.4 && average < 0.7, `${average}`);
    assert(Math.abs(correlation(bitcoin, returns[2]!)) < 0.1, "tether does not follow bitcoin");
  });
}

Deno.test("demoMarket() keeps days and minutes in agreement: a return over realised volatility is normal", () => {
  const coins = demoCoins(1).slice(0, 1);
  const paths = demoPaths(1, coins);
  const minutes = new Float64Array(1441);
  const ratios = Array.from({ length: 600 }, (_, day) => {
    paths.fillMinutes(0, day, minutes);
    assertAlmostEquals(minutes[0]!, paths.logOpen(0, day), 1e-12);
    assertAlmostEquals(minutes[1440]!, paths.logOpen(0, day + 1), 1e-12);
    let realised = 0;
    for (let i = 0; i < 1440; i++) realised += (minutes[i + 1]! - minutes[i]!) ** 2;
    assertAlmostEquals(realised / paths.dayVariance(0, day), 1, 0.25);
    return (minutes[1440]! - minutes[0]!) / Math.sqrt(realised);
  });
  assert(Math.abs(excessKurtosis(ratios)) < 0.7, `${excessKurtosis(ratios)}`);
  assertAlmostEquals(Math.sqrt(mean(ratios.map((x) => x * x))), 1, 0.1);
});

Deno.test("minuteCandlesCsv() keeps every OHLCV rule through a whole month", () => {
  const until = new Date("2027-01-01");
  const bars = barsOf(demoMarket().minuteCandlesCsv(2026, 2, { until }));
  const start = Date.UTC(2026, 1, 1);
  const expected = 28 * 1440;
  assert(bars.length > expected * 0.992 && bars.length < expected * 0.998, `${bars.length} of ${expected}`);
  let previous = { time: start - 60_000, close: bars[0]![1]! };
  const with_move: number[] = [], volumes: number[] = [];
  for (
    const [time, open, close, high, low, volume] of bars as [number, number, number, number, number, number][]
  ) {
    const text = `bar of ${new Date(time).toISOString()}: ${[open, close, high, low, volume]}`;
    assert(time > previous.time && time % 60_000 === 0 && time < Date.UTC(2026, 2, 1), text);
    assert(high >= Math.max(open, close) && low <= Math.min(open, close) && low > 0 && volume > 0, text);
    assert(Math.abs(open - previous.close) < 0.0101, `${text}, previous close ${previous.close}`);
    previous = { time, close };
    with_move.push(Math.abs(close / open - 1));
    volumes.push(volume);
  }
  assertEquals(previous.time, Date.UTC(2026, 2, 1) - 60_000, "a day's last minute is always there");
  assert(
    correlation(with_move, volumes) > 0.2,
    `volume goes with |move|: ${correlation(with_move, volumes)}`,
  );
});

Deno.test("minuteCandlesCsv() gives a month alone exactly as after or before other months", () => {
  const until = new Date("2027-01-01");
  const alone = demoMarket({ seed: 5 }).minuteCandlesCsv(2024, 6, { until });
  const market = demoMarket({ seed: 5 });
  market.marketsJson(new Date("2026-01-01T10:00:00Z"));
  market.minuteCandlesCsv(2025, 1, { until });
  market.minuteCandlesCsv(2020, 1, { until });
  assertEquals(market.minuteCandlesCsv(2024, 6, { until }), alone);
  const next = barsOf(market.minuteCandlesCsv(2024, 7, { until }));
  assert(
    Math.abs(next[0]![1]! - barsOf(alone).at(-1)![2]!) < 0.0101,
    "the next month opens where this one closed",
  );
});

Deno.test("minuteCandlesCsv() stops with the last bar that is complete at `until`", () => {
  const market = demoMarket();
  const whole = DECODER.decode(market.minuteCandlesCsv(2026, 3, { until: new Date("2026-04-01") }));
  for (
    const until of ["2026-03-05T10:00:00Z", "2026-03-05T10:00:59.999Z", "2026-03-01T00:00:59Z", "2026-02-01"]
  ) {
    const part = DECODER.decode(market.minuteCandlesCsv(2026, 3, { until: new Date(until) }));
    assert(whole.startsWith(part), until);
    const complete = whole.trimEnd().split("\n").slice(1)
      .filter((line) => Number(line.slice(0, 13)) + 60_000 <= Date.parse(until)).length;
    assertEquals(part.trimEnd().split("\n").length - 1, complete, until);
  }
});

Deno.test("marketsJson() has the API's 29 keys in order, 250 unique ids and ranks by market cap", () => {
  const market = demoMarket();
  const rows = JSON.parse(market.marketsJson(new Date("2026-05-06T07:08:09Z")));
  assertEquals(rows.length, 250);
  for (const row of rows) assertEquals(Object.keys(row), KEYS);
  assertEquals(new Set(rows.map((row: { id: string }) => row.id)).size, 250);
  assertEquals(new Set(rows.map((row: { symbol: string }) => row.symbol)).size, 248);
  assertEquals(
    new Set(market.coins.map((coin) => coin.id)),
    new Set(rows.map((row: { id: string }) => row.id)),
  );
  rows.forEach((row: Record<string, number>, i: number) => {
    assertEquals(row.market_cap_rank, i + 1);
    if (i > 0) assert(row.market_cap! <= rows[i - 1].market_cap);
    assertEquals(row.market_cap, Math.round(row.current_price! * row.circulating_supply!));
    assert(row.ath! >= row.current_price! && row.atl! <= row.current_price! && row.total_volume! > 0);
  });
  const nulls = (key: string) => rows.filter((row: Record<string, unknown>) => row[key] === null).length;
  assertEquals(
    ["price_change_percentage_1h_in_currency", "price_change_percentage_24h_in_currency", "high_24h"].map(
      nulls,
    ),
    [2, 1, 1],
  );
  assert(nulls("max_supply") > 50);
  const tether = rows.find((row: { id: string }) => row.id === "tether");
  assertAlmostEquals(tether.current_price, 1, 0.02);
});

Deno.test("marketsJson() agrees with Bitcoin's candles an hour, a day and a week back", () => {
  const market = demoMarket({ seed: 9 });
  const until = new Date("2026-05-20T12:30:00Z");
  const closes = new Map(
    barsOf(market.minuteCandlesCsv(2026, 5, { until })).map((bar) => [bar[0]! + 60_000, bar[2]!]),
  );
  const bitcoin = JSON.parse(market.marketsJson(until)).find((row: { id: string }) => row.id === "bitcoin");
  assertEquals(bitcoin.current_price, closes.get(until.getTime()));
  for (const [hours, key] of [[1, "1h"], [24, "24h"], [168, "7d"]] as const) {
    const before = closes.get(until.getTime() - hours * 3_600_000)!;
    const expected = (bitcoin.current_price / before - 1) * 100;
    assertAlmostEquals(bitcoin[`price_change_percentage_${key}_in_currency`], expected, 1e-4);
  }
});

Deno.test("marketsJson() does not depend on what was asked before", () => {
  const instants = ["2026-05-06T00:00:00Z", "2026-05-01T23:59:59Z", "2026-05-06T00:05:00Z"].map((t) =>
    new Date(t)
  );
  const market = demoMarket({ seed: 3 });
  const forwards = instants.map((instant) => market.marketsJson(instant));
  const backwards = instants.toReversed().map((instant) => market.marketsJson(instant)).toReversed();
  assertEquals(backwards, forwards);
  assertEquals(demoMarket({ seed: 3 }).marketsJson(instants[1]!), forwards[1]);
  assert(demoMarket({ seed: 4 }).marketsJson(instants[1]!) !== forwards[1], "another seed is another market");
});

Deno.test("marketsJson() knows nothing before its first day", () => {
  const bitcoin = JSON.parse(demoMarket().marketsJson(new Date("2020-01-01T00:30:00Z")))
    .find((row: { id: string }) => row.id === "bitcoin");
  assertEquals(bitcoin.price_change_percentage_1h_in_currency, null);
  assertEquals(bitcoin.price_change_percentage_7d_in_currency, null);
  assertEquals(bitcoin.ath >= bitcoin.current_price, true);
});

Deno.test("demoMarket() refuses seeds and times outside its range with a RangeError", () => {
  for (const seed of [-1, 1.5, 2 ** 32, NaN]) assertThrows(() => demoMarket({ seed }), RangeError);
  const market = demoMarket();
  for (const time of ["2019-12-31T23:59:59Z", "2100-01-01", "never"]) {
    assertThrows(() => market.marketsJson(new Date(time)), RangeError, "Cannot make a market");
  }
  const until = new Date("2026-01-01");
  for (const [year, month] of [[2019, 12], [2100, 1], [2026, 0], [2026, 13], [2026, 1.5]] as const) {
    assertThrows(() => market.minuteCandlesCsv(year, month, { until }), RangeError, "Cannot make candles");
  }
  assertThrows(() => market.minuteCandlesCsv(2026, 1, { until: new Date("x") }), RangeError);
});
