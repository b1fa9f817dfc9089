/** Candle files into `raw/`: exact bytes, each file once, and only if it can be read to its end. */
import type { ContractMode } from "../../core/contract.ts";
import { QualityError } from "../../core/errors.ts";
import type { Reject } from "../../core/rows.ts";
import { countReasons, keepDeadLetter, reasonCounts, removeLetter } from "../../lake/dead_letters.ts";
import { digestFile } from "../../lake/digest.ts";
import { removeObject } from "../../lake/integrity.ts";
import { objectName, rawCandlesKey } from "../../lake/keys.ts";
import { forgetRecord, writeRecord } from "../../lake/ledger.ts";
import { explainWriteError } from "../../lake/store_local.ts";
import {
  furtherColumns,
  refuseFurther,
  refuseTypes,
  requireMarketInName,
  rowCheck,
} from "../../sources/candle_contract.ts";
import { refuseChanged, stateOf } from "../../sources/candle_layout_file.ts";
import { requireTimeframe } from "../../sources/candle_timeframe.ts";
import { requireLines } from "../../sources/candle_file_bytes.ts";
import { inspectCandles } from "../../sources/candles_csv.ts";
import { CANDLE_RECORDS, type CandleRecord, candleRecord } from "../../warehouse/candle_records.ts";
import type { LoadReport } from "../../warehouse/candle_stage.ts";
import { type RunContext, SYMBOL } from "../context.ts";
import { convertCandles, type LayoutChoice } from "./convert_candles.ts";

/** What came of one file. */
export interface IngestedFile {
  key: string;
  known: boolean;
  rows: number;
  rejects: readonly Reject[];
}

/** What a file is taken for. */
export interface CandleFileOptions {
  source: string;
  symbol?: string;
  /** The bars' length, where it is known: a file of one bar does not show it. */
  timeframe?: string;
  /** What is known of its layout, where it may have another one than the lake's own. */
  layout?: LayoutChoice | undefined;
  /** The record of a file of the lake that is taken in once more, by the contract of now. */
  again?: CandleRecord;
}

/** How much of a file with further columns is kept: one that came in before is taken once more where that is more. */
const KEPT: Readonly<Record<ContractMode, number>> = {
  freeze: 0,
  discard_row: 1,
  discard_value: 2,
  evolve: 3,
};

/**
 * Takes a candle file into the lake. The copy is read to its end before it gets its place, so a cut or foreign
 * file, or one that the lake's contract refuses, leaves no trace; refused lines go to the dead letters. A file of
 * another layout is converted first, see `convert_candles.ts`.
 *
 * @throws {SourceError} where the file is missing, empty or being written.
 * @throws {QualityError} where it has the wrong columns, not one usable row, or not what the contract asks for.
 * @throws {LakeError} where a gzip file is damaged or the disk is full.
 */
export async function ingestCandleFile(
  context: RunContext,
  path: string,
  options: CandleFileOptions,
): Promise<IngestedFile> {
  const before = await stateOf(path);
  try {
    return await takeCandles(context, path, { ...options, unchanged: () => refuseChanged(path, before) });
  } catch (error) {
    // A file that is half written looks damaged.
    await refuseChanged(path, before, error);
    throw error;
  }
}

async function takeCandles(
  context: RunContext,
  path: string,
  {
    source,
    symbol = context.settings.symbol ?? SYMBOL,
    timeframe,
    layout = context.settings.layout,
    again,
    unchanged,
  }: CandleFileOptions & { unchanged(): Promise<void> },
): Promise<IngestedFile> {
  const { store } = context;
  const asked = (await context.qualityConfig()).contract.candles;
  // What a file gave once is not taken back.
  const columns = again && KEPT[again.contract] > KEPT[asked.columns] ? again.contract : asked.columns;
  const contract = { ...asked, columns };
  const converted = await convertCandles(context, path, { choice: layout, symbol, columns });
  const length = converted ? timeframe ?? requireTimeframe(path, converted.preview.timeframe) : timeframe;
  const file = await inspectCandles(converted?.path ?? path, { timeframe: length });
  if (!converted && !again) requireMarketInName(path, file.columns, symbol);
  const further = converted?.preview.further ?? furtherColumns(file.columns, "lakebook", [file.examples]);
  const copy = `${await store.scratch()}/incoming-${objectName(file.name)}`;
  if (!file.gzip) await requireLines(file.path);
  await copyInto(file.path, copy);
  await unchanged();
  const records = await context.candleRecords();
  const { size } = await Deno.stat(copy);
  const stage = await context.stage();
  const load = async () => {
    refuseFurther(path, further, contract);
    const check = converted ? null : rowCheck({ ...file, path, further }, { symbol, mode: columns });
    return await stage.load({ ...file, path: copy, called: path }, { symbol, source }, check);
  };
  const sameOriginal = (record: CandleRecord) =>
    converted !== null && record.original === converted.original && record.symbol === symbol &&
    record.source === source && record.timezone === layout?.timezone;
  let hash: string, loaded: LoadReport, known = again;
  if (known || records.some((record) => record.size === size || sameOriginal(record))) {
    hash = (await digestFile(copy)).sha256;
    refuseElsewhere(path, records.find(({ sha256 }) => sha256 === hash), { symbol, source });
    known ??= records.find(({ sha256 }) => sha256 === hash) ?? records.find(sameOriginal);
    if (known && !again && !givesMore(known, { hash, columns }) && await store.head(known.key)) {
      return { key: known.key, known: true, rows: known.rows, rejects: [] };
    }
    loaded = await load();
  } else {
    // Nothing of this size is in the lake, so it is new: hash it while the engine reads it.
    const ends = await Promise.all([digestFile(copy), load()]);
    hash = ends[0].sha256;
    loaded = ends[1];
  }
  const { rows } = loaded;
  const rejects = [...converted?.rejects ?? [], ...loaded.rejects];
  refuseTypes(path, rejects, contract);
  if (rows === 0) {
    throw new QualityError(
      `Cannot use "${path}": all ${rejects.length} rows were refused (${countReasons(rejects)}), ` +
        `the first is line ${rejects[0]!.line}: ${rejects[0]!.detail}; nothing of it was kept`,
    );
  }
  const place = { symbol, source, timeframe: file.timeframe };
  const taken = records.some(({ key }) => key === rawCandlesKey({ ...place, file: file.name }));
  const key = known?.sha256 === hash
    ? known.key
    : rawCandlesKey({ ...place, file: taken ? withHash(file.name, hash) : file.name });
  if (rejects.length > 0) {
    const letter = letterOf({ key, sha256: hash });
    await keepDeadLetter(store, { ...letter, origin: converted?.original ?? key, rejects });
  }
  if (converted) await store.putFile(converted.original, converted.copy);
  await store.putFile(key, copy);
  const record = candleRecord(
    await writeRecord(store, recordUnit(hash), {
      fingerprint: hash,
      outputs: converted ? [key, converted.original] : [key],
      notes: {
        key,
        sha256: hash,
        size,
        ...place,
        columns: file.columns,
        from_ms: loaded.from_ms,
        to_ms: loaded.to_ms,
        ...(converted ? { original: converted.original, layout: converted.preview.layout } : {}),
        ...(converted && layout?.timezone ? { timezone: layout.timezone } : {}),
        arrival: known?.arrival ?? Math.max(0, ...records.map(({ arrival }) => arrival)) + 1,
        rows,
        rejected: reasonCounts(rejects),
        further,
        contract: columns,
      },
    }),
  );
  await context.noteCandleRecord(record, known);
  // A file that was here before stays where it was in the order of arrival: the stage has to load all of them anew.
  if (known) await removeFormer(context, known, record);
  else context.markStaged(hash);
  return { key, known: false, rows, rejects };
}

/** Whether a file that came in before is worth to be taken once more: for its rows, or for its further columns. */
function givesMore(
  { sha256, contract, further }: CandleRecord,
  { hash, columns }: { hash: string; columns: ContractMode },
): boolean {
  return sha256 === hash
    ? further.length > 0 && KEPT[columns] > KEPT[contract]
    : KEPT[columns] >= KEPT[contract];
}

/** Takes away what a file that was taken in once more does not need any longer; its exact bytes stay. */
async function removeFormer(
  { store, effects }: RunContext,
  former: CandleRecord,
  record: CandleRecord,
): Promise<void> {
  const other = former.sha256 !== record.sha256;
  if (other || Object.keys(record.rejected).length === 0) await removeLetter(store, letterOf(former));
  if (!other) return;
  await forgetRecord(store, recordUnit(former.sha256));
  await removeObject(store, former.key, effects.now());
}

/**
 * Refuses bytes that are in the lake as another market's, or another source's: they would be skipped as known.
 *
 * @throws {QualityError} which says where they are.
 */
function refuseElsewhere(
  path: string,
  record: CandleRecord | undefined,
  { symbol, source }: { symbol: string; source: string },
): void {
  if (!record || (record.symbol === symbol && record.source === source)) return;
  throw new QualityError(
    `Cannot use "${path}" as ${symbol} of ${source}: the same bytes are in the lake as ${record.symbol} of ` +
      `${record.source}, "${record.key}"; nothing of it was kept`,
  );
}

function recordUnit(sha256: string): string {
  return `${CANDLE_RECORDS}${sha256.slice(0, 16)}`;
}

function letterOf({ key, sha256 }: { key: string; sha256: string }): { step: string; unit: string } {
  const name = key.slice(key.lastIndexOf("/") + 1).replaceAll(/[^A-Za-z0-9._-]/g, "_");
  return { step: "ingest", unit: `${name}.${sha256.slice(0, 16)}` };
}

/** `btc.csv.gz` with another content under the same name becomes `btc.1a2b3c4d.csv.gz`. */
function withHash(name: string, hash: string): string {
  const dot = name.search(/\.(csv|txt)(\.gz)?$|\.gz$/i);
  const stem = dot < 0 ? name : name.slice(0, dot);
  return `${stem}.${hash.slice(0, 8)}${dot < 0 ? "" : name.slice(dot)}`;
}

async function copyInto(from: string, to: string): Promise<void> {
  try {
    await Deno.copyFile(from, to);
    await Deno.chmod(to, 0o644);
  } catch (error) {
    throw explainWriteError(to, error);
  }
}
