/** What the ledger remembers of each raw candle file. */
import { z } from "zod";
import { CONTRACT_MODES, DEFAULT_CONTRACT } from "../core/contract.ts";
import { LakeError } from "../core/errors.ts";
import type { LedgerRecord } from "../lake/ledger.ts";

/** Units of candle files start with this. */
export const CANDLE_RECORDS = "ingest/candles/";

const CANDLE_RECORD = z.object({
  key: z.string(),
  sha256: z.string(),
  /** Bytes. */
  size: z.number(),
  symbol: z.string(),
  source: z.string(),
  timeframe: z.string(),
  /** Column names in the file's order. */
  columns: z.array(z.string()),
  /** The how-manieth file of the lake this is: where two files disagree, the later one stands. */
  arrival: z.number(),
  rows: z.number(),
  /** First and last bar, epoch milliseconds. */
  from_ms: z.number(),
  to_ms: z.number(),
  /** Refused lines by reason. */
  rejected: z.record(z.string(), z.number()),
  /** Columns that are not the layout's own. Files that came before contracts have none on record. */
  further: z.array(z.object({ name: z.string(), at: z.number(), example: z.string() })).default([]),
  /** What the contract said of their values. */
  contract: z.enum(CONTRACT_MODES).default(DEFAULT_CONTRACT.candles.columns),
  /** Key, layout and zone of the exact original, where it has another layout than the lake's own. */
  original: z.string().optional(),
  layout: z.string().optional(),
  timezone: z.string().optional(),
});

/** A raw candle file that is in the lake. */
export type CandleRecord = z.infer<typeof CANDLE_RECORD>;

/** The candle file behind a ledger record. */
export function candleRecord(record: LedgerRecord): CandleRecord {
  const parsed = CANDLE_RECORD.safeParse(record.notes);
  if (parsed.success) return parsed.data;
  throw new LakeError(
    `Cannot read the ledger's record of "${record.outputs[0]?.key}": it is damaged or of another version, ` +
      `move raw/ to a new lake and ingest its files again`,
    { cause: parsed.error },
  );
}
