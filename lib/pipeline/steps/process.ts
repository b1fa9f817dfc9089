/** `raw/` into typed rows: market snapshots, price samples, ticks, candles, values without a column. Whatever is done already is skipped. */
import { yearOf } from "../../warehouse/candle_stage.ts";
import type { RunContext, StepResult } from "../context.ts";
import { processCharts } from "./process_charts.ts";
import { processExtraValues } from "./process_extra_values.ts";
import { doneBefore, keepRejects, type Part } from "./process_part.ts";
import { processSnapshots } from "./process_snapshots.ts";
import { processTicks } from "./process_ticks.ts";

/** Runs the parts. */
export async function processStep(context: RunContext): Promise<StepResult> {
  const { store, effects } = context;
  const parts = [
    await processSnapshots(store, effects, context.written),
    await processCharts(store, effects),
    await processTicks(store, effects),
    await processCandles(context),
    await processExtraValues(context),
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
  const dirty = await context.dirtySilver();
  if (dirty.length === 0) return doneBefore(`${records.length} candle files were processed before`);
  const series = await context.sealedSeries();
  for (const { symbol, source, timeframe, conflicts } of series) {
    for (const [year, rejects] of Map.groupBy(conflicts, ({ raw }) => yearOf(raw))) {
      await keepRejects(store, context.effects, {
        unit: `${symbol}-${source}-${timeframe}-${year}-conflicts`,
        origin: `raw/ohlcv/symbol=${symbol}/source=${source}/timeframe=${timeframe}/`,
        rejects,
      });
    }
  }
  const files = new Set(dirty.flatMap((unit) => unit.files));
  return {
    done: false,
    rows_in: [...files].reduce((sum, { rows }) => sum + rows, 0),
    rows_out: series.reduce((sum, { rows }) => sum + rows, 0),
    detail: series.map(({ source, timeframe, rows, duplicates }) =>
      `${rows} ${source} ${timeframe} candles${duplicates ? ` (${duplicates} exact repeats dropped)` : ""}`
    ).join(", "),
    outputs: [],
  };
}
