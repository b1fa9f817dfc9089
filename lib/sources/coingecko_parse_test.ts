import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CONTRACT_MODES } from "../core/contract.ts";
import { QualityError, SourceError } from "../core/errors.ts";
import { testRecorded } from "./_test_coingecko.ts";
import { parseMarketChart, parseMarkets } from "./coingecko_parse.ts";
import { demoMarket } from "./demo_market.ts";

const SLOT = { slot: new Date("2026-01-02T03:05:00Z"), source: "coingecko" };
const COIN = { id: "bitcoin", symbol: "btc", name: "Bitcoin" };

function bytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
}

Deno.test("parseMarkets() maps, rounds and keeps nulls", () => {
  const { rows, rejects } = parseMarkets(
    bytes([{
      ...COIN,
      current_price: 105509,
      market_cap: 2107656638441.6,
      market_cap_rank: 1,
      total_volume: 12.5,
      price_change_percentage_24h: -3.9,
      price_change_percentage_1h_in_currency: null,
      price_change_percentage_24h_in_currency: -3.949126,
      price_change_percentage_7d_in_currency: -8.03,
      brand_new_key: { anything: [] },
    }]),
    SLOT,
  );
  assertEquals(rejects, []);
  assertEquals(rows, [{
    ...COIN,
    current_price: 105509,
    market_cap: 2107656638442,
    market_cap_rank: 1,
    volume_24h: 13,
    price_change_pct_1h: null,
    price_change_pct_24h: -3.949126,
    price_change_pct_7d: -8.03,
    timestamp: 1767323100,
    source: "coingecko",
  }]);
});

Deno.test("parseMarkets() takes the plain 24 h change only where the in-currency key is absent", () => {
  const changes = [
    { price_change_percentage_24h: 1, price_change_percentage_24h_in_currency: 2 },
    { price_change_percentage_24h: 1, price_change_percentage_24h_in_currency: null },
    { price_change_percentage_24h: 1 },
    {},
  ];
  const { rows } = parseMarkets(
    bytes(changes.map((change, i) => ({ ...COIN, id: `c${i}`, ...change }))),
    SLOT,
  );
  assertEquals(rows.map((row) => row.price_change_pct_24h), [2, null, 1, null]);
});

Deno.test("parseMarkets() puts each unusable record aside with its index and reason", () => {
  const records = [
    COIN,
    { ...COIN, name: "Copy" },
    { symbol: "x", name: "X" },
    { ...COIN, id: "" },
    { ...COIN, id: 7 },
    { ...COIN, id: "a", current_price: "105509" },
    { ...COIN, id: "b", name: null },
    { ...COIN, id: "c", market_cap: 1e30 },
    null,
    "bitcoin",
    { ...COIN, id: "ok" },
  ];
  const { rows, rejects } = parseMarkets(bytes(records), SLOT);
  assertEquals(rows.map((row) => [row.id, row.name]), [["bitcoin", "Bitcoin"], ["ok", "Bitcoin"]]);
  assertEquals(rejects.map((reject) => [reject.line, reject.reason]), [
    [1, "duplicate_id"],
    [2, "missing_id"],
    [3, "missing_id"],
    [4, "wrong_type"],
    [5, "number_as_text"],
    [6, "wrong_type"],
    [7, "out_of_range"],
    [8, "missing_id"],
    [9, "missing_id"],
  ]);
  assertEquals(rejects[4]!.raw, JSON.stringify(records[5]));
  assert(rejects[4]!.detail.includes("current_price"), rejects[4]!.detail);
});

Deno.test("parseMarkets() and parseMarketChart() refuse a body without data, with what it says", () => {
  const table: [string, string][] = [
    ["Throttled", 'it is not JSON (9 bytes) and says "Throttled"'],
    ["<!DOCTYPE html><title>Just a moment...</title>", 'says "Just a moment..."'],
    ["", "it is not JSON (0 bytes)"],
    ['[{"id":"bitcoin","symb', "it is not JSON"],
    ['{"status":{"error_code":429,"error_message":"Slow down"}}', 'says "Slow down"'],
    ["null", "Cannot read"],
  ];
  for (const [body, part] of table) {
    const market = assertThrows(() => parseMarkets(bytes(body), SLOT), SourceError, part);
    const chart = assertThrows(() => parseMarketChart(bytes(body)), SourceError, part);
    assert(market.retryable && chart.retryable);
  }
  assertThrows(() => parseMarkets(bytes("[]"), SLOT), SourceError, "empty");
  assertThrows(() => parseMarketChart(bytes('{"prices":[]}')), SourceError, "empty");
  assertThrows(() => parseMarkets(new Uint8Array([0x5b, 0xff, 0x5d]), SLOT), SourceError, "not JSON");
});

Deno.test("parseMarkets() makes of any JSON array rows and rejects, or one SourceError: nothing gets lost", () => {
  const record = fc.oneof(
    fc.jsonValue(),
    fc.record({
      id: fc.constantFrom("a", "b", ""),
      symbol: fc.string(),
      name: fc.string(),
      current_price: fc.jsonValue(),
    }),
  );
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 12 }), (records) => {
      const { rows, rejects } = parseMarkets(bytes(records), SLOT);
      assertEquals(rows.length + rejects.length, records.length);
      assertEquals(new Set(rows.map((row) => row.id)).size, rows.length);
    }),
    { numRuns: 60, seed: 1 },
  );
});

Deno.test("parseMarkets() loses nothing under any contract: a record is a row, a reject or a repeat, or freeze names why not", () => {
  const modes = fc.constantFrom(...CONTRACT_MODES);
  const record = fc.record({
    id: fc.constantFrom("a", "b", "c", ""),
    symbol: fc.constant("a"),
    name: fc.constantFrom("a", 7),
    current_price: fc.oneof(fc.constant(1), fc.jsonValue()),
    market_cap: fc.constantFrom(1, null, "much", 1e300),
    ...{ mood: fc.constantFrom(undefined, null, "good", { a: 1 }), Mood: fc.constantFrom(undefined, 0) },
  });
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      fc.array(record, { minLength: 1, maxLength: 6 }),
      modes,
      modes,
      (records, columns, data_type) => {
        const usual = parseMarkets(bytes(records), SLOT);
        const kinds = new Set(usual.drift.map(({ kind }) => kind));
        const frozen = columns === "freeze" && kinds.has("columns") ||
          data_type === "freeze" && kinds.has("data_type");
        const read = () => parseMarkets(bytes(records), { ...SLOT, contract: { columns, data_type } });
        if (frozen) {
          assertThrows(read, QualityError, "and the contract says freeze; set contract.snapshots.");
          return void seen.add("frozen");
        }
        const { rows, rejects, repeats, extra, drift } = read();
        assertEquals(rows.length + rejects.length + repeats, records.length);
        assertEquals(drift, usual.drift);
        // A value without a column belongs to a row, and is there only where the contract says evolve.
        for (const { id, column_name } of extra) {
          assert(rows.some((row) => row.id === id));
          const kind = column_name.toLowerCase() === "mood" ? columns : data_type;
          assertEquals(kind, "evolve");
          seen.add(`kept ${column_name}`);
        }
        if (rejects.some(({ reason }) => reason === "unknown_column")) {
          assertEquals(columns, "discard_row");
          seen.add("refused");
        }
      },
    ),
    { numRuns: 400, seed: 2 },
  );
  assertEquals([...seen].sort(), [
    "frozen",
    "kept Mood",
    "kept current_price",
    "kept market_cap",
    "kept mood",
    "refused",
  ]);
});

Deno.test("parseMarkets() reads the demo market as it reads the API", () => {
  const body = bytes(demoMarket().marketsJson(new Date("2026-01-02T03:05:00Z")));
  const { rows, rejects } = parseMarkets(body, { ...SLOT, source: "demo" });
  assertEquals([rows.length, rejects.length], [250, 0]);
  assertEquals(rows.map((row) => row.market_cap_rank), Array.from({ length: 250 }, (_, i) => i + 1));
  assertEquals(rows.filter((row) => row.price_change_pct_1h === null).length, 2);
});

Deno.test("parseMarketChart() sorts, drops exact repeats and puts the rest aside", () => {
  const [a, b, c] = [1700000000000, 1700000300000, 1700000600000] as const;
  const prices = [[b, 2], [a, 1], [b, 2], [b, 3], [c, null], [c, 0], [c, -1], [1700000000, 1], [c], "x", [
    c,
    4,
    9,
  ]];
  const { points, rejects } = parseMarketChart(bytes({ prices, market_caps: [] }));
  assertEquals(points, [{ time: a, price: 1 }, { time: b, price: 2 }, { time: c, price: 4 }]);
  assertEquals(rejects.map((reject) => [reject.line, reject.reason]), [
    [3, "duplicate_time"],
    [4, "not_a_number"],
    [5, "non_positive"],
    [6, "non_positive"],
    [7, "bad_time"],
    [8, "not_a_number"],
    [9, "not_a_number"],
  ]);
});

testRecorded("parseMarkets() reads every recorded market page without a reject", async (folder) => {
  const table: [string, number][] = [
    ["markets/markets_usd_page1_2025-11-03T1605Z.json", 250],
    ["markets/markets_usd_pages1-4_2025-11-05T0327Z.json", 1000],
    ["markets/markets_usd_top10_2024-02-09T1842Z.json", 10],
    ["recorded/markets_bitcoin_usd.body.json", 1],
  ];
  for (const [path, count] of table) {
    const { rows, rejects } = parseMarkets(await Deno.readFile(new URL(path, folder)), SLOT);
    assertEquals([path, rows.length, rejects.length], [path, count, 0]);
  }
});

testRecorded("parseMarkets() gives the recorded Bitcoin of 2025-11-03 its known values", async (folder) => {
  const path = new URL("markets/markets_usd_page1_2025-11-03T1605Z.json", folder);
  const { rows } = parseMarkets(await Deno.readFile(path), SLOT);
  assertEquals(rows[0], {
    ...COIN,
    current_price: 105509,
    market_cap: 2107656638441,
    market_cap_rank: 1,
    volume_24h: 56939131251,
    price_change_pct_1h: -2.101374865780462,
    price_change_pct_24h: -3.949126206932635,
    price_change_pct_7d: -8.034894999280523,
    timestamp: 1767323100,
    source: "coingecko",
  });
  assertEquals(rows.filter((row) => row.price_change_pct_1h === null).length, 3);
});

testRecorded("demoMarket() has the very keys of a recorded page", async (folder) => {
  const path = new URL("markets/markets_usd_page1_2025-11-03T1605Z.json", folder);
  const [recorded] = JSON.parse(await Deno.readTextFile(path));
  const [demo] = JSON.parse(demoMarket().marketsJson(new Date("2026-01-02T03:05:00Z")));
  assertEquals(Object.keys(demo), Object.keys(recorded));
});

testRecorded("parseMarketChart() sorts the recorded day that has a point out of order", async (folder) => {
  for (const [name, count] of [["a", 288], ["b", 289]] as const) {
    const path = new URL(`recorded/market_chart_bitcoin_usd_days1_${name}.body.json`, folder);
    const { points, rejects } = parseMarketChart(await Deno.readFile(path));
    assertEquals([points.length, rejects.length], [count, 0]);
    assert(points.every((point, i) => i === 0 || point.time > points[i - 1]!.time));
  }
});
