/** The dashboard's charts and the coin table. */
import type { MarketPriceDoubles } from "../core/rows.ts";
import type { DashboardData } from "./dashboard_data.ts";
import { absent, figure, panel, table } from "./dashboard_html.ts";
import { escapeHtml, formatChange, formatPrice, formatUsdShort } from "./format.ts";
import { marketCapChart, topGainersChart, trendingChart } from "./market_charts.ts";
import { priceChart } from "./price_chart.ts";
import { volatilityChart, type VolatilityPrediction } from "./volatility_chart.ts";

const FULL = { wide: 1010, narrow: 300 };
const THIRD = { wide: 195, narrow: 175 };
/** So many days can be told apart on a screen. */
const ZOOM_DAYS = 120;
const TABLE_ROWS = 100;

/** Bitcoin by day. */
export async function priceSection({ daily }: DashboardData): Promise<string> {
  const body = daily.length === 0
    ? absent(
      "There are no daily prices in this lake yet.",
      "deno task backfill --exchange bitstamp --symbol BTC/USD --timeframe 1d --since 2014-01-01",
    )
    : await figure("price", FULL, (width) => priceChart(daily, { width, height: width > 500 ? 300 : 240 }));
  return panel("price-heading", "Bitcoin price by day", body);
}

/** Actual volatility against the forecasts, the verdict first. */
export async function volatilitySection({ model }: DashboardData): Promise<string> {
  const heading = "Volatility: actual and forecast";
  if (model === null) {
    return panel(
      "volatility-heading",
      heading,
      absent("No model has been trained in this run.", "deno task train"),
    );
  }
  const metrics = Object.entries(model.metrics);
  const parts = [
    `<p class="verdict">${escapeHtml(model.verdict)}</p>`,
    `<p class="note">Volatility proxy: ${escapeHtml(model.volatility_proxy)}. Champion: ${
      escapeHtml(model.champion)
    }.${ratioNote(model.mae_ratio)}</p>`,
  ];
  const { predictions } = model;
  if (predictions.length === 0) {
    parts.push(absent("The model has no predictions for a test period.", "deno task train"));
  } else parts.push(await figure("volatility", FULL, (width) => volatilityFigure(predictions, width)));
  if (predictions.length > ZOOM_DAYS * 1.5) {
    const newest = predictions.toSorted((a, b) => a.day < b.day ? -1 : 1).slice(-ZOOM_DAYS);
    parts.push(`<h3>The last ${ZOOM_DAYS} days of the test, day by day</h3>`);
    parts.push(await figure("volatility-zoom", FULL, (width) => volatilityFigure(newest, width)));
  }
  if (metrics.length > 0) {
    const number = (value: number, digits: number) => Number.isFinite(value) ? value.toFixed(digits) : "–";
    parts.push(table(metrics, [
      { head: "Model", cell: ([name]) => `<b>${escapeHtml(name)}</b>` },
      { head: "MAE", cell: ([, one]) => number(one.mae, 5), kind: "number" },
      { head: "RMSE", cell: ([, one]) => number(one.rmse, 5), kind: "number minor" },
      { head: "R²", cell: ([, one]) => number(one.r2, 3), kind: "number" },
      { head: "MASE", cell: ([, one]) => number(one.mase, 3), kind: "number" },
    ], { label: "Errors of the models in the test period" }));
  }
  return panel("volatility-heading", heading, parts.join("\n"));
}

function ratioNote(ratio: number): string {
  return Number.isFinite(ratio)
    ? ` The forest's mean absolute error is ${ratio.toFixed(3)} times persistence's; below 1 is better.`
    : "";
}

function volatilityFigure(predictions: readonly VolatilityPrediction[], width: number) {
  return volatilityChart(predictions, { width, height: width > 500 ? 230 : 200 });
}

/** Top gainers, trending coins and market cap, side by side. */
export async function marketChartsSection(data: DashboardData): Promise<string> {
  const rows = data.markets?.rows ?? [];
  const charts = [
    { id: "gainers", heading: "Top gainers, 24 hours", field: "price_change_pct_24h", draw: topGainersChart },
    { id: "trending", heading: "Trending, 7 days", field: "price_change_pct_7d", draw: trendingChart },
    { id: "cap", heading: "Market cap", field: "market_cap", draw: marketCapChart },
  ] as const;
  if (rows.length === 0) {
    return panel("market-heading", "Top gainers, trending coins, market cap", noSnapshot(data));
  }
  const panels = charts.map(async ({ id, heading, field, draw }) => {
    const body = rows.some((row) => (row[field] ?? 0) > 0)
      ? await figure(id, THIRD, (width) => draw(rows, { width, top: field === "market_cap" ? 15 : 10 }))
      : `<p class="absent">No coin in this snapshot has a value above zero here: nothing to draw.</p>`;
    return panel(`${id}-heading`, heading, body, { wide: false });
  });
  return `<div class="columns">\n${(await Promise.all(panels)).join("\n")}\n</div>`;
}

/** The top 100 coins. */
export function coinTableSection(data: DashboardData): string {
  if (!data.markets || data.markets.rows.length === 0) {
    return panel("coins-heading", "Top coins", noSnapshot(data));
  }
  const rows = data.markets.rows
    .toSorted((a, b) =>
      (a.market_cap_rank ?? Infinity) - (b.market_cap_rank ?? Infinity) || (a.id < b.id ? -1 : 1)
    )
    .slice(0, TABLE_ROWS);
  const body = table(rows, [
    { head: "#", cell: (row) => String(row.market_cap_rank ?? "–"), kind: "number" },
    { head: "Coin", cell: coinCell },
    { head: "Price", cell: (row) => formatPrice(row.current_price), kind: "number" },
    { head: "24 h", cell: (row) => changeCell(row.price_change_pct_24h), kind: "number" },
    { head: "7 d", cell: (row) => changeCell(row.price_change_pct_7d), kind: "number" },
    { head: "Market cap", cell: (row) => formatUsdShort(row.market_cap), kind: "number" },
    { head: "Volume 24 h", cell: (row) => formatUsdShort(row.volume_24h), kind: "number" },
  ], { label: "Top coins by market cap", tall: true });
  const note =
    `<p class="note">${rows.length} of ${data.markets.rows.length} coins, by market cap rank. Snapshot ${
      escapeHtml(data.markets.snapshot_at)
    }. A dash is a number that the source doesn't know.</p>`;
  return panel("coins-heading", "Top coins", note + body);
}

function coinCell(row: MarketPriceDoubles): string {
  return `<bdi class="coin">${escapeHtml(row.name)}</bdi> <bdi class="symbol">${
    escapeHtml(row.symbol.toUpperCase())
  }</bdi>`;
}

function changeCell(pct: number | null): string {
  const text = formatChange(pct);
  const side = text.startsWith("+") ? "up" : text.startsWith("−") ? "down" : "flat";
  return `<span class="${side}">${text}</span>`;
}

function noSnapshot({ source }: DashboardData): string {
  return source === "csv"
    ? absent(
      "This run read a price file, which has no market snapshot of all coins. Source demo simulates one.",
      "deno task pipeline --source coingecko",
    )
    : absent("There is no market snapshot in this lake yet.", `deno task pipeline --source ${source}`);
}
