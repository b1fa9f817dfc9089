import { type SeriesAudit, seriesName, type SeriesThresholds } from "./check_series.ts";
import { DEFAULT_QUALITY_CONFIG } from "./config.ts";
import { type Finding, judge, minuteOf } from "./finding.ts";
import type { StaleRuns } from "./stale_finder.ts";

/**
 * How many equal bars make a run, by the bars' length.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(["1m", "30m", "1h", "12h", "1d"].map((timeframe) => leastStaleBars(timeframe)), [10, 10, 3, 3, 2]);
 * ```
 */
export function leastStaleBars(
  timeframe: string,
  { stale_repeats }: SeriesThresholds = DEFAULT_QUALITY_CONFIG.series,
): number {
  const unit = timeframe.at(-1);
  return unit === "m" || unit === "s"
    ? stale_repeats.least_minutes
    : unit === "h"
    ? stale_repeats.least_hours
    : stale_repeats.least_days;
}

/** Judges runs of equal bars, and counts the flat bars without volume that a source filled in. */
export function checkStale(
  series: Pick<SeriesAudit, "symbol" | "source" | "timeframe">,
  { runs, bars, examples }: StaleRuns,
  filled: number,
  thresholds: SeriesThresholds = DEFAULT_QUALITY_CONFIG.series,
): Finding[] {
  const least = leastStaleBars(series.timeframe, thresholds);
  const longest = examples[0];
  return [
    {
      check: `${seriesName(series)}: stale repeats`,
      status: judge(thresholds.stale_repeats, runs),
      count: runs,
      detail: longest
        ? `${runs} runs of ${least} or more equal bars, ${bars} bars in all; the longest: ${
          minuteOf(longest.from_ms)
        } to ${minuteOf(longest.to_ms)} (${longest.bars} bars at ${longest.close})`
        : `no run of ${least} or more equal bars`,
      ...(examples.length === 0 ? {} : {
        examples: examples.map(({ from_ms, to_ms, bars, close }) => ({
          at: new Date(from_ms).toISOString(),
          values: { until: new Date(to_ms).toISOString(), bars, close },
        })),
      }),
    },
    {
      check: `${seriesName(series)}: filled bars`,
      status: judge(thresholds.filled_bars, filled),
      count: filled,
      detail: `${filled} flat bars with volume 0, filled in by the source`,
    },
  ];
}
