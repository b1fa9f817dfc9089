/** Typed rows into the tables that people query. */
import { PRICE_HISTORY, PRICE_SAMPLES } from "../../core/tables.ts";
import { fingerprint, isDone, sha256, writeRecord } from "../../lake/ledger.ts";
import { registerTables } from "../../warehouse/catalog.ts";
import {
  MATERIALIZED,
  materializeSql,
  materializeTables,
  type PartitionWrite,
  writeTables,
} from "../../warehouse/materialize.ts";
import type { RunContext, StepResult } from "../context.ts";
import { candleFingerprint } from "./process.ts";
import { tickConversions } from "./process_ticks.ts";

const UNIT = "materialize/tables";

/** What the materialized tables are made from: candles, price samples and the SQL itself. */
export async function materializeFingerprint(context: RunContext): Promise<string> {
  const samples = await Promise.all(
    (await context.store.list(PRICE_HISTORY.prefix)).map(async (
      { key },
    ) => [key, sha256((await context.store.get(key))!)]),
  );
  const ticks = await tickConversions(context.store);
  const sql = await Promise.all(MATERIALIZED.map(materializeSql));
  return fingerprint([await candleFingerprint(context), samples, ticks, sql]);
}

/** Builds the tables and writes the partitions whose bytes changed. */
export async function materializeStep(context: RunContext): Promise<StepResult> {
  const { store } = context;
  const inputs = await materializeFingerprint(context);
  const before = await isDone(store, UNIT, inputs);
  if (before) {
    return {
      status: "skipped",
      rows_in: null,
      rows_out: null,
      detail: `same input as before, all ${before.outputs.length} partitions are in place`,
    };
  }
  const engine = await context.engine();
  const series = await context.sealedSeries();
  await registerTables(engine, store, PRICE_SAMPLES);
  const kind = context.settings.source === "demo" ? "demo" : "live";
  const written: PartitionWrite[] = [];
  await materializeTables(engine, {
    onTable: async (table, session) => {
      written.push(...await writeTables(session, [table], { store, kind }));
    },
  });
  const counts: string[] = [];
  let rowsOut = 0;
  for (const table of MATERIALIZED) {
    const { rows } = await engine.read(`SELECT count(*) FROM ${table.database}.${table.name}`);
    rowsOut += Number(rows[0]![0]);
    counts.push(`${table.name} ${rows[0]![0]}`);
  }
  const { outputs } = await writeRecord(store, UNIT, {
    fingerprint: inputs,
    outputs: written.map(({ key }) => key).sort(),
    notes: {},
  });
  const unchanged = written.filter(({ result }) => result === "unchanged").length;
  return {
    status: "ok",
    rows_in: series.reduce((sum, { rows }) => sum + rows, 0),
    rows_out: rowsOut,
    detail: `${counts.join(", ")} rows; ${
      written.length - unchanged
    } partitions written, ${unchanged} unchanged`,
    inputs: (await context.candleRecords()).map(({ key, size, sha256 }) => ({ key, size, sha256 })),
    outputs,
  };
}
