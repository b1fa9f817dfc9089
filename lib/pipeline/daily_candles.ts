/** Daily candles of one market, for models: a lake's gold, or a file that passes through a lake of its own. */
import { QualityError, UsageError } from "../core/errors.ts";
import type { DataFrame } from "nodejs-polars";
import { OHLCV_DAILY, OHLCV_MINUTE } from "../core/tables.ts";
import type { DailyCandle } from "../features/daily_frame.ts";
import type { OhlcvColumns } from "../features/ohlcv_frame.ts";
import type { TargetName } from "../features/targets.ts";
import { LocalStore } from "../lake/store_local.ts";
import type { ObjectStore } from "../lake/store.ts";
import { registerTables } from "../warehouse/catalog.ts";
import { openDuckDb, quote } from "../warehouse/engine_duckdb.ts";
import { chooseLake } from "./choose_lake.ts";
import type { CommandIo } from "./command_io.ts";
import { namingDamage } from "./damaged_lake.ts";
import { lastCompleteDay } from "./lake_reads.ts";
import { runPipeline } from "./run.ts";

/** Where the candles are. */
export interface DailySource {
  /** A candle file of any layout that `backfill` knows; without one the lake is read. */
  ohlcv?: string | undefined;
  lake?: string | undefined;
  symbol: string;
}

/**
 * Reads them in order of days, those that are over: today by the clock, which `--now` may set, and what comes after are
 * left out, and so is a last day whose hours stop early. Months of a file that fail their checks are missing.
 *
 * @throws {ConfigError} where there is no lake.
 * @throws {QualityError} where there is no candle of the symbol, or none of a day that is over.
 * @throws {UsageError} for a file and a lake.
 */
export async function dailyCandles(source: DailySource, io: CommandIo): Promise<DailyCandle[]> {
  return await fromLake(source, io, (store) => goldOf(store, source.symbol, io.effects.now()));
}

/**
 * The same, and, where realised volatility is asked for, what each day's minutes make of it.
 *
 * @throws {QualityError} where it is asked for, and there is no minute of the symbol.
 */
export async function targetCandles(
  source: DailySource,
  target: TargetName,
  io: CommandIo,
): Promise<{ candles: DailyCandle[]; realised?: DataFrame }> {
  return await fromLake(source, io, async (store) => {
    const candles = await goldOf(store, source.symbol, io.effects.now());
    if (target !== "realised_volatility") return { candles };
    const { realisedVolatility } = await import("../features/realised_volatility.ts");
    return { candles, realised: realisedVolatility(await minutesOf(store, source.symbol)) };
  });
}

/** Lets a function read a lake, or a lake that a file has passed into. */
async function fromLake<T>(
  { ohlcv, lake, symbol }: DailySource,
  io: CommandIo,
  read: (store: ObjectStore) => Promise<T>,
): Promise<T> {
  if (ohlcv === undefined) {
    const store = await chooseLake(lake, io);
    await using _closing = { [Symbol.asyncDispose]: () => store.close() };
    return await namingDamage(store, () => read(store));
  }
  if (lake !== undefined) throw new UsageError("Cannot combine --ohlcv with --lake: give one of them");
  const folder = await Deno.makeTempDir({ prefix: "lakebook-" });
  const remove = () => removeNow(folder);
  io.atInterrupt?.add(remove);
  try {
    const store = new LocalStore(`${folder}/lake`);
    const { error } = await runPipeline({
      store,
      steps: ["ingest", "process", "materialize"],
      settings: {
        ...{ source: "csv", ohlcv: [ohlcv], symbol, layout: {} },
        ...{ temporary: true, models: folder, seed: 1, env: {} },
      },
      effects: io.effects,
      progress: "none",
    });
    if (error !== null) throw error;
    return await read(new LocalStore(`${folder}/lake`));
  } finally {
    await Deno.remove(folder, { recursive: true });
    io.atInterrupt?.delete(remove);
  }
}

/** Removes a folder that somebody may still be writing to: without a pause, and once more where a file has come. */
function removeNow(folder: string): Promise<void> {
  for (let tries = 0; tries < 9; tries++) {
    try {
      Deno.removeSync(folder, { recursive: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) break;
    }
  }
  return Promise.resolve();
}

async function goldOf(store: ObjectStore, symbol: string, now: Date): Promise<DailyCandle[]> {
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
  const newest = String(rows.at(-1)![0]);
  const last = await lastCompleteDay(engine, store, { symbol, newest, now });
  const whole = rows.filter(([day]) => String(day) <= last);
  if (whole.length === 0) {
    throw new QualityError(
      `Cannot use daily candles of "${symbol}" in "${store.url}": no day of them is over at ${now.toISOString()}, ` +
        "take in older ones, or give a later --now",
    );
  }
  return whole.map(([day, ...numbers]) => {
    const [open, high, low, close, volume] = numbers.map(Number) as [number, number, number, number, number];
    return { day: String(day), open, high, low, close, volume };
  });
}

/** All minutes of a market, as a frame of bars. */
async function minutesOf(store: ObjectStore, symbol: string): Promise<DataFrame> {
  using engine = await openDuckDb();
  await registerTables(engine, store, [OHLCV_MINUTE]);
  const names = ["timestamp", "open", "high", "low", "close", "volume"] as const;
  const parts = await Array.fromAsync(engine.columns(
    `SELECT epoch_ms(minute_start), open, high, low, close, volume FROM crypto_analytics.ohlcv_minute
     WHERE symbol = ${quote(symbol)} ORDER BY minute_start`,
  ));
  if (parts.length === 0) {
    throw new QualityError(
      `Cannot measure realised volatility of "${symbol}": there are no minutes of it, take in a file of minutes, or ` +
        `choose --target volatility, which daily candles tell`,
    );
  }
  const { ohlcvFrame } = await import("../features/ohlcv_frame.ts");
  const columns = names.map((name, at) => [name, joined(parts.map((part) => part[at]!))] as const);
  return ohlcvFrame(Object.fromEntries(columns) as unknown as OhlcvColumns, "1m");
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
