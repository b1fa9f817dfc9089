/** What a lake says of its streams of bars, but for the bars themselves. */
import { readRecords } from "../lake/ledger.ts";
import type { ObjectStore } from "../lake/store.ts";
import { BACKFILL_RECORDS, type BackfillRecord, backfillRecord } from "../warehouse/backfill_records.ts";
import { type BarStream, listStreams } from "../warehouse/bar_streams.ts";
import { CANDLE_RECORDS, type CandleRecord, candleRecord } from "../warehouse/candle_records.ts";
import { type FillRecord, readFills } from "../warehouse/fill_records.ts";
import { type KnownPartitions, readKnownPartitions } from "../warehouse/lost_evidence.ts";
import { readRefusedBars, type RefusedBars } from "../warehouse/refused_evidence.ts";

/** Read once for all streams. */
export interface LakeFacts {
  streams: readonly BarStream[];
  files: readonly CandleRecord[];
  backfills: readonly BackfillRecord[];
  fills: readonly FillRecord[];
  refused: readonly RefusedBars[];
  partitions: KnownPartitions;
  /** Keys of the raw files that are there. */
  raw: ReadonlySet<string>;
}

/** Reads what the lake says of its streams. */
export async function readLakeFacts(store: ObjectStore): Promise<LakeFacts> {
  const files = [...(await readRecords(store, CANDLE_RECORDS)).values()].map(candleRecord);
  const backfills = [...(await readRecords(store, BACKFILL_RECORDS)).values()].map(backfillRecord);
  return {
    files,
    backfills,
    streams: await listStreams(store, [...files, ...backfills]),
    fills: await readFills(store),
    refused: await readRefusedBars(store, files),
    partitions: await readKnownPartitions(store),
    raw: new Set((await store.list("raw/ohlcv/")).map(({ key }) => key)),
  };
}
