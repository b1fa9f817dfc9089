import { DAY_MS, HOUR_MS, MINUTE_MS } from "../core/time.ts";
import type { Finding, FindingStatus } from "./finding.ts";

/**
 * Judges the age of the newest row of something. Without a limit any age passes, and is said: an old file is no fault.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const now = new Date("2026-01-03T00:00:00Z"), newest = Date.UTC(2026, 0, 1);
 * const limit = { level: "warn", limit_hours: 24 } as const;
 * const finding = checkFreshness("market snapshot", { newest, now }, limit);
 * assertEquals([finding.status, finding.detail], [
 *   "warn",
 *   "the newest is of 2026-01-01T00:00Z, 2.0 days before this check, more than 24 hours",
 * ]);
 * assertEquals(checkFreshness("file", { newest, now }, { ...limit, limit_hours: null }).status, "pass");
 * ```
 */
export function checkFreshness(
  name: string,
  { newest, now }: { newest: number; now: Date },
  { level, limit_hours }: { level: FindingStatus; limit_hours: number | null },
): Finding {
  const age = now.getTime() - newest;
  const old = limit_hours !== null && age > limit_hours * HOUR_MS;
  return {
    check: `${name}: freshness`,
    status: old ? level : "pass",
    count: old ? 1 : 0,
    detail: `the newest is of ${new Date(newest).toISOString().slice(0, 16)}Z, ${describeAge(age)}${
      old ? `, more than ${limit_hours} hours` : ""
    }`,
  };
}

function describeAge(ms: number): string {
  const size = Math.abs(ms);
  const length = size < HOUR_MS
    ? `${Math.round(size / MINUTE_MS)} minutes`
    : size < 2 * DAY_MS
    ? `${(size / HOUR_MS).toFixed(1)} hours`
    : `${(size / DAY_MS).toFixed(1)} days`;
  return `${length} ${ms < 0 ? "after" : "before"} this check`;
}
