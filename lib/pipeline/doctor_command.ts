/** `deno task doctor`: is the lake whole, fresh and settled? */
import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import { ANALYTICS_PRICES, PRICE_HISTORY, PROCESSED_PRICES } from "../core/tables.ts";
import { fromCompactStamp, HOUR_MS, MINUTE_MS, utcDay } from "../core/time.ts";
import { waitingLetters } from "../lake/dead_letters.ts";
import { hourOf } from "../lake/keys.ts";
import { listIncoming } from "../lake/incoming.ts";
import { type Damage, findDamages, noteRemoved, quarantine } from "../lake/integrity.ts";
import { forgetRecord, readRecords } from "../lake/ledger.ts";
import { lakeKind } from "../lake/open_lake.ts";
import type { ObjectStore } from "../lake/store.ts";
import { hourKey } from "../warehouse/materialize.ts";
import { athenaFindings } from "./athena_findings.ts";
import { findOrphans, openInsert } from "./athena_inserts.ts";
import { chooseLake } from "./choose_lake.ts";
import type { CommandIo } from "./command_io.ts";
import { EXIT } from "./exit_codes.ts";
import { CHART_RECORDS } from "./steps/process_charts.ts";
import { HOURS_UNIT } from "./steps/market_hour_units.ts";
import { TICKS_UNIT } from "./steps/process_ticks.ts";
import { lookAgain } from "./steps/whole_days.ts";
import { SNAPSHOTS_UNIT } from "./steps/process_snapshots.ts";

const FLAGS = z.object({
  lake: z.string().min(1).optional(),
  quarantine: z.boolean().default(false),
  json: z.boolean().default(false),
});

/** One thing that was looked at. */
export interface DoctorFinding {
  check: string;
  status: "ok" | "warn" | "fail";
  detail: string;
  /** What to do about it; empty where nothing is to do. */
  fix: string;
}

/** A snapshot older than this is worth a word: a loop of five minutes has missed some. */
const STALE_MS = 30 * MINUTE_MS;

/** Runs the command; gives the exit code. */
export async function doctorCommand(flags: unknown, io: CommandIo): Promise<number> {
  const options = FLAGS.parse(flags);
  const store = await chooseLake(options.lake, io);
  const kind = await lakeKind(store);
  if (kind === null) {
    throw new ConfigError(
      `Cannot examine lake "${store.url}": there is no lake, make one with \`deno task pipeline --lake ${store.url}\``,
    );
  }
  await using _closing = { [Symbol.asyncDispose]: () => store.close() };
  // Held from before the first look: what a run commits in between would be moved aside as damage.
  await using _lock = options.quarantine ? await store.lock("doctor --quarantine") : undefined;
  const damages = await findDamages(store);
  const findings = [
    { check: "lake", status: "ok" as const, detail: `${store.url} is a ${kind} lake`, fix: "" },
    ...await integrityFindings(store, damages, { ...options, now: io.effects.now() }),
    await incomingFinding(store, io.effects.now()),
    await lettersFinding(store),
    await freshnessFinding(store, io.effects.now()),
    ...await athenaFindings(store, io.effects.now()),
    ...await insertFindings(store, options),
  ];
  const healthy = findings.every(({ status }) => status !== "fail");
  if (options.json) io.stdout(`${JSON.stringify({ healthy, findings })}\n`);
  else for (const finding of findings) io.stdout(`${findingLine(finding)}\n`);
  if (damages.length > 0) return EXIT.integrity;
  return healthy ? EXIT.ok : EXIT.partial;
}

async function integrityFindings(
  store: ObjectStore,
  damages: readonly Damage[],
  options: { quarantine: boolean; now: Date },
): Promise<DoctorFinding[]> {
  if (damages.length === 0) {
    return [{
      check: "integrity",
      status: "ok",
      detail: "every object holds the bytes that were committed",
      fix: "",
    }];
  }
  const findings: DoctorFinding[] = [];
  for (const damage of damages) {
    const moved = options.quarantine ? await quarantine(store, damage) : null;
    if (options.quarantine) {
      await lookAgainFor(store, damage.key);
      if (isOfAthena(damage.key)) await noteRemoved(store, damage.key, options.now);
    }
    const again = damage.key.startsWith("raw/")
      ? "raw bytes cannot be made again: bring them back from a copy"
      : `run \`deno task pipeline --lake ${store.url}\` to make it again`;
    findings.push({
      check: "integrity",
      status: "fail",
      detail: moved ? `${damage.detail}; moved to ${moved}` : damage.detail,
      fix: options.quarantine || damage.problem === "missing"
        ? again
        : `move it aside with --quarantine, then: ${again}`,
    });
  }
  return findings;
}

/** What is made from `raw/` object by object is made again once its day, or its history, is looked at. */
async function lookAgainFor(store: ObjectStore, key: string): Promise<void> {
  const slot = /^processed\/market_prices\/.*\/(\w+)\.ndjson\.gz$/.exec(key)?.[1];
  if (slot !== undefined) await lookAgain(store, SNAPSHOTS_UNIT, utcDay(fromCompactStamp(slot)));
  const day = /^processed\/price_ticks\/.*year=(\d+)\/month=(\d+)\/day=(\d+)\//.exec(key);
  if (day) await lookAgain(store, TICKS_UNIT, day.slice(1).join("-"));
  const hour = key.startsWith(ANALYTICS_PRICES.prefix) ? hourOf(key) : null;
  if (hour !== null) await lookAgain(store, HOURS_UNIT, utcDay(hour));
  if (key.startsWith(PRICE_HISTORY.prefix)) {
    for (const unit of (await readRecords(store, CHART_RECORDS)).keys()) await forgetRecord(store, unit);
  }
}

/** Whether an INSERT of Athena's named an object of hourly gold: its rows come again under another name. */
function isOfAthena(key: string): boolean {
  const hour = key.startsWith(ANALYTICS_PRICES.prefix) ? hourOf(key) : null;
  return hour !== null && key !== hourKey(hour);
}

/** What Athena's INSERTs have left behind: nobody knows whether these rows are whole. To be moved aside under the lock. */
async function insertFindings(
  store: ObjectStore,
  options: { quarantine: boolean },
): Promise<DoctorFinding[]> {
  const check = "athena_insert",
    run = `deno task pipeline --only materialize --engine athena --lake ${store.url}`;
  const open = await openInsert(store);
  const orphans = await findOrphans(store);
  const findings: DoctorFinding[] = [];
  if (open) {
    const { query_id } = open.insert;
    const detail = `an INSERT was sent and not seen to its end${query_id ? `, query ${query_id}` : ""}`;
    findings.push({ check, status: "warn", detail, fix: `${run} waits for it and sends nothing twice` });
  }
  // What an open one has written so far is accounted for at its end.
  const loose = open ? orphans.filter(({ query_id }) => query_id !== null) : orphans;
  for (const { key, query_id } of loose) {
    const moved = options.quarantine ? await quarantine(store, { key }) : null;
    if (moved) await lookAgainFor(store, key);
    const left = query_id === null
      ? "no query that the ledger knows wrote it"
      : `query ${query_id} failed and left it`;
    findings.push({
      check,
      status: "fail",
      detail: `${key} is read as part of analytics_prices, but ${left}${moved ? `; moved to ${moved}` : ""}`,
      fix: moved ? run : `move it aside with --quarantine, then: ${run}`,
    });
  }
  return findings;
}

async function incomingFinding(store: ObjectStore, now: Date): Promise<DoctorFinding> {
  const old = (await listIncoming(store)).filter(({ header }) =>
    now.getTime() - Date.parse(header.fetched_at) > 10 * MINUTE_MS
  );
  if (old.length === 0) {
    return { check: "incoming", status: "ok", detail: "no answer waits to be settled", fix: "" };
  }
  const units = old.map(({ header }) => header.unit).join(", ");
  return {
    check: "incoming",
    status: "fail",
    detail: `${old.length} answers were left by runs that crashed: ${units}`,
    fix: `deno task ingest --lake ${store.url}, or any other run, settles them`,
  };
}

async function lettersFinding(store: ObjectStore): Promise<DoctorFinding> {
  const letters = await waitingLetters(store);
  if (letters.length === 0) return { check: "dead_letters", status: "ok", detail: "none wait", fix: "" };
  return {
    check: "dead_letters",
    status: "fail",
    detail: `${letters.length} wait, the first is ${letters[0]}`,
    fix: `deno task replay --lake ${store.url}`,
  };
}

async function freshnessFinding(store: ObjectStore, now: Date): Promise<DoctorFinding> {
  const newest = await newestSnapshot(store);
  const check = "freshness";
  if (newest === null) return { check, status: "ok", detail: "the lake has no market snapshots", fix: "" };
  const age = now.getTime() - newest.getTime();
  const detail = `the newest market snapshot is of ${newest.toISOString()}, ${describeAge(age)}`;
  return age > STALE_MS
    ? { check, status: "warn", detail, fix: `deno task ingest --every 5m --lake ${store.url}` }
    : { check, status: "ok", detail, fix: "" };
}

async function newestSnapshot(store: ObjectStore): Promise<Date | null> {
  const stamps = (await store.list(PROCESSED_PRICES.prefix))
    .flatMap(({ key }) => /\/(\d{8}T\d{6}Z)\.ndjson\.gz$/.exec(key)?.[1] ?? []);
  const last = stamps.sort().at(-1);
  return last === undefined ? null : fromCompactStamp(last);
}

function describeAge(ms: number): string {
  if (ms < 0) return "in the future";
  return ms < HOUR_MS
    ? `${Math.round(ms / MINUTE_MS)} minutes old`
    : `${(ms / HOUR_MS).toFixed(1)} hours old`;
}

function findingLine({ check, status, detail, fix }: DoctorFinding): string {
  return `${status.padEnd(5)} ${check.padEnd(13)} ${detail}${
    fix === "" ? "" : `\n      ${"".padEnd(13)} → ${fix}`
  }`;
}
