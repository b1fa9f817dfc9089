import type { PartAudit } from "../warehouse/audit_parts.ts";
import { DEFAULT_QUALITY_CONFIG, type QualityConfig } from "./config.ts";
import type { Finding } from "./finding.ts";

/** From where on a month is not published. */
export type PublishLimits = QualityConfig["publish"];

/** So few wild days, or bars without volume, hold nothing back, however short the month is. */
const FEW_DAYS = 2, FEW_BARS = 100;

/** A month that may not be seen, and why. */
export interface HeldPart {
  part: PartAudit;
  findings: Finding[];
}

/**
 * The months that fail. A level is compared with that of the newest earlier month that passed.
 *
 * @param parts in any order.
 * @param levels What is known of months that are not among the parts, by `1m 2024-05` and symbol.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const part = { symbol: "BTCUSD", timeframe: "1d", year: 2024, rows: 30, nulls: 0, impossible: 0, zero_volume: 0,
 *   days: 30, wild_days: 0, level_breaks: 0 };
 * const held = checkParts([{ ...part, month: 1, level: 40_000 }, { ...part, month: 2, level: 4_300_000 }]);
 * assertEquals(held.map(({ part }) => part.month), [2]);
 * assertEquals(held[0]!.findings[0]!.check, "BTCUSD 1d 2024-02: price level");
 * ```
 */
export function checkParts(
  parts: readonly PartAudit[],
  { limits = DEFAULT_QUALITY_CONFIG.publish, levels = new Map() }: {
    limits?: PublishLimits;
    levels?: ReadonlyMap<string, number>;
  } = {},
): HeldPart[] {
  const held: HeldPart[] = [];
  const markets = Map.groupBy(parts, ({ symbol, timeframe }) => `${symbol} ${timeframe}`);
  for (const [market, months] of markets) {
    const known = [...levels].filter(([name]) => name.startsWith(`${market} `))
      .map(([name, level]) => ({ month: name.slice(market.length + 1), level }));
    const mine = new Set(months.map(monthName));
    const passed = known.filter(({ month }) => !mine.has(month));
    for (const part of months.toSorted((a, b) => (monthName(a) < monthName(b) ? -1 : 1))) {
      const month = monthName(part);
      const before = passed.filter((other) => other.month < month)
        .reduce<{ month: string; level: number } | null>(
          (newest, other) => newest === null || other.month > newest.month ? other : newest,
          null,
        );
      const findings = judge(part, `${market} ${month}`, before, limits);
      if (findings.length > 0) held.push({ part, findings });
      else passed.push({ month, level: part.level });
    }
  }
  return held;
}

/** `2024-05`. */
export function monthName({ year, month }: { year: number; month: number }): string {
  return `${year}-${String(month).padStart(2, "0")}`;
}

function judge(
  part: PartAudit,
  name: string,
  before: { month: string; level: number } | null,
  limits: PublishLimits,
): Finding[] {
  const jump = before === null ? 1 : Math.max(part.level / before.level, before.level / part.level);
  const price = (usd: number) => usd.toPrecision(6);
  const failures: [check: string, fails: boolean, count: number, detail: string][] = [
    ["nulls", part.nulls > 0, part.nulls, `${part.nulls} of ${part.rows} bars lack a price or a volume`],
    [
      "prices",
      part.impossible > 0,
      part.impossible,
      `${part.impossible} of ${part.rows} bars have a low above their high or a price that is not positive`,
    ],
    [
      "wild days",
      part.wild_days > Math.max(FEW_DAYS, limits.max_wild_day_share * part.days),
      part.wild_days,
      `on ${part.wild_days} of ${part.days} days the highest price is more than five times the lowest`,
    ],
    [
      "price level",
      jump > limits.max_level_jump,
      1,
      `the median price is ${price(part.level)}, it was ${price(before?.level ?? NaN)} in ${before?.month}`,
    ],
    [
      "price breaks",
      part.level_breaks > 0,
      part.level_breaks,
      `on ${part.level_breaks} of ${part.days} days the mean price is more than five times that of the day before, or less than a fifth`,
    ],
    [
      "volume",
      part.zero_volume > Math.max(FEW_BARS, limits.max_zero_volume_share * part.rows),
      part.zero_volume,
      `${part.zero_volume} of ${part.rows} bars have no volume`,
    ],
  ];
  return failures.filter(([, fails]) => fails).map(([check, , count, detail]) => ({
    check: `${name}: ${check}`,
    status: "fail",
    count,
    detail,
  }));
}
