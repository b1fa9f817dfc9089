/** The words of the completeness ledger: why a bar is not there, and what says so. */

/**
 * Why bars are not in the lake.
 *
 * - `no_trade`: nobody traded. Not an error.
 * - `source_offline`: the source gave nothing, though there may have been trades.
 * - `our_failure`: the source has, or may have, these bars, and this lake does not.
 * - `plan_limit`: the source does not give out what is that old.
 * - `not_yet_due`: the bars are not over yet.
 */
export const GAP_CAUSES = ["no_trade", "source_offline", "our_failure", "plan_limit", "not_yet_due"] as const;

/** One of {@linkcode GAP_CAUSES}. */
export type GapCause = typeof GAP_CAUSES[number];

/** What is known of a range of bars that are not there. */
export interface GapEvidence {
  /** Start of the first bar and end of the last one (not included), epoch milliseconds. */
  from_ms: number;
  until_ms: number;
  cause: GapCause;
  /** Where two pieces of evidence speak of one bar, the lower strength's is believed. See {@linkcode STRENGTH}. */
  strength: number;
  /** A sentence for a person. */
  evidence: string;
}

/** Kinds of evidence, the most reliable one first. */
export const STRENGTH = {
  /** The source was asked, and denied these bars. */
  denied: 1,
  /** It was asked, and does not give out what is that old. */
  plan_limit: 2,
  /** It was asked, and the request failed for good. */
  failed: 3,
  /** It gave these bars, and the object that held them is gone or was moved aside. */
  lost: 4,
  /** It gave these bars, and they were refused. */
  refused: 5,
  /** They lie in a raw file, and the tables lack them. */
  unread: 6,
  /** Nobody asked for them, though for what lies around them. */
  never_asked: 7,
  /** It gave these bars, and they were not taken in. */
  came: 8,
  /** What the shorter bars that these are made of lack. */
  shorter_bars: 9,
} as const;
