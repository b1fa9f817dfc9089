/** Prices that stand alone, far from the bars around them. */
import type { DuckDb } from "./engine_duckdb.ts";

/** What an audit needs of a series: a relation sorted by `time`, each time once, with the six candle columns. */
export interface AuditedSeries {
  table: string;
  symbol: string;
  source: string;
  timeframe: string;
}

/** When a price counts as an outlier. */
export interface OutlierSettings {
  /** Bars on each side whose closes make the centre and the scale. */
  neighbours: number;
  /** So many scales from the centre. */
  robust_z: number;
  /** The least scale, in log price: in a quiet market the spread of the closes alone would be too strict. */
  floor: number;
  /** Within so many bars on each side the price must have come back … */
  within: number;
  /** … by at least this share of its way from the centre. A level that stays, or a slide, does not. */
  returned: number;
}

/** One bar with an outlying price. */
export interface OutlierExample {
  time: number;
  /** Which of `open`, `high`, `low`, `close` are out. */
  prices: string[];
  open: number;
  high: number;
  low: number;
  close: number;
  /** The neighbours' median close. */
  centre: number;
  /** Distance of the worst price, in scales. */
  z: number;
}

/** The outliers of a series. */
export interface OutlierAudit {
  /** Bars with an outlier. */
  flagged: number;
  /** The same by month, `YYYY-MM`. */
  by_month: Record<string, number>;
  /** The worst ones, worst first. */
  examples: OutlierExample[];
}

const PRICES = ["open", "high", "low", "close"] as const;

/**
 * Finds bars with a price that stands alone. Its log is more than `robust_z` scales from the median of the
 * neighbours' log closes (the bar itself left out), where a scale is 1.4826 times their median absolute deviation,
 * but at least `floor`; and within `within` bars before and after there is one that has come back by `returned` of
 * the way. A level that stays is no outlier: neither does it come back, nor is the spread small where half of the
 * neighbours stand on it. The first and the last bar are never flagged, for a spike cannot be told from a new level
 * there.
 *
 * One streaming pass in fixed memory. Its first filter compares each bar with the few beside it and misses nothing:
 * an outlier is more than `robust_z · floor` from the centre, so a bar that has come back is at least `returned`
 * times that away from it (with 8, 0.02 and 0.5: 8 %). Medians are taken of what is left.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openDuckDb } from "./engine_duckdb.ts";
 * using engine = await openDuckDb();
 * await engine.run(`CREATE TABLE bars AS SELECT i * 60000 AS time, 100.0 AS open, 100.0 AS close, 101.0 AS high,
 *   CASE i WHEN 7 THEN 0.06 ELSE 99.0 END AS low, 1.0 AS volume FROM range(20) AS t (i)`);
 * const settings = { neighbours: 10, robust_z: 8, floor: 0.02, within: 2, returned: 0.5 };
 * const { flagged, examples } = await auditOutliers(engine, { table: "bars" }, settings);
 * assertEquals([flagged, examples[0]!.time, examples[0]!.prices], [1, 420_000, ["low"]]);
 * ```
 */
export async function auditOutliers(
  engine: DuckDb,
  { table }: Pick<AuditedSeries, "table">,
  settings: OutlierSettings,
  { examples = 10 }: { examples?: number } = {},
): Promise<OutlierAudit> {
  const most = Math.max(1, examples);
  const { rows } = await engine.read(`
    SELECT strftime(make_timestamp(time * 1000), '%Y-%m') AS month, count(*),
      max_by([time, ${PRICES.join(", ")}, exp(centre), z, ${PRICES.map(outSql).join(", ")}], (z, -time), ${most})
    FROM (${judgedSql(table, settings)}) WHERE z > 0 GROUP BY month ORDER BY month`);
  const worst = rows.flatMap((row) => row[2] as number[][]).map(exampleOf);
  return {
    flagged: rows.reduce((sum, row) => sum + Number(row[1]), 0),
    by_month: Object.fromEntries(rows.map(([month, count]) => [String(month), Number(count)])),
    examples: worst.sort((a, b) => b.z - a.z || a.time - b.time).slice(0, examples),
  };

  function outSql(price: string): string {
    const limit = settings.robust_z;
    return `((low_out AND ${zSql(price)} < -${limit}) OR (high_out AND ${zSql(price)} > ${limit}))::DOUBLE`;
  }
}

function exampleOf(row: readonly number[]): OutlierExample {
  const [time, open, high, low, close, centre, z, ...out] = row as [number, ...number[]];
  const prices = PRICES.filter((_, i) => out[i] === 1);
  return { time, prices, open: open!, high: high!, low: low!, close: close!, centre: centre!, z: z! };
}

/** The few bars that may be out, with their centre, scale and verdict; `z` is 0 where neither side is out. */
function judgedSql(table: string, { neighbours, robust_z, floor, within, returned }: OutlierSettings): string {
  const away = Math.exp(robust_z * floor * returned);
  const way = (side: string, from: string) =>
    side === "low" ? `${from} - ${logSql("lowest")}` : `${logSql("highest")} - ${from}`;
  const back = (side: string) =>
    ["before", "after"].map((beside) =>
      `${way(side, logSql(`${side}_${beside}`))} >= ${returned} * (${way(side, "centre")})`
    ).join(" AND ");
  return `
    SELECT *, greatest(CASE WHEN low_out THEN -${zSql("lowest")} ELSE 0 END,
      CASE WHEN high_out THEN ${zSql("highest")} ELSE 0 END) AS z
    FROM (
      SELECT *, ${zSql("lowest")} < -${robust_z} AND ${back("low")} AS low_out,
        ${zSql("highest")} > ${robust_z} AND ${back("high")} AS high_out
      FROM (
        SELECT *, greatest(${floor},
          1.4826 * list_aggregate(list_transform(closes, lambda x: abs(x - centre)), 'median')) AS scale
        FROM (
          SELECT *, list_aggregate(closes, 'median') AS centre
          FROM (
            SELECT *, list_transform(list_filter([${closes(neighbours)}], lambda x: x > 0), lambda x: ln(x)) AS closes
            FROM (${besideSql(table, { neighbours, within })})
            WHERE (lowest * ${away} <= low_before AND lowest * ${away} <= low_after)
              OR (highest >= high_before * ${away} AND highest >= high_after * ${away})
          )
        )
      )
    )`;
}

function closes(neighbours: number): string {
  return steps(neighbours).flatMap((step) => [`lag_close_${step}`, `lead_close_${step}`]).join(", ");
}

/** Signed distance of a price from the centre, in scales. */
function zSql(price: string): string {
  return `((${logSql(price)} - centre) / scale)`;
}

/** The log of a price; of one that is not above zero, that of the smallest number. */
function logSql(price: string): string {
  return `ln(greatest(${price}, 1e-300))`;
}

/** Each bar with its extremes, the nearest extremes of the few bars on each side, and the closes around. */
function besideSql(table: string, { neighbours, within }: { neighbours: number; within: number }): string {
  const shifted = (["lag", "lead"] as const).flatMap((shift) => [
    ...steps(within).flatMap((step) =>
      ["low", "high"].map((side) => `${shift}(${side}est, ${step}) OVER () AS ${shift}_${side}_${step}`)
    ),
    ...steps(neighbours).map((step) => `${shift}(close, ${step}) OVER () AS ${shift}_close_${step}`),
  ]);
  const nearest = (shift: string, side: "low" | "high") =>
    `${side === "low" ? "greatest" : "least"}(${
      steps(within).map((step) => `${shift}_${side}_${step}`).join(", ")
    })`;
  return `
    SELECT *, ${nearest("lag", "low")} AS low_before, ${nearest("lead", "low")} AS low_after,
      ${nearest("lag", "high")} AS high_before, ${nearest("lead", "high")} AS high_after
    FROM (
      SELECT *, ${shifted.join(", ")}
      FROM (
        SELECT time, open, high, low, close, least(open, high, low, close) AS lowest,
          greatest(open, high, low, close) AS highest FROM ${table}
      )
    )`;
}

function steps(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}
