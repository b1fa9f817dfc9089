/** A quality report as a page. */
import type { Finding, FindingExample, QualityReport, SeriesProfile } from "../quality/finding.ts";
import { absent, type Column, figure, panel, statusChip, table } from "./dashboard_html.ts";
import { DASHBOARD_STYLE } from "./dashboard_style.ts";
import { escapeHtml, formatCount, UNKNOWN } from "./format.ts";
import { monthsChart } from "./months_chart.ts";
import { groupFindings } from "./quality_text.ts";

/** The browser itself then refuses every request and every script. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

const FULL = { wide: 1010, narrow: 300 };

/**
 * A quality report as one HTML page without network and scripts: what needs an eye, each series by month, the worst
 * rows, what passed, and the thresholds. Same report, same bytes.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * const findings = [{ check: "BTCUSD csv 1d: outliers", status: "warn" as const, count: 1, detail: "low 0.06" }];
 * const page = await qualityPage({ run_id: "r1", source: "csv", status: "warn", findings }, { lake: "data/lake" });
 * assertStringIncludes(page, "low 0.06");
 * ```
 */
export async function qualityPage(report: QualityReport, { lake }: { lake: string }): Promise<string> {
  const loud = report.findings.filter(({ status }) => status !== "pass");
  const quiet = report.findings.filter(({ status }) => status === "pass");
  const sections = [
    report.source === "demo"
      ? '<div class="banner" role="alert"><strong>Demo market: simulated data, not real prices</strong></div>'
      : "",
    header(report, lake),
    "<main>",
    cards(report),
    panel(
      "attention-heading",
      "What needs an eye",
      loud.length === 0
        ? '<p class="absent">Nothing: every check passed.</p>'
        : findingsTable(loud, "Findings that fail or warn"),
    ),
    ...await Promise.all((report.series ?? []).map(seriesPanel)),
    ...loud.filter(({ examples }) => examples).map((finding, i) => examplesPanel(finding, `examples-${i}`)),
    panel(
      "passed-heading",
      "What passed",
      quiet.length === 0
        ? '<p class="absent">No check passed.</p>'
        : `<details><summary>${quiet.length} checks</summary>${
          findingsTable(quiet, "Findings that pass")
        }</details>`,
    ),
    thresholds(report),
    "</main>",
    "<footer><p>All times are UTC. A warning asks for a person's eye; a failure closes the gate.</p></footer>",
  ];
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="color-scheme" content="light dark">
<title>Lakebook data quality${report.source === "demo" ? " (demo data)" : ""}, ${
    escapeHtml(report.checked_at ?? report.run_id)
  }</title>
<style>${DASHBOARD_STYLE}</style>
</head>
<body>
${sections.filter((section) => section !== "").join("\n")}
</body>
</html>
`;
}

function header({ source, checked_at, run_id }: QualityReport, lake: string): string {
  const facts = [["Source", source], ["Checked", checked_at ?? UNKNOWN], ["Run", run_id], ["Lake", lake]]
    .map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value!)}</dd></div>`);
  return `<header>
<h1>Lakebook <span>data quality</span></h1>
<dl>${facts.join("")}</dl>
</header>`;
}

function cards({ status, findings, series = [] }: QualityReport): string {
  const count = (wanted: Finding["status"]) => findings.filter((one) => one.status === wanted).length;
  const rows = series.reduce((sum, one) => sum + one.rows, 0);
  const outliers = series.reduce((sum, one) => sum + one.outlier_rate * one.rows, 0);
  const gate = { fail: "closed: later steps do not run", warn: "open, with warnings", pass: "open" }[status];
  const shown: [label: string, value: string, note: string][] = [
    ["Gate", status, gate],
    ["Fail · warn · pass", `${count("fail")} · ${count("warn")} · ${count("pass")}`, "checks"],
    ["Bars checked", formatCount(rows), series.length === 1 ? "in 1 series" : `in ${series.length} series`],
    [
      "Prices that stand alone",
      formatCount(outliers),
      rows === 0 ? "no bars" : `${Number((1e6 * outliers / rows).toPrecision(2))} of a million bars`,
    ],
  ];
  return `<section class="cards" aria-label="Key figures">\n${
    shown.map(([label, value, note]) =>
      `<div class="card"><h3>${escapeHtml(label)}</h3><p class="value">${
        escapeHtml(value)
      }</p><p class="note">${escapeHtml(note)}</p></div>`
    ).join("\n")
  }\n</section>`;
}

function findingsTable(findings: readonly Finding[], label: string): string {
  const rows = groupFindings(findings).flatMap(({ name, findings }) =>
    findings.map((finding, i) => ({ ...finding, of: i === 0 ? name : "" }))
  );
  return table(rows, [
    { head: "Checked", cell: (one) => `<b>${escapeHtml(one.of)}</b>` },
    { head: "Status", cell: (one) => statusChip(one.status) },
    { head: "Check", cell: (one) => escapeHtml(one.check) },
    { head: "Count", cell: (one) => formatCount(one.count), kind: "number" },
    { head: "Detail", cell: (one) => escapeHtml(one.detail), kind: "text" },
  ], { label });
}

async function seriesPanel(profile: SeriesProfile, index: number): Promise<string> {
  const id = `series-${index}`;
  const heading = `${profile.symbol} ${profile.source} ${profile.timeframe} by month`;
  if (profile.months.length === 0) {
    return panel(`${id}-heading`, heading, absent("The series has no bars.", "deno task backfill"));
  }
  const draw = (width: number) => monthsChart(profile, { width, height: width > 500 ? 170 : 140 });
  return panel(`${id}-heading`, heading, await figure(id, FULL, draw));
}

function examplesPanel({ check, count, examples = [] }: Finding, id: string): string {
  const names = [...new Set(examples.flatMap(({ values }) => Object.keys(values)))];
  const columns: Column<FindingExample>[] = [
    { head: "Time", cell: ({ at }) => escapeHtml(shortTime(at)) },
    ...names.map((name): Column<FindingExample> => ({
      head: name,
      cell: ({ values }) => escapeHtml(shortTime(String(values[name] ?? UNKNOWN))),
      ...(examples.some(({ values }) => typeof values[name] === "number") ? { kind: "number" } : {}),
    })),
  ];
  const note = count > examples.length
    ? `<p class="note">The worst ${examples.length} of ${formatCount(count)}.</p>`
    : "";
  return panel(
    `${id}-heading`,
    check,
    `${note}${table(examples, columns, { label: `Examples of ${check}` })}`,
  );
}

/** Times to the minute; anything else as it is. */
function shortTime(text: string): string {
  return text.replace(/^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}):00\.000Z$/, "$1 $2");
}

function thresholds(report: QualityReport): string {
  if (!report.thresholds) return "";
  return panel(
    "thresholds-heading",
    "Thresholds",
    `<p class="note">Those of this check; <code>_quality.json</code> at the lake's root sets others.</p>
<details><summary>View thresholds (JSON)</summary><pre>${
      escapeHtml(JSON.stringify(report.thresholds, null, 1))
    }</pre></details>`,
  );
}
