import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { QualityReport } from "../quality/finding.ts";
import { DEFAULT_QUALITY_CONFIG } from "../quality/config.ts";
import { compileSpec } from "./render.ts";
import { monthsChart } from "./months_chart.ts";
import { qualityPage } from "./quality_page.ts";
import { qualityText } from "./quality_text.ts";

const REPORT: QualityReport = {
  run_id: "r1",
  source: "csv",
  status: "fail",
  checked_at: "2026-01-02T03:04:05.000Z",
  findings: [
    { check: "BTCUSD <b>x</b> 1d: nulls", status: "pass", count: 0, detail: "0 bars" },
    {
      check: "BTCUSD <b>x</b> 1d: outliers",
      status: "warn",
      count: 12,
      detail: "low 0.06 <script>alert(1)</script>",
      examples: [
        {
          at: "2017-04-15T00:00:00.000Z",
          values: { out: "low", low: 0.06, "<i>": "2017-04-16T00:00:00.000Z" },
        },
      ],
    },
    { check: "ohlcv_daily: duplicates", status: "fail", count: 2, detail: "2 rows repeat a key" },
  ],
  series: [{
    symbol: "BTCUSD",
    source: "<b>x</b>",
    timeframe: "1d",
    rows: 61,
    from: "2017-03-01T00:00:00.000Z",
    to: "2017-04-30T00:00:00.000Z",
    outlier_rate: 1 / 61,
    months: [
      { month: "2017-03", rows: 31, zero_volume: 0, filled: 0, outliers: 0 },
      { month: "2017-04", rows: 30, zero_volume: 2, filled: 2, outliers: 1 },
    ],
  }],
  thresholds: DEFAULT_QUALITY_CONFIG,
};

const page = await qualityPage(REPORT, { lake: "data/lake" });

Deno.test("qualityPage() gives the same bytes for the same report, and lets no text become markup", async () => {
  assertEquals(await qualityPage(REPORT, { lake: "data/lake" }), page);
  assert(!page.includes("<script>") && !page.includes("<i>") && !page.includes("<b>x</b>"));
  assertStringIncludes(page, "default-src 'none'");
  assert(!/undefined|NaN|\[object/.test(page));
  const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
  assertEquals(ids.length, new Set(ids).size);
});

Deno.test("qualityPage() shows the gate, what needs an eye, months, the worst rows and the thresholds", () => {
  for (
    const text of [
      '<p class="value">fail</p>',
      "closed: later steps do not run",
      "2 rows repeat a key",
      "The worst 1 of 12.",
      "2017-04-15 00:00",
      "2 of them without volume",
      "1 with a price that stands alone",
      "&quot;robust_z&quot;: 8",
      "<summary>1 checks</summary>",
    ]
  ) assertStringIncludes(page, text);
  assert(page.indexOf("2 rows repeat a key") < page.indexOf("low 0.06"), "failures come first");
});

Deno.test("qualityPage() has the demo banner over demo data, and shows reports of older runs", async () => {
  const { run_id, status, findings } = REPORT;
  const old = await qualityPage({ run_id, status, findings: [findings[0]!], source: "demo" }, { lake: "x" });
  for (const text of ["simulated data, not real prices", "Nothing: every check passed.", "no bars"]) {
    assertStringIncludes(old, text);
  }
});

Deno.test("monthsChart() writes no two numbers over each other on a narrow screen: the larger one stands", () => {
  const outliers: Record<number, number> = { 20: 13, 21: 1, 40: 2, 41: 1234, 50: 1 };
  const months = Array.from({ length: 60 }, (_, i) => ({
    month: new Date(Date.UTC(2013, 3 + i)).toISOString().slice(0, 7),
    ...{ rows: 720, zero_volume: 0, filled: 0, outliers: outliers[i] ?? 0 },
  }));
  const numbers = (width: number) =>
    monthsChart({ ...REPORT.series![0]!, months }, { width }).spec.data.values
      .map(({ number }) => number).filter((number) => number !== null);
  assertEquals(numbers(300), [13, 1234, 1]);
  assertEquals(numbers(2000), [13, 1, 2, 1234, 1]);
});

Deno.test("monthsChart() compiles without a word from Vega-Lite, for one month and for twelve years", () => {
  const month = { rows: 30, zero_volume: 0, filled: 0, outliers: 0 };
  for (const count of [1, 30, 144]) {
    const months = Array.from({ length: count }, (_, i) => ({
      ...month,
      month: new Date(Date.UTC(2012, i)).toISOString().slice(0, 7),
    }));
    assertEquals(compileSpec(monthsChart({ ...REPORT.series![0]!, months }).spec).warnings, []);
  }
});

Deno.test("qualityText() puts the worst group first and control characters out", () => {
  const bell = String.fromCharCode(7);
  const text = qualityText({
    ...REPORT,
    findings: [...REPORT.findings, {
      check: `evil${bell}: x`,
      status: "warn",
      count: 1,
      detail: `a${bell}b`,
    }],
  });
  const lines = text.split("\n");
  assertEquals(lines[0], "fail: 1 fail · 2 warn · 1 pass, checked 2026-01-02T03:04:05.000Z by run r1");
  assertEquals(lines.slice(2, 4), ["ohlcv_daily", "  fail  duplicates   2  2 rows repeat a key"]);
  assert(!text.includes(bell));
});
