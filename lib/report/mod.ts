/**
 * What people look at: charts as Vega-Lite specifications that show themselves in a notebook, the same charts as
 * SVG and PNG, and the dashboard, one HTML file that needs neither network nor scripts. Everything here is a pure
 * function of its data: same data, same bytes. `render.ts` (Vega) and `render_png.ts` (resvg) are
 * heavy and reached through `Chart` and `dashboardPage`, at the first drawing.
 *
 * @module
 */
export * from "./chart.ts";
export * from "./completeness_chart.ts";
export * from "./dashboard.ts";
export * from "./forecast_card.ts";
export * from "./leaderboard_chart.ts";
export * from "./loss_chart.ts";
export * from "./market_charts.ts";
export * from "./months_chart.ts";
export * from "./price_chart.ts";
export * from "./prints_chart.ts";
export * from "./quality_page.ts";
export * from "./quality_text.ts";
export * from "./samples_chart.ts";
export * from "./table.ts";
export * from "./volatility_chart.ts";
export type { ChartRow, ChartSize, ChartSpec } from "./spec.ts";
