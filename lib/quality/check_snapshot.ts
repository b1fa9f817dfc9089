import type { MarketPriceDoubles } from "../core/rows.ts";
import { DEFAULT_QUALITY_CONFIG, type QualityConfig } from "./config.ts";
import { type Finding, judge } from "./finding.ts";

const NUMBERS = [
  "current_price",
  "market_cap",
  "market_cap_rank",
  "volume_24h",
  "price_change_pct_1h",
  "price_change_pct_24h",
  "price_change_pct_7d",
] as const;

/**
 * Judges the newest market snapshot: number of coins, nulls, negatives, duplicate ids. Unknown numbers are usual
 * for small coins; a coin without a price is worth a look.
 */
export function checkSnapshot(
  rows: readonly MarketPriceDoubles[],
  thresholds: QualityConfig["snapshot"] = DEFAULT_QUALITY_CONFIG.snapshot,
): Finding[] {
  const ids = new Set(rows.map(({ id }) => id));
  const nulls = NUMBERS.map((name) => [name, rows.filter((row) => row[name] === null).length] as const)
    .filter(([, count]) => count > 0);
  const priceless = rows.filter((row) => row.current_price === null).length;
  const negative =
    rows.filter((row) =>
      [row.current_price, row.market_cap, row.volume_24h].some((value) => value !== null && value < 0)
    ).length;
  const total = nulls.reduce((sum, [, count]) => sum + count, 0);
  return [
    {
      check: "market snapshot: coins",
      status: rows.length < thresholds.coins.least ? thresholds.coins.level : "pass",
      count: rows.length,
      detail: `${rows.length} coins`,
    },
    {
      check: "market snapshot: nulls",
      status: judge(thresholds.nulls, priceless),
      count: total,
      detail: nulls.map(([name, count]) => `${name} ${count}`).join(", ") || "every number is known",
    },
    {
      check: "market snapshot: negatives",
      status: judge(thresholds.negatives, negative),
      count: negative,
      detail: `${negative} coins with a price, market cap or volume below zero`,
    },
    {
      check: "market snapshot: duplicates",
      status: judge(thresholds.duplicates, rows.length - ids.size),
      count: rows.length - ids.size,
      detail: `${rows.length - ids.size} ids that stand twice`,
    },
  ];
}
