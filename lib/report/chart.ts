import type { ChartSpec } from "./spec.ts";

const DISPLAY = Symbol.for("Jupyter.display");

/** What a notebook front end is offered; it shows the first kind that it knows. */
export type MimeBundle = Record<string, unknown>;

/** Size of a PNG. */
export interface PngOptions {
  /** Width of the picture in pixels; the height follows. Default: twice the chart's own width. */
  width?: number;
}

/**
 * A chart: a Vega-Lite specification that shows itself in a notebook and can be drawn as SVG or PNG.
 * Vega is loaded at the first drawing, not before.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { priceChart } from "./price_chart.ts";
 * const day = { avg_price_usd: 10, min_price_usd: 9, max_price_usd: 11 };
 * const chart = priceChart([{ day: "2026-01-01", ...day }, { day: "2026-01-02", ...day }]);
 * assertStringIncludes(await chart.toSvg(), "<svg");
 * ```
 */
export class Chart {
  /** The Vega-Lite 6 specification, data included. */
  readonly spec: ChartSpec;

  constructor(spec: ChartSpec) {
    this.spec = spec;
  }

  /** The chart as an SVG document with a title for screen readers. */
  async toSvg(): Promise<string> {
    const { renderSvg } = await import("./render.ts");
    return await renderSvg(this.spec);
  }

  /** The chart as PNG bytes, with text on any machine (see `render_png.ts`). */
  async toPng(options: PngOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { renderPng } = await import("./render_png.ts");
    return await renderPng(this.spec, options);
  }

  /** What the chart says, as one line of text. */
  toString(): string {
    const { text, subtitle } = this.spec.title;
    return `${text}: ${subtitle.join(" · ")}`;
  }

  /**
   * The MIME bundle for Jupyter. JupyterLab 4 ships Vega-Lite 5 (types v3 to v5, checked up to 4.6.4), so the
   * specification goes out under v5 as well as under its own v6; every construct used here exists in both.
   */
  async [DISPLAY](): Promise<MimeBundle> {
    return {
      "application/vnd.vegalite.v6+json": this.spec,
      "application/vnd.vegalite.v5+json": {
        ...this.spec,
        $schema: this.spec.$schema.replace("/v6.json", "/v5.json"),
      },
      "image/svg+xml": await this.toSvg(),
      "text/plain": this.toString(),
    };
  }
}
