/** What the ledger remembers of a symbol's year of silver. */
import { z } from "zod";
import { LakeError } from "../../core/errors.ts";
import { fingerprint, type LedgerRecord } from "../../lake/ledger.ts";
import type { PartAudit } from "../../warehouse/audit_parts.ts";

const FINDING = z.object({
  check: z.string(),
  status: z.enum(["pass", "warn", "fail"]),
  count: z.number(),
  detail: z.string(),
});

const SILVER_NOTES = z.object({
  /** Months that failed their checks. */
  held: z.array(z.object({
    timeframe: z.string(),
    /** `2024-05`. */
    month: z.string(),
    /** Where its rows lie. */
    key: z.string(),
    findings: z.array(FINDING),
  })),
  /** Months that failed and were published all the same, because of `--quality warn`. */
  let_through: z.array(FINDING),
  /** What these months were like when that was decided, see {@linkcode auditMark}; by length of bars and month. */
  let_through_as: z.record(z.string(), z.string()).default({}),
  /** Price level of each month that was published, by length of bars and month: `1m 2024-05`. */
  levels: z.record(z.string(), z.number()),
  /** What was settled between the raw rows of the year. */
  settled: z.array(z.object({
    source: z.string(),
    timeframe: z.string(),
    out_of_order: z.number(),
    duplicates: z.number(),
    conflicts: z.number(),
  })),
});

/** What is remembered of a symbol's year beside its objects. */
export type SilverNotes = z.infer<typeof SILVER_NOTES>;

/**
 * A hash of a month's counts and of its level to six digits: as long as it is the same, a decision about the month stands.
 * The last digits of a mean depend on the order in which threads came by.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const month = { symbol: "BTCUSD", timeframe: "1d", year: 2024, month: 2, rows: 29, nulls: 0, impossible: 0,
 *   zero_volume: 0, days: 29, wild_days: 0, level_breaks: 0, level: 40_000 };
 * assertEquals(auditMark({ ...month, level: 40_000.000_000_1 }), auditMark(month));
 * assertEquals(auditMark({ ...month, rows: 28 }) === auditMark(month), false);
 * ```
 */
export function auditMark({ level, ...counts }: PartAudit): string {
  return fingerprint([Object.entries(counts).sort(), level.toPrecision(6)]);
}

/** The notes of a record of silver. */
export function silverNotes(unit: string, record: LedgerRecord): SilverNotes {
  const parsed = SILVER_NOTES.safeParse(record.notes);
  if (parsed.success) return parsed.data;
  throw new LakeError(
    `Cannot read the ledger's record "${unit}": it is damaged or of another version, delete it and run again`,
    { cause: parsed.error },
  );
}
