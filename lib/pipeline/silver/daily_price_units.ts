/** The years of `processed_partitioned`: Bitcoin's silver, and the price samples for days without candles. */
import { PRICE_HISTORY, PRICE_SAMPLES, PROCESSED_PARTITIONED } from "../../core/tables.ts";
import { fingerprint, isDone, readRecord, sha256 } from "../../lake/ledger.ts";
import { registerTables } from "../../warehouse/catalog.ts";
import type { DuckDb } from "../../warehouse/engine_duckdb.ts";
import { materializeSql } from "../../warehouse/materialize.ts";
import { SILVER_UNITS } from "../../warehouse/silver_units.ts";
import { type RunContext, SYMBOL } from "../context.ts";
import { tickConversions } from "../steps/process_ticks.ts";

/** A year, its name in the ledger, and a hash of what it is made of. */
export interface DailyPriceUnit {
  unit: string;
  year: number;
  fingerprint: string;
}

/** All years for which there are candles or samples. */
export async function dailyPriceUnits(context: RunContext): Promise<DailyPriceUnit[]> {
  const { store } = context;
  const sql = await materializeSql(PROCESSED_PARTITIONED);
  const ticks = await tickConversions(store);
  const samples = new Map<number, unknown[]>();
  for (const { key } of await store.list(PRICE_HISTORY.prefix)) {
    const year = Number(/year=(\d+)/.exec(key)![1]);
    samples.set(year, [...samples.get(year) ?? [], key, sha256((await store.get(key))!)]);
  }
  const silver = (await context.silverUnits()).filter(({ symbol }) => symbol === SYMBOL);
  const years = new Set([...silver.map(({ year }) => year), ...ticks.keys(), ...samples.keys()]);
  const units: DailyPriceUnit[] = [];
  for (const year of [...years].sort()) {
    const made = await readRecord(store, `${SILVER_UNITS}${SYMBOL}/${year}`);
    const inputs = [sql, made && [made.fingerprint, made.outputs], ticks.get(year), samples.get(year)];
    units.push({ unit: `materialize/daily_prices/${year}`, year, fingerprint: fingerprint(inputs) });
  }
  return units;
}

/** Those years that have to be made anew, given the years whose silver will be. */
export async function dirtyDailyPrices(
  context: RunContext,
  silverYears: ReadonlySet<number>,
): Promise<DailyPriceUnit[]> {
  const dirty: DailyPriceUnit[] = [];
  for (const unit of await dailyPriceUnits(context)) {
    const done = !silverYears.has(unit.year) && await isDone(context.store, unit.unit, unit.fingerprint);
    if (!done) dirty.push(unit);
  }
  return dirty;
}

/** Defines the tables of price samples in the engine, with the rows of some years only. */
export async function registerSamples(
  context: RunContext,
  engine: DuckDb,
  years: readonly number[],
): Promise<void> {
  await registerTables(engine, context.store, PRICE_SAMPLES);
  for (const { database, name } of PRICE_SAMPLES) {
    await engine.run(`ALTER VIEW ${database}.${name} RENAME TO ${name}_all;
      CREATE OR REPLACE VIEW ${database}.${name} AS
        SELECT * FROM ${database}.${name}_all WHERE year IN (${[0, ...years].join(", ")})`);
  }
}
