import { DAY_MS, HOUR_MS, MINUTE_MS, utcDay } from "../core/time.ts";
import { Chart } from "./chart.ts";
import { formatCount, formatPrice } from "./format.ts";
import { chartConfig, type ChartSize, COLORS, subtitleLines, VEGA_LITE_SCHEMA } from "./spec.ts";
import { dayTicks } from "./time_ticks.ts";

/** A bar of {@linkcode printsChart}. */
export interface PrintBar {
  /** Start, epoch milliseconds. */
  time: number;
  high: number;
  low: number;
  close: number;
}

/** A price that stands alone, or one that should have been found. */
export interface MarkedPrint {
  time: number;
  /** USD. */
  price: number;
  /** Whether the check found it. */
  found: boolean;
}

/** The axis leaves so much room around the closes, as a share of their middle; farther prints stand at its edge. */
const ROOM = 0.4;

/**
 * Closes as a line with marked prints on it: found ones as full dots, others as hollow ones, each with its price. A
 * print too far away for the axis stands at its edge.
 *
 * @throws {RangeError} when there is no bar.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const bars = [0, 1, 2].map((minute) => ({ time: minute * 60_000, high: 101, low: 99, close: 100 }));
 * const { spec } = printsChart(bars, [{ time: 60_000, price: 1000, found: true }]);
 * const print = spec.data.values.find(({ label }) => label !== null);
 * assertEquals([print?.label, print?.at], ["$1,000", 140]);
 * ```
 */
export function printsChart(
  bars: readonly PrintBar[],
  prints: readonly MarkedPrint[],
  { width = 760, height = 260 }: ChartSize = {},
): Chart {
  const sorted = bars.toSorted((a, b) => a.time - b.time);
  const first = sorted[0], last = sorted.at(-1);
  if (!first || !last) {
    throw new RangeError('Cannot draw "prints that stand alone": there is no bar, read some first');
  }
  const closes = sorted.map(({ close }) => close).sort((a, b) => a - b);
  const middle = closes[closes.length >> 1]!;
  const domain = [
    Math.min(closes[0]!, middle * (1 - ROOM)),
    Math.max(closes.at(-1)!, middle * (1 + ROOM)),
  ].map((edge) => Number(edge.toPrecision(5))) as [number, number];
  const within = (price: number) => Math.min(domain[1], Math.max(domain[0], price));
  // Away from the line, but for a print at the edge, where there is no room.
  const labelAbove = (price: number) => (price > middle) === (price === within(price));
  const found = prints.filter((print) => print.found).length;
  const edge = prints.filter(({ price }) => price !== within(price)).length;
  const notes = [
    `${stamp(first.time)} to ${stamp(last.time)} UTC`,
    `${formatCount(found)} found (full), ${formatCount(prints.length - found)} missed (hollow)`,
    ...(edge === 0 ? [] : [`${formatCount(edge)} beyond the axis stand at its edge`]),
  ];
  const span = last.time - first.time, days = span > 36 * HOUR_MS;
  const labels = Math.max(4, Math.floor(width / 100));
  const x = {
    field: "time",
    type: "temporal",
    scale: { type: "utc" },
    axis: {
      title: null,
      grid: false,
      labelOverlap: true,
      labelFlush: false,
      tickCount: days
        ? dayTicks(span / DAY_MS, labels)
        : Math.min(labels, Math.max(1, Math.floor(span / MINUTE_MS))),
      format: days ? "%d %b" : "%H:%M",
    },
  };
  const y = {
    type: "quantitative",
    scale: { domain, nice: false, zero: false },
    axis: { title: null, format: "$~s", tickCount: 5 },
  };
  const marked = (isFound: boolean, fill: string) => ({
    transform: [{ filter: `datum.label !== null && datum.found === ${isFound ? 1 : 0}` }],
    mark: {
      type: "point",
      filled: false,
      fill,
      stroke: COLORS.baseline,
      strokeWidth: 2,
      size: 70,
      opacity: 1,
    },
    encoding: { x, y: { field: "at", ...y } },
  });
  const label = (above: boolean) => ({
    transform: [{ filter: `datum.label !== null && datum.above === ${above ? 1 : 0}` }],
    mark: { type: "text", color: COLORS.ink, dy: above ? -13 : 16, fontSize: 11 },
    encoding: { x, y: { field: "at", ...y }, text: { field: "label" } },
  });
  return new Chart({
    $schema: VEGA_LITE_SCHEMA,
    title: { text: "Prices that stand alone", subtitle: subtitleLines(notes, width) },
    description: `Closes with marked prices: ${notes.join(", ")}.`,
    width,
    height,
    background: COLORS.paper,
    config: chartConfig(),
    data: {
      values: [
        ...withBreaks(sorted).map(({ time, close }) => ({
          time,
          close,
          at: null,
          label: null,
          found: null,
          above: null,
        })),
        ...prints.map(({ time, price, found }) => ({
          time,
          close: null,
          at: within(price),
          label: formatPrice(price),
          found: found ? 1 : 0,
          above: labelAbove(price) ? 1 : 0,
        })),
      ],
    },
    layer: [
      {
        transform: [{ filter: "datum.label === null" }],
        mark: { type: "line", color: COLORS.price, strokeWidth: 1.2, clip: true },
        encoding: { x, y: { field: "close", ...y } },
      },
      marked(true, COLORS.baseline),
      marked(false, COLORS.paper),
      label(true),
      label(false),
    ],
  });
}

/** A line breaks where more than an hour is absent. */
function withBreaks(bars: readonly PrintBar[]): { time: number; close: number | null }[] {
  return bars.flatMap(({ time, close }, i) => {
    const before = bars[i - 1]?.time ?? time;
    return time - before > HOUR_MS
      ? [{ time: before + MINUTE_MS, close: null }, { time, close }]
      : [{ time, close }];
  });
}

function stamp(ms: number): string {
  return `${utcDay(ms)} ${new Date(ms).toISOString().slice(11, 16)}`;
}
