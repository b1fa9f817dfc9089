import type { DashboardData } from "./dashboard_data.ts";
import {
  bannerSection,
  footerSection,
  headerSection,
  kpiSection,
  qualitySection,
  stepsSection,
} from "./dashboard_facts.ts";
import {
  coinTableSection,
  marketChartsSection,
  priceSection,
  volatilitySection,
} from "./dashboard_charts.ts";
import { DASHBOARD_STYLE } from "./dashboard_style.ts";
import { escapeHtml } from "./format.ts";

export type * from "./dashboard_data.ts";

/** The browser itself then refuses every request and every script. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/**
 * The dashboard as one HTML page: no network, no scripts, light and dark, desktop and phone. Charts are SVG inside
 * the page, each with its Vega-Lite specification below it. Same data, same bytes.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * const page = await dashboardPage({
 *   source: "demo", run_id: "r1", generated_at: "2026-01-02T03:04:05Z", lake: "data/demo",
 *   daily: [], markets: null, quality: null, model: null, steps: [],
 * });
 * assertStringIncludes(page, "Demo market: simulated data, not real prices");
 * ```
 */
export async function dashboardPage(data: DashboardData): Promise<string> {
  const sections = [
    bannerSection(data),
    headerSection(data),
    "<main>",
    kpiSection(data),
    await priceSection(data),
    await volatilitySection(data),
    await marketChartsSection(data),
    coinTableSection(data),
    qualitySection(data),
    stepsSection(data),
    "</main>",
    footerSection(data),
  ];
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="color-scheme" content="light dark">
<title>Lakebook dashboard${data.source === "demo" ? " (demo data)" : ""}, ${
    escapeHtml(data.generated_at)
  }</title>
<style>${DASHBOARD_STYLE}</style>
</head>
<body>
${sections.filter((section) => section !== "").join("\n")}
</body>
</html>
`;
}
