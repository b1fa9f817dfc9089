import { type SeriesAudit, seriesName, type SeriesThresholds } from "./check_series.ts";
import { DEFAULT_QUALITY_CONFIG } from "./config.ts";
import { type Finding, judge, minuteOf } from "./finding.ts";
import type { Outliers } from "./outlier_finder.ts";

/**
 * Judges prices that stand alone.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const bar = { time: Date.UTC(2017, 3, 15), open: 1173.13, high: 1190.99, low: 0.06, close: 1178.85 };
 * const { status, detail } = checkOutliers(
 *   { symbol: "BTCUSD", source: "csv", timeframe: "1d", rows: 4519 },
 *   { flagged: 1, examples: [{ ...bar, prices: ["low"], centre: 1210.5, z: 313.3 }] },
 * );
 * assertEquals(status, "warn");
 * assertEquals(detail, "1 of 4519 bars (0.022 %) has a price that stands alone: 2017-04-15T00:00Z low 0.06 beside 1210.5");
 * ```
 */
export function checkOutliers(
  series: Pick<SeriesAudit, "symbol" | "source" | "timeframe" | "rows">,
  { flagged, examples }: Pick<Outliers, "flagged" | "examples">,
  thresholds: SeriesThresholds = DEFAULT_QUALITY_CONFIG.series,
): Finding {
  const share = series.rows === 0 ? 0 : flagged / series.rows;
  const named = examples.slice(0, 3).map((bar) =>
    `${minuteOf(bar.time)} ${
      bar.prices.map((price) => `${price} ${bar[price as "low"]}`).join(", ")
    } beside ${roughly(bar.centre)}`
  );
  return {
    check: `${seriesName(series)}: outliers`,
    status: judge(thresholds.outliers, flagged),
    count: flagged,
    detail: flagged === 0
      ? `no price stands alone: none is ${thresholds.outliers.robust_z} scales from its neighbours and comes back`
      : `${flagged} of ${series.rows} bars (${percent(share)}) ${
        flagged === 1 ? "has a price that stands" : "have a price that stands"
      } alone: ${named.join("; ")}${flagged > named.length ? "; …" : ""}`,
    ...(examples.length === 0 ? {} : {
      examples: examples.map(({ time, prices, open, high, low, close, centre, z }) => ({
        at: new Date(time).toISOString(),
        values: { out: prices.join(", "), open, high, low, close, centre: roughly(centre), z: roughly(z) },
      })),
    }),
  };
}

function roughly(value: number): number {
  return Number(value.toPrecision(5));
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
