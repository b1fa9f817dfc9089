import { assertEquals } from "@std/assert";
import * as keys from "./keys.ts";

const SLOT = new Date("2026-01-02T03:05:00Z");
const YEAR_END = new Date("2025-12-31T23:55:00Z");

Deno.test("keys name each kind of object by its time in UTC", () => {
  const table: [key: string, expected: string][] = [
    [
      keys.rawCandlesKey({ symbol: "BTCUSD", source: "csv", timeframe: "1m", file: "a.csv.gz" }),
      "raw/ohlcv/symbol=BTCUSD/source=csv/timeframe=1m/a.csv.gz",
    ],
    [
      keys.rawMarketsKey("coingecko", SLOT),
      "raw/coingecko/markets/year=2026/month=01/day=02/hour=03/20260102T030500Z.json",
    ],
    [
      keys.rawMarketChartKey("bitcoin", 365, SLOT),
      "raw/coingecko/market_chart/coin=bitcoin/days=365/20260102T030500Z.json",
    ],
    [
      keys.marketPricesKey(YEAR_END),
      "processed/market_prices/year=2025/month=12/day=31/hour=23/20251231T235500Z.ndjson.gz",
    ],
    [
      keys.priceHistoryKey("BTCUSD", "2026"),
      "processed/price_history/symbol=BTCUSD/year=2026/part-0.ndjson.gz",
    ],
    [keys.qualityReportKey(YEAR_END, "run-1"), "quality_reports/date=2025-12-31/run-1.json"],
  ];
  for (const [key, expected] of table) assertEquals(key, expected);
});
