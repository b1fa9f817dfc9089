/** `deno task replay`: redrives the dead letters, or settles them as lost. */
import { z } from "zod";
import { ConfigError, LakebookError, UsageError } from "../../core/errors.ts";
import { readLetter, removeLetter, type WaitingLetter, waitingLetters } from "../../lake/dead_letters.ts";
import { lakeKind } from "../../lake/open_lake.ts";
import { logRun, newRunId, objectHash } from "../../lake/run_log.ts";
import type { ObjectStore } from "../../lake/store.ts";
import { coinGeckoSettings } from "../../sources/coingecko_settings.ts";
import { chooseLake } from "../choose_lake.ts";
import type { CommandIo } from "../command_io.ts";
import { EXIT, exitCodeOf } from "../exit_codes.ts";
import { readFlags } from "../read_flags.ts";
import { STEPS } from "../run.ts";
import type { Collection } from "./collect.ts";
import { checkKind, replayLetter, type ReplayReport } from "./replay.ts";
import { recoverIncoming } from "./settle.ts";

const FLAGS = z.object({
  lake: z.string().min(1).optional(),
  step: z.string().optional(),
  discard: z.boolean().default(false),
  json: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});

/** Seconds for one question with its retries and waits. */
const BUDGET_S = 120;

/** What `replay --json` prints. */
export interface ReplaySummary {
  run_id: string;
  lake: string;
  letters: (Omit<ReplayReport, "status"> & { status: ReplayReport["status"] | "discarded" | "planned" })[];
  exit_code: number;
}

/** Runs the command; gives the exit code. */
export async function replayCommand(flags: unknown, io: CommandIo): Promise<number> {
  const options = readFlags(FLAGS, flags);
  const { effects } = io;
  const store = await chooseLake(options.lake, io);
  if (await lakeKind(store) === null && (await waitingLetters(store)).length === 0) {
    throw new ConfigError(
      `Cannot replay lake "${store.url}": there is no lake, make one with \`deno task ingest --lake ${store.url}\``,
    );
  }
  await requireStep(store, options.step);
  const run_id = newRunId(effects.now());
  const summary: ReplaySummary = { run_id, lake: store.url, letters: [], exit_code: EXIT.ok };
  const say = (report: ReplaySummary["letters"][number]) => {
    summary.letters.push(report);
    if (!options.json) io.stdout(`${report.status.padEnd(10)} ${report.letter}: ${report.detail}\n`);
  };
  if (options.dryRun) {
    for (const letter of await letters(store, options.step)) {
      const reason = letter.failed
        ? letter.failed.detail
        : `${letter.refused.rejected} rows of ${letter.refused.origin}`;
      const verb = options.discard ? "would discard" : "would redrive";
      say({ letter: letter.key, status: "planned", requests: 0, detail: `${verb}: ${reason}` });
    }
  } else {
    await using _lock = await store.lock(`replay ${run_id}`);
    await using _closing = { [Symbol.asyncDispose]: () => store.close() };
    await recoverIncoming(store, effects);
    const { openCoinGecko } = await import("../../sources/coingecko.ts");
    const collection: Collection = {
      store,
      client: openCoinGecko(coinGeckoSettings(io.env), effects),
      effects,
      run_id,
      command: "replay",
      budget_s: BUDGET_S,
    };
    for (const letter of await letters(store, options.step)) {
      say(options.discard ? await discard(letter, collection) : await redrive(letter, collection));
    }
  }
  const waiting = await waitingLetters(store, options.step);
  if (waiting.length > 0) {
    effects.log.warn(`${waiting.length} dead letters wait in ${store.locate("dead_letters/")}`);
    summary.exit_code = EXIT.partial;
  } else if (summary.letters.length === 0) {
    const step = options.step === undefined ? "" : ` of step ${options.step}`;
    effects.log.info(`No dead letters${step} wait in ${store.url}.`);
  }
  if (options.json) io.stdout(`${JSON.stringify(summary)}\n`);
  return summary.exit_code;
}

/** A wrong name must not pass for a step without letters. */
async function requireStep(store: ObjectStore, step: string | undefined): Promise<void> {
  if (step === undefined || Object.hasOwn(STEPS, step)) return;
  const keys = await waitingLetters(store);
  const there = [...new Set(keys.map((key) => key.split("/")[1]!))].sort();
  if (there.includes(step)) return;
  throw new UsageError(
    `Cannot replay letters of step "${step}": there is no such step, ${
      there.length === 0 ? "and no letters wait, leave --step out" : `letters wait under ${there.join(", ")}`
    }`,
  );
}

async function letters(store: ObjectStore, step: string | undefined): Promise<WaitingLetter[]> {
  const read = await Promise.all((await waitingLetters(store, step)).map((key) => readLetter(store, key)));
  const found = read.filter((letter) => letter !== null);
  for (const letter of found) checkKind(letter);
  return found;
}

/** One letter that cannot be redriven does not keep the others from it. */
async function redrive(letter: WaitingLetter, collection: Collection): Promise<ReplayReport> {
  try {
    return await replayLetter(letter, collection);
  } catch (error) {
    if (!(error instanceof LakebookError) || exitCodeOf(error) === EXIT.integrity) throw error;
    return { letter: letter.key, status: "waits", requests: 0, detail: error.message };
  }
}

/** Writes the loss into the run log, whole letter and all, before the letter goes. */
async function discard(letter: WaitingLetter, { store, effects, run_id, command }: Collection) {
  const { step, unit } = letter.failed ?? letter.refused;
  const bytes = (await store.get(letter.key))!;
  const at = effects.now().toISOString();
  await logRun(store, {
    run_id,
    command,
    step,
    unit,
    status: "discarded",
    started_at: at,
    ended_at: at,
    requests: 0,
    rows_in: letter.refused?.rejected ?? null,
    rows_out: 0,
    detail: new TextDecoder().decode(bytes),
    inputs: [objectHash(letter.key, bytes)],
    outputs: [],
  });
  await removeLetter(store, { step, unit });
  const detail = "taken away; the run log keeps what it said";
  return { letter: letter.key, status: "discarded" as const, requests: 0, detail };
}
