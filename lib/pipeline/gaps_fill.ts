/** `deno task gaps --fill SOURCE`: the decision to take a second source's bars where the first one has none. */
import { UsageError } from "../core/errors.ts";
import type { GapCause } from "../core/gaps.ts";
import {
  fingerprint,
  forgetRecord,
  type LedgerRecord,
  readRecord,
  readRecords,
  writeRecord,
} from "../lake/ledger.ts";
import { lakeKind, openStore } from "../lake/open_lake.ts";
import type { ObjectStore } from "../lake/store.ts";
import { backfillLine } from "../warehouse/backfill_evidence.ts";
import { rangesSql } from "../warehouse/bar_streams.ts";
import { CANDLE_RECORDS, candleRecord } from "../warehouse/candle_records.ts";
import { readCandlesSql } from "../warehouse/insert_candles.ts";
import { openDuckDb } from "../warehouse/engine_duckdb.ts";
import { fillUnit, mergeRanges, readFills } from "../warehouse/fill_records.ts";
import type { CommandIo } from "./command_io.ts";
import { EXIT } from "./exit_codes.ts";
import { type GapsQuery, readLedgers } from "./gaps_command.ts";
import { runPipeline } from "./run.ts";
import type { StreamLedger } from "./stream_ledgers.ts";

/** A gap with another cause is filled; a minute without trades is nothing to fill. */
const FILLED_CAUSES: readonly GapCause[] = ["source_offline", "our_failure", "plan_limit"];

const STEPS = ["process", "materialize", "quality"];

/** What `--fill --json` prints. */
export interface FillReport {
  symbol: string;
  interval: string;
  source: string;
  /** Bars that are absent for another reason than that nobody traded. */
  fillable: number;
  /** Bars of those that the source has. */
  available: number;
  /** Bars that were filled now, and bars of `fillable` that are still absent; null in a dry run. */
  filled: number | null;
  remaining: number | null;
}

/** Runs `--fill`; gives the exit code. */
export async function fillCommand(
  store: ObjectStore,
  { query, source, dryRun, json }: { query: GapsQuery; source: string; dryRun: boolean; json: boolean },
  io: CommandIo,
): Promise<number> {
  const { symbol, interval } = query;
  if (symbol === undefined || interval === undefined) {
    throw new UsageError(`Cannot fill from "${source}": say which stream with --symbol and --interval`);
  }
  const now = io.effects.now();
  const [ledger] = await readLedgers(store, query, now);
  const gaps = fillableGaps(ledger!);
  const found = await rangesWithBars(store, { ledger: ledger!, source, gaps });
  const report: FillReport = {
    symbol,
    interval,
    source,
    fillable: fillableBars(ledger!),
    available: found.bars,
    filled: null,
    remaining: null,
  };
  let code: number = EXIT.ok;
  if (!dryRun && found.ranges.length > 0) {
    const fill = { symbol, timeframe: interval, source };
    const former = await decide(store, { ...fill, ranges: found.ranges, now });
    code = await makeAnew(await openStore(store.url, io), io);
    if (code === EXIT.quality) {
      await takeBack(store, { ...fill, former });
      await makeAnew(await openStore(store.url, io), io);
      io.effects.log.warn(
        `Cannot fill ${symbol} ${interval} from "${source}": with its bars the lake failed its quality checks, ` +
          `so the decision was taken back; compare the two sources' prices and volumes`,
      );
    }
  }
  if (!dryRun) {
    const after = (await readLedgers(store, query, now))[0]!;
    report.filled = after.filled - ledger!.filled;
    report.remaining = fillableBars(after);
  }
  if (json) io.stdout(`${JSON.stringify(report)}\n`);
  else io.stdout(`${reportLines(report).join("\n")}\n`);
  return code;
}

function fillableGaps({ gaps }: StreamLedger): [number, number][] {
  const ranges: [number, number][] = [];
  for (let i = 0; i < gaps.count; i++) {
    const { from_ms, until_ms, cause } = gaps.at(i);
    if (FILLED_CAUSES.includes(cause)) ranges.push([from_ms, until_ms]);
  }
  return ranges;
}

function fillableBars({ gaps: { by_cause } }: StreamLedger): number {
  return FILLED_CAUSES.reduce((bars, cause) => bars + by_cause[cause], 0);
}

/** The gaps in which a source of the lake has bars, and how many. */
async function rangesWithBars(
  store: ObjectStore,
  { ledger: { symbol, timeframe, from_ms, step_ms }, source, gaps }: {
    ledger: StreamLedger;
    source: string;
    gaps: readonly [number, number][];
  },
): Promise<{ ranges: [number, number][]; bars: number }> {
  const files = [...(await readRecords(store, CANDLE_RECORDS)).values()].map(candleRecord)
    .filter((file) => file.symbol === symbol && file.timeframe === timeframe);
  const mine = files.filter((file) => file.source === source);
  if (mine.length === 0) {
    const there = [...new Set(files.map((file) => file.source))].join(", ") || "none";
    throw new UsageError(
      `Cannot fill ${symbol} ${timeframe} from "${source}": the lake has no such bars of it (sources: ${there}), ` +
        `first run \`${backfillLine({ exchange: source, symbol, timeframe, from_ms })}\``,
    );
  }
  if (gaps.length === 0) return { ranges: [], bars: 0 };
  using engine = await openDuckDb();
  const raw = await Promise.all(
    mine.map(async ({ key, columns }) =>
      readCandlesSql(await store.localPath(key), columns, { header: true, skipBadLines: true })
    ),
  );
  const { rows } = await engine.read(`
    SELECT range_from::DOUBLE, range_until::DOUBLE, count(*)::DOUBLE
    FROM (SELECT DISTINCT time - time % ${step_ms} AS t FROM (${raw.join(" UNION ALL ")}))
    JOIN ${rangesSql(gaps)} ON t >= range_from AND t < range_until
    GROUP BY range_from, range_until ORDER BY range_from`);
  const found = rows as [number, number, number][];
  return {
    ranges: found.map(([from, until]) => [from, until]),
    bars: found.reduce((sum, [, , bars]) => sum + bars, 0),
  };
}

/** Writes the decision down, beside what was decided before; gives the record that stood there. */
async function decide(
  store: ObjectStore,
  { now, ...fill }: {
    symbol: string;
    timeframe: string;
    source: string;
    ranges: readonly [number, number][];
    now: Date;
  },
): Promise<LedgerRecord | null> {
  await using _lock = await store.lock(`gaps --fill ${fill.source}`);
  const former = await readRecord(store, fillUnit(fill));
  const before = (await readFills(store, fill)).filter(({ source }) => source === fill.source)
    .flatMap(({ ranges }) => ranges);
  const notes = { ...fill, ranges: mergeRanges([...before, ...fill.ranges]), decided_at: now.toISOString() };
  await writeRecord(store, fillUnit(fill), { fingerprint: fingerprint(notes.ranges), outputs: [], notes });
  return former;
}

/** Puts the former record back. */
async function takeBack(
  store: ObjectStore,
  { former, ...fill }: { symbol: string; timeframe: string; source: string; former: LedgerRecord | null },
): Promise<void> {
  await using _lock = await store.lock(`gaps --fill ${fill.source}`);
  const unit = fillUnit(fill);
  if (former === null) await forgetRecord(store, unit);
  else await writeRecord(store, unit, { ...former, outputs: [] });
}

/** Runs the steps; the store is closed afterwards. */
async function makeAnew(store: ObjectStore, io: CommandIo): Promise<number> {
  const { summary, error } = await runPipeline({
    store,
    steps: STEPS,
    settings: {
      source: await lakeKind(store) === "demo" ? "demo" : "csv",
      ohlcv: [],
      models: "models",
      seed: 1,
      env: io.env,
    },
    effects: io.effects,
    progress: io.terminal ? "live" : "lines",
  });
  if (error !== null) {
    if (summary.exit_code === EXIT.internal) throw error;
    io.effects.log.warn((error as Error).message);
  }
  return summary.exit_code;
}

function reportLines(report: FillReport): string[] {
  const { symbol, interval, source, fillable, available, filled, remaining } = report;
  const lines = [
    `${symbol} ${interval}: ${fillable} bars are absent though there may have been trades, ${source} has ${available} of them`,
  ];
  if (filled !== null) lines.push(`filled ${filled} from ${source}, ${remaining} remain`);
  return lines;
}
