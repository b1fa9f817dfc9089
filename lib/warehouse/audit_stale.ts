/** A feed that stands still: runs of bars that repeat one another. */
import type { AuditedSeries } from "./audit_outliers.ts";
import type { DuckDb } from "./engine_duckdb.ts";

/** A run of equal bars. */
export interface StaleRun {
  from_ms: number;
  to_ms: number;
  bars: number;
  close: number;
}

/** The runs of a series. */
export interface StaleAudit {
  runs: number;
  /** Bars in them. */
  bars: number;
  /** Longest first. */
  examples: StaleRun[];
}

const COLUMNS = ["open", "high", "low", "close", "volume"] as const;

/**
 * Finds runs of `least` or more bars with the very same open, high, low, close and volume. Bars with volume 0 are
 * none of them: a source fills those in where nobody traded, and `auditMonths` counts them. Streams like
 * `auditOutliers`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openDuckDb } from "./engine_duckdb.ts";
 * using engine = await openDuckDb();
 * await engine.run(`CREATE TABLE bars AS SELECT i AS time, 1.0 AS open, 1.0 AS close, 2.0 AS high, 1.0 AS low,
 *   CASE WHEN i BETWEEN 3 AND 7 THEN 5.5 ELSE i + 0.0 END AS volume FROM range(10) AS t (i)`);
 * const { runs, bars, examples } = await auditStale(engine, { table: "bars" }, { least: 5 });
 * assertEquals([runs, bars, examples[0]], [1, 5, { from_ms: 3, to_ms: 7, bars: 5, close: 1 }]);
 * ```
 */
export async function auditStale(
  engine: DuckDb,
  { table }: Pick<AuditedSeries, "table">,
  { least, examples = 10 }: { least: number; examples?: number },
): Promise<StaleAudit> {
  const before = COLUMNS.map((column) => `lag(${column}) OVER () AS ${column}_before`).join(", ");
  const same = COLUMNS.map((column) => `${column} IS NOT DISTINCT FROM ${column}_before`).join(" AND ");
  // A row that repeats its neighbour after one that doesn't begins a run, and the next that doesn't ends it; an empty
  // row ends the last one. Only `lag`: see `auditOutliers`.
  await engine.run(`CREATE OR REPLACE TEMP TABLE stale_runs AS
    SELECT lag(last) OVER () AS since, last AS until, (n - lag(n) OVER () + 1)::INTEGER AS bars, close_before AS close, same
    FROM (
      SELECT n, same, close_before, lag(same, 1, false) OVER () AS same_before, lag(time) OVER () AS last
      FROM (
        SELECT n, time, close_before, n > 1 AND time IS NOT NULL AND volume IS DISTINCT FROM 0 AND ${same} AS same
        FROM (
          SELECT *, row_number() OVER () AS n, ${before}
          FROM (
            SELECT time, ${COLUMNS.join(", ")} FROM ${table}
            UNION ALL SELECT NULL, ${COLUMNS.map(() => "NULL").join(", ")}
          )
        )
      )
    ) WHERE same <> same_before`);
  await engine.run(`DELETE FROM stale_runs WHERE same OR bars < ${least}`);
  const { rows: [counts] } = await engine.read(`SELECT count(*), coalesce(sum(bars), 0) FROM stale_runs`);
  const { rows: longest } = await engine.read(
    `SELECT since, until, bars, close FROM stale_runs ORDER BY bars DESC, since LIMIT ${examples}`,
  );
  await engine.run("DROP TABLE stale_runs");
  return {
    runs: Number(counts![0]),
    bars: Number(counts![1]),
    examples: longest.map((run) => {
      const [from_ms, to_ms, bars, close] = run.map(Number) as [number, number, number, number];
      return { from_ms, to_ms, bars, close };
    }),
  };
}
