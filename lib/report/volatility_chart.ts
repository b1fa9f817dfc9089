import { Chart } from "./chart.ts";
import { formatShare } from "./format.ts";
import { breakAtGaps, quantile, sixDigits } from "./series.ts";
import {
  chartConfig,
  type ChartSize,
  COLORS,
  DAY_FORMAT,
  dayAxis,
  subtitleLines,
  VEGA_LITE_SCHEMA,
} from "./spec.ts";

/** One day of the test period: what happened and what two models had said, as fractions (0.02 = 2%). */
export interface VolatilityPrediction {
  /** `YYYY-MM-DD`, UTC. */
  day: string;
  actual: number;
  persistence: number;
  forest: number;
}

const SERIES = [
  { field: "actual", label: "Actual", color: COLORS.actual, mark: { type: "area", opacity: 0.45 } },
  {
    field: "persistence",
    label: "Persistence",
    color: COLORS.baseline,
    mark: { type: "line", strokeWidth: 1 },
  },
  { field: "forest", label: "Random forest", color: COLORS.forest, mark: { type: "line", strokeWidth: 1.7 } },
] as const;

/**
 * The test period: actual volatility against persistence (tomorrow = today) and the random forest. A day far
 * above all others (more than 3 times the 99th percentile) runs off the axis and the subtitle says so.
 *
 * @throws {RangeError} when there is no prediction.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const { spec } = volatilityChart([{ day: "2026-01-01", actual: 0.02, persistence: 0.03, forest: 0.025 }]);
 * assertEquals(spec.data.values, [{ day: "2026-01-01", actual: 0.02, persistence: 0.03, forest: 0.025 }]);
 * ```
 */
export function volatilityChart(
  predictions: readonly VolatilityPrediction[],
  { width = 760, height = 260 }: ChartSize = {},
): Chart {
  const days = predictions.toSorted((a, b) => a.day < b.day ? -1 : a.day > b.day ? 1 : 0);
  const first = days[0], last = days.at(-1);
  if (!first || !last) {
    throw new RangeError('Cannot draw "volatility": there is no prediction, train a model first');
  }
  const { rows, gaps } = breakAtGaps(days.map((row) => ({
    day: row.day,
    actual: sixDigits(row.actual),
    persistence: sixDigits(row.persistence),
    forest: sixDigits(row.forest),
  })));
  const values = days.flatMap((row) => [row.actual, row.persistence, row.forest]).filter(Number.isFinite);
  const highest = values.reduce((most, value) => Math.max(most, value), 0);
  const usual = quantile(values, 0.99) * 3;
  const top = (highest > usual ? usual : highest) || 1;

  const notes = [`test period ${first.day} to ${last.day}, UTC`, "persistence says: tomorrow as today"];
  if (gaps.length > 0) notes.push(gaps.length === 1 ? "1 gap, left open" : `${gaps.length} gaps, left open`);
  if (highest > usual) notes.push(`axis ends before the highest value, ${formatShare(highest)}`);

  const x = dayAxis(first.day, last.day, width);
  const scale = { domain: [0, Number((top * 1.05).toPrecision(3))], nice: false };
  return new Chart({
    $schema: VEGA_LITE_SCHEMA,
    title: { text: "Daily volatility: actual and forecast", subtitle: subtitleLines(notes, width) },
    description: `Daily volatility from ${first.day} to ${last.day}. Last day: actual ${
      formatShare(last.actual)
    }, persistence ${formatShare(last.persistence)}, random forest ${formatShare(last.forest)}.`,
    width,
    height,
    background: COLORS.paper,
    config: chartConfig(),
    data: { values: rows, format: DAY_FORMAT },
    layer: SERIES.map(({ field, label, mark }) => ({
      mark: { ...mark, clip: true },
      encoding: {
        x,
        y: { field, type: "quantitative", scale, axis: { title: null, format: "~%", tickCount: 5 } },
        color: {
          datum: label,
          type: "nominal",
          scale: { domain: SERIES.map((one) => one.label), range: SERIES.map((one) => one.color) },
          legend: {
            title: null,
            orient: "top",
            direction: "horizontal",
            symbolType: "square",
            symbolSize: 110,
            symbolOpacity: 0.9,
            offset: 6,
          },
        },
      },
    })),
  });
}
