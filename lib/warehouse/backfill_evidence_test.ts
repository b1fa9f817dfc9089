import { assertEquals, assertStringIncludes } from "@std/assert";
import { backfillEvidence, type ObjectPresence } from "./backfill_evidence.ts";
import type { BackfillRecord } from "./backfill_records.ts";

const FAR: BackfillRecord = {
  exchange: "bitstamp",
  symbol: "BTCUSD",
  timeframe: "1m",
  from_ms: 0,
  until_ms: 100,
  closed_until_ms: 100,
  outcome: "complete",
  detail: "",
  asked_at: "2026-01-01T00:00:00.000Z",
  requests: 1,
  short_pages: 0,
  overlaps: 0,
  absent: [],
  raw: null,
  candles: null,
};

function rows(records: Partial<BackfillRecord>[], present: ObjectPresence = () => "rows"): string[] {
  return backfillEvidence(
    records.map((record) => ({ ...FAR, ...record })),
    present,
  )
    .sort((a, b) => a.from_ms - b.from_ms)
    .map(({ from_ms, until_ms, cause, evidence }) =>
      `${from_ms}-${until_ms} ${cause} ${evidence.slice(0, 24)}`
    );
}

Deno.test("backfillEvidence() tells a source that is silent from a failure of ours by what was said", () => {
  const cases: [detail: string, cause: string, retryable?: boolean][] = [
    ['Cannot fetch "x": status is 503 (busy), try again later', "source_offline"],
    ['Cannot fetch "x": no complete answer in time, check the network', "source_offline"],
    ['Cannot fetch "x": the connection failed (reset)', "source_offline"],
    ['Cannot fetch "x": Deno may not reach it, add "x" to the net permissions', "our_failure"],
    ['Cannot fetch "x": status is 404 (NotFound)', "our_failure"],
    ['Cannot fetch "x": status is 404 (NotFound), check the network or try again later', "our_failure", true],
    ['Cannot fetch "x": status is 403 (no), kraken refuses this network: use another one', "our_failure"],
    ['Cannot fetch "x": status is 451 (maintenance of laws), kraken refuses this network', "our_failure"],
    ['Cannot fetch "x": status is 429 (slow down), wait a minute', "our_failure", true],
    ['Cannot fetch "x": status is 200, but the body is not JSON, try again later', "source_offline", true],
    ['Cannot verify "x" of kraken: it neither gives nor denies these bars', "source_offline", true],
    ['Cannot fetch "x": the network of this coin is not listed', "our_failure", false],
    ['Cannot put "y": the disk is full, make room', "our_failure"],
  ];
  for (const [detail, cause, retryable] of cases) {
    const failed = { ...FAR, outcome: "failed" as const, detail };
    const [evidence] = backfillEvidence(
      [retryable === undefined ? failed : { ...failed, retryable }],
      () => "rows",
    );
    assertEquals([detail, evidence!.cause], [detail, cause]);
    assertStringIncludes(evidence!.evidence, detail);
    assertStringIncludes(
      evidence!.evidence,
      "deno task backfill --exchange bitstamp --symbol BTC/USD --timeframe 1m",
    );
    if (/status is 4/.test(detail)) assertStringIncludes(evidence!.evidence, "bitstamp refused, asked at");
  }
});

Deno.test("backfillEvidence() takes the word of the piece that was asked for last", () => {
  const again = { outcome: "complete" as const, asked_at: "2026-02-01T00:00:00.000Z" };
  const failed = { outcome: "failed" as const, detail: "status is 503" };
  assertEquals(rows([failed, again]), []);
  assertEquals(rows([{ ...failed }, { ...again, from_ms: 40, until_ms: 60, closed_until_ms: 60 }]), [
    "0-40 source_offline bitstamp did not answer,",
    "60-100 source_offline bitstamp did not answer,",
  ]);
});

Deno.test("backfillEvidence() finds pieces that nobody asked for, lost candles, and what was not over yet", () => {
  assertEquals(rows([{ until_ms: 40, closed_until_ms: 40 }, { from_ms: 60 }]), [
    "40-60 our_failure bitstamp was asked for w",
  ]);
  assertEquals(rows([{ candles: "raw/a.csv" }], () => "nothing"), [
    "0-100 our_failure bitstamp gave these bars",
  ]);
  assertEquals(rows([{ candles: "raw/a.csv" }], () => "bytes"), [
    "0-100 our_failure bitstamp gave these bars",
  ]);
  assertEquals(rows([{ candles: "raw/a.csv" }]), []);
  assertEquals(rows([{ outcome: "open", closed_until_ms: 80 }]), [
    "80-100 our_failure these bars were not over",
  ]);
  assertEquals(rows([{ outcome: "plan_limit" }]), ["0-100 plan_limit bitstamp does not give o"]);
});

Deno.test("backfillEvidence() passes on what an exchange denied", () => {
  const denied = {
    from_ms: 10,
    until_ms: 20,
    missing: 1,
    cause: "no_trade" as const,
    evidence: "later bars came",
  };
  const silent = { ...denied, from_ms: 90, until_ms: 100, cause: "source_silent" as const };
  assertEquals(rows([{ absent: [denied, silent] }]), [
    "10-20 no_trade bitstamp: later bars cam",
    "90-100 source_offline bitstamp: later bars cam",
  ]);
});
