import { Chart } from "./chart.ts";
import { sixDigits } from "./series.ts";
import { chartConfig, type ChartSize, COLORS, subtitleLines, VEGA_LITE_SCHEMA } from "./spec.ts";

/** How a training went. */
export interface LossHistory {
  /** Losses of each epoch; validation is null without such rows. */
  losses: readonly { train: number; validation: number | null }[];
  /** From 1: the epoch whose weights are kept. */
  best_epoch: number;
}

/**
 * Losses by epoch on a logarithmic scale, and the epoch whose weights are kept.
 *
 * @throws {RangeError} before the first epoch.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const losses = [{ train: 0.1, validation: 0.2 }, { train: 0.05, validation: 0.3 }];
 * const chart = lossChart({ losses, best_epoch: 1 });
 * assertEquals(String(chart), "Loss by epoch: 2 epochs, weights of epoch 1 are kept · logarithmic scale");
 * ```
 */
export function lossChart(
  { losses, best_epoch }: LossHistory,
  { width = 760, height = 240 }: ChartSize = {},
): Chart {
  if (losses.length === 0) throw new RangeError("Cannot draw losses: there is no epoch yet, train one first");
  const names = losses[0]!.validation === null ? ["training"] : ["training", "validation"];
  const values = losses.flatMap(({ train, validation }, i) =>
    [train, validation].slice(0, names.length).map((loss, line) => ({
      epoch: i + 1,
      line: names[line]!,
      loss: sixDigits(loss ?? NaN),
    }))
  );
  const kept = `${losses.length} epochs, weights of epoch ${best_epoch} are kept`;
  const x = {
    field: "epoch",
    type: "quantitative",
    axis: { title: "epoch", grid: false, tickMinStep: 1, format: "d" },
  };
  return new Chart({
    $schema: VEGA_LITE_SCHEMA,
    title: { text: "Loss by epoch", subtitle: subtitleLines([kept, "logarithmic scale"], width) },
    description: `Loss by epoch: ${kept}; the last training loss is ${losses.at(-1)!.train}.`,
    width,
    height,
    background: COLORS.paper,
    config: chartConfig(),
    data: { values },
    layer: [
      {
        mark: { type: "line", strokeWidth: 1.8, point: { size: 18 } },
        encoding: {
          x: { ...x, scale: { domain: [1, Math.max(2, losses.length)], nice: false } },
          y: {
            field: "loss",
            type: "quantitative",
            scale: { type: "log" },
            axis: { title: null, tickCount: 5 },
          },
          color: {
            field: "line",
            type: "nominal",
            scale: { domain: names, range: [COLORS.actual, COLORS.forest].slice(0, names.length) },
            legend: { title: null, orient: "top", direction: "horizontal", symbolType: "stroke" },
          },
        },
      },
      {
        transform: [{ filter: `datum.epoch === ${best_epoch} && datum.line === "${names[0]}"` }],
        mark: { type: "rule", color: COLORS.gain, strokeDash: [4, 3] },
        encoding: { x },
      },
    ],
  });
}
