/** What the ledger remembers of decisions to fill a stream's gaps from another source of the lake. */
import { z } from "zod";
import { LakeError } from "../core/errors.ts";
import { type LedgerRecord, readRecords } from "../lake/ledger.ts";
import type { ObjectStore } from "../lake/store.ts";

/** Units of fills start with this; then come symbol, timeframe and source. */
export const FILL_RECORDS = "fills/";

const FILL_RECORD = z.object({
  /** The stream: as in the lake, `BTCUSD`, and `1m`. */
  symbol: z.string(),
  timeframe: z.string(),
  /** Whose bars may stand where the stream's own source has none. */
  source: z.string(),
  /** Where: start and end (not included) of each range, epoch milliseconds, in order, without overlaps. */
  ranges: z.array(z.tuple([z.number(), z.number()])),
  /** When it was decided, ISO 8601. */
  decided_at: z.string(),
});

/** A decision to fill. */
export type FillRecord = z.infer<typeof FILL_RECORD>;

/** The ledger's unit of a decision. */
export function fillUnit(
  { symbol, timeframe, source }: Pick<FillRecord, "symbol" | "timeframe" | "source">,
): string {
  return `${FILL_RECORDS}${symbol}/${timeframe}/${source}`;
}

/** The decision behind a ledger record. */
export function fillRecord(record: LedgerRecord): FillRecord {
  const parsed = FILL_RECORD.safeParse(record.notes);
  if (parsed.success) return parsed.data;
  throw new LakeError(
    `Cannot read the ledger's record of a fill: it is damaged or of another version, delete it and fill again`,
    { cause: parsed.error },
  );
}

/** All decisions of a lake, or those of one stream. */
export async function readFills(
  store: ObjectStore,
  stream?: { symbol: string; timeframe: string },
): Promise<FillRecord[]> {
  const folder = stream ? `${stream.symbol}/${stream.timeframe}/` : "";
  return [...(await readRecords(store, `${FILL_RECORDS}${folder}`)).values()].map(fillRecord);
}

/**
 * Ranges of time as a list without overlaps, in order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(mergeRanges([[50, 60], [0, 10], [10, 20], [15, 18]]), [[0, 20], [50, 60]]);
 * ```
 */
export function mergeRanges(ranges: readonly (readonly [number, number])[]): [number, number][] {
  const merged: [number, number][] = [];
  for (const [from, until] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], until);
    else if (until > from) merged.push([from, until]);
  }
  return merged;
}
