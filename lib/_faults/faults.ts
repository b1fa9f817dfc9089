/**
 * `deno task test:faults`: the long campaigns, with processes that are really killed. Prints one table, ends with
 * exit code 1 where a row was lost or doubled or an object is not what a clean run would have left.
 */
import {
  addFindings,
  type Findings,
  Ground,
  isClean,
  killChild,
  noFindings,
  SCENARIOS,
  SLOW_SCENARIOS,
} from "./crash_points.ts";
import { fullDisk } from "./full_disk.ts";
import { KINDS, mixedFaults, oneFault } from "./http_faults.ts";
import { fuzz, PARSERS } from "./fuzz.ts";
import { killTrainings } from "./killed_training.ts";
import { manyWriters } from "./many_writers.ts";
import { type Scenario } from "./scenario.ts";
import { mendObject, tearObjects } from "./torn_objects.ts";

/** Children that run at once. */
const LANES = navigator.hardwareConcurrency;
const DOUBLE_CRASHES = 200;
/** Seeds of mixed HTTP faults. */
const MIXES = 50;
/** Trainings that are killed, each up to three times. */
const KILLED_TRAININGS = 50;
/** Broken bodies a parser. */
const FUZZED = 1_000_000;

interface Row {
  campaign: string;
  seeds: number;
  findings: Findings;
}

/** Runs jobs a few at a time and adds their findings up. */
async function together(jobs: readonly (() => Promise<Findings>)[]): Promise<Findings> {
  const total = noFindings();
  const queue = [...jobs];
  await Promise.all(Array.from({ length: LANES }, async () => {
    for (let job = queue.shift(); job; job = queue.shift()) addFindings(total, await job());
  }));
  return total;
}

async function crashes(scenario: Scenario, every = 1): Promise<Findings> {
  await using ground = await Ground.prepare(scenario);
  const points = ground.points().filter((_, i) => i % every === 0);
  return await together(
    points.map((point) => () => ground.attempt([{ ...point, kind: "kill" }], killChild)),
  );
}

/** Two crashes in a row, the second one in the recovery from the first. */
async function doubleCrashes(scenario: Scenario, seeds: number): Promise<Findings> {
  await using ground = await Ground.prepare(scenario);
  const points = ground.points();
  return await together(Array.from({ length: seeds }, (_, seed) => () => {
    const pick = (n: number) => points[(seed * 7919 + n * 104_729 + n) % points.length]!;
    return ground.attempt([{ ...pick(1), kind: "kill" }, { ...pick(2 + seed % 5), kind: "kill" }], killChild);
  }));
}

const rows: Row[] = [];
async function campaign(name: string, run: () => Promise<Findings>, seeds = 1): Promise<void> {
  const began = performance.now();
  const findings = await run();
  rows.push({ campaign: name, seeds, findings });
  const took = ((performance.now() - began) / 1000).toFixed(1);
  console.error(
    `${name}: ${findings.points} points, ${isClean(findings) ? "clean" : "NOT CLEAN"}, ${took} s`,
  );
  for (const failure of findings.failures.slice(0, 5)) console.error(`  ${failure}`);
}

for (const scenario of [...SCENARIOS, ...SLOW_SCENARIOS]) {
  await campaign(`kill -9, ${scenario.name}`, () => crashes(scenario));
}
for (const scenario of SCENARIOS.slice(1, 3)) {
  await campaign(
    `kill -9 twice, ${scenario.name}`,
    () => doubleCrashes(scenario, DOUBLE_CRASHES / 2),
    DOUBLE_CRASHES / 2,
  );
}
await campaign(
  "kill -9, training of an LSTM",
  () => killTrainings(Array.from({ length: KILLED_TRAININGS }, (_, seed) => seed)),
  KILLED_TRAININGS,
);
for (const scenario of SCENARIOS) {
  await campaign(`disk full, ${scenario.name}`, () => fullDisk(scenario));
}
await campaign(
  "http, one fault at a time",
  () =>
    together(KINDS.map((kind) => () => oneFault(kind, kind === "drift" ? { change: "column_renamed" } : {}))),
);
await campaign(
  "http, mixed faults",
  () => together(Array.from({ length: MIXES }, (_, seed) => () => mixedFaults(seed))),
  MIXES,
);
for (const name of Object.keys(PARSERS)) {
  await campaign(`fuzz, ${name}`, () => Promise.resolve(fuzz(name, FUZZED)));
}
const pipeline = SLOW_SCENARIOS[0]!;
await campaign("torn objects", () => tearObjects(pipeline));
await campaign("torn objects mended", () => mendObject(pipeline, /^(processed|analytics)\//));
for (const writers of [2, 4, 8]) {
  await campaign(`${writers} writers at once`, () => manyWriters({ writers, rounds: 200 }));
}

const columns = ["points", "lost", "doubled", "unreadable", "different"] as const;
const total = noFindings();
for (const { findings } of rows) addFindings(total, findings);
const line = (name: string, seeds: number | string, findings: Findings) =>
  `${name.padEnd(36)} ${String(seeds).padStart(6)} ${
    columns.map((column) => String(findings[column]).padStart(10)).join(" ")
  }  ${isClean(findings) ? "ok" : "FAILED"}`;
console.log(
  `\n${"campaign".padEnd(36)} ${"seeds".padStart(6)} ${columns.map((name) => name.padStart(10)).join(" ")}`,
);
for (const { campaign, seeds, findings } of rows) console.log(line(campaign, seeds, findings));
console.log(line("all", rows.reduce((sum, { seeds }) => sum + seeds, 0), total));
if (!isClean(total)) Deno.exit(1);
