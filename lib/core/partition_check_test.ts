import { assertEquals, assertMatch } from "@std/assert";
import { checkProjection, partitionOf, partitionWords } from "./partition_check.ts";
import { OHLCV_DAILY, OHLCV_HOURLY, PROCESSED_PRICES, RUNS, TABLES } from "./tables.ts";

const NOW = new Date("2026-06-01T00:00:00Z");
const hour = (folders: string) => `processed/market_prices/${folders}/20260102T030500Z.ndjson.gz`;

Deno.test("checkProjection() finds what Athena would leave out, and names it", () => {
  const table: [folders: string, found: boolean][] = [
    ["year=2026/month=01/day=02/hour=03", true],
    ["year=2020/month=12/day=31/hour=23", true],
    ["year=2035/month=01/day=01/hour=00", true],
    ["year=2019/month=01/day=02/hour=03", false],
    ["year=2036/month=01/day=02/hour=03", false],
    ["year=2026/month=1/day=02/hour=03", false],
    ["year=2026/month=13/day=02/hour=03", false],
    ["year=2026/month=01/day=00/hour=03", false],
    ["year=2026/month=01/day=02/hour=24", false],
    ["year=2026/month=001/day=02/hour=03", false],
    ["year=2026/month=01/day=02", false],
    ["month=01/year=2026/day=02/hour=03", false],
    ["year=next/month=01/day=02/hour=03", false],
  ];
  for (const [folders, found] of table) {
    const warnings = checkProjection(PROCESSED_PRICES, [hour(folders)], NOW);
    assertEquals([folders, warnings.length], [folders, found ? 0 : 1]);
    for (const { status, detail } of warnings) {
      assertEquals(status, "fail");
      assertMatch(detail, /^crypto_analytics\.processed_prices: 1 object lies outside of its partitions/);
      assertEquals(detail.endsWith(hour(folders)), true);
    }
  }
});

Deno.test("checkProjection() warns a year before a table's years end, and fails after them", () => {
  const status = (now: string) =>
    checkProjection(OHLCV_DAILY, [], new Date(now)).map((found) => found.status);
  assertEquals(status("2034-12-31T23:59:59Z"), []);
  assertEquals(status("2035-01-01T00:00:00Z"), ["warn"]);
  assertEquals(status("2035-12-31T23:59:59Z"), ["warn"]);
  assertEquals(status("2036-01-01T00:00:00Z"), ["fail"]);
});

Deno.test("checkProjection() has nothing to say of an empty lake, nor of tables without years", () => {
  for (const table of TABLES) assertEquals(checkProjection(table, [], NOW), []);
  assertEquals(checkProjection(RUNS, ["_ledger/runs/day=2026-01-02/a.json"], new Date("2100-01-01")), []);
  assertEquals(checkProjection(RUNS, ["_ledger/runs/day=2019-12-31/a.json"], NOW).length, 1);
});

Deno.test("partitionWords() are the symbols and the like that a lake's keys name", () => {
  const keys = ["ETHUSD/year=2026/month=01", "BTCUSD/year=2025/month=12", "BTCUSD/year=2026/month=01"]
    .map((folders) => `processed/ohlcv_hourly/symbol=${folders}/part-0.parquet`);
  assertEquals(partitionWords(OHLCV_HOURLY, keys), { symbol: ["BTCUSD", "ETHUSD"] });
  assertEquals(partitionWords(OHLCV_HOURLY, ["processed/ohlcv_hourly/stray"]), {});
  assertEquals(partitionOf(OHLCV_HOURLY, "elsewhere/symbol=A/year=1/month=1/x"), null);
});
