import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DAILY, LEDGER, LONG_RANGE, MARKETS, MINUTE_BARS, PREDICTIONS, PRINTS } from "./_fixtures.ts";
import type { Chart } from "./chart.ts";
import { completenessChart } from "./completeness_chart.ts";
import { specJson } from "./dashboard_html.ts";
import { lossChart } from "./loss_chart.ts";
import { marketCapChart, topGainersChart, trendingChart } from "./market_charts.ts";
import { priceChart } from "./price_chart.ts";
import { printsChart } from "./prints_chart.ts";
import { compileSpec } from "./render.ts";
import { volatilityChart } from "./volatility_chart.ts";

const RISING = MARKETS.map((row) => ({ ...row, price_change_pct_7d: row.market_cap_rank }));

const CHARTS: Record<string, Chart> = {
  price: priceChart(DAILY),
  price_log: priceChart(LONG_RANGE, { width: 300, height: 240 }),
  volatility: volatilityChart(PREDICTIONS),
  top_gainers: topGainersChart(MARKETS),
  trending: trendingChart(RISING),
  market_cap: marketCapChart(MARKETS),
  prints: printsChart(MINUTE_BARS, PRINTS),
  loss: lossChart({
    losses: [0.09, 0.03, 0.02, 0.015].map((train, i) => ({
      train,
      validation: [0.05, 0.02, 0.03, 0.025][i]!,
    })),
    best_epoch: 2,
  }),
  completeness: completenessChart(LEDGER, { maxPercent: 50 }),
};

for (const [name, chart] of Object.entries(CHARTS)) {
  Deno.test(`${name} chart: the specification is the one in testdata/`, async () => {
    const url = new URL(`./testdata/${name}.vl.json`, import.meta.url);
    const actual = `${specJson(chart.spec)}\n`;
    if (Deno.args.includes("--update")) await Deno.writeTextFile(url, actual);
    const golden = JSON.parse(await Deno.readTextFile(url)); // values, not bytes: `deno fmt` lays the file out
    assertEquals(JSON.parse(actual), golden, "accept a change with: deno test -A <file> -- --update");
  });

  Deno.test(`${name} chart: Vega-Lite compiles it without a warning`, () => {
    assertEquals(compileSpec(chart.spec).warnings, []);
  });

  Deno.test(`${name} chart: the SVG has its marks, its title and the same bytes each time`, async () => {
    const [first, second] = await Promise.all([chart.toSvg(), chart.toSvg()]);
    assertEquals(first, second);
    assertStringIncludes(first, chart.spec.title.text);
    assertStringIncludes(first, 'role="img"');
    assert(/class="mark-(line|rect) role-mark/.test(first), "no line and no bar");
  });
}

Deno.test("testdata/ holds a specification of each chart and nothing else", () => {
  const names = [...Deno.readDirSync(new URL("./testdata", import.meta.url))].map(({ name }) => name).sort();
  assertEquals(names, Object.keys(CHARTS).map((name) => `${name}.vl.json`).sort());
});

Deno.test("volatilityChart() names its three series in the legend", async () => {
  const svg = await CHARTS.volatility!.toSvg();
  for (const label of ["Actual", "Persistence", "Random forest"]) {
    assertStringIncludes(svg, `>${label}</text>`);
  }
});

Deno.test("priceChart() breaks the line at missing days", async () => {
  assertEquals(CHARTS.price!.spec.data.values[4], { day: "2017-04-16", avg: null, min: null, max: null });
  const line = /class="mark-line[\s\S]*? d="([^"]*)"/.exec(await CHARTS.price!.toSvg())![1]!;
  assertEquals(line.match(/M/g)?.length, 2);
});

Deno.test("priceChart() keeps a bad print in the data and off the axis, and names it", () => {
  const { spec } = CHARTS.price!;
  assertEquals(spec.data.values[3]!.min, 0.06);
  assertStringIncludes(JSON.stringify(spec.layer), '"domain":[1152,1229]');
  assertStringIncludes(
    spec.title.subtitle.join(),
    "1 day with a suspect print (2017-04-15: $0.06 to $1,191)",
  );
});

Deno.test("priceChart() does not depend on the order of its rows", () => {
  assertEquals(priceChart(DAILY.toReversed()).spec, CHARTS.price!.spec);
});

Deno.test("priceChart() draws one day, equal prices and a price of zero", async () => {
  const flat = { avg_price_usd: 5, min_price_usd: 5, max_price_usd: 5 };
  const zero = [...LONG_RANGE, { day: "2014-01-01", avg_price_usd: 0, min_price_usd: 0, max_price_usd: 0 }];
  for (const daily of [[{ day: "2020-01-01", ...flat }], zero]) {
    const svg = await priceChart(daily).toSvg();
    assert(!/NaN|Infinity/.test(svg), "a coordinate is not a number");
  }
});

Deno.test("charts refuse empty data with a sentence", () => {
  assertThrows(() => priceChart([]), RangeError, "there is no day");
  assertThrows(() => volatilityChart([]), RangeError, "there is no prediction");
  assertThrows(() => printsChart([], []), RangeError, "there is no bar");
  assertThrows(
    () => completenessChart({ ...LEDGER, until_ms: LEDGER.from_ms }),
    RangeError,
    "it has no time",
  );
  assertThrows(() => trendingChart(MARKETS), RangeError, "no coin has a value above zero");
});

Deno.test("volatilityChart() cuts a lone spike off and says how high it is", () => {
  const calm = Array.from({ length: 300 }, (_, index) => ({
    day: new Date(Date.UTC(2023, 0, 1 + index)).toISOString().slice(0, 10),
    actual: index === 9 ? 4.2 : 0.02,
    persistence: 0.02,
    forest: 0.02,
  }));
  assertStringIncludes(
    volatilityChart(calm).spec.title.subtitle.join(),
    "axis ends before the highest value, 420.00%",
  );
});

Deno.test("printsChart() writes a print's price away from the line, at the axis' edge inside", () => {
  const labelled = CHARTS.prints!.spec.data.values.filter(({ label }) => label !== null);
  assertEquals(labelled.map(({ label, at, above }) => [label, at, above]), [
    ["$1,000", 142.8, 0],
    ["$0.06", 61.2, 1],
    ["$121.00", 121, 1],
  ]);
});

Deno.test("completenessChart() shows causes that there are, with the market's own silence below", () => {
  const { data: { values }, title } = CHARTS.completeness!.spec;
  assertEquals(values.map(({ day, cause, share }) => [day, cause, share]), [
    ["2024-02-12", "nobody traded", 8.333],
    ["2024-02-13", "the source was silent", 41.67],
    ["2024-02-15", "our failure", 4.167],
  ]);
  assertStringIncludes(title.subtitle.join(" "), "13 of 96 bars are absent");
});

Deno.test("topGainersChart() gives two coins of one name a bar each", () => {
  const coins = CHARTS.top_gainers!.spec.data.values.map((row) => row.coin);
  assertEquals(coins.slice(1), ["Twin (twin-a)", "Twin (twin-b)"]);
});

Deno.test("priceChart() of 4,500 days stays below 400 kB as a specification and 300 kB as SVG", async () => {
  const many = Array.from({ length: 4500 }, (_, index) => {
    const price = 1000 + 900 * Math.sin(index / 37) + index * 12.3456789;
    const day = new Date(Date.UTC(2011, 7, 18 + index)).toISOString().slice(0, 10);
    return { day, avg_price_usd: price, min_price_usd: price * 0.97, max_price_usd: price * 1.03 };
  });
  const chart = priceChart(many);
  assert(specJson(chart.spec).length < 400_000);
  assert((await chart.toSvg()).length < 300_000);
});
