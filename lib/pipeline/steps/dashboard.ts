/** One page that shows the lake, the checks and the forecast. */
import type { RunContext, StepResult } from "../context.ts";
import { dailyPrices, latestMarkets } from "../lake_reads.ts";

/** Key of the page in the lake. */
export const DASHBOARD_KEY = "dashboard/index.html";

/** Draws the page and puts it into the lake. */
export async function dashboardStep(context: RunContext): Promise<StepResult> {
  const { dashboardPage } = await import("../../report/mod.ts");
  const daily = await dailyPrices(context);
  const markets = await latestMarkets(context);
  const model = context.model;
  const page = await dashboardPage({
    source: context.source,
    run_id: context.runId,
    generated_at: context.startedAt.toISOString(),
    lake: context.store.url,
    daily,
    markets,
    quality: context.quality,
    model: model && model.comparison.forecast
      ? {
        verdict: model.comparison.verdict,
        volatility_proxy: model.explanation.replace(/\.$/, ""),
        champion: model.comparison.champion,
        mae_ratio: model.comparison.mae_ratio ?? NaN,
        metrics: Object.fromEntries(
          Object.entries(model.comparison.metrics).map((
            [name, metrics],
          ) => [name, { ...metrics, mase: metrics.mase ?? NaN }]),
        ),
        forecast: model.comparison.forecast,
        predictions: model.comparison.test_predictions,
      }
      : null,
    steps: context.steps,
  });
  await context.store.put(DASHBOARD_KEY, new TextEncoder().encode(page));
  return {
    status: "ok",
    rows_in: daily.length,
    rows_out: null,
    detail: `open ${context.store.locate(DASHBOARD_KEY)}`,
  };
}
