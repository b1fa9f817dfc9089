/** Checks of what came in and of what was written; a report in the lake; the gate. */
import { allEnded } from "../../core/all_ended.ts";
import { QualityError } from "../../core/errors.ts";
import { qualityReportKey } from "../../lake/keys.ts";
import { fingerprint, isDone, writeRecord } from "../../lake/ledger.ts";
import { checkSnapshot, type Finding, type QualityReport, worstStatus } from "../../quality/mod.ts";
import type { RunContext, StepResult } from "../context.ts";
import { latestMarkets } from "../lake_reads.ts";
import type { SeenBars } from "../stream_ledgers.ts";
import { writeCompleteness } from "../write_completeness.ts";
import { materializeFingerprint } from "./materialize_candles.ts";
import {
  driftFindings,
  freshnessNow,
  heldFindings,
  seriesFindings,
  snapshotFreshness,
  tableFindings,
  ticksFindings,
} from "./quality_findings.ts";

/** Unit of the report. */
export const QUALITY_UNIT = "quality/report";

/** Raise this when a check changes, so that reports are made anew. */
const CHECKS_VERSION = 2;

/**
 * Runs the checks, unless the same input was checked before.
 *
 * @throws {QualityError} where a check fails; the report is in the lake by then.
 * @throws {ConfigError} where the lake's thresholds cannot be used.
 */
export async function qualityStep(context: RunContext): Promise<StepResult> {
  // Side by side: the completeness ledger has an engine of its own, and takes the bars that the report walks over. The
  // report's failure comes first.
  const seen = Promise.withResolvers<SeenBars>();
  const ledger = writeCompleteness(context, seen.promise);
  const made = report(context, seen.resolve).finally(() => seen.resolve(new Map()));
  const [step] = await allEnded([made, ledger]);
  return step;
}

/** @param onWalked Hears of the bars that the report has walked over, if it has to. */
async function report(context: RunContext, onWalked: (bars: SeenBars) => void): Promise<StepResult> {
  const { store } = context;
  const config = await context.qualityConfig();
  const markets = await latestMarkets(context);
  const drift = await driftFindings(context, config);
  const inputs = fingerprint([
    CHECKS_VERSION,
    await materializeFingerprint(context),
    markets?.snapshot_at ?? null,
    config,
    await freshnessNow(context, markets, config),
    drift,
  ]);
  const before = await isDone(store, QUALITY_UNIT, inputs);
  if (before) {
    const key = String(before.notes["key"]);
    context.quality = JSON.parse(new TextDecoder().decode((await store.get(key))!)) as QualityReport;
    gate(context.quality, key);
    return { status: "skipped", rows_in: null, rows_out: null, detail: `same input as before, see ${key}` };
  }
  const { findings: ofSeries, profiles } = await seriesFindings(context, { config, onWalked });
  const findings = [
    ...await heldFindings(context),
    ...drift,
    ...ofSeries,
    ...markets ? checkSnapshot(markets.rows, config.snapshot) : [],
    ...markets ? [snapshotFreshness(context, markets, config)] : [],
    ...await ticksFindings(context, config),
    ...await tableFindings(context, config),
  ];
  const made: QualityReport = {
    run_id: context.runId,
    source: context.source,
    status: worstStatus(findings),
    checked_at: context.startedAt.toISOString(),
    findings,
    series: profiles,
    thresholds: config,
  };
  context.quality = made;
  const key = qualityReportKey(context.startedAt, context.runId);
  const keys = [key, key.replace(/json$/, "html")];
  await store.put(keys[0]!, new TextEncoder().encode(`${JSON.stringify(made, null, 2)}\n`));
  const { qualityPage } = await import("../../report/quality_page.ts");
  await store.put(keys[1]!, new TextEncoder().encode(await qualityPage(made, { lake: store.url })));
  const { outputs } = await writeRecord(store, QUALITY_UNIT, {
    fingerprint: inputs,
    outputs: keys,
    notes: { key },
  });
  gate(made, key);
  const count = (status: Finding["status"]) => findings.filter((finding) => finding.status === status).length;
  return {
    status: made.status === "pass" ? "ok" : "warn",
    rows_in: findings.length,
    rows_out: count("warn") + count("fail"),
    detail: `${count("pass")} checks passed, ${count("warn")} warn: ${key}`,
    outputs,
  };
}

function gate(report: QualityReport, key: string): void {
  const failed = report.findings.filter(({ status }) => status === "fail");
  if (failed.length === 0) return;
  throw new QualityError(
    `Cannot go on: ${failed.length} quality checks failed (${
      failed.map(({ check, detail }) => `${check}: ${detail}`).join("; ")
    }), ` +
      `read ${key} and mend the input`,
  );
}
