/** What the answers of exchanges say of bars that are not there. */
import { type GapEvidence, STRENGTH } from "../core/gaps.ts";
import type { BackfillRecord } from "./backfill_records.ts";

type Range = readonly [number, number];

/** What the lake has of an object; `rows` where they are compared with the tables anyway, see `unread_bars.ts`. */
export type ObjectPresence = (key: string) => "nothing" | "bytes" | "rows";

/** Ranges of time in which the tables show another source's bars than those that an exchange gave. */
export type RangesOfOthers = (of: Pick<BackfillRecord, "exchange" | "timeframe">) => readonly Range[];

/** The fix for a range that an exchange was not asked for, or whose answer is lost. */
export function backfillLine(
  { exchange, symbol, timeframe, from_ms }: Pick<
    BackfillRecord,
    "exchange" | "symbol" | "timeframe" | "from_ms"
  >,
): string {
  const [, base, quoted] = /^(.+?)(USDT|USDC|USD|EUR|GBP|JPY|BTC|ETH)$/.exec(symbol) ?? [];
  const market = base === undefined ? symbol : `${base}/${quoted}`;
  const since = new Date(from_ms).toISOString().slice(0, 10);
  return `deno task backfill --exchange ${exchange} --symbol ${market} --timeframe ${timeframe} --since ${since}`;
}

/** Words of a failure that lies with the source or the way to it, where no status says so. */
const NO_ANSWER =
  /no (complete )?answer|timed? ?out|connection|connect|network|unreachable|maintenance|offline|try again later/i;

/** What a failure was: the source gave no answer, or refused the question, or it could not be asked at all. */
function failureOf(
  { detail, retryable }: BackfillRecord,
): "did not answer" | "refused" | "could not be asked" {
  const status = Number(/status is (\d{3})/.exec(detail)?.[1] ?? 0);
  // An answer's status is the exchange's own word; what follows it may be our advice to check the network.
  if (status >= 500 || status === 408 || status === 425) return "did not answer";
  if (status >= 300) return "refused";
  return retryable ?? NO_ANSWER.test(detail) ? "did not answer" : "could not be asked";
}

/**
 * Evidence from what exchanges were asked for. Where pieces overlap, the one that was asked last counts. Where the
 * tables show another source's bars an exchange's word is none: it says nothing of why that source lacks a bar.
 *
 * @param present What the lake still has of an object: nothing, its bytes, or its rows among the raw candles.
 * @param ofOthers Where that is; nowhere if it is left out.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const piece = {
 *   exchange: "bitstamp", symbol: "BTCUSD", timeframe: "1m", from_ms: 0, until_ms: 600_000, closed_until_ms: 600_000,
 *   outcome: "failed" as const, detail: "status is 503", asked_at: "2026-01-01T00:00:00.000Z", requests: 5,
 *   short_pages: 0, overlaps: 0, absent: [], raw: null, candles: null,
 * };
 * const [evidence] = backfillEvidence([piece], () => "bytes");
 * assertEquals([evidence!.cause, evidence!.until_ms], ["source_offline", 600_000]);
 * ```
 */
export function backfillEvidence(
  records: readonly BackfillRecord[],
  present: ObjectPresence,
  ofOthers: RangesOfOthers = () => [],
): GapEvidence[] {
  const groups = Map.groupBy(records, (record) => `${record.exchange} ${record.timeframe}`);
  return [...groups.values()].flatMap((group) => {
    const others = ofOthers(group[0]!).toSorted((a, b) => a[0] - b[0]);
    return groupEvidence(group, present).flatMap((piece) =>
      without([[piece.from_ms, piece.until_ms]], others)
        .map(([from_ms, until_ms]) => ({ ...piece, from_ms, until_ms }))
    );
  });
}

function groupEvidence(
  records: readonly BackfillRecord[],
  present: ObjectPresence,
): GapEvidence[] {
  const evidence: GapEvidence[] = [];
  let asked: Range[] = [];
  for (const record of records.toSorted((a, b) => (a.asked_at < b.asked_at ? 1 : -1))) {
    const parts = without([[record.from_ms, record.until_ms]], asked);
    for (const piece of recordEvidence(record, present)) {
      for (const [from_ms, until_ms] of within(parts, [piece.from_ms, piece.until_ms])) {
        evidence.push({ ...piece, from_ms, until_ms });
      }
    }
    asked = union(asked, [record.from_ms, record.until_ms]);
  }
  const { exchange, symbol, timeframe } = records[0]!;
  const whole: Range = [asked[0]![0], asked.at(-1)![1]];
  for (const [from_ms, until_ms] of without([whole], asked)) {
    const fix = backfillLine({ exchange, symbol, timeframe, from_ms });
    evidence.push({
      from_ms,
      until_ms,
      cause: "our_failure",
      strength: STRENGTH.never_asked,
      evidence: `${exchange} was asked for what lies before and after, not for this: ${fix}`,
    });
  }
  return evidence;
}

function* recordEvidence(
  record: BackfillRecord,
  present: ObjectPresence,
): Generator<GapEvidence> {
  const { exchange, from_ms, until_ms, closed_until_ms, outcome, detail, asked_at, candles } = record;
  const asked = `asked at ${asked_at.slice(0, 16)}Z`;
  for (const { cause, evidence, ...range } of record.absent) {
    yield {
      from_ms: range.from_ms,
      until_ms: range.until_ms,
      cause: cause === "no_trade" ? "no_trade" : "source_offline",
      strength: STRENGTH.denied,
      evidence: `${exchange}: ${evidence}`,
    };
  }
  if (outcome === "plan_limit") {
    const evidence = `${exchange} does not give out what is that old (${detail || asked})`;
    yield { from_ms, until_ms, cause: "plan_limit", strength: STRENGTH.plan_limit, evidence };
    return;
  }
  if (outcome === "failed") {
    const failure = failureOf(record);
    yield {
      from_ms,
      until_ms,
      cause: failure === "did not answer" ? "source_offline" : "our_failure",
      strength: STRENGTH.failed,
      evidence: `${exchange} ${failure}, ${asked} (${detail}): ${backfillLine(record)}`,
    };
    return;
  }
  const closed = Math.min(until_ms, closed_until_ms);
  const has = candles === null ? "rows" : present(candles);
  if (has === "nothing") {
    const evidence = `${exchange} gave these bars, but ${candles} is gone: ${backfillLine(record)}`;
    yield { from_ms, until_ms: closed, cause: "our_failure", strength: STRENGTH.lost, evidence };
  } else if (has === "bytes") {
    const evidence = `${exchange} gave these bars, ${asked}, and they were not taken in: ${
      backfillLine(record)
    }`;
    yield { from_ms, until_ms: closed, cause: "our_failure", strength: STRENGTH.came, evidence };
  }
  if (closed < until_ms) {
    const fix = backfillLine({ ...record, from_ms: closed });
    yield {
      from_ms: closed,
      until_ms,
      cause: "our_failure",
      strength: STRENGTH.never_asked,
      evidence: `these bars were not over when ${exchange} was ${asked}: ${fix}`,
    };
  }
}

/** What of some ranges lies in another one. */
function within(ranges: readonly Range[], [from, until]: Range): Range[] {
  return ranges.map(([a, b]) => [Math.max(a, from), Math.min(b, until)] as const).filter(([a, b]) => a < b);
}

/** What of some ranges lies in none of the others, which are in order. */
function without(ranges: readonly Range[], others: readonly Range[]): Range[] {
  const left: Range[] = [];
  for (const [from, until] of ranges) {
    let at = from;
    for (const [a, b] of others) {
      if (b <= at || a >= until) continue;
      if (a > at) left.push([at, a]);
      at = Math.max(at, b);
    }
    if (at < until) left.push([at, until]);
  }
  return left;
}

function union(ranges: readonly Range[], added: Range): Range[] {
  const touching = ranges.filter(([a, b]) => a <= added[1] && b >= added[0]);
  const from = Math.min(added[0], ...touching.map(([a]) => a));
  const until = Math.max(added[1], ...touching.map(([, b]) => b));
  return [...ranges.filter((range) => !touching.includes(range)), [from, until] as const]
    .sort((a, b) => a[0] - b[0]);
}
