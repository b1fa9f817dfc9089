/** The completeness ledger on paper: JSON in pieces, and a page for a person. */
import { GAP_CAUSES } from "../core/gaps.ts";
import type { JudgedGap } from "../quality/completeness.ts";
import type { StreamLedger } from "./stream_ledgers.ts";

/** Characters of JSON that are handed out at a time. */
const PIECE = 1 << 16;
const LONGEST = 10;

/** Every gap of a stream in order of time; what is not over yet comes last. */
export function* allGaps(ledger: StreamLedger): Generator<JudgedGap> {
  for (let i = 0; i < ledger.gaps.count; i++) yield ledger.gaps.at(i);
  const later = notYetDue(ledger);
  if (later) yield later;
}

/** The bars that are not over yet, as a gap. */
export function notYetDue({ from_ms, until_ms, step_ms, not_yet_due }: StreamLedger): JudgedGap | null {
  if (not_yet_due === 0) return null;
  const from = Math.max(until_ms, from_ms);
  return {
    from_ms: from,
    until_ms: from + not_yet_due * step_ms,
    missing: not_yet_due,
    cause: "not_yet_due",
    evidence: "these bars end after the clock's time",
  };
}

/** The ledgers as one JSON value, in pieces: a stream can have more gaps than fit into one string. */
export function* ledgersJson(ledgers: Iterable<StreamLedger>): Generator<string> {
  let text = '{"streams":[';
  let first = true;
  for (const ledger of ledgers) {
    text += `${first ? "" : ","}${JSON.stringify(streamJson(ledger)).slice(0, -1)},"gaps":[`;
    first = false;
    let comma = "";
    for (const gap of allGaps(ledger)) {
      text += `${comma}{"from":"${iso(gap.from_ms)}","to":"${iso(gap.until_ms)}","missing":${gap.missing},` +
        `"cause":"${gap.cause}","evidence":${JSON.stringify(gap.evidence)}}`;
      comma = ",";
      if (text.length < PIECE) continue;
      yield text;
      text = "";
    }
    text += "]}";
  }
  yield `${text}]}\n`;
}

function streamJson({ symbol, timeframe, from_ms, until_ms, ...counts }: StreamLedger) {
  const { expected, present, filled, absent, not_yet_due, gaps } = counts;
  const { not_yet_due: _, ...absent_by_cause } = gaps.by_cause;
  return {
    symbol,
    interval: timeframe,
    from: iso(from_ms),
    to: iso(until_ms),
    expected,
    present,
    filled,
    absent,
    not_yet_due,
    absent_by_cause,
  };
}

/** An instant in ISO 8601, without milliseconds where there are none. */
export function iso(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}

/** `--from` and `--to` as they were given. */
export interface AskedRange {
  from?: string | undefined;
  to?: string | undefined;
}

/** A stream for a person: totals, causes, the longest gaps, and how to see all. */
export function ledgerLines(ledger: StreamLedger, lake: string, { from, to }: AskedRange = {}): string[] {
  const { symbol, timeframe, expected, present, filled, absent, not_yet_due, gaps } = ledger;
  const share = expected === 0 ? "" : ` (${(100 * absent / expected).toFixed(2)} %)`;
  const lines = [
    `${symbol} ${timeframe}: ${iso(ledger.from_ms)} to ${iso(ledger.until_ms)}`,
    `  expected ${count(expected)}, present ${count(present)}, filled ${count(filled)}, absent ${
      count(absent)
    }${share}${not_yet_due === 0 ? "" : `, not yet due ${count(not_yet_due)}`}`,
  ];
  for (const cause of GAP_CAUSES) {
    if (gaps.by_cause[cause] === 0) continue;
    lines.push(`  ${cause.padEnd(14)} ${count(gaps.by_cause[cause]).padStart(11)}`);
  }
  if (gaps.count === 0) return [...lines, "  no gap"];
  const longest = gaps.longest(LONGEST).map((i) => gaps.at(i));
  lines.push(
    gaps.count > LONGEST
      ? `  the longest ${LONGEST} of ${count(gaps.count)} gaps:`
      : "  all gaps, longest first:",
  );
  for (const { from_ms, missing, cause, evidence } of longest) {
    lines.push(`  ${iso(from_ms)} ${count(missing).padStart(9)} ${cause.padEnd(14)} ${evidence}`);
  }
  if (gaps.count > LONGEST) {
    lines.push(
      `  all of them: deno task gaps --lake ${lake} --symbol ${symbol} --interval ${timeframe}${
        from === undefined ? "" : ` --from ${from}`
      }${to === undefined ? "" : ` --to ${to}`} --json`,
    );
  }
  return lines;
}

function count(bars: number): string {
  return bars.toLocaleString("en-US");
}
