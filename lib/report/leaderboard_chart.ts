import { errorText, forecastDays, type Leaderboard } from "../models/leaderboard.ts";
import { Chart } from "./chart.ts";
import { chartConfig, type ChartSize, COLORS, subtitleLines, VEGA_LITE_SCHEMA } from "./spec.ts";

/**
 * Models by mean absolute error with its 95 % interval; the champion stands out.
 *
 * @throws {RangeError} when there is no model.
 */
export function leaderboardChart(board: Leaderboard, { width = 760, height }: ChartSize = {}): Chart {
  const { models, target, horizon, champion } = board;
  if (models.length === 0) {
    throw new RangeError(`Cannot draw "${target}": there is no model, compare some first`);
  }
  const values = models.map(({ model, mae, mae_interval: { low, high }, baseline }) => ({
    model,
    mae,
    low,
    high,
    label: errorText(mae),
    kind: model === champion ? "champion" : baseline ? "baseline" : "model",
  }));
  const y = { field: "model", type: "nominal", sort: null, axis: { title: null, labelPadding: 8 } };
  const scale = { zero: true };
  const color = {
    field: "kind",
    type: "nominal",
    scale: { domain: ["champion", "baseline", "model"], range: [COLORS.gain, COLORS.actual, COLORS.forest] },
    legend: null,
  };
  const title = `Forecasts of ${target}, ${horizon} day${horizon > 1 ? "s" : ""} ahead: mean absolute error`;
  const { from, to } = forecastDays(board);
  const notes = [
    `${board.forecasts} forecasts, ${from} to ${to}`,
    "bar: the champion is green, baselines are grey",
    "line: 95 % interval",
  ];
  return new Chart({
    $schema: VEGA_LITE_SCHEMA,
    title: { text: title, subtitle: subtitleLines(notes, width) },
    description: `${title}: ${board.verdict}`,
    width,
    height: height ?? 34 * models.length,
    background: COLORS.paper,
    config: chartConfig(),
    data: { values },
    layer: [
      {
        mark: { type: "bar", height: 18 },
        encoding: {
          y,
          x: { field: "mae", type: "quantitative", scale, axis: { title: null, tickCount: 6 } },
          color,
        },
      },
      {
        mark: { type: "rule", color: COLORS.ink },
        encoding: { y, x: { field: "low", type: "quantitative" }, x2: { field: "high" } },
      },
      {
        mark: { type: "text", align: "left", dx: 8, color: COLORS.ink },
        encoding: { y, x: { field: "high", type: "quantitative" }, text: { field: "label" } },
      },
    ],
  });
}
