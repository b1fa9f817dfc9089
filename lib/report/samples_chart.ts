import { Chart } from "./chart.ts";
import { quantile, sixDigits } from "./series.ts";
import { chartConfig, type ChartSize, COLORS, subtitleLines, VEGA_LITE_SCHEMA } from "./spec.ts";

/** One line of a {@linkcode samplesChart}. */
export interface SampleLine {
  label: string;
  /** A value for each time; null breaks the line. */
  values: readonly (number | null)[];
}

/** What a {@linkcode samplesChart} shows. */
export interface SamplesOptions extends ChartSize {
  title: string;
  /** Vega's number format for the axis: `$~s` for money, `~%` for shares. */
  format: string;
}

const LINE_COLORS = [COLORS.price, COLORS.baseline, COLORS.actual];
/** More points than this are thinned out: a screen has no more columns. */
const POINTS = 2000;

/**
 * Lines over points in time, up to three of them. Long series are thinned out evenly, which the subtitle says.
 *
 * @throws {RangeError} where there is no point in time.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const times = [new Date("2026-01-01T00:00:00Z"), new Date("2026-01-01T01:00:00Z")];
 * const chart = samplesChart(times, [{ label: "Price", values: [1, 2] }], { title: "Price", format: "$~s" });
 * assertEquals(String(chart), "Price: 2026-01-01T00:00Z to 2026-01-01T01:00Z · 2 points");
 * ```
 */
export function samplesChart(
  times: readonly Date[],
  lines: readonly SampleLine[],
  { title, format, width = 760, height = 300 }: SamplesOptions,
): Chart {
  const first = times[0], last = times.at(-1);
  if (!first || !last) {
    throw new RangeError(`Cannot draw "${title}": there is no point in time, load some first`);
  }
  const step = Math.ceil(times.length / POINTS);
  const shown = Array.from({ length: Math.ceil(times.length / step) }, (_, at) => at * step);
  const values = shown.flatMap((row) =>
    lines.map(({ label, values }) => ({
      time: times[row]!.toISOString(),
      line: label,
      value: sixDigits(values[row] ?? NaN),
    }))
  );
  const numbers = values.flatMap(({ value }) => value ?? []);
  const low = numbers.length > 0 ? quantile(numbers, 0) : 0,
    high = numbers.length > 0 ? quantile(numbers, 1) : 0;
  const pad = (high - low || Math.abs(high) || 1) * 0.04;
  const notes = [
    `${minute(first)} to ${minute(last)}`,
    step === 1 ? `${times.length} points` : `${times.length} points, one of ${step} is drawn`,
  ];
  return new Chart({
    $schema: VEGA_LITE_SCHEMA,
    title: { text: title, subtitle: subtitleLines(notes, width) },
    description: `${title} from ${minute(first)} to ${minute(last)}: ${
      lines.map(({ label, values }) => `${label} ends at ${values.at(-1) ?? "no value"}`).join(", ")
    }.`,
    width,
    height,
    background: COLORS.paper,
    config: chartConfig(),
    data: { values, format: { parse: { time: "utc:'%Y-%m-%dT%H:%M:%S.%LZ'" } } },
    mark: { type: "line", strokeWidth: 1.4, strokeCap: "round", strokeJoin: "round", clip: true },
    encoding: {
      x: { field: "time", type: "temporal", scale: { type: "utc" }, axis: { title: null } },
      y: {
        field: "value",
        type: "quantitative",
        scale: { domain: [low - pad, high + pad], nice: false, zero: false },
        axis: { title: null, format, tickCount: 5 },
      },
      color: {
        field: "line",
        type: "nominal",
        scale: { domain: lines.map(({ label }) => label), range: LINE_COLORS.slice(0, lines.length) },
        legend: lines.length === 1 ? null : { title: null, orient: "top", direction: "horizontal" },
      },
    },
  });
}

function minute(time: Date): string {
  return `${time.toISOString().slice(0, 16)}Z`;
}
