import { assertEquals } from "@std/assert";
import type { MarketPriceDoubles } from "../core/rows.ts";
import { checkSnapshot } from "./check_snapshot.ts";

const coin = (id: string, change: Partial<MarketPriceDoubles> = {}): MarketPriceDoubles => ({
  id,
  symbol: id,
  name: id,
  current_price: 1,
  market_cap: 2,
  market_cap_rank: 3,
  volume_24h: 4,
  price_change_pct_1h: -1,
  price_change_pct_24h: -2,
  price_change_pct_7d: -3,
  timestamp: 0,
  source: "demo",
  ...change,
});

const TABLE: [
  name: string,
  rows: MarketPriceDoubles[],
  [coins: string, nulls: string, negatives: string, dup: string],
][] = [
  ["sound, with falling prices", [coin("a"), coin("b")], ["pass 2", "pass 0", "pass 0", "pass 0"]],
  ["empty", [], ["fail 0", "pass 0", "pass 0", "pass 0"]],
  [
    "unknown numbers",
    [coin("a", { market_cap: null, price_change_pct_1h: null }), coin("b", { market_cap: null })],
    ["pass 2", "pass 3", "pass 0", "pass 0"],
  ],
  ["without a price", [coin("a", { current_price: null })], ["pass 1", "warn 1", "pass 0", "pass 0"]],
  [
    "negatives",
    [coin("a", { current_price: -1, market_cap: -1 }), coin("b", { volume_24h: -1 })],
    ["pass 2", "pass 0", "fail 2", "pass 0"],
  ],
  ["an id twice", [coin("a"), coin("b"), coin("a")], ["pass 3", "pass 0", "pass 0", "fail 1"]],
  ["a symbol twice", [coin("a"), coin("b", { symbol: "a" })], ["pass 2", "pass 0", "pass 0", "pass 0"]],
];

Deno.test("checkSnapshot() judges number, nulls, negatives and ids", () => {
  for (const [name, rows, expected] of TABLE) {
    const got = checkSnapshot(rows).map(({ status, count }) => `${status} ${count}`);
    assertEquals([name, ...got], [name, ...expected]);
  }
});

Deno.test("checkSnapshot() names the columns with unknown numbers", () => {
  const rows = [coin("a", { market_cap: null, price_change_pct_7d: null }), coin("b", { market_cap: null })];
  assertEquals(checkSnapshot(rows)[1]!.detail, "market_cap 2, price_change_pct_7d 1");
  assertEquals(checkSnapshot([coin("a")])[1]!.detail, "every number is known");
});
