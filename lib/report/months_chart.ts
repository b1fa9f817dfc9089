import type { SeriesProfile } from "../quality/finding.ts";
import { Chart } from "./chart.ts";
import { formatCount } from "./format.ts";
import { chartConfig, type ChartSize, COLORS, DAY_FORMAT, subtitleLines, VEGA_LITE_SCHEMA } from "./spec.ts";
import { monthTicks } from "./time_ticks.ts";

/** Pixels of a digit of a dot's number, and between two numbers at least. */
const DIGIT = 7, APART = 4;

/**
 * A series by month: how many bars there are, how many of them have no volume, and where prices stand alone. A month
 * without bars stays empty. Of numbers that would cover each other the largest stands.
 *
 * @throws {RangeError} when there is no month.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const month = { month: "2017-04", rows: 30, zero_volume: 0, filled: 0, outliers: 1 };
 * const about = { symbol: "BTCUSD", source: "csv", timeframe: "1d", rows: 30, outlier_rate: 1 / 30 };
 * const { spec } = monthsChart({ ...about, from: "2017-04-01T00:00:00Z", to: "2017-04-30T00:00:00Z", months: [month] });
 * assertEquals(spec.title.text, "BTCUSD csv 1d bars by month");
 * ```
 */
export function monthsChart(
  { symbol, source, timeframe, months }: SeriesProfile,
  { width = 760, height = 180 }: ChartSize = {},
): Chart {
  const first = months[0], last = months.at(-1);
  if (!first || !last) {
    throw new RangeError(`Cannot draw "${symbol} by month": there is no month, count a series first`);
  }
  const sum = (field: "rows" | "zero_volume" | "outliers") =>
    months.reduce((total, month) => total + month[field], 0);
  const index = (month: string) => 12 * Number(month.slice(0, 4)) + Number(month.slice(5));
  const span = index(last.month) - index(first.month) + 1, years = span > 96;
  const notes = [
    `${first.month} to ${last.month}, UTC`,
    `${formatCount(sum("rows"))} bars`,
    `${formatCount(sum("zero_volume"))} of them without volume (grey)`,
    `${
      formatCount(sum("outliers"))
    } with a price that stands alone (dots, with their number where it has room)`,
  ];
  const numbered = labelled(
    months.filter(({ outliers }) => outliers > 0).map(({ month, outliers }) => ({
      month,
      outliers,
      at: (index(month) - index(first.month) + 0.5) * width / span,
    })),
  );
  const barWidth = Math.max(1, Math.min(40, Math.floor(width / span * 0.8)));
  const x = {
    field: "day",
    type: "temporal",
    // A bar stands around its month's first day: half of the outer ones needs room.
    scale: { type: "utc", padding: Math.ceil(barWidth / 2) + 2 },
    axis: {
      title: null,
      grid: false,
      labelOverlap: true,
      labelSeparation: 10,
      labelFlush: false,
      // Ticks are closer than a year on all but the longest spans: each label names its month then.
      tickCount: monthTicks(span * 365.25 / 12, {
        labels: Math.max(3, Math.floor(width / (years ? 60 : 90))),
        least: years ? 12 : 1,
      }),
      format: years ? "%Y" : "%b %Y",
    },
  };
  const y = { type: "quantitative", axis: { title: null, format: "~s", tickCount: 4 } };
  const title = `${symbol} ${source} ${timeframe} bars by month`;
  return new Chart({
    $schema: VEGA_LITE_SCHEMA,
    title: { text: title, subtitle: subtitleLines(notes, width) },
    description: `${title}: ${notes.join(", ")}.`,
    width,
    height,
    background: COLORS.paper,
    config: chartConfig(),
    data: {
      values: months.map((month) => ({
        day: `${month.month}-01`,
        rows: month.rows,
        zero_volume: month.zero_volume,
        outliers: month.outliers,
        number: numbered.has(month.month) ? month.outliers : null,
      })),
      format: DAY_FORMAT,
    },
    layer: [
      {
        mark: { type: "bar", color: COLORS.cap, width: barWidth, opacity: 0.75 },
        encoding: { x, y: { field: "rows", stack: null, ...y } },
      },
      {
        mark: { type: "bar", color: COLORS.actual, width: barWidth },
        encoding: { x, y: { field: "zero_volume", stack: null, ...y } },
      },
      {
        transform: [{ filter: "datum.outliers > 0" }],
        mark: { type: "point", color: COLORS.forest, filled: true, size: 60, opacity: 1 },
        encoding: { x, y: { field: "rows", ...y } },
      },
      {
        transform: [{ filter: "datum.number !== null" }],
        mark: { type: "text", color: COLORS.ink, dy: -11, fontSize: 11 },
        encoding: { x, y: { field: "rows", ...y }, text: { field: "number" } },
      },
    ],
  });
}

/** Months whose number stands: the largest first, each that leaves room to those before it. */
function labelled(dots: readonly { month: string; outliers: number; at: number }[]): Set<string> {
  const reach = (outliers: number) => (String(outliers).length * DIGIT + APART) / 2;
  const stands: typeof dots[number][] = [];
  for (const dot of dots.toSorted((a, b) => b.outliers - a.outliers)) {
    const free = ({ at, outliers }: typeof dot) =>
      Math.abs(at - dot.at) >= reach(outliers) + reach(dot.outliers);
    if (stands.every(free)) stands.push(dot);
  }
  return new Set(stands.map(({ month }) => month));
}
