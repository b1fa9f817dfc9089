/** Candle files into `raw/`: exact bytes, each file once, and only if it can be read to its end. */
import { QualityError } from "../../core/errors.ts";
import type { Reject } from "../../core/rows.ts";
import { countReasons, keepDeadLetter, reasonCounts } from "../../lake/dead_letters.ts";
import { rawCandlesKey } from "../../lake/keys.ts";
import { writeRecord } from "../../lake/ledger.ts";
import { explainWriteError } from "../../lake/store_local.ts";
import { inspectCandles } from "../../sources/candles_csv.ts";
import { CANDLE_RECORDS, candleRecord } from "../../warehouse/candle_records.ts";
import type { LoadReport } from "../../warehouse/candle_stage.ts";
import { type RunContext, SYMBOL } from "../context.ts";
import { convertCandles } from "./convert_candles.ts";
import { hashFile } from "./hash_file.ts";

/** What came of one file. */
export interface IngestedFile {
  key: string;
  known: boolean;
  rows: number;
  rejects: readonly Reject[];
}

/**
 * Takes a candle file into the lake. The copy is read to its end before it gets its place, so a cut or foreign
 * file leaves no trace; refused lines go to the dead letters. A file of another layout is converted first, see
 * `convert_candles.ts`.
 *
 * @throws {SourceError} where the file is missing or empty.
 * @throws {QualityError} where it has the wrong columns or not one usable row.
 * @throws {LakeError} where a gzip file is damaged or the disk is full.
 */
export async function ingestCandleFile(
  context: RunContext,
  path: string,
  { source, symbol = context.settings.symbol ?? SYMBOL, timeframe }: {
    source: string;
    symbol?: string;
    /** The bars' length, where it is known: a file of one bar does not show it. */
    timeframe?: string;
  },
): Promise<IngestedFile> {
  const { store } = context;
  const converted = await convertCandles(context, path, { choice: context.settings.layout, symbol });
  const file = await inspectCandles(converted?.path ?? path, { timeframe });
  const scratch = await store.scratch();
  const copy = `${scratch}/incoming-${file.name}`;
  await copyInto(file.path, copy);
  const records = await context.candleRecords();
  const { size } = await Deno.stat(copy);
  const stage = await context.stage();
  const load = () => stage.load({ ...file, path: copy }, { symbol, source });
  let hash: string, loaded: LoadReport;
  if (records.some((record) => record.size === size)) {
    hash = await hashFile(copy);
    const known = records.find(({ sha256 }) => sha256 === hash);
    if (known && await store.head(known.key)) {
      return { key: known.key, known: true, rows: known.rows, rejects: [] };
    }
    loaded = await load();
  } else {
    // Nothing of this size is in the lake, so it is new: hash it while the engine reads it.
    [hash, loaded] = await Promise.all([hashFile(copy), load()]);
  }
  const { rows } = loaded;
  const rejects = [...converted?.rejects ?? [], ...loaded.rejects];
  if (rows === 0) {
    throw new QualityError(
      `Cannot use "${path}": all ${rejects.length} rows were refused (${countReasons(rejects)}), ` +
        `the first is line ${rejects[0]!.line}: ${rejects[0]!.detail}; nothing of it was kept`,
    );
  }
  const place = { symbol, source, timeframe: file.timeframe };
  const taken = records.some(({ key }) => key === rawCandlesKey({ ...place, file: file.name }));
  const key = rawCandlesKey({ ...place, file: taken ? withHash(file.name, hash) : file.name });
  const unit = hash.slice(0, 16);
  if (rejects.length > 0) {
    await keepDeadLetter(store, {
      step: "ingest",
      unit: `${safeName(file.name)}.${unit}`,
      origin: converted?.original ?? key,
      rejects,
    });
  }
  await store.putFile(key, copy);
  const record = await writeRecord(store, `${CANDLE_RECORDS}${unit}`, {
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
      arrival: Math.max(0, ...records.map(({ arrival }) => arrival)) + 1,
      rows,
      rejected: reasonCounts(rejects),
    },
  });
  await context.noteCandleRecord(candleRecord(record));
  context.markStaged(hash);
  return { key, known: false, rows, rejects };
}

/** `btc.csv.gz` with another content under the same name becomes `btc.1a2b3c4d.csv.gz`. */
function withHash(name: string, hash: string): string {
  const dot = name.search(/\.(csv|txt)(\.gz)?$|\.gz$/i);
  const stem = dot < 0 ? name : name.slice(0, dot);
  return `${stem}.${hash.slice(0, 8)}${dot < 0 ? "" : name.slice(dot)}`;
}

function safeName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9._-]/g, "_");
}

async function copyInto(from: string, to: string): Promise<void> {
  try {
    await Deno.copyFile(from, to);
    await Deno.chmod(to, 0o644);
  } catch (error) {
    throw explainWriteError(to, error);
  }
}
