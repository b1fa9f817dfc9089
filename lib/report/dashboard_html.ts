/** The small pieces that the dashboard's sections are made of. Every text from data goes through `escapeHtml`. */
import type { Chart } from "./chart.ts";
import { escapeHtml, escapeScriptJson } from "./format.ts";
import type { ChartSpec } from "./spec.ts";

/** A panel with a heading; `body` is HTML. */
export function panel(id: string, heading: string, body: string, { wide = true } = {}): string {
  return `<section class="panel${wide ? " wide" : ""}" aria-labelledby="${id}">
<h2 id="${id}">${escapeHtml(heading)}</h2>
${body}
</section>`;
}

/** What stands where data is absent: why, and the command that brings it. */
export function absent(why: string, command: string): string {
  return `<p class="absent">${escapeHtml(why)} To bring it: <code>${escapeHtml(command)}</code></p>`;
}

/** A status as a coloured word; the word itself carries the meaning. */
export function statusChip(status: string): string {
  const known: Record<string, string> = {
    pass: "good",
    ok: "good",
    done: "good",
    warn: "warn",
    fail: "bad",
    failed: "bad",
  };
  return `<span class="chip ${known[status] ?? "plain"}">${escapeHtml(status)}</span>`;
}

/** A column of a table. */
export interface Column<Row> {
  head: string;
  /** The cell as HTML. */
  cell: (row: Row) => string;
  /** Classes: `number` aligns right, `text` keeps room to wrap, `minor` is hidden on phones. */
  kind?: string;
}

/** A table that scrolls inside its own frame, `tall` ones in height too. */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { label, tall = false }: { label: string; tall?: boolean },
): string {
  const kind = (column: Column<Row>) => column.kind ? ` class="${column.kind}"` : "";
  const head = columns.map((column) => `<th scope="col"${kind(column)}>${escapeHtml(column.head)}</th>`).join(
    "",
  );
  const body = rows.map((row) =>
    `<tr>${columns.map((column) => `<td${kind(column)}>${column.cell(row)}</td>`).join("")}</tr>`
  );
  return `<div class="frame${tall ? " tall" : ""}" role="region" aria-label="${
    escapeHtml(label)
  }" tabindex="0">
<table><thead><tr>${head}</tr></thead><tbody>
${body.join("\n")}
</tbody></table></div>`;
}

/**
 * A chart in two sizes, for wide and narrow screens, with its title as text and its specification to take away.
 * `draw` is called with each size.
 */
export async function figure(
  id: string,
  sizes: { wide: number; narrow: number },
  draw: (width: number) => Chart,
) {
  const wide = draw(sizes.wide).spec;
  const svgs = [
    `<div class="on-wide">${await bareSvg(wide, `${id}-w`)}</div>`,
    `<div class="on-narrow">${await bareSvg(draw(sizes.narrow).spec, `${id}-n`)}</div>`,
  ];
  return `<figure>
<figcaption>${escapeHtml(wide.title.subtitle.join(" · "))}</figcaption>
${svgs.join("\n")}
<details><summary>View spec (Vega-Lite)</summary><script type="application/json" id="${id}-spec">${
    escapeScriptJson(specJson(wide))
  }</script></details>
</figure>`;
}

/** The picture without its title: the page says it in text that wraps. */
async function bareSvg(spec: ChartSpec, id: string): Promise<string> {
  const { renderSvg } = await import("./render.ts");
  const svg = await renderSvg(spec, { id, showTitle: false });
  return svg.replace(/ (?:width|height)="[\d.]+"/, "").replace(/ height="[\d.]+"/, "");
}

/**
 * A specification as JSON that a person can read: one data row a line.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { volatilityChart } from "./volatility_chart.ts";
 * const { spec } = volatilityChart([{ day: "2026-01-01", actual: 0.02, persistence: 0.03, forest: 0.025 }]);
 * assertEquals(JSON.parse(specJson(spec)), spec);
 * ```
 */
export function specJson(spec: ChartSpec): string {
  const { data, ...rest } = spec;
  const { values, ...format } = data;
  const rows = values.map((row) => JSON.stringify(row)).join(",\n");
  const lead = JSON.stringify(rest, null, 1).slice(0, -2);
  const more = Object.entries(format).map(([key, value]) =>
    `${JSON.stringify(key)}: ${JSON.stringify(value)}, `
  );
  return `${lead},\n "data": {${more.join("")}"values": [\n${rows}\n]}\n}`;
}
