import { assert, assertEquals } from "@std/assert";
import { judgeRuns } from "./tradeless_runs.ts";

const YEAR = 525_600;

/** Whether a minute is silent, given its number and the minute before. */
type Market = (minute: number, silentBefore: boolean, random: () => number) => boolean;

const MARKETS: [name: string, shortest: number, market: Market][] = [
  ["never silent", 2, () => false],
  ["thick: a minute in 200 is silent", 6, (_minute, _before, random) => random() < 0.005],
  ["a minute in ten is silent", 12, (_minute, _before, random) => random() < 0.1],
  ["thin: four minutes in five are silent", 120, (_minute, _before, random) => random() < 0.8],
  ["hardly any trade", 900, (_minute, _before, random) => random() < 0.97],
  [
    "by day 5 %, by night 60 %",
    80,
    (minute, _before, random) => random() < 0.325 + 0.275 * Math.sin(minute / 1440 * 2 * Math.PI),
  ],
  ["silence lasts: Markov 0.05, 0.5", 40, (_minute, before, random) => random() < (before ? 0.5 : 0.05)],
  [
    "rare long silences: Markov 0.005, 0.8",
    120,
    (_minute, before, random) => random() < (before ? 0.8 : 0.005),
  ],
];

function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A year of a market with outages; gives what judgeRuns() made of it. */
function tryMarket(
  market: Market,
  { shortest, outages, seed }: { shortest: number; outages: number; seed: number },
) {
  const random = mulberry(seed);
  const silent = new Uint8Array(YEAR), out = new Uint8Array(YEAR);
  for (let minute = 0; minute < YEAR; minute++) {
    silent[minute] = market(minute, minute > 0 && silent[minute - 1] === 1, random) ? 1 : 0;
  }
  for (let i = 0; i < outages; i++) {
    const length = Math.floor(shortest * (3000 / shortest) ** random());
    const from = 1 + Math.floor(random() * (YEAR - length - 2));
    out.fill(1, from, from + length);
  }
  const from_ms: number[] = [], missing: number[] = [], truth: boolean[] = [];
  for (let minute = 0; minute < YEAR; minute++) {
    const from = minute;
    let outage = false;
    while (minute < YEAR && (silent[minute] || out[minute])) outage = out[minute++] === 1 || outage;
    if (minute === from) continue;
    from_ms.push(from * 60_000);
    missing.push(minute - from);
    truth.push(outage);
  }
  const { outage } = judgeRuns({
    from_ms: Float64Array.from(from_ms),
    missing: Float64Array.from(missing),
    excused: new Uint8Array(missing.length),
  }, { from_ms: 0, until_ms: YEAR * 60_000, step_ms: 60_000 });
  const found = truth.filter((is, i) => is && outage[i]).length;
  return {
    outages: truth.filter(Boolean).length,
    found,
    false_alarms: outage.filter((is, i) => is && !truth[i]).length,
  };
}

for (const [name, shortest, market] of MARKETS) {
  Deno.test(`judgeRuns() tells outages from silence in a market that is ${name}`, () => {
    for (const seed of [1, 2]) {
      for (const planted of [0, 3, 100]) {
        const { outages, found, false_alarms } = tryMarket(market, { shortest, outages: planted, seed });
        assert(found >= 0.97 * outages, `${found} of ${outages} outages`);
        assert(false_alarms <= 2, `${false_alarms} false alarms`);
      }
    }
  });
}

Deno.test("judgeRuns() takes no length for impossible where every run is excused, or there is none", () => {
  const span = { from_ms: 0, until_ms: 6_000_000, step_ms: 60_000 };
  const none = judgeRuns({
    from_ms: new Float64Array(),
    missing: new Float64Array(),
    excused: new Uint8Array(),
  }, span);
  assertEquals(none.outage.length, 0);
  const one = { from_ms: Float64Array.of(0), missing: Float64Array.of(100) };
  assertEquals([...judgeRuns({ ...one, excused: Uint8Array.of(1) }, span).outage], [1]);
  // A stream without a single bar is one run: nothing says that the market could not be that silent, or that it was.
  assertEquals(judgeRuns({ ...one, excused: Uint8Array.of(0) }, span).outage.length, 1);
});

Deno.test("judgeRuns() accuses no short stream of a quiet market, though hardly a run there goes on", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = mulberry(seed);
    const from_ms: number[] = [], missing: number[] = [];
    const minutes = 21 * 1440;
    for (let minute = 1; minute < minutes - 1; minute++) {
      const from = minute;
      while (minute < minutes - 1 && random() < 0.005) minute++;
      if (minute === from) continue;
      from_ms.push(from * 60_000);
      missing.push(minute - from);
    }
    const { outage } = judgeRuns({
      from_ms: Float64Array.from(from_ms),
      missing: Float64Array.from(missing),
      excused: new Uint8Array(missing.length),
    }, { from_ms: 0, until_ms: minutes * 60_000, step_ms: 60_000 });
    assertEquals(outage.indexOf(1), -1, `seed ${seed}`);
  }
});
