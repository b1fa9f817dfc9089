import type { ContractMode, SeenDrift } from "../core/contract.ts";
import { type Finding, type FindingStatus, judge } from "./finding.ts";

/** What came of the values. */
const OUTCOME: Readonly<Record<ContractMode, string>> = {
  evolve: "kept in extra_values",
  freeze: "refused",
  discard_row: "their rows refused",
  discard_value: "dropped",
};

/** No more of them are named. */
const NAMED = 5;

/**
 * Judges what was not there before: columns of candle files, fields and types of market pages. The first time that each
 * of them was seen counts.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const mood = { kind: "columns", column: "mood", example: "good", mode: "discard_value" } as const;
 * const seen = ["raw/a.json", "raw/b.json"].map((origin) => ({ ...mood, origin }));
 * const { count, detail } = checkDrift("market pages", seen, { level: "warn", limit: 0 });
 * assertEquals([count, detail], [1, 'new column "mood" (such as "good", dropped, first in raw/a.json)']);
 * ```
 */
export function checkDrift(
  name: string,
  seen: readonly SeenDrift[],
  threshold: { level: FindingStatus; limit: number },
): Finding {
  const first = [...Map.groupBy(seen, ({ kind, column }) => `${kind} ${column}`).values()]
    .map(([drift]) => drift!);
  const named = first.slice(0, NAMED).map(({ kind, column, example, origin, mode }) => {
    const such = example === "" ? "no value in its first rows" : `such as "${example}"`;
    const what = kind === "columns" ? "new column" : "another type in";
    return `${what} "${column}" (${such}, ${OUTCOME[mode]}, first in ${origin})`;
  });
  const more = first.length > NAMED ? `, and ${first.length - NAMED} more` : "";
  return {
    check: `${name}: drift`,
    status: judge(threshold, first.length),
    count: first.length,
    detail: named.length === 0 ? "nothing that was not there before" : `${named.join("; ")}${more}`,
  };
}
