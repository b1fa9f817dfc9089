/** `deno task ingest`: one market snapshot and tick, or a loop of them. */
import { z } from "zod";
import { UsageError } from "../../core/errors.ts";
import { DAY_MS, MINUTE_MS, parseDuration, slotStart } from "../../core/time.ts";
import { keepFailedRequest, waitingLetters } from "../../lake/dead_letters.ts";
import { openStore } from "../../lake/open_lake.ts";
import { newRunId } from "../../lake/run_log.ts";
import type { ObjectStore } from "../../lake/store.ts";
import { coinGeckoSettings } from "../../sources/coingecko_settings.ts";
import type { CommandIo } from "../command_io.ts";
import { EXIT } from "../exit_codes.ts";
import { lettersWait } from "../letters_wait.ts";
import { readFlags } from "../read_flags.ts";
import { collect, type Collection, isThere, marketsQuestion, tickQuestion } from "./collect.ts";
import { recoverIncoming, type UnitReport } from "./settle.ts";

const FLAGS = z.object({
  lake: z.string().min(1).optional(),
  every: z.string().optional(),
  for: z.string().optional(),
  now: z.string().optional(),
  json: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});

/** Seconds for a slot's requests with their retries and waits, at most; always less than the interval. */
const BUDGET_S = 120;

/** Calls a month that come with a Demo key. */
const DEMO_CALLS = 10_000;

/** What `ingest --json` prints. */
export interface IngestSummary {
  run_id: string;
  lake: string;
  started_at: string;
  units: UnitReport[];
  requests: number;
  exit_code: number;
}

/** Runs the command; gives the exit code. */
export async function ingestCommand(flags: unknown, io: CommandIo): Promise<number> {
  const options = readFlags(FLAGS, flags);
  const { effects } = io;
  const { every, until } = schedule(options, effects.now());
  const settings = coinGeckoSettings(io.env);
  if (every !== null && settings.plan === "demo" && 30 * DAY_MS / every > DEMO_CALLS) {
    effects.log.warn(
      `A question every ${options.every} makes ${
        30 * DAY_MS / every
      } calls a month: a Demo key has ${DEMO_CALLS}.`,
    );
  }
  const store = await openStore(options.lake ?? "data/lake", io);
  if (options.dryRun) {
    io.stdout(`${await plan(store, effects.now())}\n`);
    return EXIT.ok;
  }
  const started = effects.now();
  const run_id = newRunId(started);
  await using _closing = { [Symbol.asyncDispose]: () => store.close() };
  const units = await recoverIncoming(store, effects);
  const { openCoinGecko } = await import("../../sources/coingecko.ts");
  const collection: Collection = {
    store,
    client: openCoinGecko(settings, effects),
    effects,
    run_id,
    command: "ingest",
    budget_s: Math.min(BUDGET_S, 0.8 * (every ?? 5 * MINUTE_MS) / 1000),
    // The default lake is for real prices; another one becomes what its first answer is.
    only: options.lake === undefined ? "live" : undefined,
  };
  for (let due = started;;) {
    const fired = await fire(due, collection);
    for (const report of fired) if (!options.json) io.stdout(`${unitLine(report)}\n`);
    units.push(...fired);
    if (every === null) break;
    const next = new Date(slotStart(effects.now(), every).getTime() + every);
    if (next >= until) break;
    await effects.sleep(next.getTime() - effects.now().getTime());
    // Not `next`: a machine that slept wakes later, and what it asks for then is of then.
    const woke = effects.now();
    const missed = Math.min(slotStart(woke, every).getTime(), until.getTime());
    await giveUpMissed(slotStart(due, every).getTime() + every, missed, { every, collection });
    if (woke >= until) break;
    due = woke;
  }
  const summary: IngestSummary = {
    run_id,
    lake: store.url,
    started_at: started.toISOString(),
    units,
    requests: units.reduce((sum, { requests }) => sum + requests, 0),
    exit_code: await exitCode(store, units, effects.log.warn),
  };
  if (options.json) io.stdout(`${JSON.stringify(summary)}\n`);
  return summary.exit_code;
}

/** The market snapshot with its tick where the slot lacks one, else just the minute's tick. */
async function fire(due: Date, collection: Collection): Promise<UnitReport[]> {
  const markets = await collect(marketsQuestion(due), collection);
  if (markets.status !== "skipped") return [markets];
  return [markets, await collect(tickQuestion(due), collection)];
}

/** Times that passed while the loop could not run (a laptop that slept) are gone for good, and it is written down. */
async function giveUpMissed(
  from: number,
  before: number,
  { every, collection: { store, effects } }: { every: number; collection: Collection },
): Promise<void> {
  for (let missed = from; missed < before; missed += every) {
    const question = marketsQuestion(new Date(missed));
    if (await isThere(store, question)) continue;
    const detail = `Cannot ask for the slot ${question.slot.toISOString()}: the loop was not running then, ` +
      `keep the machine awake; CoinGecko has no past snapshots`;
    effects.log.warn(detail);
    await keepFailedRequest(store, {
      step: "ingest",
      unit: question.unit,
      kind: question.kind,
      slot: question.slot.toISOString(),
      reason: "missed",
      detail,
      attempts: 0,
      request: null,
      status: null,
      source: "coingecko",
    }, null);
  }
}

function schedule(
  options: { every?: string | undefined; for?: string | undefined; now?: string | undefined },
  now: Date,
): { every: number | null; until: Date } {
  if (options.every === undefined) {
    if (options.for !== undefined) {
      throw new UsageError("Cannot use --for alone: add --every, such as --every 5m");
    }
    return { every: null, until: now };
  }
  if (options.now !== undefined) {
    throw new UsageError(
      "Cannot combine --every and --now: a clock that stands still never comes to the next slot",
    );
  }
  const every = duration("--every", options.every);
  if (every < MINUTE_MS || every % MINUTE_MS !== 0 || DAY_MS % every !== 0) {
    throw new UsageError(
      `Cannot use --every ${options.every}: it must be whole minutes that divide a day, such as 1m, 5m or 1h`,
    );
  }
  const until = options.for === undefined
    ? new Date(8.64e15)
    : new Date(now.getTime() + duration("--for", options.for));
  return { every, until };
}

function duration(flag: string, text: string): number {
  try {
    return parseDuration(text);
  } catch (cause) {
    throw new UsageError(`Cannot use ${flag}: ${(cause as Error).message}`, { cause });
  }
}

async function plan(store: ObjectStore, now: Date): Promise<string> {
  const markets = marketsQuestion(now);
  const there = await isThere(store, markets);
  if (!there) return `would fetch the 250 largest coins for the slot ${markets.slot.toISOString()}`;
  const tick = tickQuestion(now);
  return await isThere(store, tick)
    ? `${there} and the minute's tick are in the lake already`
    : `${there} is in the lake already, would fetch Bitcoin's price of ${tick.slot.toISOString()}`;
}

function unitLine({ unit, status, detail }: UnitReport): string {
  // Why it failed has been said on stderr.
  const words = status === "failed" ? `kept as dead_letters/ingest/${unit}.json` : detail;
  return `${unit.padEnd(26)} ${status.padEnd(8)} ${words}`;
}

async function exitCode(
  store: ObjectStore,
  units: readonly UnitReport[],
  warn: (text: string) => void,
): Promise<number> {
  const tried = units.filter(({ status }) => status !== "skipped");
  if (tried.length > 0 && tried.every(({ status }) => status === "failed")) return EXIT.source;
  const letters = await waitingLetters(store);
  if (letters.length === 0) return EXIT.ok;
  warn(lettersWait(letters, store));
  return EXIT.partial;
}
