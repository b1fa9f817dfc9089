/**
 * Quality: what the data is like, said in findings. Everything here is pure: the counts come from the warehouse,
 * the judgement and its words are made here, and the pipeline stores the report and closes the gate.
 *
 * @module
 */
export {
  checkParts,
  type HeldPart,
  monthName,
  type PartCounts,
  PUBLISH_LIMITS,
  type PublishLimits,
} from "./check_parts.ts";
export { checkSeries, type SeriesAudit } from "./check_series.ts";
export { checkSnapshot } from "./check_snapshot.ts";
export { checkTable, type TableAudit } from "./check_table.ts";
export {
  countDays,
  type DayCounts,
  type GapColumns,
  type JudgedGap,
  type JudgedGaps,
  judgeGaps,
  type StreamSpan,
} from "./completeness.ts";
export { type Finding, type FindingStatus, type QualityReport, worstStatus } from "./finding.ts";
