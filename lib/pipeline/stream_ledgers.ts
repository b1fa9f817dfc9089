/** The completeness ledger of a lake: bars from the tables, evidence from everywhere, judged. */
import type { StreamBars } from "../core/gap_finder.ts";
import { type GapEvidence, STRENGTH } from "../core/gaps.ts";
import type { ObjectStore } from "../lake/store.ts";
import {
  clipGaps,
  countDays,
  type DayCounts,
  type GapColumns,
  type JudgedGaps,
  judgeGaps,
  type StreamSpan,
} from "../quality/completeness.ts";
import { backfillEvidence } from "../warehouse/backfill_evidence.ts";
import type { BackfillRecord } from "../warehouse/backfill_records.ts";
import { type BarStream, feeds, readFilledDays, readStreamBars } from "../warehouse/bar_streams.ts";
import type { CandleRecord } from "../warehouse/candle_records.ts";
import type { DuckDb } from "../warehouse/engine_duckdb.ts";
import { lostFiles, lostPartitions } from "../warehouse/lost_evidence.ts";
import { refusedEvidence } from "../warehouse/refused_evidence.ts";
import { daysOfEarlier, sourceSpans } from "../warehouse/silver_units.ts";
import { unreadBars } from "../warehouse/unread_bars.ts";
import type { LakeFacts } from "./lake_facts.ts";

/** What one stream should hold, holds and lacks. */
export interface StreamLedger {
  symbol: string;
  timeframe: string;
  /** First bar and end (not included), epoch milliseconds. */
  from_ms: number;
  until_ms: number;
  /** Milliseconds of a bar. */
  step_ms: number;
  /** Bars that should be there: `present + filled + absent`. */
  expected: number;
  /** Bars of the stream's own sources. */
  present: number;
  /** Bars that another source filled in. */
  filled: number;
  absent: number;
  /** Bars of the stream's time that are not over yet; they are not expected. */
  not_yet_due: number;
  gaps: JudgedGaps;
  days(): DayCounts[];
}

/** What to look at. */
export interface LedgerQuery {
  /** The clock. */
  now: Date;
  /** Instead of the stream's own ends; gaps are judged over the whole stream nevertheless. */
  from?: Date | undefined;
  until?: Date | undefined;
}

/** Hours are made of minutes, and days of hours: what the shorter bars lack explains what the longer ones lack. */
const MADE_OF: Readonly<Record<string, string>> = { "1h": "1m", "1d": "1h" };

/** Bars that were walked over already, by {@linkcode streamName}. */
export type SeenBars = ReadonlyMap<string, StreamBars>;

/** What a stream is known by: `BTCUSD 1m`. */
export function streamName({ symbol, timeframe }: { symbol: string; timeframe: string }): string {
  return `${symbol} ${timeframe}`;
}

/**
 * The ledgers of a lake's streams, one after the other. A stream without any time (no bar, and nothing was asked for,
 * or no time that the query wants) has none.
 *
 * @param wanted Which streams; all of them where it is left out.
 * @param seen Their published bars, all of them, where somebody has walked over them; others are read.
 */
export async function* streamLedgers(
  engine: DuckDb,
  store: ObjectStore,
  { facts, query, wanted = () => true, seen = new Map() }: {
    facts: LakeFacts;
    query: LedgerQuery;
    wanted?: (stream: BarStream) => boolean;
    seen?: SeenBars | Promise<SeenBars>;
  },
): AsyncGenerator<StreamLedger> {
  const streams = neededStreams(facts.streams, wanted);
  // A session of its own: the next stream's bars come while this one is judged, and its caller writes it down.
  using reader = await engine.fork();
  const read = async (stream: BarStream | undefined): Promise<StreamBars | null> => {
    if (stream === undefined) return null;
    const { due_ms } = askedRange(stream, query);
    const known = (await seen).get(streamName(stream));
    return known && (known.last_ms ?? -Infinity) < due_ms
      ? known
      : await readStreamBars(reader, store, stream, due_ms);
  };
  let ahead = read(streams[0]);
  /** Of the symbol, by length. */
  const shorter = new Map<string, JudgedStream | null>();
  try {
    for (const [i, stream] of streams.entries()) {
      const bars = (await ahead)!;
      ahead = read(streams[i + 1]);
      ahead.catch(() => {}); // told when its turn comes
      if (stream.symbol !== streams[i - 1]?.symbol) shorter.clear();
      const below = shorter.get(MADE_OF[stream.timeframe] ?? "") ?? null;
      const judged = await judgeStream(engine, store, { stream, bars, facts, query, below });
      if (stream.keys.length > 0) shorter.set(stream.timeframe, judged);
      if (judged === null || !wanted(stream)) continue;
      const ledger = await ledgerWithin(engine, store, { judged, facts, query });
      if (ledger !== null) yield ledger;
    }
  } finally {
    await Promise.allSettled([ahead]);
  }
}

/** The streams that are wanted, and those that they are made of; shorter bars come first, as in `streams`. */
function neededStreams(streams: readonly BarStream[], wanted: (stream: BarStream) => boolean): BarStream[] {
  const explains = new Set<string>();
  return streams.toReversed().filter((stream) => {
    const needed = wanted(stream) || (explains.has(streamName(stream)) && stream.keys.length > 0);
    const shorter = MADE_OF[stream.timeframe];
    if (needed && shorter !== undefined) explains.add(streamName({ ...stream, timeframe: shorter }));
    return needed;
  }).reverse();
}

/** What a question asks for of a stream, and until when bars are over by the clock: all on the bars' grid. */
function askedRange({ step_ms }: BarStream, { now, from, until }: LedgerQuery) {
  const onGrid = (instant: Date) => Math.ceil(instant.getTime() / step_ms) * step_ms;
  return {
    from_ms: from === undefined ? -Infinity : onGrid(from),
    until_ms: until === undefined ? Infinity : onGrid(until),
    due_ms: Math.floor(now.getTime() / step_ms) * step_ms,
  };
}

/** A stream with the causes of all its gaps. */
interface JudgedStream {
  stream: BarStream;
  /** The stream's own ends, as far as it is over, and what is asked for beyond them. */
  span: StreamSpan;
  /** Its own ends, over or not. */
  own: { from_ms: number; until_ms: number };
  gaps: JudgedGaps;
}

/** The whole stream is judged, whatever part of it is wanted: a part would be compared with less of the market. */
async function judgeStream(
  engine: DuckDb,
  store: ObjectStore,
  { stream, bars, facts, query, below }: {
    stream: BarStream;
    bars: StreamBars;
    facts: LakeFacts;
    query: LedgerQuery;
    /** Of the shorter bars that these are made of. */
    below: JudgedStream | null;
  },
): Promise<JudgedStream | null> {
  const { symbol, timeframe, step_ms } = stream;
  const ofSymbol = <T extends { symbol: string; timeframe: string }>(items: readonly T[]) =>
    items.filter((item) => item.symbol === symbol && feeds(item.timeframe, timeframe));
  const files = ofSymbol(facts.files), backfills = ofSymbol(facts.backfills);
  const own = ownEnds(bars, { files, backfills, step_ms });
  const asked = wantedRange(stream, own, query);
  const from_ms = Math.min(own.from_ms, asked?.from_ms ?? Infinity);
  const end = Math.max(own.until_ms, asked?.whole_ms ?? -Infinity);
  if (!Number.isFinite(from_ms) || !Number.isFinite(end)) return null;
  const until_ms = Math.max(from_ms, Math.min(end, askedRange(stream, query).due_ms));
  const span = { from_ms, until_ms, step_ms };
  const gaps = gapsWithin(bars, span);
  const barsWithin = barCounter(gaps, span);
  const sources = sourceSpans(files.toSorted((a, b) => a.arrival - b.arrival));
  const evidence: GapEvidence[] = gaps.missing.length === 0 ? [] : [
    ...backfillEvidence(backfills, (key) => {
      if (!facts.raw.has(key)) return "nothing";
      return facts.files.some((file) => file.key === key) ? "rows" : "bytes";
    }, ({ exchange, timeframe }) => daysOfEarlier(sources, { source: exchange, timeframe })),
    ...facts.refused.filter((letter) => ofSymbol([letter]).length > 0)
      .flatMap((letter) => refusedEvidence(letter, step_ms)),
    ...lostPartitions(stream, facts.partitions),
    ...lostFiles(files, { keys: facts.raw, aside: facts.partitions.aside, step_ms, barsWithin }),
    ...await unreadBars(engine, store, {
      stream,
      records: files.filter((file) => file.timeframe === timeframe),
      there: facts.raw,
      barsWithin,
    }),
    ...finerEvidence(below, step_ms),
  ];
  return { stream, span, own, gaps: judgeGaps(gaps, span, evidence) };
}

/** What a query wants of a stream, null where that is nothing; `whole_ms` is its end, over or not. */
function wantedRange(
  stream: BarStream,
  own: { from_ms: number; until_ms: number },
  query: LedgerQuery,
): { from_ms: number; until_ms: number; whole_ms: number } | null {
  const asked = askedRange(stream, query);
  const from_ms = query.from === undefined ? own.from_ms : asked.from_ms;
  const whole_ms = query.until === undefined ? own.until_ms : asked.until_ms;
  if (!Number.isFinite(from_ms) || !Number.isFinite(whole_ms) || whole_ms <= from_ms) return null;
  return { from_ms, until_ms: Math.max(from_ms, Math.min(whole_ms, asked.due_ms)), whole_ms };
}

/** The part of a judged stream that a query wants; null where that is nothing. */
async function ledgerWithin(
  engine: DuckDb,
  store: ObjectStore,
  { judged: { stream, own, gaps: all }, facts, query }: {
    judged: JudgedStream;
    facts: LakeFacts;
    query: LedgerQuery;
  },
): Promise<StreamLedger | null> {
  const { symbol, timeframe, step_ms } = stream;
  const wanted = wantedRange(stream, own, query);
  if (wanted === null) return null;
  const { whole_ms, ...range } = wanted;
  const span = { ...range, step_ms };
  const gaps = query.from === undefined && query.until === undefined ? all : clipGaps(all, span);
  const fills = facts.fills.filter((fill) => fill.symbol === symbol && fill.timeframe === timeframe);
  const filledDays = await readFilledDays(engine, store, stream, { fills, ...span });
  const absent = sum(gaps.missing), filled = sum(filledDays.values());
  const expected = (span.until_ms - span.from_ms) / step_ms;
  return {
    symbol,
    timeframe,
    ...span,
    expected,
    present: expected - absent - filled,
    filled,
    absent,
    not_yet_due: (whole_ms - span.until_ms) / step_ms,
    gaps,
    days: () => countDays(gaps, span, filledDays),
  };
}

/** The causes of the shorter bars' gaps, where a longer bar starts in one. */
function finerEvidence(below: JudgedStream | null, step_ms: number): GapEvidence[] {
  if (below === null) return [];
  const { gaps, stream: { timeframe, step_ms: short } } = below;
  const evidence: GapEvidence[] = [];
  for (let i = 0; i < gaps.count; i++) {
    const from_ms = gaps.from_ms[i]!, until_ms = from_ms + gaps.missing[i]! * short;
    if (Math.ceil(from_ms / step_ms) * step_ms >= until_ms) continue;
    const { cause, evidence: sentence } = gaps.at(i);
    evidence.push({
      from_ms,
      until_ms,
      cause,
      strength: STRENGTH.shorter_bars,
      evidence: /^\w+ bars: /.test(sentence) ? sentence : `${timeframe} bars: ${sentence}`,
    });
  }
  return evidence;
}

/** From the first to the last of a stream's bars, raw files and questions; no file is taken to reach until today. */
function ownEnds(
  bars: StreamBars,
  { files, backfills, step_ms }: {
    files: readonly CandleRecord[];
    backfills: readonly BackfillRecord[];
    step_ms: number;
  },
): { from_ms: number; until_ms: number } {
  let from_ms = bars.first_ms ?? Infinity, last_ms = bars.last_ms ?? -Infinity;
  const see = (first: number, last: number) => {
    from_ms = Math.min(from_ms, Math.floor(first / step_ms) * step_ms);
    last_ms = Math.max(last_ms, Math.floor(last / step_ms) * step_ms);
  };
  for (const file of files) {
    if (file.from_ms !== undefined && file.to_ms !== undefined) see(file.from_ms, file.to_ms);
  }
  for (const piece of backfills) see(piece.from_ms, piece.until_ms - 1);
  return { from_ms, until_ms: last_ms + step_ms };
}

/** The gaps between bars, and those before the first and after the last one. */
function gapsWithin(
  { first_ms, last_ms, from_ms, missing }: StreamBars,
  { step_ms, ...span }: { from_ms: number; until_ms: number; step_ms: number },
): GapColumns {
  const first = first_ms ?? span.until_ms, end = last_ms === null ? span.until_ms : last_ms + step_ms;
  const head = (first - span.from_ms) / step_ms, tail = (span.until_ms - end) / step_ms;
  return {
    from_ms: joined(head > 0 ? [span.from_ms] : [], from_ms, tail > 0 ? [end] : []),
    missing: joined(head > 0 ? [head] : [], missing, tail > 0 ? [tail] : []),
  };
}

function joined(head: readonly number[], middle: Float64Array, tail: readonly number[]): Float64Array {
  const all = new Float64Array(head.length + middle.length + tail.length);
  all.set(head);
  all.set(middle, head.length);
  all.set(tail, head.length + middle.length);
  return all;
}

/** Counts bars in a range of time, from the gaps alone. */
function barCounter(
  { from_ms, missing }: GapColumns,
  span: { from_ms: number; until_ms: number; step_ms: number },
): (from: number, until: number) => number {
  const before = new Float64Array(missing.length + 1);
  missing.forEach((bars, i) => before[i + 1] = before[i]! + bars);
  const barsBefore = (instant: number) => {
    const at = Math.min(Math.max(instant, span.from_ms), span.until_ms);
    let low = 0, high = from_ms.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (from_ms[middle]! < at) low = middle + 1;
      else high = middle;
    }
    const inLast = low === 0
      ? 0
      : Math.max(0, missing[low - 1]! - Math.ceil((at - from_ms[low - 1]!) / span.step_ms));
    return Math.ceil((at - span.from_ms) / span.step_ms) - before[low]! + inLast;
  };
  return (from, until) => barsBefore(until) - barsBefore(from);
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
