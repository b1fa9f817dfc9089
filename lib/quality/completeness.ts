/**
 * The completeness ledger's judgement: gaps of a stream of bars, evidence about ranges of time, and from both each
 * gap with its cause. Where evidence covers a part of a gap, the gap is split. What no evidence covers is judged by its
 * length, see `tradeless_runs.ts`, and the words say that this is an inference.
 */
import { GAP_CAUSES, type GapCause, type GapEvidence } from "../core/gaps.ts";
import { DAY_MS } from "../core/time.ts";
import { evidenceSegments } from "./evidence_segments.ts";
import { judgeRuns, RARE } from "./tradeless_runs.ts";

/** Runs of missing bars in order of time, as columns: a stream can have hundreds of thousands. */
export interface GapColumns {
  /** Start of the first missing bar, epoch milliseconds. */
  from_ms: Float64Array;
  /** How many bars are missing. */
  missing: Float64Array;
}

/** What a stream should hold: bars of one length from the first one to the end of the last one. */
export interface StreamSpan {
  from_ms: number;
  /** Not included. */
  until_ms: number;
  step_ms: number;
}

/** Why bars are missing. */
export interface GapReason {
  cause: GapCause;
  evidence: string;
}

/** A gap, or the part of one that has one cause. */
export interface JudgedGap extends GapReason {
  from_ms: number;
  /** Not included. */
  until_ms: number;
  missing: number;
}

/** All gaps of a stream. Their sentences are made when they are asked for. */
export interface JudgedGaps extends GapColumns {
  count: number;
  /** The reasons, each once, and for each gap the position of its own. */
  reasons(): { reasons: GapReason[]; reason: Float64Array };
  /** The gap at a position, in order of time. */
  at(index: number): JudgedGap;
  /** How many bars each cause explains. */
  by_cause: Readonly<Record<GapCause, number>>;
  /** Positions of the longest gaps, longest first. */
  longest(count: number): number[];
}

/**
 * Finds the cause of each gap.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const gaps = { from_ms: Float64Array.of(600_000), missing: Float64Array.of(10) };
 * const span = { from_ms: 0, until_ms: 6_000_000, step_ms: 60_000 };
 * const failed = {
 *   from_ms: 0, until_ms: 900_000, cause: "source_offline" as const, strength: 3, evidence: "status is 503",
 * };
 * const judged = judgeGaps(gaps, span, [failed]);
 * assertEquals(judged.at(0), {
 *   from_ms: 600_000, until_ms: 900_000, missing: 5, cause: "source_offline", evidence: "status is 503",
 * });
 * assertEquals(judged.count, 2);
 * ```
 */
export function judgeGaps(
  gaps: GapColumns,
  span: StreamSpan,
  evidence: readonly GapEvidence[],
): JudgedGaps {
  const { step_ms } = span;
  const pieces = splitGaps(gaps, step_ms, evidence);
  const { expected, outage } = judgeRuns(pieces, span);
  const causeOf = (i: number): GapCause =>
    pieces.why[i]! >= 0 ? evidence[pieces.why[i]!]!.cause : outage[i] ? "source_offline" : "no_trade";
  const by_cause = { no_trade: 0, source_offline: 0, our_failure: 0, plan_limit: 0, not_yet_due: 0 };
  for (let i = 0; i < pieces.count; i++) by_cause[causeOf(i)] += pieces.missing[i]!;
  const reasonOf = (i: number): GapReason => {
    const why = pieces.why[i]!;
    const sentence = why >= 0 ? evidence[why]!.evidence : inference(pieces.missing[i]!, expected[i]!);
    return { cause: causeOf(i), evidence: sentence };
  };
  return {
    count: pieces.count,
    from_ms: pieces.from_ms,
    missing: pieces.missing,
    by_cause,
    reasons() {
      const reasons: GapReason[] = [], reason = new Float64Array(pieces.count);
      // By what the sentence is made of: the evidence's position, or the length and how usual it is.
      const known = new Map<number, Map<number, number>>();
      for (let i = 0; i < pieces.count; i++) {
        const why = pieces.why[i]!, missing = pieces.missing[i]!;
        const kind = why >= 0 ? -1 - why : missing;
        const usual = why >= 0 ? 0 : expected[i]! >= RARE ? roughly(expected[i]!) : -expected[i]!;
        let alike = known.get(kind);
        if (alike === undefined) known.set(kind, alike = new Map());
        let at = alike.get(usual);
        if (at === undefined) alike.set(usual, at = reasons.push(reasonOf(i)) - 1);
        reason[i] = at;
      }
      return { reasons, reason };
    },
    at: (i) => {
      const from_ms = pieces.from_ms[i]!, missing = pieces.missing[i]!;
      return { from_ms, until_ms: from_ms + missing * step_ms, missing, ...reasonOf(i) };
    },
    longest: (count) => longestOf(pieces.missing, count),
  };
}

/** The sentence of a gap of which nothing but its length is known. */
function inference(missing: number, expected: number): string {
  const bars = `${missing} ${missing === 1 ? "bar" : "bars"}`;
  if (expected < RARE) {
    const chance = expected < 1e-12 ? "less than 1e-12" : expected.toPrecision(2);
    return `inferred: the market around it would leave ${chance} gaps of ${bars} or more in this stream`;
  }
  return `inferred: the market around it leaves about ${
    roughly(expected)
  } gaps of ${bars} or more in this stream`;
}

/** A positive number to two digits. */
function roughly(value: number): number {
  const power = Math.floor(Math.log10(value)) - 1;
  // Dividing by a power of ten, unlike multiplying by one below 1, gives the number that is written so.
  return power >= 0
    ? Math.round(value / 10 ** power) * 10 ** power
    : Math.round(value * 10 ** -power) / 10 ** -power;
}

interface Pieces extends GapColumns {
  count: number;
  excused: Uint8Array;
  /** Position of the evidence, or −1. */
  why: Int32Array;
}

/** Cuts gaps where their evidence changes. A bar belongs to the evidence in whose range it starts. */
function splitGaps(gaps: GapColumns, step_ms: number, evidence: readonly GapEvidence[]): Pieces {
  const segments = evidenceSegments(evidence);
  const room = gaps.from_ms.length + 2 * segments.length;
  const pieces: Pieces = {
    count: 0,
    from_ms: new Float64Array(room),
    missing: new Float64Array(room),
    excused: new Uint8Array(room),
    why: new Int32Array(room),
  };
  const add = (from: number, until: number, why: number) => {
    if (until <= from) return;
    const i = pieces.count++;
    const cause = why < 0 ? null : evidence[why]!.cause;
    pieces.from_ms[i] = from;
    pieces.missing[i] = Math.round((until - from) / step_ms);
    pieces.why[i] = why;
    pieces.excused[i] = cause === null || cause === "no_trade" ? 0 : 1;
  };
  let s = 0;
  for (let g = 0; g < gaps.from_ms.length; g++) {
    const start = gaps.from_ms[g]!, end = start + gaps.missing[g]! * step_ms;
    const onGrid = (ms: number) =>
      Math.min(end, Math.max(start, start + Math.ceil((ms - start) / step_ms) * step_ms));
    while (s < segments.length && segments[s]!.until_ms <= start) s++;
    let at = start;
    for (let k = s; k < segments.length && segments[k]!.from_ms < end; k++) {
      const from = onGrid(segments[k]!.from_ms), until = onGrid(segments[k]!.until_ms);
      add(at, from, -1);
      add(from, until, segments[k]!.why);
      at = Math.max(at, until);
    }
    add(at, end, -1);
  }
  const cut = <T extends Float64Array | Uint8Array | Int32Array>(column: T) =>
    column.subarray(0, pieces.count) as T;
  return {
    count: pieces.count,
    from_ms: cut(pieces.from_ms),
    missing: cut(pieces.missing),
    excused: cut(pieces.excused),
    why: cut(pieces.why),
  };
}

function longestOf(missing: Float64Array, count: number): number[] {
  const longest: number[] = [];
  for (let i = 0; i < missing.length; i++) {
    if (longest.length === count && missing[i]! <= missing[longest.at(-1)!]!) continue;
    const place = longest.findIndex((other) => missing[other]! < missing[i]!);
    longest.splice(place < 0 ? longest.length : place, 0, i);
    if (longest.length > count) longest.pop();
  }
  return longest;
}

/**
 * What of judged gaps lies in a part of their stream. A gap that reaches beyond is cut; its cause stays, because it was
 * found from all of it, and so do the words.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const span = { from_ms: 0, until_ms: 6_000_000, step_ms: 60_000 };
 * const gaps = { from_ms: Float64Array.of(600_000), missing: Float64Array.of(10) };
 * const down = { from_ms: 0, until_ms: 6_000_000, cause: "source_offline" as const, strength: 3, evidence: "503" };
 * const clipped = clipGaps(judgeGaps(gaps, span, [down]), { ...span, from_ms: 900_000 });
 * assertEquals([clipped.by_cause.source_offline, clipped.at(0)], [5, {
 *   from_ms: 900_000, until_ms: 1_200_000, missing: 5, cause: "source_offline", evidence: "503",
 * }]);
 * ```
 */
export function clipGaps(
  gaps: JudgedGaps,
  { from_ms: start, until_ms: stop, step_ms }: StreamSpan,
): JudgedGaps {
  let first = 0, end = gaps.count;
  while (first < end && gaps.from_ms[first]! + gaps.missing[first]! * step_ms <= start) first++;
  while (end > first && gaps.from_ms[end - 1]! >= stop) end--;
  const from_ms = gaps.from_ms.slice(first, end), missing = gaps.missing.slice(first, end);
  for (let i = 0; i < missing.length; i++) {
    const from = Math.max(start, from_ms[i]!);
    missing[i] = (Math.min(stop, from_ms[i]! + missing[i]! * step_ms) - from) / step_ms;
    from_ms[i] = from;
  }
  const { reasons, reason: all } = gaps.reasons();
  const reason = all.subarray(first, end);
  const by_cause = { no_trade: 0, source_offline: 0, our_failure: 0, plan_limit: 0, not_yet_due: 0 };
  missing.forEach((bars, i) => by_cause[reasons[reason[i]!]!.cause] += bars);
  return {
    count: missing.length,
    from_ms,
    missing,
    by_cause,
    reasons: () => ({ reasons, reason }),
    at: (i) => ({
      from_ms: from_ms[i]!,
      until_ms: from_ms[i]! + missing[i]! * step_ms,
      missing: missing[i]!,
      ...reasons[reason[i]!]!,
    }),
    longest: (count) => longestOf(missing, count),
  };
}

/** What a stream holds on one UTC day. */
export interface DayCounts {
  /** Midnight, epoch milliseconds. */
  day_ms: number;
  expected: number;
  present: number;
  filled: number;
  absent: number;
}

/**
 * Counts a stream by day.
 *
 * @param filled Bars that another source gave, by midnight.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const gaps = { from_ms: Float64Array.of(82_800_000), missing: Float64Array.of(3) };
 * const span = { from_ms: 0, until_ms: 2 * 86_400_000, step_ms: 3_600_000 };
 * assertEquals(countDays(gaps, span, new Map([[0, 4]])), [
 *   { day_ms: 0, expected: 24, present: 19, filled: 4, absent: 1 },
 *   { day_ms: 86_400_000, expected: 24, present: 22, filled: 0, absent: 2 },
 * ]);
 * ```
 */
export function countDays(
  gaps: GapColumns,
  { from_ms, until_ms, step_ms }: StreamSpan,
  filled: ReadonlyMap<number, number>,
): DayCounts[] {
  const first = Math.floor(from_ms / DAY_MS);
  const days = until_ms <= from_ms ? 0 : Math.floor((until_ms - step_ms) / DAY_MS) - first + 1;
  const absent = new Float64Array(days);
  for (let g = 0; g < gaps.from_ms.length; g++) {
    let at = gaps.from_ms[g]!;
    const end = at + gaps.missing[g]! * step_ms;
    while (at < end) {
      const day = Math.floor(at / DAY_MS);
      const until = Math.min(end, (day + 1) * DAY_MS);
      const bars = Math.ceil((until - at) / step_ms);
      absent[day - first]! += bars;
      at += bars * step_ms;
    }
  }
  return Array.from(absent, (missing, i) => {
    const day_ms = (first + i) * DAY_MS;
    const from = Math.max(from_ms, from_ms + Math.ceil((day_ms - from_ms) / step_ms) * step_ms);
    const expected = Math.ceil((Math.min(until_ms, day_ms + DAY_MS) - from) / step_ms);
    const ours = filled.get(day_ms) ?? 0;
    return { day_ms, expected, present: expected - missing - ours, filled: ours, absent: missing };
  });
}

/** What a stream lacks on one UTC day for one reason. */
export interface CauseCounts {
  /** Midnight, epoch milliseconds. */
  day_ms: number;
  cause: GapCause;
  absent: number;
}

/**
 * Counts absent bars by day and cause, in order of day; what would be zero is left out.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const span = { from_ms: 0, until_ms: 2 * 86_400_000, step_ms: 3_600_000 };
 * const gaps = { from_ms: Float64Array.of(82_800_000), missing: Float64Array.of(3) };
 * const asked = { cause: "our_failure" as const, strength: 7, evidence: "nobody asked" };
 * const judged = judgeGaps(gaps, span, [{ from_ms: 86_400_000, until_ms: 172_800_000, ...asked }]);
 * assertEquals(countCauses(judged, span), [
 *   { day_ms: 0, cause: "no_trade", absent: 1 },
 *   { day_ms: 86_400_000, cause: "our_failure", absent: 2 },
 * ]);
 * ```
 */
export function countCauses(gaps: JudgedGaps, span: StreamSpan): CauseCounts[] {
  const all = Array.from({ length: gaps.count }, (_, i) => gaps.at(i));
  return GAP_CAUSES.flatMap((cause) => {
    const mine = all.filter((gap) => gap.cause === cause);
    const columns = {
      from_ms: Float64Array.from(mine, ({ from_ms }) => from_ms),
      missing: Float64Array.from(mine, ({ missing }) => missing),
    };
    return countDays(columns, span, new Map()).filter(({ absent }) => absent > 0)
      .map(({ day_ms, absent }) => ({ day_ms, cause, absent }));
  }).sort((a, b) => a.day_ms - b.day_ms);
}
