import type { GapEvidence } from "../core/gaps.ts";

/** A range in which one piece of evidence is the strongest. */
export interface EvidenceSegment {
  from_ms: number;
  /** Not included. */
  until_ms: number;
  /** Position of the evidence. */
  why: number;
}

/**
 * Lays evidence on the line of time, the strongest on top: ranges that do not overlap, in order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const cause = "our_failure" as const;
 * const segments = evidenceSegments([
 *   { from_ms: 0, until_ms: 100, cause, strength: 5, evidence: "weak" },
 *   { from_ms: 40, until_ms: 60, cause, strength: 1, evidence: "strong" },
 * ]);
 * assertEquals(segments.map(({ from_ms, until_ms, why }) => [from_ms, until_ms, why]), [
 *   [0, 40, 0], [40, 60, 1], [60, 100, 0],
 * ]);
 * ```
 */
export function evidenceSegments(evidence: readonly GapEvidence[]): EvidenceSegment[] {
  const edges = Float64Array.from(new Set(evidence.flatMap(({ from_ms, until_ms }) => [from_ms, until_ms])))
    .sort();
  const place = new Map(Array.from(edges, (edge, i) => [edge, i]));
  const order = evidence.map((_, i) => i).sort((a, b) =>
    evidence[a]!.strength - evidence[b]!.strength || a - b
  );
  const owner = new Int32Array(edges.length).fill(-1);
  // The next cell that nobody owns: cells are taken once, whatever number of ranges covers them.
  const next = Int32Array.from(owner, (_, i) => i);
  const free = (cell: number): number => {
    let root = cell;
    while (next[root] !== root) root = next[root]!;
    while (next[cell] !== root) [cell, next[cell]] = [next[cell]!, root];
    return root;
  };
  for (const i of order) {
    const end = place.get(evidence[i]!.until_ms)!;
    for (let cell = free(place.get(evidence[i]!.from_ms)!); cell < end; cell = free(cell)) {
      owner[cell] = i;
      next[cell] = cell + 1;
    }
  }
  const segments: EvidenceSegment[] = [];
  for (let cell = 0; cell < edges.length - 1; cell++) {
    const why = owner[cell]!, before = segments.at(-1);
    if (why < 0) continue;
    if (before?.why === why && before.until_ms === edges[cell]) before.until_ms = edges[cell + 1]!;
    else segments.push({ from_ms: edges[cell]!, until_ms: edges[cell + 1]!, why });
  }
  return segments;
}
