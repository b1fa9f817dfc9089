/** What the quality step finds: audits by the engine, judged by the quality room. */
import { OHLCV_DAILY, OHLCV_HOURLY, PROCESSED_PARTITIONED, STREAM_TICKS } from "../../core/tables.ts";
import type { ObjectStore } from "../../lake/store.ts";
import {
  checkFreshness,
  checkOutliers,
  checkSeries,
  checkSources,
  checkStale,
  checkTable,
  checkTicks,
  DEFAULT_QUALITY_CONFIG,
  type Finding,
  leastStaleBars,
  QUALITY_CONFIG_KEY,
  type QualityConfig,
  readQualityConfig,
  seriesName,
  type SeriesProfile,
} from "../../quality/mod.ts";
import { TIMEFRAMES } from "../../sources/candles_csv.ts";
import { auditSeries, auditTable } from "../../warehouse/audit.ts";
import { auditMonths } from "../../warehouse/audit_months.ts";
import { auditOutliers } from "../../warehouse/audit_outliers.ts";
import { auditSources } from "../../warehouse/audit_sources.ts";
import { auditStale } from "../../warehouse/audit_stale.ts";
import { auditTicks } from "../../warehouse/audit_ticks.ts";
import type { StagedSeries } from "../../warehouse/candle_stage.ts";
import { registerTables } from "../../warehouse/catalog.ts";
import type { DuckDb } from "../../warehouse/engine_duckdb.ts";
import type { RunContext } from "../context.ts";
import type { LatestMarkets } from "../lake_reads.ts";
import { TICKS_UNIT } from "./process_ticks.ts";
import { objectsSince, wholeUntil } from "./whole_days.ts";

const AUDITED = [
  { table: OHLCV_HOURLY, key: ["symbol", "hour_start"], low: "low", high: "high" },
  { table: OHLCV_DAILY, key: ["symbol", "day"], low: "low", high: "high" },
  { table: PROCESSED_PARTITIONED, key: ["day"], low: "min_price_usd", high: "max_price_usd" },
];

/**
 * The lake's thresholds.
 *
 * @throws {ConfigError} where `_quality.json` cannot be used.
 */
export async function qualityConfig(store: ObjectStore): Promise<QualityConfig> {
  const bytes = await store.get(QUALITY_CONFIG_KEY);
  return bytes ? readQualityConfig(new TextDecoder().decode(bytes)) : DEFAULT_QUALITY_CONFIG;
}

/** Every series of candles, and those of several sources beside each other. */
export async function seriesFindings(
  context: RunContext,
  config: QualityConfig,
): Promise<{ findings: Finding[]; profiles: SeriesProfile[] }> {
  const records = await context.candleRecords();
  if (records.length === 0) return { findings: [], profiles: [] };
  const engine = await context.engine();
  const findings: Finding[] = [];
  const profiles: SeriesProfile[] = [];
  const all = await context.sealedSeries();
  for (const series of all) {
    const rejected: Record<string, number> = {};
    for (const record of records) {
      if (record.symbol !== series.symbol || record.source !== series.source) continue;
      if (record.timeframe !== series.timeframe) continue;
      for (const [reason, count] of Object.entries(record.rejected)) {
        rejected[reason] = (rejected[reason] ?? 0) + count;
      }
    }
    const { checked, profile } = await oneSeries(engine, series, {
      rejected,
      config,
      now: context.startedAt,
    });
    findings.push(...checked);
    profiles.push(profile);
  }
  return { findings: [...findings, ...await sourcesFindings(engine, all, config)], profiles };
}

async function oneSeries(
  engine: DuckDb,
  series: StagedSeries,
  { rejected, config, now }: { rejected: Record<string, number>; config: QualityConfig; now: Date },
): Promise<{ checked: Finding[]; profile: SeriesProfile }> {
  const thresholds = config.series;
  const { examples } = config;
  const audit = await auditSeries(engine, series, rejected);
  const outliers = await auditOutliers(engine, series, thresholds.outliers, { examples });
  const least = leastStaleBars(series.timeframe, thresholds);
  const stale = await auditStale(engine, series, { least, examples });
  const months = await auditMonths(engine, series);
  const filled = months.reduce((sum, month) => sum + month.filled, 0);
  return {
    checked: [
      ...checkSeries(audit, thresholds),
      checkOutliers(audit, outliers, thresholds),
      ...checkStale(series, stale, filled, thresholds),
      checkFreshness(seriesName(series), { newest: audit.to_ms, now }, thresholds.freshness),
    ],
    profile: {
      ...{ symbol: series.symbol, source: series.source, timeframe: series.timeframe, rows: series.rows },
      from: new Date(audit.from_ms).toISOString(),
      to: new Date(audit.to_ms).toISOString(),
      outlier_rate: series.rows === 0 ? 0 : outliers.flagged / series.rows,
      months: months.map((month) => ({ ...month, outliers: outliers.by_month[month.month] ?? 0 })),
    },
  };
}

async function sourcesFindings(
  engine: DuckDb,
  all: readonly StagedSeries[],
  { sources, examples }: QualityConfig,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [i, a] of all.entries()) {
    for (const b of all.slice(i + 1)) {
      if (a.symbol !== b.symbol || a.timeframe !== b.timeframe) continue;
      const { difference } = sources.disagreement;
      const stepMs = TIMEFRAMES[a.timeframe]!;
      findings.push(
        ...checkSources(await auditSources(engine, [a, b], { stepMs, difference, examples }), sources),
      );
    }
  }
  return findings;
}

/** The age of the newest market snapshot. */
export function snapshotFreshness(
  { startedAt }: Pick<RunContext, "startedAt">,
  markets: LatestMarkets,
  { snapshot }: QualityConfig,
): Finding {
  const newest = Date.parse(markets.snapshot_at);
  return checkFreshness("market snapshot", { newest, now: startedAt }, snapshot.freshness);
}

/** How old things are judged to be: as time goes by this changes without any new input. */
export async function freshnessNow(
  context: RunContext,
  markets: LatestMarkets | null,
  config: QualityConfig,
): Promise<string[]> {
  const newest = new Map<string, number>();
  for (const record of await context.candleRecords()) {
    const name = seriesName(record);
    newest.set(name, Math.max(newest.get(name) ?? -Infinity, record.to_ms ?? -Infinity));
  }
  const findings = [
    ...markets ? [snapshotFreshness(context, markets, config)] : [],
    ...[...newest].filter(([, to_ms]) => Number.isFinite(to_ms)).map(([name, to_ms]) =>
      checkFreshness(name, { newest: to_ms, now: context.startedAt }, config.series.freshness)
    ),
  ];
  return findings.map(({ check, status }) => `${check} ${status}`);
}

/** The latest day of the raw stream. */
export async function ticksFindings(context: RunContext, { ticks }: QualityConfig): Promise<Finding[]> {
  const { store, startedAt } = context;
  const since = await wholeUntil(store, TICKS_UNIT);
  const files = await objectsSince(store, STREAM_TICKS.prefix, { since, now: startedAt });
  const last = files.filter(({ key }) => key.endsWith(".csv")).at(-1)?.key;
  const [prefix, year, month, date] = /^.*year=(\d+)\/month=(\d+)\/day=(\d+)\//.exec(last ?? "") ?? [];
  if (prefix === undefined) return [];
  const count = files.filter(({ key }) => key.startsWith(prefix)).length;
  const folder = await store.localPath(prefix);
  const day = `${year}-${month}-${date}`;
  return checkTicks(await auditTicks(await context.engineOnLake(), { folder, day, files: count }), ticks);
}

/** The tables as they were written. */
export async function tableFindings(context: RunContext, { tables }: QualityConfig): Promise<Finding[]> {
  const engine = await context.engineOnLake();
  await registerTables(engine, context.store, AUDITED.map(({ table }) => table));
  const findings: Finding[] = [];
  for (const { table, ...columns } of AUDITED) {
    findings.push(...checkTable(table, await auditTable(engine, table, columns), tables));
  }
  return findings;
}
