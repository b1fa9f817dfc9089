import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DAILY, HOSTILE_NAME, MARKETS } from "./_fixtures.ts";
import { topGainersChart } from "./market_charts.ts";
import { priceChart } from "./price_chart.ts";
import { renderSvg } from "./render.ts";
import { renderPng } from "./render_png.ts";

Deno.test("Chart shows itself in Jupyter under both Vega-Lite majors, as SVG and as text", async () => {
  const chart = priceChart(DAILY);
  const display = Reflect.get(chart, Symbol.for("Jupyter.display")) as () => Promise<Record<string, unknown>>;
  const shown = await display.call(chart);
  assertEquals(Object.keys(shown), [
    "application/vnd.vegalite.v6+json",
    "application/vnd.vegalite.v5+json",
    "image/svg+xml",
    "text/plain",
  ]);
  const five = shown["application/vnd.vegalite.v5+json"] as { $schema: string };
  assertEquals(five.$schema, "https://vega.github.io/schema/vega-lite/v5.json");
  assertStringIncludes(String(shown["text/plain"]), "Bitcoin price by day: 2017-04-12 to 2017-04-19");
});

Deno.test("renderSvg() escapes names and gives ids the wanted prefix", async () => {
  const svg = await renderSvg(topGainersChart(MARKETS).spec, { id: "one" });
  assert(!svg.includes("<script"), "a name became an element");
  assertStringIncludes(svg, "&lt;/script&gt;");
  for (const [, id] of svg.matchAll(/\sid="([^"]*)"/g)) assert(id!.startsWith("one-"), id);
});

Deno.test("renderSvg() refuses data from elsewhere", async () => {
  const { spec } = priceChart(DAILY);
  const remote = { ...spec, data: { url: "https://example.com/a.json" } as never };
  const svg = await renderSvg(remote).catch((error) => error);
  assert(svg instanceof TypeError, String(svg).slice(0, 80));
});

Deno.test("renderPng() draws text on a machine without fonts, the same bytes each time", async () => {
  const { spec } = priceChart(DAILY);
  const named = await renderPng(spec, { width: 800 });
  const bare = await renderPng({ ...spec, title: { text: " ", subtitle: [" "] } }, { width: 800 });
  assert(named.length > bare.length * 1.15, `title drawn: ${named.length} bytes, without: ${bare.length}`);
  assertEquals(await renderPng(spec, { width: 800 }), named);
});

Deno.test("renderPng() draws a letter that no font has as U+FFFD", async () => {
  const draw = (name: string) => renderPng({ ...gainer(name), description: "" }, { width: 400 });
  assertEquals(await draw("\u{10fffd}"), await draw("\ufffd"));
});

Deno.test("renderPng() survives a hostile name and refuses an impossible width", async () => {
  const spec = gainer(`${HOSTILE_NAME}\u0000\ud800`);
  assert((await renderPng(spec)).length > 1000);
  await assertRejects(() => renderPng(spec, { width: 0 }), RangeError, "1 to 10000");
});

function gainer(name: string) {
  return topGainersChart([{ ...MARKETS[1]!, name }]).spec;
}
