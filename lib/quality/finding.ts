/** How a check ended: `warn` needs a person's eye, `fail` closes the quality gate. */
export type FindingStatus = "pass" | "warn" | "fail";

/** One check of one thing. */
export interface Finding {
  /** What was checked, such as `BTCUSD csv 1m: gaps`. */
  check: string;
  status: FindingStatus;
  /** How many rows, gaps or columns are concerned. */
  count: number;
  /** A sentence for a person. */
  detail: string;
}

/** All findings of a run. */
export interface QualityReport {
  run_id: string;
  source: string;
  status: FindingStatus;
  findings: Finding[];
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
