/**
 * Candle files in the schema `time,open,close,high,low,volume` (time in epoch milliseconds of the bar's start,
 * close before high), plain or gzipped. Columns may stand in any order; further columns are left alone.
 *
 * Two readers use this module: the SQL engine reads a sound file at full speed, knowing its column order from
 * {@linkcode inspectCandles}; a file with bad lines goes through {@linkcode cleanCandles}, line by line.
 */
import { QualityError, SourceError } from "../core/errors.ts";
import type { Reject } from "../core/rows.ts";
import { openCandles, startsLikeGzip, textLines, unreadable } from "./candle_file_bytes.ts";
import { requireTimeframe, timeframeOf } from "./candle_timeframe.ts";

/** The six columns that a candle file must have. */
export const CANDLE_COLUMNS = ["time", "open", "close", "high", "low", "volume"] as const;

/** Earliest time that a Bitcoin candle can have: the genesis block's day, 2009-01-03. */
export const EARLIEST_MS = Date.UTC(2009, 0, 3);

/** What is known of a candle file before it is read whole. */
export interface CandleFile {
  path: string;
  /** What messages call it; left out, its path. */
  called?: string;
  /** File name without folders. */
  name: string;
  gzip: boolean;
  /** Whether its first rows have quotes: without any the engine need not look for them in the others. */
  quoted: boolean;
  /** Column names in the file's order, lower case. */
  columns: string[];
  /** A key of {@linkcode TIMEFRAMES}, by the first bars or the name, see `candle_timeframe.ts`. */
  timeframe: string;
}

/** The same, with what its first rows hold. */
export interface InspectedCandles extends CandleFile {
  /** The first value of each column; empty where the first rows have none. */
  examples: string[];
}

const HEAD_BYTES = 1 << 16;

/**
 * Reads the head of a candle file: its columns and, unless `timeframe` is known already, its bar length.
 *
 * @throws {SourceError} where the file is missing, a folder, unreadable, empty or holds only a header.
 * @throws {QualityError} where columns are missing or times are not in milliseconds.
 * @throws {LakeError} where a gzip file is damaged in its head.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile({ suffix: ".csv" });
 * await Deno.writeTextFile(
 *   path,
 *   "time,open,close,high,low,volume\n1512086400000,1,2,3,1,5\n1512086460000,2,2,2,2,1\n",
 * );
 * assertEquals((await inspectCandles(path)).timeframe, "1m");
 * ```
 */
export async function inspectCandles(
  path: string,
  { timeframe }: { timeframe?: string | undefined } = {},
): Promise<InspectedCandles> {
  const info = await Deno.stat(path).catch((error) => {
    throw unreadable(path, error);
  });
  if (!info.isFile) {
    throw new SourceError(`Cannot read "${path}": it is not a file, name a .csv or .csv.gz file`);
  }
  if (info.size === 0) {
    throw new SourceError(`Cannot read "${path}": the file is empty, name one that holds candles`);
  }
  const gzip = await startsLikeGzip(path);
  const { lines, whole } = await headLines(path, gzip);
  const header = lines[0] ?? "";
  const columns = splitCells(header).map((cell) => cell.toLowerCase());
  checkHeader(path, header, columns);
  const body = (whole ? lines.slice(1) : lines.slice(1, -1)).filter((line) => line.trim() !== "");
  if (body.length === 0) {
    throw new SourceError(
      `Cannot read "${path}": it has a header but no rows, name a file that holds candles`,
    );
  }
  const timeAt = columns.indexOf("time");
  const rows = body.map(splitCells);
  const times = rows.map((cells) => Number(cells[timeAt] || NaN)).filter(Number.isFinite);
  checkUnit(path, times);
  return {
    path,
    name: path.slice(path.lastIndexOf("/") + 1),
    gzip,
    quoted: lines.some((line) => line.includes('"')),
    columns,
    examples: columns.map((_, at) => rows.find((cells) => (cells[at] ?? "") !== "")?.[at] ?? ""),
    timeframe: timeframe ?? requireTimeframe(path, timeframeOf(times, { name: path }).timeframe),
  };
}

/** A comma and the cell after it, which may hold commas within quotes. */
const CELL = /,(\s*"(?:[^"]|"")*"\s*(?=,|$)|[^,]*)/g;

/** Cells of a line, without the quotes that may stand around them. */
export function splitCells(line: string): string[] {
  const cells = line.includes('"')
    ? [...`,${line}`.matchAll(CELL)].map(([, cell]) => cell!)
    : line.split(",");
  return cells.map((cell) => cell.trim().replace(/^"(.*)"$/, "$1").trim());
}

function checkHeader(path: string, header: string, columns: string[]): void {
  if (header.includes("\0")) {
    throw new QualityError(
      `Cannot read "${path}": its first line holds bytes that are no text (binary data, or UTF-16), ` +
        `save it as a .csv file in UTF-8`,
    );
  }
  const missing = CANDLE_COLUMNS.filter((name) => !columns.includes(name));
  const wanted = CANDLE_COLUMNS.join(",");
  if (columns.every((cell) => cell !== "" && Number.isFinite(Number(cell)))) {
    throw new QualityError(
      `Cannot read "${path}": its first line holds numbers, put the header ${wanted} before it`,
    );
  }
  if (missing.length > 0) {
    throw new QualityError(
      `Cannot read "${path}": column ${missing.join(", ")} is missing, its first line is "${
        header.slice(0, 120)
      }"; ` +
        `the header must name ${wanted} (any order, separated by commas); \`deno task backfill\` reads other layouts`,
    );
  }
  const repeated = CANDLE_COLUMNS.filter((name) => columns.indexOf(name) !== columns.lastIndexOf(name));
  if (repeated.length > 0) {
    throw new QualityError(
      `Cannot read "${path}": column ${repeated.join(", ")} stands twice, keep one of them`,
    );
  }
}

/** Refuses seconds, microseconds and nanoseconds by their size: 1e12 ms is 2001, 1e14 ms is the year 5138. */
function checkUnit(path: string, times: number[]): void {
  const middle = times.toSorted((a, b) => a - b)[times.length >> 1];
  if (middle === undefined) return;
  const unit = middle >= 1e8 && middle < 1e11
    ? ["seconds", "multiply them by 1000"]
    : middle >= 1e14 && middle < 1e17
    ? ["microseconds", "divide them by 1000"]
    : middle >= 1e17
    ? ["nanoseconds", "divide them by 1000000"]
    : null;
  if (unit) {
    throw new QualityError(
      `Cannot read "${path}": its times (such as ${middle}) look like ${unit[0]}, ${
        unit[1]
      }: Lakebook wants milliseconds`,
    );
  }
}

/** Why a line cannot be a candle, or null where it can. `latestMs` is the latest time that makes sense. */
export function checkCandle(
  cells: readonly string[],
  columns: readonly string[],
  { latestMs }: { latestMs: number },
): { reason: string; detail: string } | null {
  // Like the engine: commas at the end of a line, with nothing behind them, do no harm.
  if (cells.length < columns.length || cells.slice(columns.length).some((cell) => cell !== "")) {
    return {
      reason: "wrong_cell_count",
      detail: `${cells.length} cells where the header has ${columns.length}`,
    };
  }
  const value: Record<string, number | null> = {};
  for (const name of CANDLE_COLUMNS) {
    const cell = cells[columns.indexOf(name)]!;
    if (cell === "") {
      if (name !== "volume") return { reason: "missing_value", detail: `${name} is empty` };
      value[name] = null;
    } else if (!NUMBER.test(cell) || !Number.isFinite(toNumber(cell))) {
      return { reason: "not_a_number", detail: `${name} is "${cell.slice(0, 40)}"` };
    } else value[name] = toNumber(cell);
  }
  const { time, open, close, high, low, volume } = value as Record<string, number>;
  if (time! < EARLIEST_MS || time! > latestMs) {
    return { reason: "time_out_of_range", detail: `time ${time} is before 2009 or in the future` };
  }
  for (const name of ["open", "close", "high", "low"]) {
    if (value[name]! <= 0) return { reason: "price_not_positive", detail: `${name} is ${value[name]}` };
  }
  if (high! < low!) return { reason: "high_below_low", detail: `high ${high} is below low ${low}` };
  if (volume! < 0) return { reason: "negative_volume", detail: `volume is ${volume}` };
  return open! > 0 && close! > 0
    ? null
    : { reason: "price_not_positive", detail: `open ${open}, close ${close}` };
}

/** A number as the engine reads one: `_` may stand between two digits. */
const NUMBER = /^[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)([eE][+-]?\d+(_\d+)*)?$/;

function toNumber(cell: string): number {
  return Number(cell.replaceAll("_", ""));
}

/** The check of {@linkcode checkCandle} as an SQL expression over typed columns: true for a sound row. */
export function soundCandleSql(latestMs: number): string {
  return `coalesce(low > 0 AND open > 0 AND close > 0 AND high >= low AND high < 'inf'::DOUBLE
    AND open < 'inf'::DOUBLE AND close < 'inf'::DOUBLE AND time BETWEEN ${EARLIEST_MS} AND ${latestMs}, false)
    AND coalesce(volume >= 0 AND volume < 'inf'::DOUBLE, true)`;
}

/** A further check of a sound line's cells: why it is refused, or null. */
export type RowCheck = (cells: readonly string[], line: number) => { reason: string; detail: string } | null;

/** No more lines of a file, and no more text of them, are refused one by one: beyond that it is no candle file. */
const MOST_REJECTS = 500_000, MOST_REJECTED_CHARS = 1 << 26;

/**
 * Collects refused lines in memory that stays bounded.
 *
 * @throws {QualityError} by `add`, where they are too many.
 */
export function rejectList(path: string): { rejects: Reject[]; add(reject: Reject): void } {
  const rejects: Reject[] = [];
  let chars = 0;
  return {
    rejects,
    add(reject) {
      rejects.push(reject);
      chars += reject.raw.length;
      if (rejects.length <= MOST_REJECTS && chars <= MOST_REJECTED_CHARS) return;
      const { line, reason, detail } = rejects[0]!;
      throw new QualityError(
        `Cannot read "${path}": more than ${
          rejects.length - 1
        } of its lines are no candles (the first is line ${line}: ` +
          `${reason}, ${detail}), name a file of candle lines; nothing of it was kept`,
      );
    },
  };
}

/**
 * Reads a candle file line by line: sound lines go to `cleanPath` (columns in the schema's order, with header),
 * the others come back with line number and reason.
 *
 * @param options.cleanPath where sound lines go; null where nobody wants them.
 * @param options.check a further check of sound lines: a line may be refused by it, too.
 * @throws {QualityError} where a line is longer than 64 KiB, or more lines are refused than memory should hold.
 */
export async function cleanCandles(
  file: CandleFile,
  { cleanPath, latestMs, check = () => null }: {
    cleanPath: string | null;
    latestMs: number;
    check?: RowCheck;
  },
): Promise<{ kept: number; rejects: Reject[] }> {
  const { rejects, add } = rejectList(file.called ?? file.path);
  const order = CANDLE_COLUMNS.map((name) => file.columns.indexOf(name));
  const encoder = new TextEncoder();
  using out = cleanPath === null
    ? null
    : await Deno.open(cleanPath, { write: true, create: true, truncate: true });
  let kept = 0, line = 0, batch = `${CANDLE_COLUMNS.join(",")}\n`;
  const flush = async () => {
    const bytes = encoder.encode(batch);
    for (let at = 0; out && at < bytes.length;) at += await out.write(bytes.subarray(at));
    batch = "";
  };
  for await (
    const text of textLines(openCandles(file.path, file.gzip, { lines: true, called: file.called }))
  ) {
    line += 1;
    if (line === 1 || text.trim() === "") continue;
    const cells = splitCells(text);
    const fault = checkCandle(cells, file.columns, { latestMs }) ?? check(cells, line);
    if (fault) {
      add({ line, ...fault, raw: text });
      continue;
    }
    kept += 1;
    batch += `${order.map((at, i) => (i === 0 ? timeOfCell(cells[at]!) : cells[at])).join(",")}\n`;
    if (batch.length > 1 << 20) await flush();
  }
  await flush();
  return { kept, rejects };
}

/** The time of a sound row, in whole milliseconds. */
export function timeOfCell(cell: string): number {
  return Math.round(toNumber(cell));
}

async function headLines(path: string, gzip: boolean): Promise<{ lines: string[]; whole: boolean }> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of openCandles(path, gzip, { chunkBytes: HEAD_BYTES })) {
    parts.push(chunk.subarray(0, HEAD_BYTES - size));
    size += parts.at(-1)!.length;
    if (size >= HEAD_BYTES) break;
  }
  const text = new TextDecoder().decode(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  return { lines: text.split("\n").map((line) => line.replace(/\r$/, "")), whole: size < HEAD_BYTES };
}
