/**
 * From SVG to PNG through resvg. resvg draws no text at all where a machine has no fonts, so Lakebook brings its
 * own (`fonts/`: Latin, Greek, Cyrillic), and pictures have the same bytes on every machine. Only a chart with
 * other letters (a coin named in Chinese) looks at the system's fonts; a letter that no font has is drawn as
 * U+FFFD, never left out.
 */
import { fileURLToPath } from "node:url";
import { Resvg, type ResvgRenderOptions } from "@resvg/resvg-js";
import { renderSvg } from "./render.ts";
import type { ChartSpec } from "./spec.ts";

const FONT: NonNullable<ResvgRenderOptions["font"]> = {
  loadSystemFonts: false,
  fontFiles: ["dejavu_sans.ttf", "dejavu_sans_bold.ttf"].map((name) =>
    fileURLToPath(new URL(`./fonts/${name}`, import.meta.url))
  ),
  defaultFontFamily: "DejaVu Sans",
  sansSerifFamily: "DejaVu Sans",
};

/**
 * Draws a specification as PNG on white.
 *
 * @throws {RangeError} when the width is not a whole number from 1 to 10,000.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { priceChart } from "./price_chart.ts";
 * const day = { avg_price_usd: 10, min_price_usd: 9, max_price_usd: 11 };
 * const png = await renderPng(priceChart([{ day: "2026-01-01", ...day }]).spec, { width: 300 });
 * assertEquals(new DataView(png.buffer, png.byteOffset).getUint32(16), 300); // the width in the PNG header
 * ```
 */
export async function renderPng(
  spec: ChartSpec,
  { width }: { width?: number } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  if (width !== undefined && !(Number.isInteger(width) && width >= 1 && width <= 10_000)) {
    throw new RangeError(`Cannot draw a PNG ${width} pixels wide: give a whole number from 1 to 10000`);
  }
  const { svg, font } = drawable(await renderSvg(spec));
  const fitTo = width === undefined
    ? { mode: "zoom", value: 2 } as const
    : { mode: "width", value: width } as const;
  return new Uint8Array(new Resvg(svg, { fitTo, background: "white", font }).render().asPng());
}

/** Chooses the fonts that an SVG needs and puts U+FFFD where no font has the letter. */
function drawable(svg: string): { svg: string; font: typeof FONT } {
  const foreign = undrawn(new Set(svg.match(/[^\p{ASCII}\p{Z}]/gu)), FONT);
  if (foreign.size === 0) return { svg, font: FONT };
  const font = { ...FONT, loadSystemFonts: true };
  const lost = undrawn(foreign, font);
  const replaced = svg.replaceAll(
    /[^\p{ASCII}\p{Z}]/gu,
    (letter) => !lost.has(letter) ? letter : /[\p{M}\p{Cf}]/u.test(letter) ? "" : "\ufffd",
  );
  return { svg: replaced, font };
}

/** The letters that leave no mark when drawn with these fonts. */
function undrawn(letters: ReadonlySet<string>, font: typeof FONT): Set<string> {
  return new Set([...letters].filter((letter) => {
    const probe =
      `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text y="15">${letter}</text></svg>`;
    return new Resvg(probe, { font }).getBBox() === undefined;
  }));
}
