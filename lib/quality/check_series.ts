import { HOUR_MS } from "../core/time.ts";
import { DEFAULT_QUALITY_CONFIG, type QualityConfig } from "./config.ts";
import { type Finding, type FindingStatus, judge, minuteOf } from "./finding.ts";
import type { SeriesCounts } from "./series_counter.ts";

/** What is known of one series of candles: equal bars of one symbol, what a walk over them counted, and what was settled before. */
export interface SeriesAudit extends Omit<SeriesCounts, "months"> {
  symbol: string;
  source: string;
  timeframe: string;
  /** Lines that were refused at the door, by reason. */
  rejected: Record<string, number>;
  /** Rows that stood before an earlier one. */
  out_of_order: number;
  /** Repeats of a bar with the very same values. */
  duplicates: number;
  /** Bars that came twice with different values. */
  conflicts: number;
}

/** Levels and limits of the checks of a series. */
export type SeriesThresholds = QualityConfig["series"];

/**
 * Judges a series: schema and nulls, negatives, order and duplicates, gaps, OHLC consistency. A minute without
 * trades is not an error, so short gaps pass; long ones are shown.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const findings = checkSeries({
 *   symbol: "BTCUSD", source: "csv", timeframe: "1m", rows: 2, from_ms: 0, to_ms: 60_000, rejected: {},
 *   null_volume: 0, zero_volume: 0, negative: 0, ohlc_inconsistent: 1, off_grid: 0, out_of_order: 0,
 *   duplicates: 0, conflicts: 0, gaps: 0, missing_bars: 0, longest_gaps: [],
 * });
 * assertEquals(findings.find((f) => f.check.endsWith("OHLC consistency"))?.status, "warn");
 * ```
 */
export function checkSeries(
  audit: SeriesAudit,
  thresholds: SeriesThresholds = DEFAULT_QUALITY_CONFIG.series,
): Finding[] {
  const name = seriesName(audit);
  const finding = (
    check: string,
    count: number,
    threshold: { level: FindingStatus; limit: number },
    detail: string,
  ): Finding => ({ check: `${name}: ${check}`, status: judge(threshold, count), count, detail });
  const rejected = Object.values(audit.rejected).reduce((sum, count) => sum + count, 0);
  const reasons = Object.entries(audit.rejected).map(([reason, count]) => `${count} ${reason}`).join(", ");
  return [
    finding(
      "schema",
      rejected,
      thresholds.schema,
      rejected
        ? `${rejected} lines refused (${reasons}), kept in dead_letters/`
        : `${audit.rows} rows of six typed columns`,
    ),
    finding("nulls", audit.null_volume, thresholds.nulls, `${audit.null_volume} bars without a volume`),
    finding(
      "negatives",
      audit.negative,
      thresholds.negatives,
      `${audit.negative} prices or volumes below zero`,
    ),
    finding(
      "zero volume",
      audit.zero_volume,
      thresholds.zero_volume,
      `${audit.zero_volume} bars with volume 0, often filled bars`,
    ),
    finding(
      "duplicates",
      audit.duplicates + audit.conflicts,
      thresholds.duplicates,
      `${audit.duplicates} exact repeats dropped, ${audit.conflicts} earlier versions put aside`,
    ),
    finding(
      "order",
      audit.out_of_order,
      thresholds.order,
      `${audit.out_of_order} rows stood before an earlier one, sorted`,
    ),
    finding(
      "grid",
      audit.off_grid,
      thresholds.grid,
      `${audit.off_grid} bars do not start on a multiple of ${audit.timeframe}`,
    ),
    gapFinding(name, audit, thresholds.gaps),
    finding(
      "OHLC consistency",
      audit.ohlc_inconsistent,
      thresholds.ohlc_consistency,
      `${audit.ohlc_inconsistent} bars whose open or close lies outside low and high`,
    ),
  ];
}

/** How findings name a series. */
export function seriesName(
  { symbol, source, timeframe }: Pick<SeriesAudit, "symbol" | "source" | "timeframe">,
): string {
  return `${symbol} ${source} ${timeframe}`;
}

function gapFinding(
  name: string,
  audit: SeriesAudit,
  { level, limit_hours, limit_hours_of_days }: SeriesThresholds["gaps"],
): Finding {
  const longest = audit.longest_gaps[0];
  const length = longest ? longest.to_ms - longest.from_ms : 0;
  const limit = audit.timeframe === "1d" ? Math.max(limit_hours_of_days, limit_hours) : limit_hours;
  return {
    check: `${name}: gaps`,
    status: judge({ level, limit }, length / HOUR_MS),
    count: audit.gaps,
    detail: longest
      ? `${audit.gaps} gaps hide ${audit.missing_bars} bars; the longest: ${
        audit.longest_gaps.map((gap) =>
          `${minuteOf(gap.from_ms)} to ${minuteOf(gap.to_ms)} (${gap.missing} bars)`
        )
          .join(", ")
      }`
      : "no bar is missing between the first and the last",
  };
}
