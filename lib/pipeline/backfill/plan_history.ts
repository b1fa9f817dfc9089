/** Which pieces of a history are to be asked for, which have been had, and which cannot be had any more. */
import { closedUntil, oldestReach } from "../../sources/exchange_window.ts";
import { planWindows, timeframeMs } from "../../sources/exchange_windows.ts";
import type { HistoryQuestion } from "./history_question.ts";
import { calendarPieces, type Piece, type Span, unitSpan, without } from "./pieces.ts";

/** A piece to ask for: its bars are over. */
export interface WantedPiece extends Piece {
  /** Up to here its unit is wanted; later than `until_ms` where the rest is not over yet. */
  wanted_until_ms: number;
}

/** What is left to do for a history. */
export interface HistoryPlan {
  /** Oldest first. */
  pieces: WantedPiece[];
  /** Older than the exchange's memory. */
  lost: Piece[];
  /** From here on bars can be had; `-Infinity` where all can. */
  reach_ms: number;
  /** Bars that were asked for already, those included that the exchange denied. */
  had: number;
}

/**
 * Plans a history.
 *
 * @param covered What need not be asked for again.
 *
 * @example The current month is open
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openExchange } from "../../sources/exchange.ts";
 * const effects = {
 *   fetch,
 *   now: () => new Date("2024-02-10T12:00:30Z"),
 *   sleep: () => Promise.resolve(),
 *   random: () => 0.5,
 *   log: { info() {}, warn() {} },
 * };
 * const question = {
 *   client: await openExchange("bitstamp", effects),
 *   symbol: "BTC/USD",
 *   lake_symbol: "BTCUSD",
 *   timeframe: "1m",
 *   since_ms: Date.UTC(2024, 0),
 *   until_ms: Infinity,
 * };
 * assertEquals(planHistory(question, [{ from_ms: Date.UTC(2024, 0), until_ms: Date.UTC(2024, 1) }]).pieces, [{
 *   unit: "2024-02",
 *   from_ms: Date.UTC(2024, 1),
 *   until_ms: Date.UTC(2024, 1, 10, 12),
 *   wanted_until_ms: Date.UTC(2024, 2),
 * }]);
 * ```
 */
export function planHistory(question: HistoryQuestion, covered: readonly Span[]): HistoryPlan {
  const { client, timeframe } = question;
  const step = timeframeMs(timeframe);
  const [since, until] = [question.since_ms, question.until_ms].map((time) =>
    Math.floor(time / step) * step
  ) as [number, number];
  const over = Math.min(until, closedUntil(client.effects.now(), null, step));
  // One bar later than the exchange's memory begins, because it forgets while we get there.
  const reach_ms = Math.ceil(oldestReach(client, timeframe) / step) * step + step;
  const missing = without({ from_ms: since, until_ms: over }, covered);
  const had = Math.max(0, over - since) / step - barsIn(missing, timeframe);
  const plan: HistoryPlan = { pieces: [], lost: [], reach_ms, had };
  for (const span of missing) {
    for (const piece of calendarPieces(span, step)) {
      const { from_ms, until_ms } = piece;
      if (from_ms < reach_ms) plan.lost.push({ ...piece, until_ms: Math.min(until_ms, reach_ms) });
      if (until_ms <= reach_ms) continue;
      const wanted_until_ms = until_ms === over ? Math.min(unitSpan(piece.unit).until_ms, until) : until_ms;
      plan.pieces.push({ ...piece, from_ms: Math.max(from_ms, reach_ms), wanted_until_ms });
    }
  }
  return plan;
}

/** Bars in stretches of time. */
export function barsIn(spans: readonly Span[], timeframe: string): number {
  return spans.reduce((sum, { from_ms, until_ms }) => sum + (until_ms - from_ms) / timeframeMs(timeframe), 0);
}

/** Requests that a piece takes where every page is full and every bar exists. */
export function leastRequests({ client, timeframe }: HistoryQuestion, { from_ms, until_ms }: Span): number {
  return planWindows({ since: from_ms, until: until_ms, timeframe, limit: client.page_limit }).length;
}
