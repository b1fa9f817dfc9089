/** Daily candles of one market, for models: a lake's gold, or a file that passes through a lake of its own. */
import { QualityError, UsageError } from "../core/errors.ts";
import { OHLCV_DAILY } from "../core/tables.ts";
import type { DailyCandle } from "../features/daily_frame.ts";
import { LocalStore } from "../lake/store_local.ts";
import type { ObjectStore } from "../lake/store.ts";
import { registerTables } from "../warehouse/catalog.ts";
import { openDuckDb, quote } from "../warehouse/engine_duckdb.ts";
import { chooseLake } from "./choose_lake.ts";
import type { CommandIo } from "./command_io.ts";
import { runPipeline } from "./run.ts";

/** Where the candles are. */
export interface DailySource {
  /** A candle file of any layout that `backfill` knows; without one the lake is read. */
  ohlcv?: string | undefined;
  lake?: string | undefined;
  symbol: string;
}

/**
 * Reads them in order of days. Months of a file that fail their checks are missing.
 *
 * @throws {ConfigError} where there is no lake.
 * @throws {QualityError} where there is no candle of the symbol.
 * @throws {UsageError} for a file and a lake.
 */
export async function dailyCandles(
  { ohlcv, lake, symbol }: DailySource,
  io: CommandIo,
): Promise<DailyCandle[]> {
  if (ohlcv === undefined) {
    const store = await chooseLake(lake, io);
    await using _closing = { [Symbol.asyncDispose]: () => store.close() };
    return await goldOf(store, symbol);
  }
  if (lake !== undefined) throw new UsageError("Cannot combine --ohlcv with --lake: give one of them");
  const folder = await Deno.makeTempDir({ prefix: "lakebook-" });
  try {
    const store = new LocalStore(`${folder}/lake`);
    const { error } = await runPipeline({
      store,
      steps: ["ingest", "process", "materialize"],
      settings: { source: "csv", ohlcv: [ohlcv], symbol, layout: {}, models: folder, seed: 1, env: {} },
      effects: io.effects,
      progress: "none",
    });
    if (error !== null) throw error;
    return await goldOf(new LocalStore(`${folder}/lake`), symbol);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function goldOf(store: ObjectStore, symbol: string): Promise<DailyCandle[]> {
  using engine = await openDuckDb();
  await registerTables(engine, store, [OHLCV_DAILY]);
  const { rows } = await engine.read(
    `SELECT strftime(day, '%Y-%m-%d'), open, high, low, close, volume FROM crypto_gold.ohlcv_daily
     WHERE symbol = ${quote(symbol)} ORDER BY day`,
  );
  if (rows.length === 0) {
    throw new QualityError(
      `Cannot find daily candles of "${symbol}" in "${store.url}": there are none, take some in with ` +
        `\`deno task backfill\`, or name another --symbol`,
    );
  }
  return rows.map(([day, ...numbers]) => {
    const [open, high, low, close, volume] = numbers.map(Number) as [number, number, number, number, number];
    return { day: String(day), open, high, low, close, volume };
  });
}
