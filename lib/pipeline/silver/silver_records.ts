/** What the ledger remembers of a symbol's year of silver. */
import { z } from "zod";
import { LakeError } from "../../core/errors.ts";
import type { LedgerRecord } from "../../lake/ledger.ts";

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

/** The notes of a record of silver. */
export function silverNotes(unit: string, record: LedgerRecord): SilverNotes {
  const parsed = SILVER_NOTES.safeParse(record.notes);
  if (parsed.success) return parsed.data;
  throw new LakeError(
    `Cannot read the ledger's record "${unit}": it is damaged or of another version, delete it and run again`,
    { cause: parsed.error },
  );
}
