/** For tests of the completeness ledger: lakes whose bars, files and records are laid down by hand. */
import { OHLCV_MINUTE } from "../core/tables.ts";
import { MINUTE_MS } from "../core/time.ts";
import { rawCandlesKey } from "../lake/keys.ts";
import { sha256, writeRecord } from "../lake/ledger.ts";
import { claimLake } from "../lake/open_lake.ts";
import { LocalStore } from "../lake/store_local.ts";
import { BACKFILL_RECORDS, type BackfillRecord } from "../warehouse/backfill_records.ts";
import { CANDLE_RECORDS } from "../warehouse/candle_records.ts";
import { openDuckDb, quote } from "../warehouse/engine_duckdb.ts";
import { writeTables } from "../warehouse/materialize.ts";
import { readLakeFacts } from "./lake_facts.ts";
import { type LedgerQuery, type SeenBars, type StreamLedger, streamLedgers } from "./stream_ledgers.ts";

/** A random generator for tests (Mulberry32). */
export function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A lake in a folder of its own, gone at the end. */
export class GapsLake implements AsyncDisposable {
  readonly store: LocalStore;
  #pieces = 0;

  private constructor(folder: string) {
    this.store = new LocalStore(folder);
  }

  static async make(): Promise<GapsLake> {
    const lake = new GapsLake(await Deno.makeTempDir({ prefix: "lakebook-gaps-" }));
    await claimLake(lake.store, "live");
    return lake;
  }

  get folder(): string {
    return this.store.url;
  }

  /** Silver minutes; a source for each, or one for all. */
  async minutes(
    times: readonly number[],
    { symbol = "BTCUSD", source = "csv" as string | ((time: number) => string) } = {},
  ): Promise<void> {
    const of = typeof source === "string" ? () => source : source;
    const path = `${await this.store.scratch()}/minutes.csv`;
    await Deno.writeTextFile(path, times.map((time) => `${time},${of(time)}\n`).join(""));
    using engine = await openDuckDb();
    await engine.run(`CREATE TABLE crypto_analytics.ohlcv_minute AS
      SELECT t AS time, make_timestamp(t * 1000) AS minute_start, 1.0 AS open, 1.0 AS high, 1.0 AS low, 1.0 AS close,
        1.0 AS volume, source, ${
      quote(symbol)
    } AS symbol, year(minute_start) AS year, month(minute_start) AS month
      FROM read_csv(${quote(path)}, header = false, columns = {t: 'BIGINT', source: 'VARCHAR'})`);
    await writeTables(engine, [OHLCV_MINUTE], { store: this.store, kind: "live" });
  }

  /** A raw file of minutes with its record; gives its key. */
  async file(
    times: readonly number[],
    { symbol = "BTCUSD", source = "csv", name = "minutes.csv" } = {},
  ): Promise<string> {
    const text = `time,open,close,high,low,volume\n${times.map((time) => `${time},1,1,1,1,1\n`).join("")}`;
    const place = { symbol, source, timeframe: "1m" };
    const key = rawCandlesKey({ ...place, file: name });
    await this.store.put(key, new TextEncoder().encode(text));
    const hash = sha256(text);
    await writeRecord(this.store, `${CANDLE_RECORDS}${hash.slice(0, 16)}`, {
      fingerprint: hash,
      outputs: [key],
      notes: {
        key,
        sha256: hash,
        size: text.length,
        ...place,
        columns: ["time", "open", "close", "high", "low", "volume"],
        arrival: ++this.#pieces,
        rows: times.length,
        from_ms: Math.min(...times.slice(0, 1), ...times.slice(-1)),
        to_ms: Math.max(...times.slice(0, 1), ...times.slice(-1)),
        rejected: {},
      },
    });
    return key;
  }

  /** A piece of history that an exchange was asked for. */
  async piece(
    record: Partial<BackfillRecord> & Pick<BackfillRecord, "from_ms" | "until_ms">,
  ): Promise<void> {
    const notes: BackfillRecord = {
      exchange: "bitstamp",
      symbol: "BTCUSD",
      timeframe: "1m",
      closed_until_ms: record.until_ms,
      outcome: "complete",
      detail: "",
      asked_at: "2026-01-01T00:00:00.000Z",
      requests: 1,
      short_pages: 0,
      overlaps: 0,
      absent: [],
      raw: null,
      candles: null,
      ...record,
    };
    const unit = `${BACKFILL_RECORDS}${notes.exchange}/${++this.#pieces}`;
    await writeRecord(this.store, unit, { fingerprint: unit, outputs: [], notes });
  }

  /** The ledgers of its streams. */
  async ledgers(query: Partial<LedgerQuery> = {}, seen?: SeenBars): Promise<StreamLedger[]> {
    using engine = await openDuckDb();
    const facts = await readLakeFacts(this.store);
    const now = new Date("2030-01-01T00:00:00Z");
    const options = { facts, query: { now, ...query }, ...(seen ? { seen } : {}) };
    return await Array.fromAsync(streamLedgers(engine, this.store, options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** The gaps of a ledger as `from minute, missing, cause`, minutes counted from `start`. */
export function gapRows({ gaps }: StreamLedger, start: number): [number, number, string][] {
  return Array.from({ length: gaps.count }, (_, i) => {
    const { from_ms, missing, cause } = gaps.at(i);
    return [(from_ms - start) / MINUTE_MS, missing, cause];
  });
}

/** Starts of `count` minutes from `start`, without those that `absent` names. */
export function minutesFrom(start: number, count: number, absent: (minute: number) => boolean): number[] {
  return Array.from({ length: count }, (_, i) => i).filter((i) => !absent(i)).map((i) =>
    start + i * MINUTE_MS
  );
}
