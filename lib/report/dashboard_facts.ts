/** The dashboard's sections without charts: who, when and from where; figures; quality; steps. */
import type { DashboardData } from "./dashboard_data.ts";
import { absent, panel, statusChip, table } from "./dashboard_html.ts";
import { type Card, forecastCard } from "./forecast_card.ts";
import {
  escapeHtml,
  formatChange,
  formatCount,
  formatDuration,
  formatPrice,
  formatUsdShort,
} from "./format.ts";

const SOURCES: Record<DashboardData["source"], string> = {
  coingecko: "live, CoinGecko",
  exchange: "candles of an exchange",
  csv: "price file (CSV)",
  demo: "demo market (simulated)",
};

/** The banner over demo data, nothing otherwise. */
export function bannerSection({ source }: DashboardData): string {
  return source === "demo"
    ? '<div class="banner" role="alert"><strong>Demo market: simulated data, not real prices</strong></div>'
    : "";
}

/** Name, source, time and run. */
export function headerSection(data: DashboardData): string {
  const facts = [
    ["Source", SOURCES[data.source]],
    ["Generated", data.generated_at],
    ["Run", data.run_id],
    ["Lake", data.lake],
  ].map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value!)}</dd></div>`);
  return `<header>
<h1>Lakebook <span>crypto market dashboard</span></h1>
<dl>${facts.join("")}</dl>
</header>`;
}

/** The key figures. */
export function kpiSection(data: DashboardData): string {
  const cards = [...marketCards(data), bitcoinCard(data), volatilityCard(data)].map((
    { label, value, note },
  ) =>
    `<div class="card"><h3>${escapeHtml(label)}</h3><p class="value">${
      escapeHtml(value)
    }</p><p class="note">${escapeHtml(note)}</p></div>`
  );
  return `<section class="cards" aria-label="Key figures">\n${cards.join("\n")}\n</section>`;
}

function marketCards({ markets, source }: DashboardData): Card[] {
  const figures = [["Total market cap", "market_cap"], ["Total volume, 24 h", "volume_24h"]] as const;
  return figures.map(([label, field]) => {
    const known = markets?.rows.map((row) => row[field]).filter((value) => value !== null) ?? [];
    if (known.length === 0) {
      const why = source === "csv" ? "a price file has no market snapshot" : "no market snapshot yet";
      return { label, value: "–", note: `Not known: ${why}` };
    }
    const total = known.reduce((sum, value) => sum + value, 0);
    return { label, value: formatUsdShort(total), note: `sum of ${known.length} coins` };
  });
}

function bitcoinCard({ markets, daily }: DashboardData): Card {
  const label = "Bitcoin";
  const coin = markets?.rows.find((row) => row.id === "bitcoin");
  if (coin && coin.current_price !== null) {
    const { current_price, price_change_pct_24h, price_change_pct_7d } = coin;
    return {
      label,
      value: formatPrice(current_price),
      note: `${formatChange(price_change_pct_24h)} in 24 h, ${formatChange(price_change_pct_7d)} in 7 days`,
    };
  }
  const last = daily.reduce<DashboardData["daily"][number] | undefined>(
    (newest, row) => newest === undefined || row.day > newest.day ? row : newest,
    undefined,
  );
  return last
    ? {
      label,
      value: formatPrice(last.avg_price_usd),
      note: `average of ${last.day}, the last day in the data`,
    }
    : { label, value: "–", note: "Not known: no daily prices and no snapshot" };
}

function volatilityCard({ model }: DashboardData): Card {
  return model === null
    ? { label: "Volatility forecast", value: "–", note: "Not known: no model trained, run deno task train" }
    : forecastCard(model.forecast, model.champion);
}

/** The quality report, worst findings first. */
export function qualitySection({ quality }: DashboardData): string {
  const heading = "Data quality";
  if (quality === null) {
    return panel(
      "quality-heading",
      heading,
      absent("No quality report belongs to this run.", "deno task quality"),
    );
  }
  const order = { fail: 0, warn: 1, pass: 2 };
  const findings = quality.findings.toSorted((a, b) => order[a.status] - order[b.status]);
  const counts = (["fail", "warn", "pass"] as const).map((status) =>
    `${findings.filter((one) => one.status === status).length} ${status}`
  );
  const summary = `<p>${statusChip(quality.status)} ${counts.join(" · ")}</p>`;
  const body = findings.length === 0 ? '<p class="absent">The report has no findings.</p>' : table(findings, [
    { head: "Status", cell: (one) => statusChip(one.status) },
    { head: "Check", cell: (one) => `<b>${escapeHtml(one.check)}</b>` },
    { head: "Count", cell: (one) => formatCount(one.count), kind: "number" },
    { head: "Detail", cell: (one) => escapeHtml(one.detail), kind: "text" },
  ], { label: "Findings of the quality report" });
  return panel("quality-heading", heading, summary + body);
}

/** What the run did. */
export function stepsSection({ steps }: DashboardData): string {
  const heading = "Run steps";
  if (steps.length === 0) {
    return panel(
      "steps-heading",
      heading,
      absent("No steps are recorded for this run.", "deno task pipeline"),
    );
  }
  const body = table(steps, [
    { head: "Step", cell: (step) => `<b>${escapeHtml(step.name)}</b>` },
    { head: "Status", cell: (step) => statusChip(step.status) },
    { head: "Rows in", cell: (step) => formatCount(step.rows_in), kind: "number" },
    { head: "Rows out", cell: (step) => formatCount(step.rows_out), kind: "number" },
    { head: "Time", cell: (step) => formatDuration(step.duration_ms), kind: "number" },
    { head: "Detail", cell: (step) => escapeHtml(step.detail), kind: "text" },
  ], { label: "Steps of the run" });
  return panel("steps-heading", heading, body);
}

/** Attribution where it is due, and what this page is not. */
export function footerSection({ source }: DashboardData): string {
  const credit = source === "coingecko"
    ? '<p>Data provided by <a href="https://www.coingecko.com" rel="noopener">CoinGecko</a></p>'
    : "";
  return `<footer>${credit}<p>All times are UTC. Forecasts are exercises in method, not advice.</p></footer>`;
}
