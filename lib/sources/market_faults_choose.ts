/** Which fault hits which call: replayable from the plan's seed. */
import { fillUniform, type RandomKey } from "./demo_rng.ts";
import { changedPaths, type FaultRule, type ReadFaultPlan } from "./market_faults.ts";
import { overlap } from "./market_faults_paths.ts";

/** A fault that hits a call. */
export interface ChosenFault {
  rule: FaultRule;
  /** Uniform numbers in (0, 1) of this very call. */
  random: () => number;
}

/** The addresses of the plan's draws; the demo market's own purposes are below 20. */
const PURPOSE = { share: 20, fault: 21 } as const;
const DRAWS = 16_384;

/**
 * Returns what decides, call by call, which fault hits; the first rule that matches wins. Every rule counts the calls
 * that it is about, whether or not an earlier rule took them.
 */
export function faultChooser({ seed, rules }: ReadFaultPlan): (path: string) => ChosenFault | null {
  const counts = rules.map(() => 0);
  return (path) => {
    let chosen: ChosenFault | null = null;
    for (const [series, rule] of rules.entries()) {
      const changed = changedPaths(rule.fault);
      if (!overlap(rule.path, path) || changed?.some((served) => overlap(served, path)) === false) continue;
      const index = ++counts[series]!;
      if (chosen === null && isHit(rule, index, { seed, series })) {
        chosen = { rule, random: draws({ seed, purpose: PURPOSE.fault, series, index }) };
      }
    }
    return chosen;
  };
}

function isHit(
  { calls, share }: FaultRule,
  call: number,
  { seed, series }: { seed: number; series: number },
) {
  if (Array.isArray(calls) && !calls.includes(call)) return false;
  if (
    calls !== undefined && !Array.isArray(calls) && !(call >= calls.from && call <= (calls.to ?? Infinity))
  ) {
    return false;
  }
  if (share === undefined) return true;
  return fillUniform({ seed, purpose: PURPOSE.share, series, index: call }, new Float64Array(1))[0]! < share;
}

function draws(key: RandomKey): () => number {
  let numbers: Float64Array | null = null;
  let at = 0;
  return () => {
    numbers ??= fillUniform(key, new Float64Array(DRAWS));
    return numbers[at++ % DRAWS]!;
  };
}
