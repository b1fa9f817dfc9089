/** `raw/` into typed rows: market snapshots, price samples, ticks, candles. Whatever is done already is skipped. */
import { fingerprint, isDone, writeRecord } from "../../lake/ledger.ts";
import type { RunContext, StepResult } from "../context.ts";
import { processCharts } from "./process_charts.ts";
import { doneBefore, keepRejects, type Part } from "./process_part.ts";
import { processSnapshots } from "./process_snapshots.ts";
import { processTicks } from "./process_ticks.ts";

/** Raise this when the way from raw candles to rows changes, so that lakes are processed anew. */
const CANDLES_VERSION = 1;

/** Runs the parts. */
export async function processStep(context: RunContext): Promise<StepResult> {
  const { store, effects } = context;
  const parts = [
    await processSnapshots(store, effects),
    await processCharts(store, effects),
    await processTicks(store, effects),
    await processCandles(context),
  ].filter((part) => part !== null);
  const worked = parts.some(({ done }) => !done);
  return {
    status: worked || parts.length === 0 ? "ok" : "skipped",
    rows_in: parts.reduce((sum, { rows_in }) => sum + rows_in, 0),
    rows_out: parts.reduce((sum, { rows_out }) => sum + rows_out, 0),
    detail: parts.map(({ detail }) => detail).join("; ") || "nothing in raw/ yet",
    outputs: parts.flatMap(({ outputs }) => outputs),
  };
}

async function processCandles(context: RunContext): Promise<Part | null> {
  const { store } = context;
  const records = await context.candleRecords();
  if (records.length === 0) return null;
  const inputs = await candleFingerprint(context);
  if (await isDone(store, "process/candles", inputs)) {
    const detail = `${records.length} candle files were processed before`;
    return doneBefore(detail);
  }
  const series = await context.sealedSeries();
  for (const { symbol, source, timeframe, conflicts } of series) {
    await keepRejects(store, context.effects, {
      unit: `${symbol}-${source}-${timeframe}-conflicts`,
      origin: `raw/ohlcv/symbol=${symbol}/source=${source}/timeframe=${timeframe}/`,
      rejects: conflicts,
    });
  }
  const rowsOut = series.reduce((sum, { rows }) => sum + rows, 0);
  await writeRecord(store, "process/candles", { fingerprint: inputs, outputs: [], notes: { rows: rowsOut } });
  return {
    done: false,
    rows_in: records.reduce((sum, { rows }) => sum + rows, 0),
    rows_out: rowsOut,
    detail: series.map(({ source, timeframe, rows, duplicates }) =>
      `${rows} ${source} ${timeframe} candles${duplicates ? ` (${duplicates} exact repeats dropped)` : ""}`
    ).join(", "),
    outputs: [],
  };
}

/** What the candles of this lake are made from. */
export async function candleFingerprint(context: RunContext): Promise<string> {
  const records = await context.candleRecords();
  return fingerprint([
    CANDLES_VERSION,
    records.map(({ key, sha256, timeframe }) => [key, sha256, timeframe]),
  ]);
}
