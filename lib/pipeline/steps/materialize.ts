/** Silver and gold: candles by symbol and year, market snapshots by hour. */
import type { RunContext, StepResult } from "../context.ts";
import { materializeCandles } from "./materialize_candles.ts";
import { materializeHours } from "./materialize_hours.ts";

/** Runs both parts; each does what has changed. */
export async function materializeStep(context: RunContext): Promise<StepResult> {
  const candles = await materializeCandles(context);
  const hours = await materializeHours(context);
  if (hours === null) return candles;
  const skipped = candles.status === "skipped";
  return {
    status: skipped && !hours.done ? "ok" : candles.status,
    rows_in: skipped && hours.done ? null : (candles.rows_in ?? 0) + hours.rows_in,
    rows_out: skipped && hours.done ? null : (candles.rows_out ?? 0) + hours.rows_out,
    detail: `${candles.detail}; ${hours.detail}`,
    inputs: candles.inputs ?? [],
    outputs: [...candles.outputs ?? [], ...hours.outputs],
  };
}
