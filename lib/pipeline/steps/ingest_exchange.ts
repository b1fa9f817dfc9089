/** History of an exchange into `raw/`, piece by piece; a piece that is in the lake is not asked for again. */
import { SourceError } from "../../core/errors.ts";
import type { ObjectHash } from "../../lake/run_log.ts";
import { commitLost, commitPiece, type CommittedPiece, type HistoryWork } from "../backfill/commit_piece.ts";
import { type FetchedPiece, fetchPiece } from "../backfill/fetch_piece.ts";
import { HistoryLedger } from "../backfill/history_ledger.ts";
import { historyName } from "../backfill/history_question.ts";
import { pieceName } from "../backfill/pieces.ts";
import { barsIn, type HistoryPlan, planHistory, type WantedPiece } from "../backfill/plan_history.ts";
import type { RunContext, StepResult } from "../context.ts";
import { writeCompleteness } from "../write_completeness.ts";

/** So many pieces may fail in a row before the exchange is left alone. */
const FAILURES = 3;

/**
 * Takes in what is missing of a history.
 *
 * @throws {SourceError} where nothing new came, and something should have.
 * @throws {ConfigError} where Deno may not reach the exchange.
 */
export async function ingestExchange(context: RunContext): Promise<StepResult> {
  try {
    return await takeHistory(context);
  } catch (error) {
    // No later step runs, and what was asked for in vain is expected from now on: the ledger's tables say so.
    if (error instanceof SourceError) {
      await writeCompleteness(context).catch((failure) =>
        context.effects.log.warn(`Cannot bring the completeness ledger up to date: ${failure.message}`)
      );
    }
    throw error;
  }
}

async function takeHistory(context: RunContext): Promise<StepResult> {
  const question = context.settings.exchange!;
  const { store, effects: { log } } = context;
  const ledger = await HistoryLedger.open(store, question);
  const work = { context, question, ledger };
  const plan = planHistory(question, ledger.covered());
  for (const piece of plan.lost) await commitLost(work, piece);
  if (plan.lost.length > 0) {
    const words = lostWords(work, plan);
    if (plan.pieces.length === 0 && plan.had === 0) throw new SourceError(words);
    log.warn(words);
  }
  const totals = await takePieces(work, plan.pieces);
  const name = historyName(question);
  if (totals.failures.length > 0) {
    const rest = plan.pieces.length - totals.done - totals.failures.length;
    const words = `Cannot fetch ${totals.failures.length} of ${plan.pieces.length} pieces of "${name}": ${
      totals.failures.at(-1)
    }${rest > 0 ? `; ${rest} more were not asked for` : ""}; run again to go on`;
    if (totals.committed === 0) throw new SourceError(words, { retryable: true });
    log.warn(words);
    context.partial = true;
  }
  if (plan.pieces.length === 0) {
    const detail = `nothing to ask for: ${plan.had} bars of ${name} were asked for already`;
    return { status: "skipped", rows_in: 0, rows_out: 0, detail, requests: 0 };
  }
  return {
    status: totals.failures.length > 0 || plan.lost.length > 0 ? "warn" : "ok",
    rows_in: totals.bars,
    rows_out: totals.bars,
    detail: `${name}: ${countWords(totals)} in ${totals.committed} pieces`,
    outputs: totals.outputs,
    requests: totals.requests,
  };
}

/** Counts of some pieces. */
interface Counts {
  bars: number;
  requests: number;
  absent: number;
  short_pages: number;
}

interface Totals extends Counts {
  /** Pieces that came whole. */
  done: number;
  /** Pieces of which something is in the lake now. */
  committed: number;
  failures: string[];
  outputs: ObjectHash[];
}

async function takePieces(work: HistoryWork, pieces: readonly WantedPiece[]): Promise<Totals> {
  const totals: Totals = {
    bars: 0,
    requests: 0,
    absent: 0,
    short_pages: 0,
    done: 0,
    committed: 0,
    failures: [],
    outputs: [],
  };
  let inARow = 0;
  for (const piece of pieces) {
    const fetched = await fetchPiece(work.question, piece);
    const committed = await commitPiece(work, piece, fetched);
    const counts = countsOf(fetched, committed);
    say(work, piece, { fetched, committed, counts });
    totals.bars += counts.bars;
    totals.requests += counts.requests;
    totals.absent += counts.absent;
    totals.short_pages += counts.short_pages;
    totals.outputs.push(...committed.outputs);
    if (committed.name !== null) totals.committed += 1;
    if (committed.failure === null) {
      totals.done += 1;
      inARow = 0;
      continue;
    }
    totals.failures.push(committed.failure);
    inARow += 1;
    if (inARow === FAILURES) break;
  }
  return totals;
}

function countsOf(fetched: FetchedPiece, { bars }: CommittedPiece): Counts {
  const { requests, absent, short_pages, failure } = fetched;
  return {
    bars,
    requests: requests + (failure?.requests ?? 0),
    absent: absent.reduce((sum, { missing }) => sum + missing, 0),
    short_pages,
  };
}

/** A line a piece, for a person who waits. */
function say(
  { question, context: { effects: { log } } }: HistoryWork,
  piece: WantedPiece,
  { fetched: { conflicts, rejects }, committed: { name, refused, failure }, counts }: {
    fetched: FetchedPiece;
    committed: CommittedPiece;
    counts: Counts;
  },
): void {
  const more = [
    conflicts > 0 ? `${conflicts} bars came with two values, the later one stands` : "",
    rejects > 0 ? `${rejects} rows are no bars` : "",
    refused > 0 ? `${refused} bars were refused, they are kept in dead_letters/ingest/` : "",
  ].filter((words) => words !== "");
  const line = [`${historyName(question)} ${name ?? pieceName(piece)}: ${countWords(counts)}`, ...more].join(
    ", ",
  );
  if (failure === null) log.info(line);
  else log.warn(`${line}; ${failure}`);
}

function countWords({ bars, requests, absent, short_pages }: Counts): string {
  return `${bars} bars, ${requests} requests, ${absent} absent, ${short_pages} short pages`;
}

function lostWords({ question }: HistoryWork, { lost, reach_ms }: HistoryPlan): string {
  const { client, timeframe, symbol } = question;
  const from = new Date(reach_ms).toISOString().replace(".000Z", "Z");
  return `Cannot fetch ${
    barsIn(lost, timeframe)
  } bars of "${symbol}" from ${client.name}: it gives only the newest ` +
    `${client.newest_only} bars of ${timeframe}, from ${from} on, take older ones from another exchange or use longer bars`;
}
