import type { AuditedSeries } from "./audit_outliers.ts";
import type { DuckDb } from "./engine_duckdb.ts";

/** Counts of one month of a series. */
export interface MonthCounts {
  /** `YYYY-MM`, UTC. */
  month: string;
  rows: number;
  zero_volume: number;
  /** Flat bars (open, high, low and close are one price) with volume 0: filled in by the source. */
  filled: number;
}

const DAY_MS = 86_400_000;

/**
 * Rows, bars without volume and filled bars of each month that has rows, for charts. Times must be within the years
 * that the door lets in (see `soundCandleSql`).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openDuckDb } from "./engine_duckdb.ts";
 * using engine = await openDuckDb();
 * await engine.run(`CREATE TABLE bars AS SELECT i * 86400000 AS time, 1.0 AS open, 1.0 AS close, 1.0 AS high,
 *   1.0 AS low, i % 2 + 0.0 AS volume FROM range(33) AS t (i)`);
 * assertEquals(await auditMonths(engine, { table: "bars" }), [
 *   { month: "1970-01", rows: 31, zero_volume: 16, filled: 16 },
 *   { month: "1970-02", rows: 2, zero_volume: 1, filled: 1 },
 * ]);
 * ```
 */
export async function auditMonths(
  engine: DuckDb,
  { table }: Pick<AuditedSeries, "table">,
): Promise<MonthCounts[]> {
  // By day first: a calendar month of each of a million rows would take most of the time.
  const { rows } = await engine.read(`
    SELECT strftime(make_timestamp(day * ${DAY_MS} * 1000), '%Y-%m') AS month, sum(all_rows), sum(zero), sum(flat)
    FROM (
      SELECT time // ${DAY_MS} AS day, count(*) AS all_rows, count(*) FILTER (WHERE volume = 0) AS zero,
        count(*) FILTER (WHERE volume = 0 AND open = close AND low = high AND open = low) AS flat
      FROM ${table} GROUP BY day
    ) GROUP BY month ORDER BY month`);
  return rows.map(([month, count, zero, flat]) => ({
    month: String(month),
    rows: Number(count),
    zero_volume: Number(zero),
    filled: Number(flat),
  }));
}
