import { assert, assertEquals } from "@std/assert";
import type { GapCause } from "../core/gaps.ts";
import { MINUTE_MS } from "../core/time.ts";
import { keepDeadLetter } from "../lake/dead_letters.ts";
import { demoMarket } from "../sources/demo_market.ts";
import type { BackfillRecord } from "../warehouse/backfill_records.ts";
import { GapsLake, mulberry } from "./_test_gaps.ts";

/**
 * How many gaps of each kind are planted, what their cause is, and their longest. An outage of a minute or two that
 * left no evidence is planted as well, though nobody could tell it from a quiet minute.
 */
const KINDS = {
  denied: { count: 250, cause: "no_trade", longest: 3 },
  silent: { count: 100, cause: "source_offline", longest: 2000 },
  plan_limit: { count: 100, cause: "plan_limit", longest: 2000 },
  no_answer: { count: 100, cause: "source_offline", longest: 2000 },
  not_allowed: { count: 50, cause: "our_failure", longest: 2000 },
  never_asked: { count: 100, cause: "our_failure", longest: 2000 },
  refused: { count: 100, cause: "our_failure", longest: 30 },
  unread: { count: 50, cause: "our_failure", longest: 500 },
  outage_without_evidence: { count: 100, cause: "source_offline", longest: 2000 },
  silence_without_evidence: { count: 50, cause: "no_trade", longest: 1 },
} as const satisfies Record<string, { count: number; cause: GapCause; longest: number }>;

type Kind = keyof typeof KINDS;

const START = Date.UTC(2025, 0, 1), END = Date.UTC(2026, 0, 1);

interface Planted {
  kind: Kind;
  from_ms: number;
  until_ms: number;
}

/** A year of the demo market's minutes, whose own quiet minutes stay as they are. */
function yearOfMinutes(): number[] {
  const market = demoMarket({ seed: 3 });
  const times: number[] = [];
  for (let month = 1; month <= 12; month++) {
    const text = new TextDecoder().decode(market.minuteCandlesCsv(2025, month, { until: new Date(END) }));
    for (const line of text.trimEnd().split("\n").slice(1)) times.push(Number(line.slice(0, 13)));
  }
  return times;
}

/** A thousand gaps in places that do not touch, nor touch a quiet minute; lengths are spread over the scales. */
function plant(present: ReadonlySet<number>): Planted[] {
  const random = mulberry(11);
  const planted: Planted[] = [];
  const kinds = Object.entries(KINDS).flatMap(([kind, { count }]) => Array(count).fill(kind) as Kind[]);
  for (const kind of kinds.sort((a, b) => KINDS[b].longest - KINDS[a].longest)) {
    while (true) {
      const minutes = Math.floor(Math.exp(random() * Math.log(KINDS[kind].longest + 0.999)));
      const from_ms = START +
        MINUTE_MS * (2 + Math.floor(random() * ((END - START) / MINUTE_MS - minutes - 4)));
      const until_ms = from_ms + minutes * MINUTE_MS;
      const free = planted.every((other) =>
        until_ms + MINUTE_MS < other.from_ms || from_ms - MINUTE_MS > other.until_ms
      );
      if (!free || !present.has(from_ms - MINUTE_MS) || !present.has(until_ms)) continue;
      planted.push({ kind, from_ms, until_ms });
      break;
    }
  }
  return planted.sort((a, b) => a.from_ms - b.from_ms);
}

Deno.test("streamLedgers() finds 1,000 gaps planted over a year exactly, and at least 95 % of their causes", async () => {
  await using lake = await GapsLake.make();
  const all = yearOfMinutes();
  const planted = plant(new Set(all));
  assertEquals(planted.length, 1000);
  const of = (...kinds: Kind[]) => planted.filter(({ kind }) => kinds.includes(kind));
  const inAny = (gaps: readonly Planted[]) => {
    let at = 0;
    return (time: number) => {
      while (at < gaps.length && gaps[at]!.until_ms <= time) at++;
      return at < gaps.length && gaps[at]!.from_ms <= time;
    };
  };
  const lost = inAny(planted), inFile = inAny(of("unread"));
  const silver: number[] = [], raw: number[] = [];
  for (const time of all) {
    const [absent, unread] = [lost(time), inFile(time)];
    if (!absent) silver.push(time);
    if (!absent || unread) raw.push(time);
  }
  await lake.minutes(silver, { source: "bitstamp" });
  const candles = await lake.file(raw, { source: "bitstamp" });
  await layEvidence(lake, of, candles);

  const [ledger] = await lake.ledgers();
  const { gaps } = ledger!;
  const found = Array.from({ length: gaps.count }, (_, i) => gaps.at(i));
  // What the market itself left out, and what was planted: nothing else. (A hole in what was taken in from a raw file
  // is in pieces around the minutes in which the market was quiet, because the file lacks those.)
  const there = new Set(silver);
  const truth: string[] = [];
  for (let time = START; time < END; time += MINUTE_MS) {
    if (there.has(time)) continue;
    const from = time;
    while (time < END && !there.has(time)) time += MINUTE_MS;
    truth.push(`${from} ${time}`);
  }
  const whole: [number, number][] = [];
  for (const { from_ms, until_ms } of found) {
    if (whole.at(-1)?.[1] === from_ms) whole.at(-1)![1] = until_ms;
    else whole.push([from_ms, until_ms]);
  }
  assertEquals(whole.map((gap) => gap.join(" ")), truth);
  assertEquals(ledger!.absent, (END - START) / MINUTE_MS - silver.length);
  assertEquals(ledger!.present, silver.length);

  const byStart = new Map(found.map((gap) => [gap.from_ms, gap]));
  const right: Record<string, string> = {};
  let total = 0;
  for (const kind of Object.keys(KINDS) as Kind[]) {
    const causes = of(kind).map(({ from_ms }) => byStart.get(from_ms)!.cause);
    const hits = causes.filter((cause) => cause === KINDS[kind].cause).length;
    right[kind] = `${hits} of ${causes.length}`;
    total += hits;
  }
  const isPlanted = inAny(planted);
  const quiet = found.filter(({ from_ms }) => !isPlanted(from_ms));
  const quietRight = quiet.filter(({ cause }) => cause === "no_trade").length;
  console.log(
    "causes that are right:",
    total,
    "of 1000",
    right,
    `and ${quietRight} of ${quiet.length} quiet minutes`,
  );
  assert(total >= 950, `only ${total} of 1000 causes are right`);
  assert(quietRight >= 0.99 * quiet.length);
  // Evidence is never guessed away: only gaps of which nothing is known may be wrong.
  const sure = of(
    "denied",
    "silent",
    "plan_limit",
    "no_answer",
    "not_allowed",
    "never_asked",
    "refused",
    "unread",
  );
  for (const { from_ms, kind } of sure) assertEquals(byStart.get(from_ms)!.cause, KINDS[kind].cause, kind);
});

/** What a backfill would have left: records of pieces around what it was not asked for, denials, failures, letters. */
async function layEvidence(
  lake: GapsLake,
  of: (...kinds: Kind[]) => Planted[],
  candles: string,
): Promise<void> {
  const absent = of("denied", "silent").map(({ kind, from_ms, until_ms }) => ({
    from_ms,
    until_ms,
    missing: (until_ms - from_ms) / MINUTE_MS,
    cause: kind === "denied" ? "no_trade" as const : "source_silent" as const,
    evidence: "asked twice, denied twice",
  }));
  let from = START;
  for (const hole of [...of("never_asked"), { from_ms: END, until_ms: END }]) {
    const piece = { from_ms: from, until_ms: hole.from_ms, candles };
    const within = absent.filter((gap) => gap.from_ms >= piece.from_ms && gap.until_ms <= piece.until_ms);
    await lake.piece({ ...piece, absent: within });
    from = hole.until_ms;
  }
  const outcomes: Partial<Record<Kind, Pick<BackfillRecord, "outcome" | "detail">>> = {
    plan_limit: { outcome: "plan_limit", detail: "" },
    no_answer: {
      outcome: "failed",
      detail: 'Cannot fetch "https://…": status is 503 (busy), try again later',
    },
    not_allowed: { outcome: "failed", detail: 'Cannot fetch "https://…": Deno may not reach it' },
  };
  for (const [kind, outcome] of Object.entries(outcomes)) {
    for (const { from_ms, until_ms } of of(kind as Kind)) {
      await lake.piece({ from_ms, until_ms, ...outcome, asked_at: "2026-01-02T00:00:00.000Z" });
    }
  }
  const rejects = of("refused").flatMap(({ from_ms, until_ms }) =>
    Array.from({ length: (until_ms - from_ms) / MINUTE_MS }, (_, i) => ({
      line: null,
      reason: "high_below_low",
      detail: "",
      raw: `${from_ms + i * MINUTE_MS},1,2,1,3,5`,
    }))
  );
  await keepDeadLetter(lake.store, { step: "ingest", unit: "minutes.csv", origin: candles, rejects });
}
