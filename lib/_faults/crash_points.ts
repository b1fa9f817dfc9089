/**
 * Crash points: an act is stopped before, within and after each thing that it does to the disk, then done again.
 * Afterwards the lake must hold the very bytes of a lake that was never disturbed.
 */
import { Buffer } from "node:buffer";
import type { Moment } from "../lake/_test_faulty_disk.ts";
import { decodeNdjson } from "../lake/ndjson.ts";
import { type Act, copyLake, lakeObjects, perform, type PlainFault, type Scenario } from "./scenario.ts";

const AT = "2024-02-29T23:57:30Z";
const NEXT = "2024-03-01T00:02:30Z";

function ingest(now: string, answer: Act["answer"]): Act {
  return { args: ["ingest", "--lake", "{lake}", "--now", now], answer };
}

function replay(now: string, answer: Act["answer"]): Act {
  return { args: ["replay", "--lake", "{lake}", "--now", now], answer };
}

function process(now: string): Act {
  const args = ["pipeline", "--lake", "{lake}", "--source", "coingecko", "--only", "process", "--now", now];
  return { args, answer: "down" };
}

function pipeline(now: string): Act {
  const steps = "ingest,process,materialize";
  const args = ["pipeline", "--lake", "{lake}", "--source", "coingecko", "--only", steps, "--now", now];
  return { args, answer: "good" };
}

/** Days of an exchange, a piece a year. */
function backfill(since: string): Act {
  const market = ["--exchange", "bitstamp", "--symbol", "BTC/USD", "--timeframe", "1d"];
  return { args: ["backfill", ...market, "--since", since, "--lake", "{lake}", "--now", AT], answer: "good" };
}

/** The acts that write, each from a lake on which it does something else. The slots lie at a leap day's midnight. */
export const SCENARIOS: readonly Scenario[] = [
  { name: "first snapshot", before: [], act: ingest(AT, "good") },
  { name: "next day's snapshot", before: [ingest(AT, "good")], act: ingest(NEXT, "good") },
  { name: "tick alone", before: [ingest(AT, "good")], act: ingest("2024-02-29T23:58:30Z", "good") },
  { name: "refused rows", before: [], act: ingest(AT, "rejects") },
  { name: "unreadable body", before: [], act: ingest(AT, "garbage") },
  { name: "no answer", before: [], act: ingest(AT, "down") },
  { name: "snapshot after a letter", before: [ingest(AT, "garbage")], act: ingest(AT, "good") },
  { name: "replay of a letter", before: [ingest(AT, "garbage")], act: replay(AT, "good") },
  { name: "process", before: [ingest(AT, "good"), ingest(NEXT, "good")], act: process(NEXT) },
];

/** Scenarios with the SQL engine in them, which takes longer. */
export const SLOW_SCENARIOS: readonly Scenario[] = [
  { name: "pipeline", before: [ingest(AT, "good")], act: pipeline(NEXT) },
  { name: "backfill", before: [backfill("2023-07-01")], act: backfill("2022-07-01") },
];

/** What a campaign found. */
export interface Findings {
  points: number;
  /** Rows that a clean run has and a disturbed one has not. */
  lost: number;
  /** Rows that are there more than once. */
  doubled: number;
  /** Objects that cannot be read. */
  unreadable: number;
  /** Objects whose bytes differ from a clean run's, or that it does not have. */
  different: number;
  /** What went wrong, in words. */
  failures: string[];
}

/** Nothing found yet. */
export function noFindings(): Findings {
  return { points: 0, lost: 0, doubled: 0, unreadable: 0, different: 0, failures: [] };
}

/** Whether all is well. */
export function isClean({ lost, doubled, unreadable, different, failures }: Findings): boolean {
  return lost + doubled + unreadable + different + failures.length === 0;
}

/** A scenario with its lake to start from, the lake of a clean run, and what that did to the disk. */
export class Ground implements AsyncDisposable {
  readonly scenario: Scenario;
  readonly folder: string;
  readonly start: Map<string, Uint8Array>;
  readonly clean: Map<string, Uint8Array>;
  readonly acts: readonly string[];

  private constructor(
    scenario: Scenario,
    folder: string,
    { start, clean, acts }: {
      start: Map<string, Uint8Array>;
      clean: Map<string, Uint8Array>;
      acts: readonly string[];
    },
  ) {
    this.scenario = scenario;
    this.folder = folder;
    this.start = start;
    this.clean = clean;
    this.acts = acts;
  }

  static async prepare(scenario: Scenario): Promise<Ground> {
    const folder = await Deno.makeTempDir({ prefix: "lakebook-faults-" });
    await Deno.mkdir(`${folder}/start`);
    for (const act of scenario.before) await perform(act, `${folder}/start`);
    await copyLake(`${folder}/start`, `${folder}/clean`);
    const { acts } = await perform(scenario.act, `${folder}/clean`);
    if (acts.length === 0) {
      throw new Error(`"${scenario.name}" does nothing to the disk: nothing would be tested`);
    }
    return new Ground(scenario, folder, {
      start: lakeObjects(`${folder}/start`),
      clean: lakeObjects(`${folder}/clean`),
      acts,
    });
  }

  /** Every point at which the act can be stopped. */
  points(): { at: number; moment: Moment }[] {
    return this.acts.flatMap((act, i) => {
      const moments: Moment[] = act.startsWith("writeFile")
        ? ["before", "within", "after"]
        : ["before", "after"];
      return moments.map((moment) => ({ at: i + 1, moment }));
    });
  }

  /** Disturbs the act on a new copy, does it again undisturbed, and compares. */
  async attempt(
    faults: readonly PlainFault[],
    disturb: (act: Act, lake: string, fault: PlainFault) => Promise<void>,
  ): Promise<Findings> {
    const lake = await Deno.makeTempDir({ dir: this.folder });
    await copyLake(`${this.folder}/start`, lake);
    const findings = noFindings();
    findings.points = 1;
    const where = faults.map(({ at, moment }) =>
      `${moment} ${at} (${this.acts[at - 1]?.replace(/\S*\/_tmp\/\S+/, "_tmp")})`
    );
    for (const fault of faults) await disturb(this.scenario.act, lake, fault);
    this.#checkWhole(lakeObjects(lake), findings, where.join(", "));
    const { code, said } = await perform(this.scenario.act, lake);
    if (![0, 4, 7].includes(code)) {
      findings.failures.push(`${this.scenario.name}, ${where.join(", ")}: exit code ${code}: ${said}`);
    }
    this.compare(lakeObjects(lake), findings, where.join(", "));
    await Deno.remove(lake, { recursive: true });
    return findings;
  }

  /** Right after a crash, before anything is mended, a reader sees old objects and new ones, and no half of one. */
  #checkWhole(found: Map<string, Uint8Array>, findings: Findings, where: string): void {
    for (const [key, bytes] of found) {
      const whole = [this.start.get(key), this.clean.get(key)].some((known) =>
        known && sameBytes(known, bytes)
      );
      // What is on its way in is in no clean lake; it is whole where it can be settled, which comes next.
      if (whole || key.startsWith("_incoming/")) continue;
      findings.unreadable += 1;
      findings.failures.push(
        `${this.scenario.name}, ${where}: right after the crash ${key} is neither old nor new`,
      );
    }
  }

  /** Compares a lake with the clean one. */
  compare(found: Map<string, Uint8Array>, findings: Findings, where: string): void {
    const note = (text: string) => findings.failures.push(`${this.scenario.name}, ${where}: ${text}`);
    for (const [key, bytes] of this.clean) {
      const other = found.get(key);
      if (!other) {
        findings.lost += Math.max(1, rowsOf(key, bytes)?.length ?? 1);
        note(`${key} is missing`);
      } else if (!sameBytes(bytes, other)) {
        findings.different += 1;
        note(`${key} differs`);
      }
    }
    for (const [key, bytes] of found) {
      if (!this.clean.has(key)) {
        findings.different += 1;
        note(`${key} should not be there`);
      }
      const rows = rowsOf(key, bytes);
      if (rows === null) {
        findings.unreadable += 1;
        note(`${key} cannot be read`);
      } else findings.doubled += rows.length - new Set(rows).size;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Rows of an NDJSON object, nothing of another one, null where it cannot be read. */
function rowsOf(key: string, bytes: Uint8Array): string[] | null {
  if (!key.endsWith(".ndjson.gz")) return [];
  try {
    return decodeNdjson(bytes, key).map((row) => JSON.stringify(row));
  } catch {
    return null;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.length).equals(b);
}

/** Adds one attempt's findings to a campaign's. */
export function addFindings(total: Findings, one: Findings): void {
  total.points += one.points;
  total.lost += one.lost;
  total.doubled += one.doubled;
  total.unreadable += one.unreadable;
  total.different += one.different;
  total.failures.push(...one.failures);
}

/** A crash within this process: every later act on the disk fails as well. Quick; locks are not let go. */
export async function simulateCrash(act: Act, lake: string, fault: PlainFault): Promise<void> {
  await perform(act, lake, { ...fault, kind: "crash" });
}

/** A crash of another process: SIGKILL, as a power cut would be. */
export async function killChild(act: Act, lake: string, fault: PlainFault): Promise<void> {
  const { signal, code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", new URL("./scenario.ts", import.meta.url).pathname]
      .concat([act, lake, { ...fault, kind: "kill" }].map((value) => JSON.stringify(value))),
    stdout: "null",
    stderr: "piped",
  }).output();
  // A second crash may be aimed at an act that a recovery does not get to.
  if (signal !== "SIGKILL" && ![0, 4, 7].includes(code)) {
    throw new Error(`the child ended with ${code}: ${new TextDecoder().decode(stderr)}`);
  }
}
