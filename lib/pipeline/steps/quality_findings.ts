/** What the quality step finds: audits by the engine, judged by the quality room. */
import type { SeenDrift } from "../../core/contract.ts";
import { GapFinder, type StreamBars } from "../../core/gap_finder.ts";
import {
  OHLCV_BARS,
  OHLCV_DAILY,
  OHLCV_HOURLY,
  OHLCV_MINUTE,
  PROCESSED_PARTITIONED,
  STREAM_TICKS,
  type TableDefinition,
} from "../../core/tables.ts";
import {
  checkDrift,
  checkFreshness,
  checkOutliers,
  checkSeries,
  checkSources,
  checkStale,
  checkTable,
  checkTicks,
  type Finding,
  leastStaleBars,
  OutlierFinder,
  type QualityConfig,
  type SeriesAudit,
  SeriesCounter,
  type SeriesCounts,
  seriesName,
  type SeriesProfile,
  StaleFinder,
} from "../../quality/mod.ts";
import { readDrift } from "../../lake/drift.ts";
import { TIMEFRAMES } from "../../sources/candle_timeframe.ts";
import { auditTable } from "../../warehouse/audit_table.ts";
import { auditSources, type SourceBars } from "../../warehouse/audit_sources.ts";
import { tableOfStream } from "../../warehouse/bar_streams.ts";
import { auditTicks } from "../../warehouse/audit_ticks.ts";
import { readBars } from "../../warehouse/bar_columns.ts";
import { readCandlesSql } from "../../warehouse/insert_candles.ts";
import type { CandleRecord } from "../../warehouse/candle_records.ts";
import { registerTables } from "../../warehouse/catalog.ts";
import { type DuckDb, quote } from "../../warehouse/engine_duckdb.ts";
import { SILVER } from "../../warehouse/materialize.ts";
import { SILVER_UNITS, sourceSpans } from "../../warehouse/silver_units.ts";
import type { RunContext } from "../context.ts";
import type { LatestMarkets } from "../lake_reads.ts";
import { type SeenBars, streamName } from "../stream_ledgers.ts";
import { notesOfSilver } from "../silver/dirty_silver.ts";
import { TICKS_UNIT } from "./process_ticks.ts";
import { objectsSince, wholeUntil } from "./whole_days.ts";

const AUDITED = [
  { table: OHLCV_BARS, key: ["symbol", "timeframe", "bar_start"], low: "low", high: "high" },
  { table: OHLCV_HOURLY, key: ["symbol", "hour_start"], low: "low", high: "high" },
  { table: OHLCV_DAILY, key: ["symbol", "day"], low: "low", high: "high" },
  { table: PROCESSED_PARTITIONED, key: ["day"], low: "min_price_usd", high: "max_price_usd" },
];

/** Months that were not published, or were in spite of their checks. */
export async function heldFindings(context: RunContext): Promise<Finding[]> {
  const notes = [...(await notesOfSilver(context.store, await context.silverUnits())).values()];
  const because = context.settings.quality === "warn"
    ? "because of --quality warn"
    : "by an earlier --quality warn";
  return [
    ...notes.flatMap(({ held }) =>
      held.flatMap(({ key, findings }) =>
        findings.map((finding) => ({
          ...finding,
          detail: `${finding.detail}; these bars are not published, see ${key}`,
        }))
      )
    ),
    ...notes.flatMap(({ let_through }) =>
      let_through.map((finding): Finding => ({
        ...finding,
        status: "warn",
        detail: `${finding.detail}; published ${because}`,
      }))
    ),
  ];
}

/** A stream of candles in silver, as the audits want it. */
interface Stream {
  /** The view of its bars, and the table beneath. */
  view: string;
  table: TableDefinition;
  symbol: string;
  timeframe: string;
  /** All sources, the first one first: `bitstamp+coinbase`. */
  source: string;
  sources: readonly string[];
}

/**
 * Every stream of candles, and its sources beside each other.
 *
 * @param onWalked Hears of the streams' bars as soon as they have been walked over, where those are all of a stream's.
 */
export async function seriesFindings(
  context: RunContext,
  { config, onWalked }: { config: QualityConfig; onWalked: (bars: SeenBars) => void },
): Promise<{ findings: Finding[]; profiles: SeriesProfile[] }> {
  const records = await context.candleRecords();
  if (records.length === 0) return { findings: [], profiles: [] };
  const engine = await context.engineOnLake();
  await registerTables(engine, context.store, SILVER);
  const notes = await notesOfSilver(context.store, await context.silverUnits());
  const walks: { stream: Stream; mine: readonly CandleRecord[]; walked: Walk }[] = [];
  for (const stream of await streams(engine, records)) {
    const mine = records.filter(({ symbol, timeframe }) =>
      symbol === stream.symbol && timeframe === stream.timeframe
    );
    const rejected: Record<string, number> = {};
    for (const [reason, count] of mine.flatMap((record) => Object.entries(record.rejected))) {
      rejected[reason] = (rejected[reason] ?? 0) + count;
    }
    const settled = [...notes].filter(([unit]) => unit.startsWith(`${SILVER_UNITS}${stream.symbol}/`))
      .flatMap(([, unit]) => unit.settled.filter(({ timeframe }) => timeframe === stream.timeframe));
    const sum = (count: "out_of_order" | "duplicates" | "conflicts") =>
      settled.reduce((total, counts) => total + counts[count], 0);
    const { symbol, source, timeframe } = stream;
    const about = {
      ...{ symbol, source, timeframe, rejected },
      out_of_order: sum("out_of_order"),
      duplicates: sum("duplicates"),
      conflicts: sum("conflicts"),
    };
    const walked = await walk(engine, stream.view, { about, config, now: context.startedAt });
    if (walked !== null) walks.push({ stream, mine, walked });
  }
  // Days are looked at as they came in; the stream of days is made of shorter bars as well, in a table of its own.
  onWalked(
    new Map(
      walks.flatMap(({ stream, walked: { bars } }) =>
        bars && stream.table === tableOfStream(stream.timeframe) ? [[streamName(stream), bars]] : []
      ),
    ),
  );
  const findings: Finding[] = [];
  for (const { stream, mine, walked } of walks) {
    findings.push(...walked.checked, ...await sourcesFindings(context, { engine, stream, mine }, config));
  }
  return { findings, profiles: walks.map(({ walked }) => walked.profile) };
}

/** Silver as the audits want it: `time` in epoch ms, sorted. Hours are looked at where hours came in, else they are sums of minutes. */
async function streams(engine: DuckDb, records: readonly CandleRecord[]): Promise<Stream[]> {
  const found: Stream[] = [];
  for (const span of sourceSpans(records)) {
    const { symbol, timeframe, source } = span;
    const before = found.find((other) => other.symbol === symbol && other.timeframe === timeframe);
    if (before) {
      Object.assign(before, { source: `${before.source}+${source}`, sources: [...before.sources, source] });
      continue;
    }
    const table = timeframe === "1m" ? OHLCV_MINUTE : timeframe === "1h" ? OHLCV_HOURLY : OHLCV_BARS;
    const [start] = Object.keys(table.columns);
    const view = `stage.stream_${found.length}`;
    await engine.run(`CREATE OR REPLACE VIEW ${view} AS
      SELECT epoch_ms(${start}) AS time, open, high, low, close, volume FROM ${table.database}.${table.name}
      WHERE symbol = ${quote(symbol)} ${table === OHLCV_BARS ? `AND timeframe = ${quote(timeframe)}` : ""}`);
    found.push({ view, table, symbol, timeframe, source, sources: [source] });
  }
  return found;
}

/** What came of a walk over a stream. */
interface Walk {
  checked: Finding[];
  profile: SeriesProfile;
  /** Null where the bars are not in order, each once, on multiples of their length. */
  bars: StreamBars | null;
}

/** Walks over a stream once, and judges what was seen; null where nothing of it was published. */
async function walk(
  engine: DuckDb,
  table: string,
  { about, config: { series: thresholds, examples }, now }: {
    about: Omit<SeriesAudit, keyof SeriesCounts>;
    config: QualityConfig;
    now: Date;
  },
): Promise<Walk | null> {
  const counter = new SeriesCounter(TIMEFRAMES[about.timeframe]!);
  const outlierFinder = new OutlierFinder(thresholds.outliers, { examples });
  const gapFinder = new GapFinder(TIMEFRAMES[about.timeframe]!);
  const staleFinder = new StaleFinder(leastStaleBars(about.timeframe, thresholds), { examples });
  for await (const bars of readBars(engine, table)) {
    counter.add(bars);
    outlierFinder.add(bars);
    staleFinder.add(bars);
    gapFinder.add(bars.time);
  }
  const { months, ...counts } = counter.end();
  const audit: SeriesAudit = { ...about, ...counts };
  const outliers = outlierFinder.end();
  const filled = months.reduce((sum, month) => sum + month.filled, 0);
  const { symbol, source, timeframe } = about;
  const { rows, from_ms, to_ms } = counts;
  if (rows === 0) return null;
  return {
    bars: gapFinder.end(),
    checked: [
      ...checkSeries(audit, thresholds),
      checkOutliers(audit, outliers, thresholds),
      ...checkStale(audit, staleFinder.end(), filled, thresholds),
      checkFreshness(seriesName(audit), { newest: to_ms, now }, thresholds.freshness),
    ],
    profile: {
      ...{ symbol, source, timeframe, rows },
      from: new Date(from_ms).toISOString(),
      to: new Date(to_ms).toISOString(),
      outlier_rate: outliers.flagged / rows,
      months: months.map((month) => ({ ...month, outliers: outliers.by_month[month.month] ?? 0 })),
    },
  };
}

/** The raw bars of a stream's sources, two by two: silver shows one source a day. */
async function sourcesFindings(
  { store }: RunContext,
  { engine, stream, mine }: { engine: DuckDb; stream: Stream; mine: readonly CandleRecord[] },
  { sources, examples }: QualityConfig,
): Promise<Finding[]> {
  if (stream.sources.length < 2) return [];
  const { symbol, timeframe } = stream;
  const sides: SourceBars[] = [];
  for (const source of stream.sources) {
    const table = `${stream.view}_of_${sides.length}`;
    const files = await Promise.all(
      mine.filter((record) => record.source === source).map(async ({ key, columns, arrival }) => {
        const path = await store.localPath(key);
        const bars = readCandlesSql(path, columns, { header: true, skipBadLines: true });
        return `SELECT time, close, ${arrival} AS arrival FROM (${bars})`;
      }),
    );
    // As in silver, the later file stands; the close makes it the same bar each time where one file has two.
    await engine.run(`CREATE OR REPLACE VIEW ${table} AS
      SELECT time, arg_max(close, {arrival: arrival, close: close}) AS close
      FROM (${files.join(" UNION ALL ")}) GROUP BY time`);
    sides.push({ table, symbol, source, timeframe });
  }
  const findings: Finding[] = [];
  const { difference } = sources.disagreement;
  const stepMs = TIMEFRAMES[timeframe]!;
  for (const [i, a] of sides.entries()) {
    for (const b of sides.slice(i + 1)) {
      findings.push(
        ...checkSources(await auditSources(engine, [a, b], { stepMs, difference, examples }), sources),
      );
    }
  }
  return findings;
}

/** Columns, fields and types that were not there before. */
export async function driftFindings(context: RunContext, { drift }: QualityConfig): Promise<Finding[]> {
  const records = await context.candleRecords();
  const columns = records.flatMap(({ key, original, further, contract }) =>
    further.map(({ name, example }): SeenDrift => ({
      kind: "columns",
      column: name,
      example,
      origin: original ?? key,
      mode: contract,
    }))
  );
  const ofPages = await readDrift(context.store);
  return [
    ...records.length > 0 ? [checkDrift("candle files", columns, drift)] : [],
    ...ofPages.length > 0 ? [checkDrift("market pages", ofPages, drift)] : [],
  ];
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
