import type { DailyPrice } from "../core/rows.ts";
import { Chart } from "./chart.ts";
import { formatPrice } from "./format.ts";
import { breakAtGaps, logTicks, sixDigits, suspectDays } from "./series.ts";
import {
  chartConfig,
  type ChartSize,
  COLORS,
  DAY_FORMAT,
  dayAxis,
  subtitleLines,
  VEGA_LITE_SCHEMA,
} from "./spec.ts";

/** From this ratio of highest to lowest price on, the axis is logarithmic. */
const LOG_RATIO = 20;

/**
 * Bitcoin's price by day: the average as a line, minimum to maximum as a band. Missing days break the line. A
 * print that cannot be right (see `suspectDays`) doesn't stretch the axis; it runs off the edge and the subtitle
 * names it. Spans of more than 20 to 1 get a logarithmic axis, said in the subtitle too.
 *
 * @throws {RangeError} when there is no day.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const day = { avg_price_usd: 10, min_price_usd: 9, max_price_usd: 11 };
 * const { spec } = priceChart([{ day: "2026-01-01", ...day }, { day: "2026-01-04", ...day }]);
 * assertEquals(spec.title.subtitle, [
 *   "2026-01-01 to 2026-01-04, UTC · line: daily average, band: lowest to highest · 2 missing days in 1 gap, left open",
 * ]);
 * ```
 */
export function priceChart(
  daily: readonly DailyPrice[],
  { width = 760, height = 300 }: ChartSize = {},
): Chart {
  const days = daily.toSorted((a, b) => a.day < b.day ? -1 : a.day > b.day ? 1 : 0);
  const first = days[0], last = days.at(-1);
  if (!first || !last) {
    throw new RangeError('Cannot draw "price by day": there is no day, load daily prices first');
  }

  const suspects = suspectDays(days);
  const { log, domain } = priceAxis(days, suspects);
  const floor = (price: number) => log && !(price > 0) ? domain[0] : price;
  const { rows, gaps } = breakAtGaps(days.map((row) => ({
    day: row.day,
    avg: sixDigits(floor(row.avg_price_usd)),
    min: sixDigits(floor(row.min_price_usd)),
    max: sixDigits(floor(row.max_price_usd)),
  })));
  const missing = gaps.reduce((sum, gap) => sum + gap.days, 0);
  const notes = [`${first.day} to ${last.day}, UTC`, "line: daily average, band: lowest to highest"];
  if (log) notes.push("log scale");
  if (missing > 0) {
    notes.push(`${count(missing, "missing day")} in ${count(gaps.length, "gap")}, left open`);
  }
  if (suspects.size > 0) notes.push(suspectNote(days, suspects));

  const y = {
    type: "quantitative",
    scale: log ? { type: "log", domain, nice: false } : { domain, nice: false, zero: false },
    axis: log
      ? { title: null, format: "$~s", values: logTicks(...domain) }
      : { title: null, format: "$~s", tickCount: 5 },
  };
  const x = dayAxis(first.day, last.day, width);
  return new Chart({
    $schema: VEGA_LITE_SCHEMA,
    title: { text: "Bitcoin price by day", subtitle: subtitleLines(notes, width) },
    description: `Bitcoin's daily price from ${first.day} to ${last.day}: last average ${
      formatPrice(last.avg_price_usd)
    }, lowest average ${formatPrice(least(days))}, highest average ${formatPrice(-least(days, -1))}.`,
    width,
    height,
    background: COLORS.paper,
    config: chartConfig(),
    data: { values: rows, format: DAY_FORMAT },
    layer: [
      {
        mark: { type: "area", color: COLORS.price, opacity: 0.22, clip: true },
        encoding: { x, y: { field: "min", stack: null, ...y }, y2: { field: "max" } },
      },
      {
        mark: {
          type: "line",
          color: COLORS.price,
          strokeWidth: 1.4,
          strokeCap: "round",
          strokeJoin: "round",
          clip: true,
        },
        encoding: { x, y: { field: "avg", ...y } },
      },
    ],
  });
}

function priceAxis(days: readonly DailyPrice[], suspects: ReadonlySet<string>) {
  const sound = days.filter((row) => !suspects.has(row.day));
  const kept = sound.length > 0 ? sound : days;
  const low = kept.reduce((least, row) => Math.min(least, row.min_price_usd), Infinity);
  const high = kept.reduce((most, row) => Math.max(most, row.max_price_usd), -Infinity);
  const log = low > 0 && high / low > LOG_RATIO;
  const pad = (high - low || Math.abs(high) || 1) * 0.04;
  const domain = (log ? [low / 1.15, high * 1.15] : [low - pad, high + pad]).map((edge) =>
    Number(edge.toPrecision(4))
  ) as [number, number];
  return { log, domain };
}

/** Lowest (or, with sign −1, minus the highest) average price. */
function least(days: readonly DailyPrice[], sign = 1): number {
  return days.reduce((found, row) => Math.min(found, sign * row.avg_price_usd), Infinity);
}

function suspectNote(days: readonly DailyPrice[], suspects: ReadonlySet<string>): string {
  const named = days.filter((row) => suspects.has(row.day)).slice(0, 2).map((row) =>
    `${row.day}: ${formatPrice(row.min_price_usd)} to ${formatPrice(row.max_price_usd)}`
  );
  const more = suspects.size > named.length ? `, and ${suspects.size - named.length} more` : "";
  return `axis ignores ${count(suspects.size, "day")} with a suspect print (${named.join("; ")}${more})`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
