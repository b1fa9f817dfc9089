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
  // Nested values in max_by(…, n) come out repeated, so what was found is kept aside and asked twice.
  await engine.run(`CREATE OR REPLACE TEMP TABLE outliers AS
    SELECT time, ${PRICES.join(", ")}, exp(centre) AS centre, z, ${
    PRICES.map((price) => `${outSql(price)} AS ${price}_out`).join(", ")
  } FROM (${judgedSql(table, settings)}) WHERE z > 0`);
  const { rows: months } = await engine.read(
    `SELECT strftime(make_timestamp(time * 1000), '%Y-%m') AS month, count(*) FROM outliers GROUP BY month ORDER BY month`,
  );
  const { rows: worst } = await engine.read(`SELECT * FROM outliers ORDER BY z DESC, time LIMIT ${examples}`);
  await engine.run("DROP TABLE outliers");
  return {
    flagged: months.reduce((sum, [, count]) => sum + Number(count), 0),
    by_month: Object.fromEntries(months.map(([month, count]) => [String(month), Number(count)])),
    examples: worst.map(exampleOf),
  };

  function outSql(price: string): string {
    const limit = settings.robust_z;
    return `((low_out AND ${zSql(price)} < -${limit}) OR (high_out AND ${zSql(price)} > ${limit}))`;
  }
}

function exampleOf(row: readonly unknown[]): OutlierExample {
  const [time, open, high, low, close, centre, z] = row.map(Number) as [number, ...number[]];
  const prices = PRICES.filter((_, i) => row[7 + i] === true);
  return { time, prices, open: open!, high: high!, low: low!, close: close!, centre: centre!, z: z! };
}

/** The few bars that may be out, with their centre, scale and verdict; `z` is 0 where neither side is out. */
function judgedSql(
  table: string,
  { neighbours, robust_z, floor, within, returned }: OutlierSettings,
): string {
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
            SELECT *, list_transform(list_filter([${
    closes(neighbours)
  }], lambda x: x > 0), lambda x: ln(x)) AS closes
            FROM (${besideSql(table, { neighbours, within })})
            WHERE (lowest * ${away} <= low_before AND lowest * ${away} <= low_after)
              OR (highest >= high_before * ${away} AND highest >= high_after * ${away})
          )
        )
      )
    )`;
}

function closes(neighbours: number): string {
  return steps(2 * neighbours).concat(0).filter((step) => step !== neighbours).map((step) => `close_${step}`)
    .join(
      ", ",
    );
}

/** Signed distance of a price from the centre, in scales. */
function zSql(price: string): string {
  return `((${logSql(price)} - centre) / scale)`;
}

/** The log of a price; of one that is not above zero, that of the smallest number. */
function logSql(price: string): string {
  return `ln(greatest(${price}, 1e-300))`;
}

/**
 * Each bar with its extremes, the nearest extremes of the few bars on each side, and the closes around. The engine's
 * `lead` repeats rows where a relation is a union, its `lag` does not: so each row speaks for the bar `neighbours` rows
 * before it, and as many empty rows at the end let the last bars have their say.
 */
function besideSql(table: string, { neighbours, within }: { neighbours: number; within: number }): string {
  const lag = (column: string, step: number, name: string) =>
    `${step === 0 ? column : `lag(${column}, ${step}) OVER ()`} AS ${name}`;
  const own = ["time", ...PRICES, "lowest", "highest"].map((column) =>
    lag(`${column}_now`, neighbours, column)
  );
  const sides = steps(within).flatMap((step) =>
    (["low", "high"] as const).flatMap((side) => [
      lag(`${side}est_now`, neighbours + step, `${side}_before_${step}`),
      lag(`${side}est_now`, neighbours - step, `${side}_after_${step}`),
    ])
  );
  const around = steps(2 * neighbours).concat(0).map((step) => lag("close_now", step, `close_${step}`));
  const nearest = (side: "low" | "high", beside: string) =>
    `${side === "low" ? "greatest" : "least"}(${
      steps(within).map((step) => `${side}_${beside}_${step}`).join(", ")
    }) AS ${side}_${beside}`;
  return `
    SELECT *, ${nearest("low", "before")}, ${nearest("low", "after")}, ${nearest("high", "before")}, ${
    nearest("high", "after")
  } FROM (
      SELECT ${[...own, ...sides, ...around].join(", ")} FROM (
        SELECT time AS time_now, ${PRICES.map((price) => `${price} AS ${price}_now`).join(", ")},
          least(${PRICES.join(", ")}) AS lowest_now, greatest(${PRICES.join(", ")}) AS highest_now
        FROM (
          SELECT time, ${PRICES.join(", ")} FROM ${table}
          UNION ALL SELECT NULL, NULL, NULL, NULL, NULL FROM range(${neighbours})
        )
      )
    )`;
}

function steps(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}
