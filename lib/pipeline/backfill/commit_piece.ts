/**
 * A fetched piece into the lake: the exact answers, then the candles, then the ledger's record. A crash between them
 * leaves objects that the next run writes again; only the record makes a piece count as done.
 */
import { QualityError } from "../../core/errors.ts";
import { rawExchangeKey } from "../../lake/keys.ts";
import type { ObjectHash } from "../../lake/run_log.ts";
import type { BackfillRecord } from "../../warehouse/backfill_records.ts";
import type { RunContext } from "../context.ts";
import { ingestCandleFile } from "../steps/ingest_candles.ts";
import type { FetchedPiece } from "./fetch_piece.ts";
import type { HistoryLedger } from "./history_ledger.ts";
import type { HistoryQuestion } from "./history_question.ts";
import { encodeCandles, encodeReplies } from "./piece_files.ts";
import { type Piece, pieceName } from "./pieces.ts";
import type { WantedPiece } from "./plan_history.ts";

/** What came of a piece. */
export interface CommittedPiece {
  /** Name of the part that is in the lake; null where nothing is. */
  name: string | null;
  /** Candles in the lake. */
  bars: number;
  /** Bars that are no candles, such as one with a price of zero: they are among the dead letters. */
  refused: number;
  /** Why a part of it is not. */
  failure: string | null;
  outputs: readonly ObjectHash[];
}

/** What the commit of a piece needs. */
export interface HistoryWork {
  context: RunContext;
  question: HistoryQuestion;
  ledger: HistoryLedger;
}

/** Commits a piece: what was verified, and what failed as a record of its own. */
export async function commitPiece(
  work: HistoryWork,
  piece: WantedPiece,
  fetched: FetchedPiece,
): Promise<CommittedPiece> {
  const committed: CommittedPiece = { name: null, bars: 0, refused: 0, failure: null, outputs: [] };
  if (fetched.until_ms > piece.from_ms) {
    Object.assign(committed, await commitVerified(work, piece, fetched));
  }
  if (fetched.failure !== null) {
    const { message, ...failure } = fetched.failure;
    const rest = { unit: piece.unit, from_ms: fetched.until_ms, until_ms: piece.wanted_until_ms };
    const record = { ...blank(work, rest), outcome: "failed" as const, detail: message, ...failure };
    await work.ledger.write(pieceName(rest), { ...record, closed_until_ms: piece.until_ms });
    committed.failure = message;
  }
  return committed;
}

async function commitVerified(
  work: HistoryWork,
  { unit, from_ms, wanted_until_ms }: WantedPiece,
  { until_ms, candles, replies, failure, ...fetched }: FetchedPiece,
): Promise<Partial<CommittedPiece>> {
  const { context, question, ledger } = work;
  const { client, lake_symbol, timeframe } = question;
  const verified = { unit, from_ms, until_ms };
  const name = pieceName(verified);
  const raw = rawExchangeKey({ exchange: client.name, symbol: lake_symbol, timeframe, piece: name });
  await context.store.put(raw, encodeReplies(replies));
  const open = failure === null && until_ms < wanted_until_ms;
  const { requests, short_pages, overlaps, absent } = fetched;
  const record: BackfillRecord = {
    ...blank(work, { ...verified, until_ms: open ? wanted_until_ms : until_ms }),
    closed_until_ms: until_ms,
    outcome: open ? "open" : "complete",
    requests,
    short_pages,
    overlaps,
    absent,
    raw,
  };
  if (candles.length === 0) return { name, outputs: await ledger.write(name, record) };
  const path = `${await context.store.scratch()}/${name}.csv.gz`;
  await Deno.writeFile(path, encodeCandles(candles));
  try {
    const file = { source: client.name, symbol: lake_symbol, timeframe };
    const { key, rows, rejects } = await ingestCandleFile(context, path, file);
    const outputs = await ledger.write(name, { ...record, candles: key });
    return { name, bars: rows, refused: rejects.length, outputs };
  } catch (error) {
    if (!(error instanceof QualityError)) throw error;
    // Not one of its bars is a candle: asked for again in the next run, like any failure.
    const failed = { ...record, outcome: "failed" as const, detail: error.message };
    return { failure: error.message, outputs: await ledger.write(name, failed) };
  } finally {
    await Deno.remove(path);
  }
}

/** Writes down that a piece cannot be had any more; once. */
export async function commitLost(work: HistoryWork, piece: Piece): Promise<void> {
  const name = pieceName(piece);
  if (work.ledger.knowsLost(name, piece)) return;
  const { name: exchange, newest_only } = work.question.client;
  await work.ledger.write(name, {
    ...blank(work, piece),
    outcome: "plan_limit",
    detail: `${exchange} gives only the newest ${newest_only} bars`,
  });
}

function blank(
  { context, question }: HistoryWork,
  { from_ms, until_ms }: Piece,
): Omit<BackfillRecord, "outcome"> {
  return {
    exchange: question.client.name,
    symbol: question.lake_symbol,
    timeframe: question.timeframe,
    from_ms,
    until_ms,
    closed_until_ms: until_ms,
    detail: "",
    asked_at: context.effects.now().toISOString(),
    requests: 0,
    short_pages: 0,
    overlaps: 0,
    absent: [],
    raw: null,
    candles: null,
  };
}
