/**
 * Quality: what the data is like, said in findings. Everything here is pure: tables are counted by the warehouse,
 * bars are walked over here as columns, the judgement and its words are made here, and the pipeline stores the report
 * and closes the gate.
 *
 * @module
 */
export { checkDrift } from "./check_drift.ts";
export { checkParts, type HeldPart, monthName, type PublishLimits } from "./check_parts.ts";
export { type CauseVerdict, compareCauses } from "./compare_causes.ts";
export { checkFreshness } from "./check_freshness.ts";
export { checkOutliers } from "./check_outliers.ts";
export { checkSeries, type SeriesAudit, seriesName } from "./check_series.ts";
export { checkSnapshot } from "./check_snapshot.ts";
export { checkSources } from "./check_sources.ts";
export { checkStale, leastStaleBars } from "./check_stale.ts";
export { checkTable } from "./check_table.ts";
export { checkTicks } from "./check_ticks.ts";
export {
  type CauseCounts,
  clipGaps,
  countCauses,
  countDays,
  type DayCounts,
  type GapColumns,
  type JudgedGap,
  type JudgedGaps,
  judgeGaps,
  type StreamSpan,
} from "./completeness.ts";
export {
  DEFAULT_QUALITY_CONFIG,
  QUALITY_CONFIG_KEY,
  type QualityConfig,
  readQualityConfig,
} from "./config.ts";
export * from "./finding.ts";
export { OutlierFinder, type Outliers, type OutlierSettings } from "./outlier_finder.ts";
export { type MonthCounts, SeriesCounter, type SeriesCounts } from "./series_counter.ts";
export { StaleFinder, type StaleRuns } from "./stale_finder.ts";
