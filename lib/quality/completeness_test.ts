import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type GapCause, type GapEvidence, STRENGTH } from "../core/gaps.ts";
import { countDays, judgeGaps } from "./completeness.ts";
import { evidenceSegments } from "./evidence_segments.ts";

const SPAN = { from_ms: 0, until_ms: 600 * 60_000, step_ms: 60_000 };

function evidence(
  from: number,
  until: number,
  strength: number,
  cause: GapCause = "our_failure",
): GapEvidence {
  return {
    from_ms: from * 60_000,
    until_ms: until * 60_000,
    cause,
    strength,
    evidence: `${from} to ${until}`,
  };
}

function pieces(gaps: [from: number, missing: number][], ...all: GapEvidence[]): string[] {
  const judged = judgeGaps(
    {
      from_ms: Float64Array.from(gaps, ([from]) => from * 60_000),
      missing: Float64Array.from(gaps, ([, missing]) => missing),
    },
    SPAN,
    all,
  );
  return Array.from({ length: judged.count }, (_, i) => {
    const { from_ms, until_ms, missing, cause } = judged.at(i);
    assertEquals(until_ms - from_ms, missing * 60_000);
    return `${from_ms / 60_000}+${missing} ${cause}`;
  });
}

Deno.test("judgeGaps() cuts a gap where its evidence changes, and believes the strongest", () => {
  assertEquals(pieces([[10, 10]], evidence(10, 20, STRENGTH.failed, "plan_limit")), ["10+10 plan_limit"]);
  assertEquals(
    pieces(
      [[10, 10]],
      evidence(0, 15, STRENGTH.failed, "plan_limit"),
      evidence(12, 13, STRENGTH.denied, "no_trade"),
    ),
    ["10+2 plan_limit", "12+1 no_trade", "13+2 plan_limit", "15+5 source_offline"],
  );
  assertEquals(pieces([[10, 1], [20, 1]], evidence(10, 11, STRENGTH.lost)), [
    "10+1 our_failure",
    "20+1 no_trade",
  ]);
  assertEquals(pieces([[10, 1]], evidence(11, 20, 1), evidence(0, 10, 1), evidence(5, 5, 1)), [
    "10+1 no_trade",
  ]);
});

Deno.test("judgeGaps() gives a bar to the evidence in which it starts", () => {
  const half = { ...evidence(0, 0, 1), from_ms: 10.5 * 60_000, until_ms: 12.5 * 60_000 };
  assertEquals(pieces([[10, 4]], half), ["10+1 no_trade", "11+2 our_failure", "13+1 no_trade"]);
});

Deno.test("judgeGaps() loses no bar and counts none twice, whatever the evidence", () => {
  const range = fc.tuple(
    fc.integer({ min: 0, max: 600 }),
    fc.integer({ min: 1, max: 80 }),
    fc.integer({ min: 1, max: 8 }),
  );
  const gaps = fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { maxLength: 20 })
    .map((starts) => starts.sort((a, b) => a - b).map((start) => [start * 10, 1 + (start * 7) % 9] as const));
  fc.assert(fc.property(gaps, fc.array(range, { maxLength: 12 }), (gaps, ranges) => {
    const all = ranges.map(([from, length, strength]) => evidence(from, from + length, strength));
    const judged = judgeGaps(
      {
        from_ms: Float64Array.from(gaps, ([from]) => from * 60_000),
        missing: Float64Array.from(gaps, ([, missing]) => missing),
      },
      SPAN,
      all,
    );
    const bars: number[] = [];
    for (let i = 0; i < judged.count; i++) {
      const { from_ms, missing, evidence } = judged.at(i);
      for (let k = 0; k < missing; k++) {
        const bar = from_ms / 60_000 + k;
        bars.push(bar);
        const over = all.filter((one) => one.from_ms <= bar * 60_000 && one.until_ms > bar * 60_000);
        const best = Math.min(...over.map(({ strength }) => strength));
        const wanted = over.filter(({ strength }) => strength === best).map((one) => one.evidence);
        assertEquals(over.length === 0 ? evidence.startsWith("inferred") : wanted.includes(evidence), true);
      }
    }
    assertEquals(
      bars,
      gaps.flatMap(([from, missing]) => Array.from({ length: missing }, (_, k) => from + k)),
    );
    assertEquals(Object.values(judged.by_cause).reduce((a, b) => a + b), bars.length);
  }));
});

Deno.test("judgeGaps() names the longest gaps, the earlier one first where two are equal", () => {
  const missing = Float64Array.of(3, 9, 1, 9, 4);
  const from_ms = Float64Array.from(missing, (_, i) => i * 1_200_000);
  assertEquals(judgeGaps({ from_ms, missing }, SPAN, []).longest(3), [1, 3, 4]);
});

Deno.test("evidenceSegments() are in order and do not overlap", () => {
  const cause = "our_failure" as const;
  const one = fc.record({ from: fc.integer({ min: 0, max: 30 }), length: fc.integer({ min: 0, max: 9 }) });
  fc.assert(fc.property(fc.array(one), (all) => {
    const segments = evidenceSegments(
      all.map(({ from, length }, i) => ({
        from_ms: from,
        until_ms: from + length,
        cause,
        strength: i % 3,
        evidence: "",
      })),
    );
    for (const [i, { from_ms, until_ms }] of segments.entries()) {
      assertEquals(from_ms < until_ms && (i === 0 || segments[i - 1]!.until_ms <= from_ms), true);
    }
  }));
});

Deno.test("countDays() counts what a stream's first and last day hold of it", () => {
  const hour = 3_600_000, gaps = { from_ms: Float64Array.of(30 * hour), missing: Float64Array.of(20) };
  const span = { from_ms: 20 * hour, until_ms: 55 * hour, step_ms: hour };
  const rows = countDays(gaps, span, new Map([[48 * hour, 2]])).map(({ expected, present, filled, absent }) =>
    [expected, present, filled, absent].join()
  );
  assertEquals(rows, ["4,4,0,0", "24,6,0,18", "7,3,2,2"]);
  assertEquals(
    countDays({ from_ms: new Float64Array(), missing: new Float64Array() }, {
      ...span,
      until_ms: span.from_ms,
    }, new Map()),
    [],
  );
});
