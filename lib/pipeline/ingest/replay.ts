/** Redrives one dead letter: what it stands for is tried again, and the letter goes when nothing is refused any more. */
import { ConfigError, QualityError, SourceError } from "../../core/errors.ts";
import { fromCompactStamp } from "../../core/time.ts";
import {
  type FailedRequest,
  keepDeadLetter,
  removeLetter,
  type WaitingLetter,
} from "../../lake/dead_letters.ts";
import { keepIncoming } from "../../lake/incoming.ts";
import { forgetRecord, readRecords } from "../../lake/ledger.ts";
import { logRun, objectHash } from "../../lake/run_log.ts";
import { parseMarketChart } from "../../sources/coingecko_parse.ts";
import { CANDLE_RECORDS, candleRecord } from "../../warehouse/candle_records.ts";
import { RunContext } from "../context.ts";
import { ingestCandleFile } from "../steps/ingest_candles.ts";
import { CHART_RECORDS, processCharts } from "../steps/process_charts.ts";
import { stampOf } from "../steps/process_part.ts";
import { processTicks, TICKS_UNIT } from "../steps/process_ticks.ts";
import { lookAgain } from "../steps/whole_days.ts";
import { collect, type Collection, isThere, questionOf } from "./collect.ts";
import { settleIncoming } from "./settle.ts";
import { processMarkets, type Settled } from "./units.ts";

/** What came of a letter: settled, or why it waits on. */
export interface ReplayReport {
  letter: string;
  status: "settled" | "waits";
  requests: number;
  detail: string;
}

/** Redrives a letter. */
export async function replayLetter(letter: WaitingLetter, collection: Collection): Promise<ReplayReport> {
  const outcome = letter.failed
    ? await replayRequest(letter.failed, collection)
    : await replayRows(letter.refused, collection);
  return { letter: letter.key, requests: 0, ...outcome };
}

type Outcome = Omit<ReplayReport, "letter" | "requests"> & { requests?: number };

/**
 * An answer that is there by now settles the letter; so does a kept body that can be read by now. Otherwise CoinGecko
 * is asked again, if the slot is still now: it knows no past snapshots, and today's prices are never filed as
 * yesterday's. A price history may be asked for later, for it holds the days that were missed.
 */
async function replayRequest(letter: FailedRequest, collection: Collection): Promise<Outcome> {
  const { store, effects, run_id, command } = collection;
  const question = questionOf(letter.kind, new Date(letter.slot))!;
  const there = await isThere(store, question);
  if (there) {
    await removeLetter(store, letter);
    return { status: "settled", detail: `${there} is in the lake` };
  }
  const body = letter.body === null ? null : await store.get(letter.body);
  if (body && letter.reason === "unreadable_body") {
    const incoming = await keepIncoming(store, {
      unit: letter.unit,
      kind: letter.kind,
      slot: letter.slot,
      source: letter.source,
      url: letter.request ?? "",
      status: letter.status ?? 200,
      fetched_at: letter.slot,
      requests: letter.attempts,
      run_id,
      command,
    }, body);
    const report = await settleIncoming(store, incoming, effects);
    if (report.status !== "failed") return { status: "settled", detail: report.detail };
  }
  const past = letter.kind !== "market_chart" &&
    questionOf(letter.kind, effects.now())!.slot.getTime() !== question.slot.getTime();
  if (past) {
    return {
      status: "waits",
      detail:
        `its slot ${letter.slot} is over and CoinGecko knows no past ones: this gap stays, --discard settles it`,
    };
  }
  const report = await collect(question, collection);
  const status = report.status === "failed" ? "waits" : "settled";
  return { status, detail: report.detail, requests: report.requests };
}

/** Rows that were refused are read anew from where they came from. */
async function replayRows(
  letter: NonNullable<WaitingLetter["refused"]>,
  collection: Collection,
): Promise<Outcome> {
  const { store, effects } = collection;
  const { origin, step, unit } = letter;
  const page = /^raw\/(coingecko|demo)\/markets\//.exec(origin);
  if (page) {
    const body = await store.get(origin);
    if (!body) return { status: "waits", detail: `${origin} is not in the lake any more` };
    try {
      const place = { slot: fromCompactStamp(stampOf(origin)), source: page[1]! };
      const { rejects } = await processPage({ key: origin, body, place, unit }, collection);
      const rows = { ...letter, unit: unit.replace(/-unreadable$/, "") };
      if (rejects.length > 0) await keepDeadLetter(store, { ...rows, rejects });
      // A page that was refused as a whole can be read now: its letter goes, and one for its rows may stand for it.
      if (rows.unit !== unit) await removeLetter(store, letter);
      return await settleRows(rows, rejects.length, collection);
    } catch (error) {
      if (!(error instanceof SourceError || error instanceof QualityError)) throw error;
      return { status: "waits", detail: error.message };
    }
  }
  if (origin.startsWith("raw/coingecko/market_chart/")) {
    const body = await store.get(origin);
    if (!body) return { status: "waits", detail: `${origin} is not in the lake any more` };
    const { rejects } = parseMarketChart(body);
    if (rejects.length === 0) await forgetRecord(store, `${CHART_RECORDS}${stampOf(origin)}`);
    const outcome = await settleRows(letter, rejects.length, collection);
    await processCharts(store, effects);
    return outcome;
  }
  const day = /^ticks-(\d{4}-\d{2}-\d{2})$/.exec(unit)?.[1];
  if (day !== undefined) {
    await forgetRecord(store, `${TICKS_UNIT}/${day}`);
    await lookAgain(store, TICKS_UNIT, day);
    await processTicks(store, effects);
    const again = await store.head(`dead_letters/${step}/${unit}.json`);
    return again ? stays(letter) : { status: "settled", detail: `the ticks of ${day} were read anew` };
  }
  if (step === "ingest" && /^raw\/(ohlcv|candle_files)\//.test(origin)) {
    return await replayCandles(letter, collection);
  }
  return stays(letter);
}

/** Makes the rows of a page anew. The run log hears of it before the letter goes: they may be others than before. */
async function processPage(
  { key, body, place, unit }: {
    key: string;
    body: Uint8Array;
    place: { slot: Date; source: string };
    unit: string;
  },
  { store, effects, run_id, command }: Collection,
): Promise<Settled> {
  const started_at = effects.now().toISOString();
  const settled = await processMarkets(store, body, place);
  const { rows_in, rows_out, rejects, detail, outputs } = settled;
  await logRun(store, {
    ...{ run_id, command, step: "process", unit, status: rejects.length > 0 ? "warn" : "ok" },
    ...{ started_at, ended_at: effects.now().toISOString(), requests: 0, rows_in, rows_out, detail },
    inputs: [objectHash(key, body)],
    outputs,
  });
  return settled;
}

/** Takes the file in once more: its time may have come, or the contract may have changed. The next run makes silver. */
async function replayCandles(
  letter: NonNullable<WaitingLetter["refused"]>,
  { store, effects, run_id }: Collection,
): Promise<Outcome> {
  const records = [...(await readRecords(store, CANDLE_RECORDS)).values()].map(candleRecord);
  const record = records.find(({ sha256 }) => letter.unit.endsWith(`.${sha256.slice(0, 16)}`));
  if (!record) return { status: "waits", detail: `${letter.origin} is not in the lake any more` };
  const { source, symbol, timeframe, layout, timezone, original, key } = record;
  await using context = new RunContext({
    runId: run_id,
    store,
    effects,
    settings: { source: "csv", ohlcv: [], models: "models", seed: 1, env: {} },
  });
  const { rejects } = await ingestCandleFile(context, await store.localPath(original ?? key), {
    ...{ source, symbol, timeframe, again: record },
    layout: original === undefined ? undefined : { layout, timezone },
  });
  if (rejects.length === letter.rejected) return stays(letter);
  const detail = `${letter.rejected - rejects.length} rows of ${letter.origin} are taken, ` +
    "the pipeline's next run brings them into the tables";
  if (rejects.length === 0) return { status: "settled", detail };
  return { status: "waits", detail: `${detail}; ${rejects.length} are still refused` };
}

async function settleRows(
  letter: NonNullable<WaitingLetter["refused"]>,
  rejected: number,
  { store }: Collection,
): Promise<Outcome> {
  if (rejected > 0) return stays({ ...letter, rejected });
  await removeLetter(store, letter);
  return { status: "settled", detail: `all rows of ${letter.origin} are sound now` };
}

function stays({ origin, rejected }: { origin: string; rejected: number }): Outcome {
  return {
    status: "waits",
    detail: `${rejected} rows of ${origin} are still refused: mend the source, or settle them with --discard`,
  };
}

/** @throws {ConfigError} where a letter is of a kind that this version does not know. */
export function checkKind(letter: WaitingLetter): void {
  if (letter.failed === null || questionOf(letter.failed.kind, new Date(letter.failed.slot)) !== null) return;
  throw new ConfigError(
    `Cannot replay "${letter.key}": its kind "${letter.failed.kind}" is unknown, was it written by a newer version?`,
  );
}
