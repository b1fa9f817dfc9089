/** Objects that are gone as evidence: raw files, and partitions of the tables. */
import { type GapEvidence, STRENGTH } from "../core/gaps.ts";
import { readRecords } from "../lake/ledger.ts";
import type { ObjectStore } from "../lake/store.ts";
import { TIMEFRAMES } from "../sources/candle_timeframe.ts";
import { type BarStream, partitionOf, partitionRange } from "./bar_streams.ts";
import type { CandleRecord } from "./candle_records.ts";

const QUARANTINE = "quarantine/";

/** Keys of partitions that the ledger, or the quarantine, knows of. */
export interface KnownPartitions {
  /** Keys that a run wrote. */
  written: readonly string[];
  /** Where what was moved aside is now, by the key that it had. */
  aside: ReadonlyMap<string, string>;
}

/** Reads which partitions were written, and which were moved aside. */
export async function readKnownPartitions(store: ObjectStore): Promise<KnownPartitions> {
  const aside = new Map<string, string>();
  for (const { key } of await store.list(QUARANTINE)) {
    if (key.endsWith("/report.json")) continue;
    aside.set(key.slice(QUARANTINE.length).replace(/(\.parquet|\.csv|\.gz)\.[^./]+$/, "$1"), key);
  }
  const records = await readRecords(store, "materialize/");
  const written = [...records.values()].flatMap(({ outputs }) => outputs.map(({ key }) => key));
  return { written, aside };
}

/** Partitions of a stream's table that were there once. */
export function lostPartitions(stream: BarStream, { written, aside }: KnownPartitions): GapEvidence[] {
  const there = new Set(stream.keys);
  const mine = (key: string) => {
    const { symbol, timeframe = stream.timeframe } = partitionOf(key);
    return key.startsWith(stream.table.prefix) && symbol === stream.symbol &&
      timeframe === stream.timeframe &&
      !there.has(key);
  };
  return [...new Set([...written, ...aside.keys()])].filter(mine).flatMap((key) => {
    const range = partitionRange(key);
    if (range === null) return [];
    const moved = aside.get(key);
    const evidence = moved === undefined
      ? `${key} was written and is gone: deno task pipeline makes it again`
      : `${key} was moved aside to ${moved}: mend the input, then deno task pipeline`;
    return [{ ...range, cause: "our_failure", strength: STRENGTH.lost, evidence }];
  });
}

/**
 * Raw files that were in the lake once. One whose bars are all in the tables took nothing with it: what is absent in
 * its time was absent in the file.
 */
export function lostFiles(
  records: readonly CandleRecord[],
  { keys, aside, step_ms, barsWithin }: {
    /** Keys of the raw files that are there. */
    keys: ReadonlySet<string>;
    aside: KnownPartitions["aside"];
    step_ms: number;
    /** How many bars the stream has in a range. */
    barsWithin: (from_ms: number, until_ms: number) => number;
  },
): GapEvidence[] {
  return records.flatMap(({ key, timeframe, rows, from_ms, to_ms }) => {
    if (keys.has(key) || from_ms === undefined || to_ms === undefined) return [];
    if (TIMEFRAMES[timeframe] === step_ms && barsWithin(from_ms, to_ms + 1) >= rows) return [];
    const moved = aside.get(key);
    const where = moved === undefined ? "is gone" : `was moved aside to ${moved}`;
    return [{
      from_ms: Math.floor(from_ms / step_ms) * step_ms,
      until_ms: Math.floor(to_ms / step_ms) * step_ms + step_ms,
      cause: "our_failure",
      strength: STRENGTH.lost,
      evidence: `the raw file ${key} held bars of this time and ${where}: bring it back from a copy`,
    }];
  });
}
