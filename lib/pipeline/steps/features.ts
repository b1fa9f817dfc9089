/** Daily prices into model features (Polars). */
import { trainingRows } from "../../features/mod.ts";
import { type RunContext, type StepResult, SYMBOL } from "../context.ts";
import { dailyPrices, lastCompleteDay } from "../lake_reads.ts";

/** Builds the feature frame; it stays in memory, because it is cheap to build and follows from the daily table. */
export async function featuresStep(context: RunContext): Promise<StepResult> {
  const prices = await dailyPrices(context);
  if (prices.length === 0) {
    return {
      status: "warn",
      rows_in: 0,
      rows_out: 0,
      detail: "the lake has no daily prices, nothing to build",
    };
  }
  const { dailyFeatures } = await import("../../features/daily_features.ts");
  const features = dailyFeatures(prices, {
    lastCompleteDay: await lastCompleteDay(await context.engineOnLake(), context.store, {
      symbol: SYMBOL,
      newest: prices.at(-1)!.day,
      now: context.startedAt,
    }),
  });
  context.features = features;
  const usable = trainingRows(features.frame).days.length;
  return {
    status: "ok",
    rows_in: prices.length,
    rows_out: usable,
    detail: `${usable} days can be learned from; ${features.notes.join(" ")}`,
  };
}
