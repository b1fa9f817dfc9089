/**
 * From specification to SVG on a machine without a browser: Vega-Lite compiles, Vega draws. The only file of the
 * room that loads Vega; `render_png.ts` is the only one that loads resvg.
 */
import * as vega from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { escapeHtml } from "./format.ts";
import type { ChartSpec } from "./spec.ts";

/** Widths in ems of DejaVu Sans, the widest font that a reader is likely to see. */
const GLYPH_WIDTHS: readonly (readonly [RegExp, number])[] = [
  [/[ijlIJ'.,:;|\/\\ \u00b7]/, 0.33],
  [/[ftr()[\]!"-]/, 0.4],
  [/[mMW@%\u2026]/, 0.97],
  [/[A-Zw&]/, 0.71],
  [/[#+<=>^~\u2212]/, 0.84],
  [/[\u1100-\uffff]|[\u{10000}-\u{10ffff}]/u, 1.05],
];

/**
 * How wide Vega takes a text to be. Without a canvas it would reckon 0.8 em a letter: labels cut too early and
 * pictures too wide. `textMetrics.width` is the hook that Vega leaves for this.
 */
function textWidth(item: { fontSize?: number; fontWeight?: unknown; limit?: number }, text: unknown): number {
  const ems = Array.from(String(text ?? "")).reduce(
    (sum, letter) => sum + (GLYPH_WIDTHS.find(([letters]) => letters.test(letter))?.[1] ?? 0.62),
    0,
  );
  const bold = item.fontWeight === "bold" || Number(item.fontWeight) >= 600;
  const width = Math.ceil(ems * (item.fontSize ?? 11) * (bold ? 1.1 : 1));
  return item.limit ? Math.min(width, item.limit) : width; // beyond its limit Vega cuts a label
}

/** How an SVG is drawn. */
export interface SvgOptions {
  /** Prefix of the ids inside, for pages that hold several pictures. Default `chart`. */
  id?: string;
  /** Whether title and subtitle are drawn; a page may say them itself. Default true. */
  showTitle?: boolean;
}

/**
 * Compiles a specification to Vega and collects what Vega-Lite has to say about it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { priceChart } from "./price_chart.ts";
 * const day = { avg_price_usd: 10, min_price_usd: 9, max_price_usd: 11 };
 * assertEquals(compileSpec(priceChart([{ day: "2026-01-01", ...day }]).spec).warnings, []);
 * ```
 */
export function compileSpec(spec: Omit<ChartSpec, "title">) {
  const warnings: string[] = [];
  const collect = (...args: readonly unknown[]) => {
    warnings.push(args.map(String).join(" "));
    return logger;
  };
  const logger = Object.assign(vega.logger(0), { warn: collect, error: collect });
  // The picture as a whole carries one title; labels on its thousand parts would only be read out one by one.
  const compiled = compile(spec as unknown as TopLevelSpec, { logger, config: { aria: false } });
  return { vega: compiled.spec, warnings };
}

/**
 * Draws a specification as SVG. Same specification, same bytes: ids are counted from zero in each picture and
 * coordinates have one decimal. Nothing is loaded: data must be inside the specification.
 *
 * @throws {TypeError} when the specification names data by URL.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { priceChart } from "./price_chart.ts";
 * const day = { avg_price_usd: 10, min_price_usd: 9, max_price_usd: 11 };
 * const { spec } = priceChart([{ day: "2026-01-01", ...day }, { day: "2026-01-02", ...day }]);
 * assertEquals(await renderSvg(spec), await renderSvg(spec));
 * ```
 */
export async function renderSvg(
  spec: ChartSpec,
  { id = "chart", showTitle = true }: SvgOptions = {},
): Promise<string> {
  const refused: string[] = [];
  const load = (uri: string) => {
    refused.push(uri);
    return Promise.reject(new TypeError("refused")); // Vega logs this and draws on; the check below does not
  };
  // Vega's types leave the hook out.
  (vega as unknown as { textMetrics: { width: typeof textWidth } }).textMetrics.width = textWidth;
  const { title, ...untitled } = structuredClone(spec); // Vega marks the rows that it is given
  const runtime = vega.parse(compileSpec(showTitle ? { title, ...untitled } : untitled).vega);
  const loader = Object.assign(vega.loader(), { load });
  const view = new vega.View(runtime, { renderer: "none", loader, logLevel: vega.None });
  try {
    const svg = await view.toSVG();
    if (refused.length > 0) {
      throw new TypeError(
        `Cannot load "${refused[0]}": a chart carries its data, put the rows in data.values`,
      );
    }
    return tidySvg(svg, spec, id);
  } finally {
    view.finalize();
  }
}

function tidySvg(svg: string, spec: ChartSpec, id: string): string {
  const ids = new Map<string, string>();
  const rename = (old: string) => ids.get(old) ?? ids.set(old, `${id}-${ids.size}`).get(old)!;
  return svg
    .replaceAll(/(\sid="|url\(#)([\w-]+)/g, (_, lead: string, old: string) => lead + rename(old))
    .replaceAll(
      /(\s(?:d|transform|x|y|x1|x2|y1|y2)=")([^"]*)"/g,
      (_, lead: string, value: string) =>
        `${lead}${
          value.replaceAll(/-?\d+\.\d+(?:e-?\d+)?/g, (number) => String(Number(Number(number).toFixed(1))))
        }"`,
    )
    .replace(
      /^<svg([^>]*)>/,
      (_, attributes: string) =>
        `<svg${attributes} role="img" aria-labelledby="${id}-title ${id}-desc"><title id="${id}-title">` +
        `${escapeHtml(spec.title.text)}</title><desc id="${id}-desc">${escapeHtml(spec.description)}</desc>`,
    );
}
