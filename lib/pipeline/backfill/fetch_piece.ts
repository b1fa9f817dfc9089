/** Fetches one piece of history, window by window, each verified. */
import type { Candle } from "../../core/rows.ts";
import { SourceError } from "../../core/errors.ts";
import type { ExchangeReply } from "../../sources/exchange.ts";
import { type AbsentBars, fetchWindow } from "../../sources/exchange_window.ts";
import { planWindows } from "../../sources/exchange_windows.ts";
import type { BackfillRecord } from "../../warehouse/backfill_records.ts";
import type { HistoryQuestion } from "./history_question.ts";
import type { Span } from "./pieces.ts";

/** What came of a piece, up to its first window that failed. */
export interface FetchedPiece
  extends Pick<BackfillRecord, "requests" | "short_pages" | "overlaps" | "absent"> {
  /** Every bar before it was seen or denied; the end of the piece where nothing failed. */
  until_ms: number;
  candles: Candle[];
  replies: ExchangeReply[];
  /** Bars that came twice with different values: the later one stands. */
  conflicts: number;
  /** Rows that are no bars. */
  rejects: number;
  failure: { message: string; retryable: boolean; requests: number } | null;
}

/**
 * Fetches a piece. A window that fails for good ends it: what came before stays.
 *
 * @throws {ConfigError} where Deno may not reach the host.
 */
export async function fetchPiece(
  { client, symbol, timeframe }: HistoryQuestion,
  { from_ms, until_ms }: Span,
): Promise<FetchedPiece> {
  const piece: FetchedPiece = {
    until_ms: from_ms,
    candles: [],
    replies: [],
    requests: 0,
    short_pages: 0,
    overlaps: 0,
    absent: [],
    conflicts: 0,
    rejects: 0,
    failure: null,
  };
  for (
    const window of planWindows({ since: from_ms, until: until_ms, timeframe, limit: client.page_limit })
  ) {
    const before = client.requests;
    try {
      const result = await fetchWindow(client, { symbol, window });
      // One by one: a spread of so many arguments would not fit on the stack.
      for (const candle of result.candles) piece.candles.push(candle);
      piece.replies.push(...result.raw);
      piece.absent.push(...result.absent.map(absentSpan));
      piece.requests += client.requests - before;
      piece.short_pages += result.short_pages;
      piece.overlaps += result.overlaps;
      piece.conflicts += result.conflicts.length;
      piece.rejects += result.rejects.length;
      piece.until_ms = result.closed_until_ms;
      // The exchange's clock is behind ours: the rest is not over for it.
      if (!result.complete) break;
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      const { message, retryable } = error;
      piece.failure = { message, retryable, requests: client.requests - before };
      break;
    }
  }
  return piece;
}

function absentSpan({ from, to, missing, cause, evidence }: AbsentBars): BackfillRecord["absent"][number] {
  return { from_ms: Date.parse(from), until_ms: Date.parse(to), missing, cause, evidence };
}
