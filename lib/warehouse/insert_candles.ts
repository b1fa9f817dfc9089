/** Sound candle files into the engine at full speed, plain or gzipped. */
import { openCandles } from "../sources/candle_file_bytes.ts";
import { CANDLE_COLUMNS, type CandleFile } from "../sources/candles_csv.ts";
import { linePieces } from "../sources/candle_pieces.ts";
import { type DuckDb, quote } from "./engine_duckdb.ts";

/** A gzip file is handed to the engine in pieces of about this size while the next one is decompressed. */
const PIECE_BYTES = 12 << 20;
/** What a thread reads of a plain file at a time: with DuckDB's 32 MB two threads seldom end together. */
const BUFFER_BYTES = 8 << 20;
/** So many pieces may wait on the disk: decompression of a large file does not run far ahead of the engine. */
const PIECES_AHEAD = 6;

/** Where the rows of a file go. */
export interface CandleTarget {
  /** It may still be opening: decompression does not wait for it. */
  engine: Promise<DuckDb>;
  /** A new table of the six columns, or an old one anew. */
  table: string;
  /** A folder for pieces. */
  scratch: string;
}

/**
 * Makes a table of a candle file's rows, in the file's order.
 *
 * @throws {SqlError} where a line is a bad one.
 * @throws {LakeError} where a gzip file is damaged.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { inspectCandles } from "../sources/candles_csv.ts";
 * import { openDuckDb } from "./engine_duckdb.ts";
 * const scratch = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${scratch}/a_1m.csv`, "time,open,close,high,low,volume\n1512086400000,1,2,3,1,5\n");
 * using engine = await openDuckDb();
 * const file = await inspectCandles(`${scratch}/a_1m.csv`);
 * await insertCandles(file, { engine: Promise.resolve(engine), table: "bars", scratch });
 * assertEquals((await engine.read("SELECT close, volume FROM bars")).rows, [[2, 5]]);
 * await Deno.remove(scratch, { recursive: true });
 * ```
 */
export async function insertCandles(file: CandleFile, target: CandleTarget): Promise<void> {
  const columns = CANDLE_COLUMNS.map((name) => `${name} ${typeOf(name)}`).join(", ");
  const empty = target.engine.then((engine) =>
    engine.run(`CREATE OR REPLACE TABLE ${target.table} (${columns})`)
  );
  await (file.gzip ? insertPieces(file, target, empty) : insertWhole(file, target, empty));
}

async function insertWhole(
  file: CandleFile,
  { engine, table }: CandleTarget,
  empty: Promise<void>,
): Promise<void> {
  await empty;
  const select = readCandlesSql(file.path, file.columns, { header: true, quoted: file.quoted });
  await (await engine).run(`INSERT INTO ${table} ${select}`);
}

/** Reads pieces as they get ready, in two sessions. They are committed in their order, which is that of the file. */
async function insertPieces(
  file: CandleFile,
  { engine, table, scratch }: CandleTarget,
  empty: Promise<void>,
): Promise<void> {
  const lanes = [engine, engine.then((session) => session.fork())].map((session) => ({
    session,
    work: empty,
  }));
  const taken: Promise<void>[] = [];
  let committed = empty;
  let failed = false;
  try {
    for await (
      const piece of linePieces(openCandles(file.path, true, { lines: true, called: file.called }), {
        folder: scratch,
        size: PIECE_BYTES,
      })
    ) {
      const lane = lanes[taken.length % lanes.length]!;
      const before = committed;
      const select = readCandlesSql(piece.path, file.columns, { header: piece.first, quoted: file.quoted });
      lane.work = lane.work.then(async () => {
        const session = await lane.session;
        await session.transaction(async () => {
          await session.run(`INSERT INTO ${table} ${select}`);
          await before;
        });
        await Deno.remove(piece.path);
      });
      committed = lane.work;
      taken.push(lane.work.catch(() => void (failed = true)));
      await taken.at(-PIECES_AHEAD);
      if (failed) break;
    }
  } finally {
    // A damaged file ends the loop early: the sessions still have pieces in hand.
    await Promise.allSettled(lanes.map(({ work }) => work));
    (await lanes[1]!.session)[Symbol.dispose]();
  }
  await Promise.all(lanes.map(({ work }) => work));
}

/**
 * SQL that reads a candle file's six columns. Bad lines fail the query unless they are to be skipped. To look for quotes
 * costs a tenth of the time; a line with some is a bad one where none were expected.
 */
export function readCandlesSql(
  path: string,
  columns: readonly string[],
  { header, quoted = true, skipBadLines = false }: {
    header: boolean;
    quoted?: boolean;
    skipBadLines?: boolean;
  },
): string {
  const quotes = quoted ? `quote = '"', escape = '"'` : "quote = '', escape = ''";
  const types = columns.map((name, i) => {
    const known = (CANDLE_COLUMNS as readonly string[]).includes(name);
    // Further columns may lack a name or share one, which the engine would refuse.
    return known ? `${quote(name)}: '${typeOf(name)}'` : `'further_${i}': 'VARCHAR'`;
  });
  return `SELECT ${CANDLE_COLUMNS.join(", ")} FROM read_csv(${
    quote(path)
  }, header = ${header}, auto_detect = false,
    delim = ',', ${quotes}, ignore_errors = ${skipBadLines},
    buffer_size = ${BUFFER_BYTES}, columns = {${types.join(", ")}})`;
}

function typeOf(column: string): string {
  return column === "time" ? "BIGINT" : "DOUBLE";
}
