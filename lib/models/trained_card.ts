/** The card of one trained model, with the sections of Mitchell et al. (2019, *Model Cards for Model Reporting*). */
import { DATA_WORDS, type DataSource, demoNotice, SOURCE_WORDS } from "./data_source.ts";
import type { ForecastErrors, TrainedMetrics } from "./trained_model.ts";

/** Metrics that say what was trained on. */
export interface SourcedMetrics extends TrainedMetrics {
  source: DataSource;
}

/**
 * Writes the card as Markdown. Every number comes from the metrics.
 *
 * @param unit of target and errors.
 */
export function trainedCard(metrics: SourcedMetrics, unit: string): string {
  const { model, target, symbol, horizon, trained_on, tested_on, naive, seed, settings, source } = metrics;
  const line = (name: string, { mae, rmse, r2, mase }: ForecastErrors) =>
    `| ${name} | ${mae.toPrecision(5)} | ${rmse.toPrecision(5)} | ${r2.toFixed(3)} | ${
      mase?.toFixed(3) ?? "–"
    } |`;
  const chosen = Object.entries(settings).map(([name, value]) => `${name} ${value}`).join(", ");
  return `# ${model}: ${target} of ${symbol}, ${horizon} day${horizon > 1 ? "s" : ""} ahead
${demoNotice(source)}
## Model details

Version ${metrics.version}, seed ${seed}${chosen === "" ? ", default settings" : `, ${chosen}`}.

## Intended use

Teaching, and forecasts to be held against the naive one. It is no advice to trade.

## Factors

One market and bars of a day; others were not looked at.

## Metrics

In ${unit}, on the same later days:

| model | MAE | RMSE | R² | MASE |
| --- | --- | --- | --- | --- |
${line(model, metrics.metrics)}
${line(naive.model, naive)}

${metrics.verdict}

## Evaluation data

${tested_on.rows} forecasts, of ${tested_on.from} to ${tested_on.to}. Tuning did not see them. Whoever compares several trainings on them has chosen by them.

## Training data

${trained_on.rows} days of ${symbol}, ${trained_on.from} to ${trained_on.to}; the candles are those of ${
    SOURCE_WORDS[source]
  }, SHA-256 ${metrics.data_sha256}.

## Quantitative analyses

One split in time, without a test of significance: \`deno task leaderboard\` walks forward and tests.

## Ethical considerations

${DATA_WORDS[source]} A forecast that looks surer than it is can cost money.

## Caveats and recommendations

The past of one market is one sample. Train again when the market has changed, and look at the naive forecast first.
`;
}
