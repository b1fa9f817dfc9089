/** Refused rows as evidence: what came for a bar, and could not be a bar. */
import { z } from "zod";
import { type GapEvidence, STRENGTH } from "../core/gaps.ts";
import { readLetter, waitingLetters } from "../lake/dead_letters.ts";
import { decodeNdjson } from "../lake/ndjson.ts";
import type { ObjectStore } from "../lake/store.ts";
import { partitionOf } from "./bar_streams.ts";
import type { CandleRecord } from "./candle_records.ts";

const REJECT = z.object({ reason: z.string(), raw: z.string() });

/** Refused rows of one file, those whose time can still be read. */
export interface RefusedBars {
  symbol: string;
  timeframe: string;
  /** Key of the letter. */
  letter: string;
  rows: { time_ms: number; reason: string }[];
}

/** Reads the dead letters of candle files. */
export async function readRefusedBars(
  store: ObjectStore,
  records: readonly CandleRecord[],
): Promise<RefusedBars[]> {
  const refused: RefusedBars[] = [];
  for (const key of await waitingLetters(store, "ingest")) {
    const bytes = await store.get(`${key.slice(0, -".json".length)}.rows.ndjson.gz`);
    const letter = bytes === null ? null : await readLetter(store, key);
    if (!bytes || !letter?.refused) continue;
    const { unit, origin } = letter.refused;
    const record = records.find(({ key, sha256 }) =>
      key === origin || unit.endsWith(`.${sha256.slice(0, 16)}`)
    );
    const { symbol, timeframe } = record ?? partitionOf(origin);
    if (symbol === undefined || timeframe === undefined) continue;
    const rows = decodeNdjson(bytes, key).flatMap((row) => {
      const parsed = REJECT.safeParse(row);
      const time_ms = parsed.success ? refusedTime(parsed.data.raw) : null;
      return time_ms === null ? [] : [{ time_ms, reason: parsed.data!.reason }];
    });
    refused.push({ symbol, timeframe, letter: key, rows });
  }
  return refused;
}

/**
 * The time that a refused line speaks of, or null where it cannot be read. The line may be of any layout, so the first
 * cell that can only be a time is taken.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(refusedTime("1512086400000,x,2,3,1,5"), 1512086400000);
 * assertEquals(refusedTime("1512086400,x,2,3,1,5"), 1512086400000);
 * assertEquals(refusedTime("BTCUSD;2017-12-01 00:00:00;x"), 1512086400000);
 * assertEquals(refusedTime("x,1,2"), null);
 * ```
 */
export function refusedTime(line: string): number | null {
  for (const cell of line.split(/[,;\t]/).map((text) => text.trim().replaceAll('"', ""))) {
    if (/^\d{12,13}$/.test(cell)) return Number(cell);
    if (/^\d{9,10}$/.test(cell)) return Number(cell) * 1000;
    const [, day, time = "00:00"] = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?))?/.exec(cell) ?? [];
    const ms = day === undefined ? NaN : Date.parse(`${day}T${time}Z`);
    if (!Number.isNaN(ms)) return ms;
  }
  return null;
}

/** The evidence of refused rows for a stream with bars of a length; neighbouring bars are one piece. */
export function refusedEvidence({ letter, rows }: RefusedBars, step_ms: number): GapEvidence[] {
  const bars = Map.groupBy(rows, ({ time_ms }) => Math.floor(time_ms / step_ms) * step_ms);
  const pieces: { from_ms: number; until_ms: number; count: number; reasons: Set<string> }[] = [];
  for (const [from_ms, refused] of [...bars].sort((a, b) => a[0] - b[0])) {
    let piece = pieces.at(-1);
    if (piece?.until_ms !== from_ms) {
      piece = { from_ms, until_ms: from_ms, count: 0, reasons: new Set() };
      pieces.push(piece);
    }
    piece.until_ms += step_ms;
    piece.count += refused.length;
    for (const { reason } of refused) piece.reasons.add(reason);
  }
  return pieces.map(({ from_ms, until_ms, count, reasons }) => ({
    from_ms,
    until_ms,
    cause: "our_failure",
    strength: STRENGTH.refused,
    evidence: `${count} ${count === 1 ? "row" : "rows"} came and ${count === 1 ? "was" : "were"} refused (${
      [...reasons].join(", ")
    }), kept in ${letter}`,
  }));
}
