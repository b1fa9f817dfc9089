/** What the ledger remembers of each raw candle file. */
import { z } from "zod";
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
  /** Refused lines by reason. */
  rejected: z.record(z.string(), z.number()),
});

/** A raw candle file that is in the lake. */
export type CandleRecord = z.infer<typeof CANDLE_RECORD>;

/** The candle file behind a ledger record. */
export function candleRecord(record: LedgerRecord): CandleRecord {
  return CANDLE_RECORD.parse(record.notes);
}
