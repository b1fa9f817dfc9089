/** What the ledger remembers of each piece of history that an exchange was asked for: the evidence behind its gaps. */
import { z } from "zod";
import { LakeError } from "../core/errors.ts";
import type { LedgerRecord } from "../lake/ledger.ts";

/** Units of backfills start with this. */
export const BACKFILL_RECORDS = "backfill/";

const BACKFILL_RECORD = z.object({
  /** Name of the exchange: the `source` of its candles. */
  exchange: z.string(),
  /** As in the lake, `BTCUSD`. */
  symbol: z.string(),
  timeframe: z.string(),
  /** What was asked for; the end is not included. */
  from_ms: z.number(),
  until_ms: z.number(),
  /** Bars before this were over when they were asked for. */
  closed_until_ms: z.number(),
  /**
   * `complete`: each bar was seen or denied twice. `open`: so it is up to `closed_until_ms`, the rest was not over yet.
   * `failed`: requests failed for good, `detail` says how. `plan_limit`: older than what the exchange gives out.
   */
  outcome: z.enum(["complete", "open", "failed", "plan_limit"]),
  /** The error of a failure, else empty. */
  detail: z.string(),
  /** Whether the same question may be answered later; left out where nothing failed, and in older records. */
  retryable: z.boolean().optional(),
  /** When it was asked, ISO 8601. */
  asked_at: z.string(),
  /** When it was asked for the first time, where the exchange was silent then as well. */
  first_asked_at: z.string().optional(),
  requests: z.number(),
  short_pages: z.number(),
  overlaps: z.number(),
  /** Bars that the exchange denies; the end is not included. */
  absent: z.array(z.object({
    from_ms: z.number(),
    until_ms: z.number(),
    missing: z.number(),
    /** `no_trade`: it gave later bars. `source_silent`: it gave nothing from there on, or what is no bar. */
    cause: z.enum(["no_trade", "source_silent"]),
    evidence: z.string(),
  })),
  /** Keys of the exact answers and of the candles made of them; null where there are none. */
  raw: z.string().nullable(),
  candles: z.string().nullable(),
});

/** One piece of history that was asked for. */
export type BackfillRecord = z.infer<typeof BACKFILL_RECORD>;

/** The piece behind a ledger record. */
export function backfillRecord(record: LedgerRecord): BackfillRecord {
  const parsed = BACKFILL_RECORD.safeParse(record.notes);
  if (parsed.success) return parsed.data;
  throw new LakeError(
    `Cannot read the ledger's record of a backfill: it is damaged or of another version, run the backfill again`,
    { cause: parsed.error },
  );
}
