import type { QualityConfig } from "./config.ts";
import type { MonthCounts } from "./series_counter.ts";

/** How a check ended: `warn` needs a person's eye, `fail` closes the quality gate. */
export type FindingStatus = "pass" | "warn" | "fail";

/** One of the rows behind a finding. */
export interface FindingExample {
  /** ISO 8601, UTC. */
  at: string;
  values: Record<string, number | string>;
}

/** One check of one thing. */
export interface Finding {
  /** What was checked, such as `BTCUSD csv 1m: gaps`. */
  check: string;
  status: FindingStatus;
  /** How many rows, gaps or columns are concerned. */
  count: number;
  /** A sentence for a person. */
  detail: string;
  /** The worst ones. */
  examples?: FindingExample[];
}

/** What a month of a series holds, for charts. */
export interface SeriesMonth extends MonthCounts {
  outliers: number;
}

/** A series in figures. */
export interface SeriesProfile {
  symbol: string;
  source: string;
  timeframe: string;
  rows: number;
  from: string;
  to: string;
  /** Outlying bars divided by bars. */
  outlier_rate: number;
  months: SeriesMonth[];
}

/** All findings of a run. Reports of before 2026-11-22 lack the optional parts. */
export interface QualityReport {
  run_id: string;
  source: string;
  status: FindingStatus;
  /** The run's clock, ISO 8601. */
  checked_at?: string;
  findings: Finding[];
  series?: SeriesProfile[];
  /** The thresholds that were applied. */
  thresholds?: QualityConfig;
}

/** What a check says of a count: `level` once it is above `limit`. */
export function judge(
  { level, limit }: { level: FindingStatus; limit: number },
  count: number,
): FindingStatus {
  return count > limit ? level : "pass";
}

/** A time for a person: the minute, in UTC. */
export function minuteOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16)}Z`;
}

/**
 * The worst status of some findings; `pass` where there are none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(worstStatus([{ check: "a", status: "pass", count: 0, detail: "" }]), "pass");
 * ```
 */
export function worstStatus(findings: readonly Finding[]): FindingStatus {
  const statuses = findings.map(({ status }) => status);
  return statuses.includes("fail") ? "fail" : statuses.includes("warn") ? "warn" : "pass";
}
