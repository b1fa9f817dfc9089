/** A random forest for tomorrow's volatility, beside the baseline that it has to beat. */
import { ModelError } from "../../core/errors.ts";
import { latestRow, trainingRows } from "../../features/mod.ts";
import type { RunContext, StepResult } from "../context.ts";
import { featuresStep } from "./features.ts";

/** Trains, compares with persistence on later days, and saves model and metrics. */
export async function trainStep(context: RunContext): Promise<StepResult> {
  if (!context.features) await featuresStep(context);
  if (!context.features) {
    return { status: "warn", rows_in: 0, rows_out: 0, detail: "not trained: the lake has no daily prices" };
  }
  const { frame, proxy } = context.features;
  const rows = trainingRows(frame);
  const { compareWithPersistence } = await import("../../models/evaluate.ts");
  const { saveModel } = await import("../../models/registry.ts");
  try {
    const comparison = compareWithPersistence(rows, {
      seed: context.settings.seed,
      proxy: proxy.kind,
      latest: latestRow(frame),
    });
    const saved = await saveModel(context.settings.models, { comparison, source: context.settings.source });
    context.model = { comparison, explanation: proxy.explanation };
    return {
      status: saved.written ? "ok" : "skipped",
      rows_in: rows.days.length,
      rows_out: comparison.tested_on.rows,
      detail: `${comparison.verdict} ${saved.message}`,
    };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return { status: "warn", rows_in: rows.days.length, rows_out: 0, detail: error.message };
  }
}
