import type pl from "nodejs-polars";
import { FEATURE_NAMES, TARGET_NAME } from "./feature_table.ts";

/** Rows that a model can be trained on, oldest first; index i is the same day in every member. */
export interface TrainingRows {
  /** The day whose end the features are known at, `YYYY-MM-DD`; the target belongs to the day after. */
  days: string[];
  /** One array a row, in the order of `FEATURE_NAMES`. */
  x: number[][];
  /** The next day's volatility. */
  y: Float64Array;
  /** The naive forecast: the day's own volatility (`vol_1`). */
  persistence: Float64Array;
}

/** The features that tomorrow is forecast from. */
export interface LatestRow {
  /** The day whose end the features are known at; the forecast is for the day after. */
  day: string;
  /** In the order of `FEATURE_NAMES`. */
  x: number[];
  /** The naive forecast: the day's own volatility (`vol_1`). */
  persistence: number;
}

/**
 * The rows of a feature frame that have no null in any feature nor in the target.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dailyFeatures } from "./daily_features.ts";
 * const prices = Array.from({ length: 40 }, (_, i) => ({
 *   day: new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10),
 *   avg_price_usd: 105 + i, min_price_usd: 100 + i, max_price_usd: 110 + i,
 * }));
 * const { frame } = dailyFeatures(prices, { lastCompleteDay: "2026-02-09" });
 * const rows = trainingRows(frame);
 * assertEquals([rows.days[0], rows.days.at(-1)], ["2026-01-31", "2026-02-08"]); // 30 days back, 1 day ahead
 * assertEquals(rows.x[0]![0], rows.persistence[0]);
 * ```
 */
export function trainingRows(frame: pl.DataFrame): TrainingRows {
  const days = frame.getColumn("day").toArray() as string[];
  const target = numbers(frame, TARGET_NAME);
  const x = featureRows(frame);
  const kept = [...days.keys()].filter((row) => isComplete(x[row]!) && target[row] !== null);
  const keptX = kept.map((row) => x[row] as number[]);
  return {
    days: kept.map((row) => days[row]!),
    x: keptX,
    y: Float64Array.from(kept, (row) => target[row]!),
    persistence: Float64Array.from(keptX, persistenceOf),
  };
}

/**
 * The newest row with complete features, or `null` if there is none. It may be older than the frame's last day: after
 * a missing day the 30-day windows need 31 days to fill again.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dailyFeatures } from "./daily_features.ts";
 * assertEquals(latestRow(dailyFeatures([], { lastCompleteDay: "2026-01-31" }).frame), null);
 * ```
 */
export function latestRow(frame: pl.DataFrame): LatestRow | null {
  const days = frame.getColumn("day").toArray() as string[];
  const x = featureRows(frame);
  const row = x.findLastIndex(isComplete);
  if (row < 0) return null;
  const features = x[row] as number[];
  return { day: days[row]!, x: features, persistence: persistenceOf(features) };
}

function numbers(frame: pl.DataFrame, name: string): (number | null)[] {
  return frame.getColumn(name).toArray() as (number | null)[];
}

function featureRows(frame: pl.DataFrame): (number | null)[][] {
  const columns = FEATURE_NAMES.map((name) => numbers(frame, name));
  return Array.from({ length: frame.height }, (_, row) => columns.map((column) => column[row]!));
}

function isComplete(features: (number | null)[]): features is number[] {
  return features.every((value) => value !== null && Number.isFinite(value));
}

const VOL_1 = FEATURE_NAMES.indexOf("vol_1");

function persistenceOf(features: number[]): number {
  return features[VOL_1]!;
}
