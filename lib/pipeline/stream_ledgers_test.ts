import { assertEquals, assertStringIncludes } from "@std/assert";
import { DAY_MS, MINUTE_MS } from "../core/time.ts";
import { writeRecord } from "../lake/ledger.ts";
import { fillUnit } from "../warehouse/fill_records.ts";
import type { StreamLedger } from "./stream_ledgers.ts";
import { gapRows, GapsLake, minutesFrom } from "./_test_gaps.ts";

const START = Date.UTC(2025, 0, 31);
const at = (minute: number) => START + minute * MINUTE_MS;

Deno.test("streamLedgers() goes from the first to the last bar, file and question, and not on to today", async () => {
  await using lake = await GapsLake.make();
  await lake.minutes(minutesFrom(at(10), 20, (minute) => minute === 5));
  let [ledger] = await lake.ledgers();
  assertEquals([ledger!.from_ms, ledger!.until_ms, ledger!.expected, ledger!.present], [
    at(10),
    at(30),
    20,
    19,
  ]);
  assertEquals(gapRows(ledger!, START), [[15, 1, "no_trade"]]);
  await lake.piece({ from_ms: at(0), until_ms: at(40), outcome: "failed", detail: "status is 503" });
  [ledger] = await lake.ledgers();
  assertEquals(gapRows(ledger!, START), [
    [0, 10, "source_offline"],
    [15, 1, "source_offline"],
    [30, 10, "source_offline"],
  ]);
  [ledger] = await lake.ledgers({ from: new Date(at(12)), until: new Date(at(18)) });
  assertEquals([ledger!.expected, ledger!.present, ledger!.absent], [6, 5, 1]);
});

Deno.test("streamLedgers() does not expect a bar that ends after the clock", async () => {
  await using lake = await GapsLake.make();
  await lake.minutes(minutesFrom(START, 10, () => false));
  await lake.piece({ from_ms: START, until_ms: at(30), closed_until_ms: at(10), outcome: "open" });
  const [ledger] = await lake.ledgers({ now: new Date(at(20) + 59_000) });
  assertEquals([ledger!.expected, ledger!.absent, ledger!.not_yet_due], [20, 10, 10]);
  assertEquals(gapRows(ledger!, START), [[10, 10, "our_failure"]]);
  assertStringIncludes(ledger!.gaps.at(0).evidence, "were not over when bitstamp was asked");
});

Deno.test("streamLedgers() shows a stream that was asked for and of which nothing came", async () => {
  await using lake = await GapsLake.make();
  await lake.piece({ symbol: "ETHUSD", from_ms: START, until_ms: at(60), outcome: "plan_limit" });
  const [ledger] = await lake.ledgers();
  assertEquals([ledger!.symbol, ledger!.present, ledger!.gaps.by_cause.plan_limit], ["ETHUSD", 0, 60]);
});

Deno.test("streamLedgers() finds a partition that is gone, one that was moved aside, and a lost raw file", async () => {
  await using lake = await GapsLake.make();
  const day = minutesFrom(START, 2 * 1440, () => false);
  await lake.minutes(day);
  const key = "processed/ohlcv_minute/symbol=BTCUSD/year=2025/month=02/part-0.parquet";
  await writeRecord(lake.store, "materialize/tables", { fingerprint: "a", outputs: [key], notes: {} });
  await lake.store.delete(key);
  const file = await lake.file(day);
  const evidence = async () => {
    const [ledger] = await lake.ledgers();
    assertEquals(gapRows(ledger!, START), [[1440, 1440, "our_failure"]]);
    return ledger!.gaps.at(0).evidence;
  };
  assertStringIncludes(await evidence(), `${key} was written and is gone`);
  await lake.store.put(`quarantine/${key}.0a1b2c3d`, new Uint8Array(1));
  assertStringIncludes(await evidence(), `was moved aside to quarantine/${key}.0a1b2c3d`);
  await lake.store.delete(`quarantine/${key}.0a1b2c3d`);
  await lake.store.delete("_ledger/units/materialize/tables.json");
  assertStringIncludes(await evidence(), "1440 bars lie in raw/ohlcv/");
  await lake.store.delete(file);
  assertStringIncludes(await evidence(), `the raw file ${file} held bars of this time and is gone`);
});

Deno.test("streamLedgers() does not call missing what a second source has of a day that is the first one's", async () => {
  await using lake = await GapsLake.make();
  const length = 2 * 1440;
  // 02:00 to 05:00, whole hours of it, and the evening: the first source's day. The next one is the second source's.
  const ours = minutesFrom(START, 1300, (minute) => minute >= 120 && minute < 300);
  await lake.minutes(ours, { source: "bitstamp" });
  await lake.file(ours, { source: "bitstamp" });
  await lake.file(minutesFrom(START, length, () => false), { source: "coinbase" });
  const [ledger] = await lake.ledgers();
  assertEquals(gapRows(ledger!, START), [
    [120, 180, "source_offline"],
    [1300, 140, "source_offline"],
    [1440, 1440, "our_failure"],
  ]);
});

Deno.test("streamLedgers() does not ask a second source why the first one lacks bars on a day of its own", async () => {
  await using lake = await GapsLake.make();
  // The first source was away for two hours; the second one was quiet in some of their minutes, and in some later ones.
  const ours = minutesFrom(START, 1440, (minute) => minute >= 600 && minute < 720);
  const quiet = [601, 650, 700, 1500, 2000];
  const theirs = minutesFrom(START, 2 * 1440, (minute) => quiet.includes(minute));
  await lake.minutes([...ours, ...theirs.filter((time) => time >= START + DAY_MS)]);
  await lake.file(ours, { source: "csv" });
  const candles = await lake.file(theirs, { source: "coinbase" });
  const denied = (cause: "no_trade" | "source_silent") =>
    quiet.map((minute) => ({
      from_ms: at(minute),
      until_ms: at(minute + 1),
      missing: 1,
      cause,
      evidence: "twice denied",
    }));
  const piece = { exchange: "coinbase", from_ms: START, until_ms: at(2 * 1440), candles };
  await lake.piece({ ...piece, absent: denied("no_trade") });
  let [ledger] = await lake.ledgers();
  assertEquals(gapRows(ledger!, START), [
    [600, 120, "source_offline"],
    [1500, 1, "no_trade"],
    [2000, 1, "no_trade"],
  ]);
  assertEquals(ledger!.gaps.at(1).evidence, "coinbase: twice denied");
  await lake.piece({ ...piece, asked_at: "2026-02-01T00:00:00.000Z", absent: denied("source_silent") });
  [ledger] = await lake.ledgers();
  assertEquals(gapRows(ledger!, START), [
    [600, 120, "source_offline"],
    [1500, 1, "source_offline"],
    [2000, 1, "source_offline"],
  ]);
  assertStringIncludes(ledger!.gaps.at(0).evidence, "gaps of 120 bars or more");
});

Deno.test("streamLedgers() does not blame a lost raw file for what it never held", async () => {
  await using lake = await GapsLake.make();
  const day = minutesFrom(START, 1440, (minute) => minute % 200 === 7);
  await lake.minutes(day);
  const file = await lake.file(day);
  await lake.store.delete(file);
  const [ledger] = await lake.ledgers();
  assertEquals(ledger!.gaps.by_cause, {
    no_trade: 8,
    source_offline: 0,
    our_failure: 0,
    plan_limit: 0,
    not_yet_due: 0,
  });
});

Deno.test("streamLedgers() counts what another source filled in, within the fill's ranges only", async () => {
  await using lake = await GapsLake.make();
  await lake.minutes(minutesFrom(at(1400), 100, (minute) => minute === 99), {
    source: (time) => (time >= at(1430) && time < at(1460) ? "coinbase" : "bitstamp"),
  });
  const fill = { symbol: "BTCUSD", timeframe: "1m", source: "coinbase" };
  const notes = { ...fill, ranges: [[at(1435), at(1450)]], decided_at: "2026-01-01T00:00:00.000Z" };
  await writeRecord(lake.store, fillUnit(fill), { fingerprint: "a", outputs: [], notes });
  const [ledger] = await lake.ledgers();
  assertEquals([ledger!.expected, ledger!.present, ledger!.filled, ledger!.absent], [99, 84, 15, 0]);
  assertEquals(ledger!.days(), [
    { day_ms: START, expected: 40, present: 35, filled: 5, absent: 0 },
    { day_ms: START + DAY_MS, expected: 59, present: 49, filled: 10, absent: 0 },
  ]);
});

Deno.test("streamLedgers() gives a part of a stream the causes that the whole one has", async () => {
  await using lake = await GapsLake.make();
  // A minute in a hundred is silent; at ten the source was away for two hours.
  const times = minutesFrom(
    START,
    2 * 1440,
    (minute) => minute % 100 === 7 || (minute >= 600 && minute < 720),
  );
  await lake.minutes(times);
  await lake.file(times);
  const [ofWhole, ofParts] = [new Map<number, string>(), new Map<number, string>()];
  const see = (into: Map<number, string>, { gaps }: StreamLedger) => {
    for (let i = 0; i < gaps.count; i++) {
      const { from_ms, missing, cause, evidence } = gaps.at(i);
      const first = (from_ms - START) / MINUTE_MS;
      for (let minute = first; minute < first + missing; minute++) into.set(minute, `${cause} ${evidence}`);
    }
  };
  const [whole] = await lake.ledgers();
  see(ofWhole, whole!);
  for (const [from, until] of [[0, 630], [630, 631], [631, 719], [719, 900], [900, 2880]] as const) {
    const [part] = await lake.ledgers({ from: new Date(at(from)), until: new Date(at(until)) });
    see(ofParts, part!);
    const expected = until - from;
    const absent = [...ofWhole.keys()].filter((minute) => minute >= from && minute < until).length;
    assertEquals([part!.expected, part!.present, part!.absent], [expected, expected - absent, absent]);
    assertEquals(part!.days().reduce((sum, day) => sum + day.absent, 0), absent);
  }
  assertEquals(ofParts, ofWhole);
  assertEquals(whole!.gaps.by_cause.source_offline, 120);
});

Deno.test("streamLedgers() sorts bars that are not in order, and counts a repeated one once", async () => {
  await using lake = await GapsLake.make();
  await lake.minutes([at(0), at(1), at(1), at(4), at(5)]);
  const [ledger] = await lake.ledgers();
  assertEquals([ledger!.expected, ledger!.present], [6, 4]);
  assertEquals(gapRows(ledger!, START), [[2, 2, "no_trade"]]);
});

Deno.test("streamLedgers() believes bars that were seen, unless some end after the clock", async () => {
  await using lake = await GapsLake.make();
  await lake.minutes(minutesFrom(START, 20, (minute) => minute === 5));
  const seen = new Map([["BTCUSD 1m", {
    bars: 19,
    first_ms: at(0),
    last_ms: at(19),
    from_ms: Float64Array.of(at(7)),
    missing: Float64Array.of(1),
  }]]);
  let [ledger] = await lake.ledgers({}, seen);
  assertEquals(gapRows(ledger!, START), [[7, 1, "no_trade"]]);
  [ledger] = await lake.ledgers({ now: new Date(at(15)) }, seen);
  assertEquals(gapRows(ledger!, START), [[5, 1, "no_trade"]]);
  [ledger] = await lake.ledgers({ from: new Date(at(8)) }, seen);
  assertEquals(gapRows(ledger!, START), []);
});
