import pl from "nodejs-polars";
import type { DailyPrice } from "../core/rows.ts";
import { calendarGrid } from "./calendar_grid.ts";
import { changeDeviation, logReturn } from "./feature_catalogue.ts";
import { FEATURE_NAMES, HORIZON_DAYS, TARGET_NAME } from "./feature_table.ts";
import { type VolatilityProxy, volatilityProxy, type VolatilityProxyKind } from "./volatility_proxy.ts";
import { windowMean } from "./windows.ts";

/** Options of {@linkcode dailyFeatures}. */
export interface DailyFeaturesOptions {
  /** The newest UTC day whose price is final, `YYYY-MM-DD`; later rows are dropped. */
  lastCompleteDay: string;
  /** Forces the volatility measure; see {@linkcode volatilityProxy}. */
  proxy?: VolatilityProxyKind | undefined;
}

/** Features with what a reader should know about them. */
export interface DailyFeatures {
  /** One row a calendar day: `day`, `avg_price_usd`, the columns of `FEATURES`, `target_vol_next`. */
  frame: pl.DataFrame;
  /** Which volatility is measured, and on which days it is unknown. */
  proxy: Omit<VolatilityProxy, "values">;
  /** Sentences for a person: the proxy, and days that are missing or unusable. */
  notes: string[];
}

/**
 * Turns daily prices into model features, one row a UTC calendar day. Definitions and look-backs: `FEATURES`.
 *
 * A feature of day t uses prices of days ≤ t only and no day older than its look-back, to the bit. A missing day is
 * a row of nulls, and every window that touches it is null: windows never bridge a hole. `target_vol_next` is the
 * next calendar day's volatility, null on the last day.
 *
 * @param prices rows, or a frame with the same four columns (`day` as text or date).
 * @throws {SyntaxError} if a day is not a day.
 * @throws {QualityError} if a day occurs twice.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const prices = ["2026-01-01", "2026-01-02"].map((day) => ({
 *   day, avg_price_usd: 105, min_price_usd: 100, max_price_usd: 110,
 * }));
 * const { frame, proxy } = dailyFeatures(prices, { lastCompleteDay: "2026-01-02" });
 * assertEquals(proxy.kind, "parkinson_range");
 * assertEquals(frame.getColumn("target_vol_next").toArray(), [frame.getColumn("vol_1").get(1), null]);
 * ```
 */
export function dailyFeatures(
  prices: readonly DailyPrice[] | pl.DataFrame,
  { lastCompleteDay, proxy: kind }: DailyFeaturesOptions,
): DailyFeatures {
  const rows = isRows(prices) ? prices : rowsOfFrame(prices);
  const grid = calendarGrid(rows, lastCompleteDay);
  const { values, ...proxy } = volatilityProxy(grid.prices, { kind });
  const frame = pl.DataFrame([
    pl.Series("day", grid.days, pl.String),
    pl.Series("avg_price_usd", grid.prices.map((price) => price?.avg_price_usd ?? null), pl.Float64),
    pl.Series("vol_1", values, pl.Float64),
    pl.Series("day_of_week", grid.days.map(isoDayOfWeek), pl.Int32),
  ]);
  const notes = [
    proxy.explanation,
    ...countNote(grid.missing_days, "have no price: windows that touch them are empty"),
    ...countNote(grid.unusable_days, "have a price that cannot be used and count as missing"),
  ];
  return { frame: addFeatures(frame), proxy, notes };
}

/** `frame` has `day`, `avg_price_usd`, `vol_1`, `day_of_week`. */
function addFeatures(frame: pl.DataFrame): pl.DataFrame {
  const average = pl.col("avg_price_usd"), vol = pl.col("vol_1");
  return frame
    .withColumns(
      logReturn(average).alias("log_return_1"),
      logReturn(average).abs().alias("abs_return_1"),
      windowMean(vol, 7).alias("vol_mean_7"),
      windowMean(vol, 30).alias("vol_mean_30"),
      average.div(windowMean(average, 7)).minus(1).alias("ma_7_ratio"),
      average.div(windowMean(average, 30)).minus(1).alias("ma_30_ratio"),
      changeDeviation(7, average).alias("volatility_7"),
      changeDeviation(30, average).alias("volatility_30"),
      vol.shift(-HORIZON_DAYS).alias(TARGET_NAME),
    )
    .select("day", "avg_price_usd", ...FEATURE_NAMES, TARGET_NAME);
}

function isRows(prices: readonly DailyPrice[] | pl.DataFrame): prices is readonly DailyPrice[] {
  return Array.isArray(prices);
}

function rowsOfFrame(frame: pl.DataFrame): DailyPrice[] {
  const columns = ["day", "avg_price_usd", "min_price_usd", "max_price_usd"];
  return frame.select(...columns).withColumn(pl.col("day").cast(pl.String))
    .toRecords() as unknown as DailyPrice[];
}

function isoDayOfWeek(day: string): number {
  return new Date(day).getUTCDay() || 7;
}

function countNote(days: string[], what: string): string[] {
  if (days.length === 0) return [];
  const shown = days.slice(0, 5).join(", ") + (days.length > 5 ? ", …" : "");
  return [`Days that ${what}: ${days.length} (${shown}).`];
}
