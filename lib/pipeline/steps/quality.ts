/** Checks of what came in and of what was written; a report in the lake; the gate. */
import { QualityError } from "../../core/errors.ts";
import { OHLCV_DAILY, OHLCV_HOURLY, PROCESSED_PARTITIONED } from "../../core/tables.ts";
import { qualityReportKey } from "../../lake/keys.ts";
import { fingerprint, isDone, writeRecord } from "../../lake/ledger.ts";
import {
  checkSeries,
  checkSnapshot,
  checkTable,
  type Finding,
  type QualityReport,
  worstStatus,
} from "../../quality/mod.ts";
import { auditSeries, auditTable } from "../../warehouse/audit.ts";
import { registerTables } from "../../warehouse/catalog.ts";
import type { RunContext, StepResult } from "../context.ts";
import { latestMarkets } from "../lake_reads.ts";
import { writeCompleteness } from "../write_completeness.ts";
import { materializeFingerprint } from "./materialize.ts";

const UNIT = "quality/report";

/** Raise this when a check changes, so that reports are made anew. */
const CHECKS_VERSION = 1;

const AUDITED = [
  { table: OHLCV_HOURLY, key: ["symbol", "hour_start"], low: "low", high: "high" },
  { table: OHLCV_DAILY, key: ["symbol", "day"], low: "low", high: "high" },
  { table: PROCESSED_PARTITIONED, key: ["day"], low: "min_price_usd", high: "max_price_usd" },
];

/**
 * Runs the checks, unless the same input was checked before.
 *
 * @throws {QualityError} where a check fails; the report is in the lake by then.
 */
export async function qualityStep(context: RunContext): Promise<StepResult> {
  const { store } = context;
  await writeCompleteness(context);
  const markets = await latestMarkets(context);
  const inputs = fingerprint([
    CHECKS_VERSION,
    await materializeFingerprint(context),
    markets?.snapshot_at ?? null,
  ]);
  const before = await isDone(store, UNIT, inputs);
  if (before) {
    const key = String(before.notes["key"]);
    context.quality = JSON.parse(new TextDecoder().decode((await store.get(key))!)) as QualityReport;
    gate(context.quality, key);
    return { status: "skipped", rows_in: null, rows_out: null, detail: `same input as before, see ${key}` };
  }
  const findings = [
    ...await seriesFindings(context),
    ...markets ? checkSnapshot(markets.rows) : [],
    ...await tableFindings(context),
  ];
  const report: QualityReport = {
    run_id: context.runId,
    source: context.settings.source,
    status: worstStatus(findings),
    findings,
  };
  context.quality = report;
  const key = qualityReportKey(context.startedAt, context.runId);
  await store.put(key, new TextEncoder().encode(`${JSON.stringify(report, null, 2)}\n`));
  const { outputs } = await writeRecord(store, UNIT, { fingerprint: inputs, outputs: [key], notes: { key } });
  gate(report, key);
  const count = (status: Finding["status"]) => findings.filter((finding) => finding.status === status).length;
  return {
    status: report.status === "pass" ? "ok" : "warn",
    rows_in: findings.length,
    rows_out: count("warn") + count("fail"),
    detail: `${count("pass")} checks passed, ${count("warn")} warn: ${key}`,
    outputs,
  };
}

async function seriesFindings(context: RunContext): Promise<Finding[]> {
  const records = await context.candleRecords();
  if (records.length === 0) return [];
  const engine = await context.engine();
  const findings: Finding[] = [];
  for (const series of await context.sealedSeries()) {
    const rejected: Record<string, number> = {};
    for (const record of records) {
      if (record.source !== series.source || record.timeframe !== series.timeframe) continue;
      for (const [reason, count] of Object.entries(record.rejected)) {
        rejected[reason] = (rejected[reason] ?? 0) + count;
      }
    }
    findings.push(...checkSeries(await auditSeries(engine, series, rejected)));
  }
  return findings;
}

async function tableFindings(context: RunContext): Promise<Finding[]> {
  const engine = await context.engineOnLake();
  await registerTables(engine, context.store, AUDITED.map(({ table }) => table));
  const findings: Finding[] = [];
  for (const { table, ...columns } of AUDITED) {
    findings.push(...checkTable(table, await auditTable(engine, table, columns)));
  }
  return findings;
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
