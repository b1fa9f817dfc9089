/**
 * Candle files in any of the known layouts, plain, gzipped or zipped, as batches of candles. Rows come in the
 * file's order, which may be newest first or none; putting them in order is the caller's.
 */
import type { ContractMode } from "../core/contract.ts";
import { QualityError, SourceError } from "../core/errors.ts";
import type { Candle, Reject } from "../core/rows.ts";
import { lastLineEnds, openPacked, type Packing, packingOf, unreadable } from "./candle_layout_bytes.ts";
import type { FurtherColumn } from "./candle_contract.ts";
import { detectLayout, type LayoutFit } from "./candle_layout_detect.ts";
import { type FurtherValue, lineReader } from "./candle_layout_lines.ts";
import { LINE_CHARS } from "./candle_file_bytes.ts";

/** What a person may say about a file, and the clock. */
export interface CandleFileOptions {
  /** Name of a layout of {@linkcode LAYOUTS}, to use it without detection. */
  layout?: string | undefined;
  /** Zone of stamps in local time, such as `Europe/Madrid`. */
  timezone?: string | undefined;
  /** Latest time that makes sense; later bars are refused as `time_out_of_range`. */
  latestMs: number;
  /** What becomes of values in columns that are not the layout's own; left out, they are left alone. */
  columns?: ContractMode | undefined;
}

/** A part of a file: what was understood, and what was not. */
export interface CandleBatch {
  candles: Candle[];
  rejects: Reject[];
  /** With `columns: "evolve"`: values in columns that are not the layout's own, by their bar's start. */
  further: (FurtherValue & { time: number })[];
}

/** A file as its head tells. */
export interface CandlePreview {
  path: string;
  /** `plain`, `gzip` or `zip`. */
  packing: Packing["kind"];
  /** Name of the layout. */
  layout: string;
  confidence: LayoutFit["confidence"];
  /** Why it is this layout, a sentence each. */
  evidence: string[];
  symbol: string | null;
  timeframe: string | null;
  /** Columns that are not the layout's own. */
  further: FurtherColumn[];
  /** What the volume counts, such as `BTC (base coin)`. */
  volume_unit: string;
  /** The first rows as understood, each with its line and text. */
  rows: LayoutFit["rows"];
  /** The first lines that are no candles. */
  rejects: Reject[];
}

/** No more of a file than this is read to find its layout. */
export const HEAD_BYTES = 1 << 18;

/** A batch holds no more refused text than this and one line. */
const BATCH_CHARS = 1 << 20;

/**
 * What a file's first 256 KiB tell, with the first five rows as understood; for `--dry-run`.
 *
 * @throws {SourceError} where the file is missing, unreadable, empty, without rows, or changes meanwhile.
 * @throws {QualityError} where no layout fits, or the rows contradict each other.
 * @throws {LakeError} where a gzip file or archive is damaged.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile({ prefix: "BTCUSD-", suffix: ".csv" });
 * await Deno.writeTextFile(path, "1364774820000,93.25,93.3,93.3,93.25,93.3\n1364774880000,100,100,100,100,2\n");
 * const { layout, volume_unit, rows } = await previewCandles(path, { latestMs: Date.UTC(2026, 0) });
 * assertEquals([layout, rows[1]!.candle.volume], ["bitfinex", 2]);
 * assertEquals(volume_unit.includes("base coin"), true);
 * ```
 */
export async function previewCandles(
  path: string,
  { rows = 5, ...options }: CandleFileOptions & { rows?: number },
): Promise<CandlePreview> {
  const { packing, fit } = await inspect(path, options);
  const evidence = packing.kind === "zip"
    ? [`the archive holds ${packing.entry.name}`, ...fit.evidence]
    : packing.kind === "plain" && !await lastLineEnds(path)
    ? [...fit.evidence, "the last line has no line end: its last number may be cut short"]
    : fit.evidence;
  return {
    path,
    packing: packing.kind,
    layout: fit.layout.name,
    confidence: fit.confidence,
    evidence,
    symbol: fit.symbol,
    timeframe: fit.timeframe,
    further: [...fit.rules.further],
    volume_unit: fit.volume_unit,
    rows: fit.rows.slice(0, rows),
    rejects: fit.rejects.slice(0, rows),
  };
}

/**
 * Reads a candle file in batches; memory stays bounded whatever the file's size. Every line that is not blank
 * comes back as a candle or as a reject. An error may come after the first batches (a damaged gzip file shows at
 * its end): then nothing that was given before may be kept.
 *
 * A last line without a line end that lacks cells is refused as `cut_line`. One with all its cells is taken, because
 * many sound files end so; whether its last number is whole, nobody can tell ({@linkcode previewCandles} says so).
 *
 * @throws {SourceError} where the file is missing, empty, without rows, or is being written while it is read
 * (`retryable`).
 * @throws {QualityError} where no layout fits, units or markets are mixed, or a line is longer than 64 KiB.
 * @throws {LakeError} where a gzip file or archive is damaged or cut short.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile({ suffix: ".csv" });
 * await Deno.writeTextFile(path, "time,open,close,high,low,volume\n1512086400000,1,2,3,1,5\n1512086460000,2,2");
 * for await (const { candles, rejects } of readCandleFile(path, { latestMs: Date.UTC(2026, 0) })) {
 *   assertEquals(candles, [{ time: 1512086400000, open: 1, close: 2, high: 3, low: 1, volume: 5 }]);
 *   assertEquals([rejects[0]!.line, rejects[0]!.reason], [3, "cut_line"]);
 * }
 * ```
 */
export async function* readCandleFile(
  path: string,
  { batchRows = 8192, ...options }: CandleFileOptions & { batchRows?: number },
): AsyncGenerator<CandleBatch> {
  const before = await stateOf(path);
  try {
    for await (const batch of batchesOf(path, { batchRows, ...options })) {
      if (batch.last) await refuseChanged(path, before);
      yield { candles: batch.candles, rejects: batch.rejects, further: batch.further };
    }
  } catch (error) {
    // A file that is half written looks damaged, and says a thing about itself that is not so a moment later.
    await refuseChanged(path, before, error);
    throw error;
  }
}

async function* batchesOf(
  path: string,
  { batchRows, ...options }: CandleFileOptions & { batchRows: number },
): AsyncGenerator<CandleBatch & { last: boolean }> {
  const { packing, fit } = await inspect(path, options);
  const read = lineReader(fit.rules);
  let batch: CandleBatch = { candles: [], rejects: [], further: [] };
  let chars = 0;
  for await (const { text, line, ended } of numberedLines(openPacked(path, packing), path)) {
    if (line <= fit.skip || text.trim() === "") continue;
    if (batch.candles.length + batch.rejects.length >= batchRows || chars >= BATCH_CHARS) {
      yield { ...batch, last: false };
      batch = { candles: [], rejects: [], further: [] };
      chars = 0;
    }
    const result = read(text, line);
    if ("candle" in result) {
      batch.candles.push(result.candle);
      const { time } = result.candle;
      for (const value of result.further) batch.further.push({ time, ...value });
    } else {
      batch.rejects.push(ended ? result.reject : cutLine(result.reject));
      chars += text.length;
    }
  }
  yield { ...batch, last: true };
}

/**
 * @throws {SourceError} (`retryable`) where a file is not as it was a moment ago.
 */
export async function refuseChanged(path: string, before: FileState, cause?: unknown): Promise<void> {
  const after = await stateOf(path);
  if (before.size === after.size && before.mtime === after.mtime) return;
  throw new SourceError(
    `Cannot read "${path}": it is still being written (${before.size} bytes at the start, ${after.size} at the end), ` +
      `wait until it is complete; nothing of it was kept`,
    { retryable: true, cause },
  );
}

/** A last line without a line end that is no candle: whoever wrote it was interrupted. */
function cutLine({ line, detail, raw }: Reject): Reject {
  return { line, reason: "cut_line", detail: `the file ends within this line (${detail})`, raw };
}

async function inspect(
  path: string,
  options: CandleFileOptions,
): Promise<{ packing: Packing; fit: LayoutFit }> {
  const packing = await packingOf(path);
  const head = await headLines(path, packing);
  const entry = packing.kind === "zip" ? packing.entry.name : undefined;
  return { packing, fit: detectLayout(head, { name: path, entry, ...options }) };
}

/** What tells that a file was written to. */
export interface FileState {
  size: number;
  mtime: number;
}

/** Size and time of change of a file. */
export async function stateOf(path: string): Promise<FileState> {
  try {
    const { size, mtime } = await Deno.stat(path);
    return { size, mtime: mtime?.getTime() ?? 0 };
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function headLines(path: string, packing: Packing): Promise<string[]> {
  const bytes = new Uint8Array(HEAD_BYTES);
  let size = 0;
  for await (const chunk of openPacked(path, packing, { chunkBytes: 1 << 16 })) {
    const part = chunk.subarray(0, HEAD_BYTES - size);
    bytes.set(part, size);
    size += part.length;
    if (size === HEAD_BYTES) break;
  }
  const lines = new TextDecoder().decode(bytes.subarray(0, size)).split("\n").map((line) =>
    line.replace(/\r$/, "")
  );
  if (lines.length === 1 && size === HEAD_BYTES) {
    throw new QualityError(
      `Cannot read "${path}": its first ${HEAD_BYTES / 1024} KiB hold no line end, name a file of text lines`,
    );
  }
  if (size === HEAD_BYTES) lines.pop();
  return lines;
}

async function* numberedLines(
  bytes: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<{ text: string; line: number; ended: boolean }> {
  const decoder = new TextDecoder();
  let rest = "", line = 0;
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const text of lines) {
      line += 1;
      if (text.length > LINE_CHARS) throw tooLong(path, line);
      yield { text: text.replace(/\r$/, ""), line, ended: true };
    }
    if (rest.length > LINE_CHARS) throw tooLong(path, line + 1);
  }
  rest += decoder.decode();
  if (rest !== "") yield { text: rest.replace(/\r$/, ""), line: line + 1, ended: false };
}

function tooLong(path: string, line: number): QualityError {
  return new QualityError(
    `Cannot read "${path}": line ${line} is longer than ${
      LINE_CHARS / 1024
    } KiB, name a file of candle lines`,
  );
}
