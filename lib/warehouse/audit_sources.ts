/** Two sources of the same bars, side by side. */
import type { DuckDb } from "./engine_duckdb.ts";

/** One source's bars: a relation with `time` in epoch ms, each once, and `close`. */
export interface SourceBars {
  table: string;
  symbol: string;
  source: string;
  timeframe: string;
}

/** How well two series fit when the second one is read `lag_ms` later. */
export interface LagFit {
  lag_ms: number;
  /** Bars of the sample that the other one has too. */
  bars: number;
  /** Median of |ln(close / close)| over them; null where there is none. */
  median: number | null;
}

/** A bar in which two sources disagree. */
export interface Disagreement {
  time: number;
  close_a: number;
  close_b: number;
  /** ln(close_a / close_b). */
  log_ratio: number;
}

/** Two series compared. */
export interface SourcesAudit {
  symbol: string;
  timeframe: string;
  source_a: string;
  source_b: string;
  /** Bars that both have. */
  common: number;
  /** Median and 99 % quantile of |ln(close_a / close_b)| over them; null where there are none. */
  median: number | null;
  p99: number | null;
  /** Common bars that differ by more than the threshold. */
  beyond: number;
  /** Worst first. */
  examples: Disagreement[];
  /** Fits of a sample of bars at several lags, zero among them. */
  lags: LagFit[];
}

const HOUR_MS = 3_600_000;
/** Bars of which the lags are tried: enough for a median, so that long series cost no more than short ones. */
const SAMPLE = 20_000;

/**
 * Compares the closes of two series of one symbol and bar length on the bars that both have, and tries whether the
 * second one fits better up to three bars or three hours earlier or later, as it would with a wrong time zone.
 *
 * @param stepMs Length of a bar.
 * @param difference From which |ln(close_a / close_b)| on a bar counts as disagreeing.
 */
export async function auditSources(
  engine: DuckDb,
  [a, b]: readonly [SourceBars, SourceBars],
  { stepMs, difference, examples = 10 }: { stepMs: number; difference: number; examples?: number },
): Promise<SourcesAudit> {
  const common = `(SELECT a.time AS time, a.close AS a, b.close AS b, ln(a.close / b.close) AS r
    FROM ${a.table} AS a JOIN ${b.table} AS b ON a.time = b.time WHERE a.close > 0 AND b.close > 0)`;
  const { rows: [counts] } = await engine.read(
    `SELECT count(*), median(abs(r)), quantile_cont(abs(r), 0.99), count(*) FILTER (WHERE abs(r) > ${difference})
     FROM ${common}`,
  );
  const [bars, middle, p99, beyond] = counts!;
  const worst = Number(beyond) === 0
    ? []
    : (await engine.read(`SELECT * FROM ${common} WHERE abs(r) > ${difference}
       ORDER BY abs(r) DESC, time LIMIT ${examples}`)).rows;
  return {
    symbol: a.symbol,
    timeframe: a.timeframe,
    source_a: a.source,
    source_b: b.source,
    common: Number(bars),
    median: middle === null ? null : Number(middle),
    p99: p99 === null ? null : Number(p99),
    beyond: Number(beyond),
    examples: worst.map((row) => {
      const [time, close_a, close_b, log_ratio] = row.map(Number) as [number, number, number, number];
      return { time, close_a, close_b, log_ratio };
    }),
    lags: await fitLags(engine, a, b, stepMs),
  };
}

async function fitLags(
  engine: DuckDb,
  a: SourceBars,
  b: SourceBars,
  stepMs: number,
): Promise<LagFit[]> {
  const lags = [
    ...new Set([0, ...[1, 2, 3].flatMap((n) => [n, -n].flatMap((m) => [m * stepMs, m * HOUR_MS]))]),
  ]
    .sort((x, y) => Math.abs(x) - Math.abs(y) || x - y);
  // Every so manieth bar where both have bars at all; hashed, so that no hour of the day is left out.
  const { rows: [overlap] } = await engine.read(
    `SELECT count(*) FROM ${a.table} WHERE time BETWEEN (SELECT min(time) FROM ${b.table}) - ${3 * HOUR_MS}
       AND (SELECT max(time) FROM ${b.table}) + ${3 * HOUR_MS}`,
  );
  const every = Math.max(1, Math.ceil(Number(overlap![0]) / SAMPLE));
  const { rows } = await engine.read(`
    SELECT lag, count(*), median(abs(ln(a.close / b.close)))
    FROM (SELECT time, close, unnest([${lags.join(", ")}]::BIGINT[]) AS lag FROM ${a.table}
      WHERE close > 0 AND hash(time) % ${every} = 0) AS a
    JOIN ${b.table} AS b ON b.time = a.time + a.lag WHERE b.close > 0 GROUP BY lag`);
  const found = new Map(rows.map(([lag, bars, median]) => [Number(lag), [Number(bars), Number(median)]]));
  return lags.map((lag_ms) => {
    const [bars = 0, median = null] = found.get(lag_ms) ?? [];
    return { lag_ms, bars, median };
  });
}
