/** A quality report for a terminal, and the order in which every reader sees it. */
import type { Finding, FindingStatus, QualityReport } from "../quality/finding.ts";
import { plainText } from "./format.ts";

const ORDER: Record<FindingStatus, number> = { fail: 0, warn: 1, pass: 2 };

/** Findings about one thing: a series, a table, the snapshot. */
export interface FindingGroup {
  name: string;
  status: FindingStatus;
  /** Worst first; `check` without the group's name. */
  findings: Finding[];
}

/**
 * Findings grouped by what was checked, the worst group first.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const finding = (check: string, status: "pass" | "warn") => ({ check, status, count: 0, detail: "" });
 * const groups = groupFindings([finding("a: nulls", "pass"), finding("b: nulls", "pass"), finding("b: order", "warn")]);
 * assertEquals(groups.map(({ name, findings }) => [name, findings.map(({ check }) => check)]), [
 *   ["b", ["order", "nulls"]],
 *   ["a", ["nulls"]],
 * ]);
 * ```
 */
export function groupFindings(findings: readonly Finding[]): FindingGroup[] {
  const groups = Map.groupBy(findings, ({ check }) => check.includes(": ") ? check.split(": ")[0]! : check);
  return [...groups].map(([name, members]) => {
    const sorted = members.toSorted((a, b) => ORDER[a.status] - ORDER[b.status])
      .map((finding) => ({ ...finding, check: finding.check.slice(name.length + 2) || finding.check }));
    return { name, status: sorted[0]!.status, findings: sorted };
  }).sort((a, b) => ORDER[a.status] - ORDER[b.status]);
}

/** How many findings have each status: `0 fail · 1 warn · 7 pass`. */
export function countStatuses(findings: readonly Finding[]): string {
  return (["fail", "warn", "pass"] as const)
    .map((status) => `${findings.filter((one) => one.status === status).length} ${status}`).join(" · ");
}

/**
 * The report in letters of equal width: what fails or warns with its details, what passes by name.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const finding = (check: string, status: "pass" | "warn", count: number, detail: string) =>
 *   ({ check: `BTCUSD csv 1m: ${check}`, status, count, detail });
 * const text = qualityText({
 *   run_id: "r1", source: "csv", status: "warn", checked_at: "2026-01-02T00:00:00.000Z",
 *   findings: [finding("nulls", "pass", 0, ""), finding("outliers", "warn", 17, "17 bars"), finding("order", "pass", 0, "")],
 * });
 * assertEquals(text, [
 *   "warn: 0 fail · 1 warn · 2 pass, checked 2026-01-02T00:00:00.000Z by run r1",
 *   "",
 *   "BTCUSD csv 1m",
 *   "  warn  outliers  17  17 bars",
 *   "  pass  nulls, order",
 *   "",
 * ].join("\n"));
 * ```
 */
export function qualityText(report: QualityReport): string {
  const lines = [
    `${report.status}: ${countStatuses(report.findings)}, checked ${
      report.checked_at ?? "at a time not kept"
    } by run ${report.run_id}`,
  ];
  const loud = report.findings.filter(({ status }) => status !== "pass");
  const names = loud.map(({ check }) => check.split(": ").at(-1)!.length);
  const width = Math.max(0, ...names);
  const digits = Math.max(0, ...loud.map(({ count }) => String(count).length));
  for (const { name, findings } of groupFindings(report.findings)) {
    lines.push("", plainText(name));
    for (const { check, status, count, detail } of findings) {
      if (status === "pass") continue;
      lines.push(
        `  ${status}  ${check.padEnd(width)}  ${String(count).padStart(digits)}  ${plainText(detail)}`,
      );
    }
    const passed = findings.filter(({ status }) => status === "pass").map(({ check }) => check);
    if (passed.length > 0) lines.push(`  pass  ${passed.join(", ")}`);
  }
  return `${lines.join("\n")}\n`;
}
