/** A ledger's judgement beside the truth, where the truth is known: in lessons and in measurements. */
import { GAP_CAUSES, type GapCause } from "../core/gaps.ts";
import type { JudgedGaps } from "./completeness.ts";

/** How the ledger did on one cause; all numbers count bars. */
export interface CauseVerdict {
  cause: GapCause;
  /** Bars that are truly absent for this cause, */
  planted: number;
  /** of those, that the ledger found absent, */
  found: number;
  /** and of those, to which it gave this cause. */
  cause_right: number;
  /** Bars to which it gave this cause, though they are there or absent for another one. */
  cause_false: number;
}

/**
 * Compares each absent bar's cause with the true one; causes that neither side has are left out.
 *
 * @param truth The cause of each bar that is truly absent, by its start in epoch milliseconds.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { judgeGaps } from "./completeness.ts";
 * const span = { from_ms: 0, until_ms: 600_000, step_ms: 60_000 };
 * const gaps = judgeGaps({ from_ms: Float64Array.of(120_000), missing: Float64Array.of(1) }, span, []);
 * const truth = new Map([[120_000, "source_offline" as const], [300_000, "no_trade" as const]]);
 * assertEquals(compareCauses(gaps, truth, 60_000), [
 *   { cause: "no_trade", planted: 1, found: 0, cause_right: 0, cause_false: 1 },
 *   { cause: "source_offline", planted: 1, found: 1, cause_right: 0, cause_false: 0 },
 * ]);
 * ```
 */
export function compareCauses(
  gaps: JudgedGaps,
  truth: ReadonlyMap<number, GapCause>,
  step_ms: number,
): CauseVerdict[] {
  const judged = new Map<number, GapCause>();
  for (let i = 0; i < gaps.count; i++) {
    const { from_ms, until_ms, cause } = gaps.at(i);
    for (let ms = from_ms; ms < until_ms; ms += step_ms) judged.set(ms, cause);
  }
  return GAP_CAUSES.map((cause) => {
    const planted = [...truth].filter(([, its]) => its === cause);
    const given = [...judged].filter(([, its]) => its === cause);
    const right = given.filter(([ms]) => truth.get(ms) === cause).length;
    return {
      cause,
      planted: planted.length,
      found: planted.filter(([ms]) => judged.has(ms)).length,
      cause_right: right,
      cause_false: given.length - right,
    };
  }).filter(({ planted, cause_right, cause_false }) => planted + cause_right + cause_false > 0);
}
