/** A random forest for tomorrow's volatility, beside the baseline that it has to beat. */
import { ModelError } from "../../core/errors.ts";
import { latestRow, trainingRows } from "../../features/mod.ts";
import { fingerprint, isDone, writeRecord } from "../../lake/ledger.ts";
import { MODEL_CODE_VERSION } from "../../models/mod.ts";
import type { RandomForest } from "../../models/random_forest.ts";
import type { RunContext, StepResult } from "../context.ts";
import { featuresStep } from "./features.ts";

const UNIT = "train/volatility_model";

/** Trains, compares with persistence on later days, and saves model and metrics. */
export async function trainStep(context: RunContext): Promise<StepResult> {
  if (!context.features) await featuresStep(context);
  if (!context.features) {
    return { status: "warn", rows_in: 0, rows_out: 0, detail: "not trained: the lake has no daily prices" };
  }
  const { frame, proxy } = context.features;
  const rows = trainingRows(frame);
  const latest = latestRow(frame);
  const { models, source, settings: { seed } } = context;
  const inputs = fingerprint([
    MODEL_CODE_VERSION,
    rows.days,
    rows.x,
    [...rows.y],
    latest,
    proxy.kind,
    seed,
    source,
  ]);
  const before = await isDone(context.store, UNIT, inputs);
  const { compareWithPersistence } = await import("../../models/evaluate.ts");
  const { saveModel } = await import("../../models/registry.ts");
  try {
    const fitted = before ? await storedForest(models, String(before.notes["version"])) : undefined;
    const comparison = compareWithPersistence(rows, { seed, proxy: proxy.kind, latest, fitted });
    const saved = await saveModel(models, { comparison, source });
    await writeRecord(context.store, UNIT, {
      fingerprint: inputs,
      outputs: [],
      notes: { version: saved.version },
    });
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

/** The forest of a version that was trained before, or undefined where the registry holds another one by now. */
async function storedForest(models: string, version: string): Promise<RandomForest | undefined> {
  const { loadModel } = await import("../../models/registry.ts");
  try {
    const { forest, metrics } = await loadModel(models);
    return metrics.version === version ? forest : undefined;
  } catch (error) {
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}
