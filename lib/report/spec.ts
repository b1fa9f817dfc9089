/** The shape of a chart before it is drawn: a Vega-Lite 6 specification with its data inside. Nothing heavy here. */

import { DAY_MS } from "../core/time.ts";
import { dayTicks, monthTicks } from "./time_ticks.ts";

/** A plain JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** One row of a chart's data. */
export type ChartRow = Record<string, string | number | null>;

/** A Vega-Lite specification as Lakebook builds it: title, size and data are always there. */
export interface ChartSpec {
  $schema: string;
  /** One sentence for a reader who cannot see the picture. */
  description: string;
  title: { text: string; subtitle: string[] };
  /** Width and height of the plot area in pixels, axes and titles not counted. */
  width: number;
  height: number;
  data: { values: ChartRow[]; format?: Json };
  [key: string]: unknown;
}

/** Size of a chart in pixels. */
export interface ChartSize {
  width?: number;
  height?: number;
}

/** The schema that the specifications are written for. */
export const VEGA_LITE_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json";

/**
 * The colours of all charts. Each role has a colour of its own, so that the dashboard can swap them for the dark
 * scheme with one style rule a colour (see `dashboard_style.ts`).
 */
export const COLORS = {
  ink: "#1b2330",
  muted: "#5d6878",
  grid: "#e4e8ee",
  paper: "#fffffe",
  price: "#c2570c",
  actual: "#8b95a5",
  baseline: "#2563eb",
  forest: "#c2410d",
  gain: "#15803d",
  cap: "#2b6cb0",
} as const;

/** Reads `day` as a UTC day wherever the picture is drawn. */
export const DAY_FORMAT: Json = { parse: { day: "utc:'%Y-%m-%d'" } };

/** The look that all charts share. */
export function chartConfig(): Json {
  return {
    font: "sans-serif",
    view: { stroke: null },
    title: {
      anchor: "start",
      frame: "bounds",
      fontSize: 16,
      fontWeight: 600,
      color: COLORS.ink,
      subtitleFontSize: 12,
      subtitleColor: COLORS.muted,
      subtitleLineHeight: 16,
      subtitlePadding: 5,
      offset: 14,
    },
    axis: {
      labelColor: COLORS.muted,
      labelFontSize: 11.5,
      titleColor: COLORS.muted,
      titleFontSize: 11.5,
      titleFontWeight: "normal",
      gridColor: COLORS.grid,
      domain: false,
      ticks: false,
      labelPadding: 6,
    },
    legend: { labelColor: COLORS.ink, labelFontSize: 12, symbolStrokeWidth: 2.5, symbolSize: 220 },
  };
}

/** Longer spans have a label a month or rarer, the longest a label a year. */
const MONTHS_FROM_DAYS = 120, YEARS_FROM_DAYS = 4 * 365;

/** The horizontal axis of every chart over days: UTC, few labels, each of which names its year and stands once. */
export function dayAxis(first: string, last: string, width: number): Json {
  const days = (Date.parse(last) - Date.parse(first)) / DAY_MS;
  const [format, room] = days > YEARS_FROM_DAYS
    ? ["%Y", 60]
    : days > MONTHS_FROM_DAYS
    ? ["%b %Y", 90]
    : ["%d %b %Y", 100];
  const labels = Math.max(4, Math.floor(width / room));
  const tickCount = format === "%d %b %Y"
    ? dayTicks(days, labels)
    : monthTicks(days, { labels, least: format === "%Y" ? 12 : 1 });
  const axis = { title: null, grid: false, labelOverlap: true, labelFlush: false, tickCount, format };
  return { field: "day", type: "temporal", scale: { type: "utc" }, axis };
}

/**
 * Breaks a sentence list into subtitle lines that fit a chart, joined by middle dots.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(subtitleLines(["daily average", "log scale"], 760), ["daily average · log scale"]);
 * assertEquals(subtitleLines(["daily average", "log scale"], 100), ["daily average", "log scale"]);
 * ```
 */
export function subtitleLines(parts: readonly string[], width: number): string[] {
  const room = Math.max(12, Math.floor((width + 40) / 7));
  const lines: string[] = [];
  for (const part of parts.flatMap((text) => wrapWords(text, room))) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 3 + part.length <= room) {
      lines[lines.length - 1] = `${last} · ${part}`;
    } else lines.push(part);
  }
  return lines;
}

function wrapWords(text: string, room: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= room) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}
