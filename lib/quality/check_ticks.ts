import type { TicksAudit } from "../warehouse/audit_ticks.ts";
import { DEFAULT_QUALITY_CONFIG, type QualityConfig } from "./config.ts";
import { type Finding, type FindingStatus, judge } from "./finding.ts";

/** Judges the raw stream of a day, before the daily conversion cleans it. */
export function checkTicks(
  audit: TicksAudit,
  thresholds: QualityConfig["ticks"] = DEFAULT_QUALITY_CONFIG.ticks,
): Finding[] {
  const finding = (
    check: string,
    count: number,
    threshold: { level: FindingStatus; limit: number },
    detail: string,
  ): Finding => ({
    check: `stream ticks ${audit.day}: ${check}`,
    status: judge(threshold, count),
    count,
    detail,
  });
  const columns = [
    ...audit.missing.map((name) => `${name} is missing`),
    ...audit.unknown.map((name) => `${name} is unknown`),
  ];
  const nulls = Object.entries(audit.nulls).filter(([, count]) => count > 0);
  const { rows, files, negative, duplicates, conflicts, other_day } = audit;
  return [
    finding(
      "schema",
      columns.length,
      thresholds.schema,
      columns.join(", ") || `${rows} rows in ${files} files, with the columns of the table`,
    ),
    finding(
      "nulls",
      nulls.reduce((sum, [, count]) => sum + count, 0),
      thresholds.nulls,
      nulls.map(([name, count]) => `${name} ${count}`).join(", ") || "every value is there",
    ),
    finding("negatives", negative, thresholds.negatives, `${negative} prices that are not above zero`),
    finding(
      "duplicates",
      duplicates + conflicts,
      thresholds.duplicates,
      `${duplicates} rows repeat a time and price, ${conflicts} give a time another price`,
    ),
    finding("day", other_day, thresholds.other_day, `${other_day} rows are of another day than their folder`),
  ];
}
