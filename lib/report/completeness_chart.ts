import type { GapCause } from "../core/gaps.ts";
import { DAY_MS, utcDay } from "../core/time.ts";
import { countCauses, type JudgedGaps, type StreamSpan } from "../quality/completeness.ts";
import { Chart } from "./chart.ts";
import { formatCount } from "./format.ts";
import { chartConfig, type ChartSize, COLORS, DAY_FORMAT, subtitleLines, VEGA_LITE_SCHEMA } from "./spec.ts";
import { dayTicks, monthTicks } from "./time_ticks.ts";

/** Names and colours of the causes: grey is the market's own, blue the source's, red ours. */
const CAUSES: readonly [cause: GapCause, label: string, color: string][] = [
  ["no_trade", "nobody traded", COLORS.actual],
  ["source_offline", "the source was silent", COLORS.baseline],
  ["plan_limit", "the source does not give it out", COLORS.gain],
  ["our_failure", "our failure", COLORS.forest],
];

/** A stream's ledger, as `pipeline/stream_ledgers.ts` makes it. */
export interface CompletenessData extends StreamSpan {
  symbol: string;
  timeframe: string;
  expected: number;
  absent: number;
  gaps: JudgedGaps;
}

/** Size and scale of {@linkcode completenessChart}. */
export interface CompletenessChartOptions extends ChartSize {
  /** Where the axis ends, so that two charts can be compared; as the data need it where it is left out. */
  maxPercent?: number;
}

/**
 * What a stream lacks by UTC day and cause, in percent of the day's bars. A stream's first and last day may be parts of
 * a day; their share is one of the whole day, so that bars of equal height are equally many bars.
 *
 * @throws {RangeError} for a stream without any time.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { judgeGaps } from "../quality/completeness.ts";
 * const span = { from_ms: 0, until_ms: 86_400_000, step_ms: 3_600_000 };
 * const gaps = judgeGaps({ from_ms: Float64Array.of(3_600_000), missing: Float64Array.of(6) }, span, []);
 * const stream = { symbol: "BTCUSD", timeframe: "1h", ...span, expected: 24, absent: 6, gaps };
 * assertEquals(completenessChart(stream).spec.data.values.map(({ share }) => share), [25]);
 * ```
 */
export function completenessChart(
  { symbol, timeframe, expected, absent, gaps, from_ms, until_ms, step_ms }: CompletenessData,
  { width = 760, height = 220, maxPercent }: CompletenessChartOptions = {},
): Chart {
  if (!(until_ms > from_ms)) {
    throw new RangeError(`Cannot draw "${symbol} ${timeframe} by day": it has no time, take in bars first`);
  }
  const perDay = Math.max(1, DAY_MS / step_ms);
  const counts = countCauses(gaps, { from_ms, until_ms, step_ms });
  const there = CAUSES.filter(([cause]) => gaps.by_cause[cause] > 0);
  const label = new Map(CAUSES.map(([cause, label]) => [cause, label]));
  const rank = new Map(CAUSES.map(([cause], i) => [cause, i]));
  const [first, last] = [utcDay(from_ms), utcDay(until_ms - 1)];
  const days = Math.round((Date.parse(last) - Date.parse(first)) / DAY_MS) + 1;
  const barWidth = Math.max(1, Math.min(40, Math.floor(width / days * 0.75)));
  const labels = Math.max(4, Math.floor(width / 90));
  const title = `What ${symbol} ${timeframe} lacks by day`;
  const notes = [
    `${first} to ${last}, UTC`,
    `${formatCount(absent)} of ${formatCount(expected)} bars are absent`,
    ...there.map(([cause, label]) => `${label}: ${formatCount(gaps.by_cause[cause])}`),
  ];
  return new Chart({
    $schema: VEGA_LITE_SCHEMA,
    title: { text: title, subtitle: subtitleLines(notes, width) },
    description: `${title}: ${notes.join(", ")}.`,
    width,
    height,
    background: COLORS.paper,
    config: chartConfig(),
    data: {
      values: counts.map(({ day_ms, cause, absent }) => ({
        day: utcDay(day_ms),
        cause: label.get(cause) ?? cause,
        rank: rank.get(cause) ?? CAUSES.length,
        share: Number((100 * absent / perDay).toPrecision(4)),
      })),
      format: DAY_FORMAT,
    },
    mark: { type: "bar", width: barWidth },
    encoding: {
      x: {
        field: "day",
        type: "temporal",
        scale: { type: "utc", domain: [first, last].map((day) => dateOf(day)), padding: barWidth / 2 + 4 },
        axis: {
          title: null,
          grid: false,
          labelOverlap: true,
          labelFlush: false,
          tickCount: days > 120 ? monthTicks(days, { labels }) : dayTicks(days, labels),
          format: days > 120 ? "%b %Y" : "%d %b",
        },
      },
      y: {
        field: "share",
        type: "quantitative",
        stack: "zero",
        scale: { domainMin: 0, nice: true, ...maxPercent === undefined ? {} : { domainMax: maxPercent } },
        axis: { title: "percent of the day's bars", tickCount: 5 },
      },
      color: {
        field: "cause",
        type: "nominal",
        scale: { domain: there.map(([, label]) => label), range: there.map(([, , color]) => color) },
        legend: { title: null, orient: "bottom", symbolType: "square" },
      },
      order: { field: "rank", type: "quantitative" },
    },
  });
}

/** A day as Vega-Lite writes one in a domain. */
function dateOf(day: string) {
  const [year, month, date] = day.split("-").map(Number);
  return { year: year!, month: month!, date: date!, utc: true };
}
