import { assertEquals } from "@std/assert";
import type { SourcesAudit } from "../warehouse/audit_sources.ts";
import { checkSources } from "./check_sources.ts";

const HOUR = 3_600_000;
const ALIKE: SourcesAudit = {
  symbol: "BTCUSD",
  timeframe: "1h",
  source_a: "one",
  source_b: "two",
  common: 1000,
  median: 0.002,
  p99: 0.01,
  beyond: 0,
  examples: [],
  lags: [0, -1, 1, -2, 2].map((hours) => ({
    lag_ms: hours * HOUR,
    bars: 1000 - Math.abs(hours),
    median: 0.002 + Math.abs(hours) / 500,
  })),
};

const lag = (hours: number, bars: number, median: number | null) => ({ lag_ms: hours * HOUR, bars, median });

const TABLE: [
  name: string,
  change: Partial<SourcesAudit>,
  disagreement: string,
  clock: string,
  words: string,
][] = [
  ["alike", {}, "pass 0", "pass 0", "they fit best as they are, differing by 0.2 % in the middle"],
  ["a few bars apart", { beyond: 10 }, "pass 10", "pass 0", "they fit best"],
  ["more than 1 % of the bars apart", { beyond: 11 }, "warn 11", "pass 0", "they fit best"],
  [
    "two hours off",
    { lags: [lag(0, 1000, 0.004), lag(-2, 998, 0.001), lag(2, 998, 0.006)] },
    "pass 0",
    "warn 1",
    "two fits better read 2 h earlier: they differ by 0.1 % in the middle then, 0.4 % as they are",
  ],
  [
    "hardly better an hour off",
    { lags: [lag(0, 1000, 0.004), lag(1, 999, 0.0035)] },
    "pass 0",
    "pass 0",
    "they fit best as they are",
  ],
  [
    "no bar in common but at one hour",
    { common: 0, median: null, p99: null, lags: [lag(0, 0, null), lag(1, 90, 0.003), lag(2, 0, null)] },
    "pass 0",
    "warn 1",
    "two fits better read 1 h later: they differ by 0.3 % in the middle then, and have hardly a bar in common as they are",
  ],
  [
    "better at a lag where few bars meet",
    { lags: [lag(0, 1000, 0.004), lag(1, 30, 0.0001)] },
    "pass 0",
    "pass 0",
    "they fit best as they are",
  ],
  [
    "strangers",
    { common: 0, median: null, p99: null, lags: [lag(0, 0, null), lag(1, 0, null)] },
    "pass 0",
    "pass 0",
    "too few common bars to tell",
  ],
];

Deno.test("checkSources() judges distance and clock", () => {
  for (const [name, change, disagreement, clock, words] of TABLE) {
    const findings = checkSources({ ...ALIKE, ...change });
    assertEquals([name, ...findings.map(({ status, count }) => `${status} ${count}`)], [
      name,
      disagreement,
      clock,
    ]);
    assertEquals([name, findings[1]!.detail.slice(0, words.length)], [name, words]);
  }
});

Deno.test("checkSources() names both sources and the worst bar", () => {
  const examples = [{ time: 0, close_a: 100, close_b: 120, log_ratio: -0.18232 }];
  const [finding] = checkSources({ ...ALIKE, beyond: 1, examples });
  assertEquals(finding!.check, "BTCUSD 1h one and two: disagreement");
  assertEquals(
    finding!.detail,
    "1000 common bars differ by 0.2 % in the middle, 1 % at the 99 % quantile; 1 by more than 11 %, " +
      "the worst 1970-01-01T00:00Z: 100 and 120",
  );
  assertEquals(finding!.examples, [
    { at: "1970-01-01T00:00:00.000Z", values: { one: 100, two: 120, log_ratio: -0.1823 } },
  ]);
});
