import { ModelError } from "../core/errors.ts";
import { DAY_MS, utcDay } from "../core/time.ts";
import {
  HORIZON_DAYS,
  type LatestRow,
  splitByTime,
  type TimeSplit,
  type TrainingRows,
  type VolatilityProxyKind,
} from "../features/mod.ts";
import { mae, mase, r2, rmse } from "./metrics.ts";
import { persistence } from "./persistence.ts";
import { type ForestSettings, RandomForest } from "./random_forest.ts";

/** Fewer usable days than this can't tell a model from luck. */
export const MIN_USABLE_DAYS = 120;

/** Options of {@linkcode compareWithPersistence}. */
export interface CompareOptions {
  /** Seed of the forest, a 32-bit whole number. */
  seed: number;
  /** How volatility was measured: kept with the result. */
  proxy: VolatilityProxyKind;
  /** The row to forecast the next day from; without one there is no forecast. */
  latest?: LatestRow | null;
  /** See `splitByTime`. */
  testShare?: number;
  /** See `splitByTime`. */
  embargoDays?: number;
  /** Overrides of the forest's settings. */
  forest?: Partial<Omit<ForestSettings, "seed">>;
  /** A forest that was fitted to these very rows with these very settings before: it is not fitted again. */
  fitted?: RandomForest | undefined;
}

/** Errors of one model on the test rows. */
export interface ModelMetrics {
  /** Mean absolute error, in volatility (0.01 = 1 percentage point). */
  mae: number;
  /** Root mean squared error, in volatility. */
  rmse: number;
  /** Share of the test variance explained. */
  r2: number;
  /** `mae` over persistence's on the rows trained on; `null` if persistence made no error there. */
  mase: number | null;
}

/** A range of rows. */
export interface RowSpan {
  /** First day, `YYYY-MM-DD`. */
  from: string;
  /** Last day. */
  to: string;
  /** Number of rows. */
  rows: number;
}

/** One test day, for a chart. */
export interface TestPrediction {
  /** The day that was forecast. */
  day: string;
  actual: number;
  persistence: number;
  forest: number;
}

/** What the comparison found, with all that is needed to save or repeat it. */
export interface Comparison {
  volatility_proxy: VolatilityProxyKind;
  horizon_days: number;
  /** The rows the forest was trained on, by their own days, at whose end their features are known; `rows_left_out` older ones were not, to keep training short. */
  trained_on: RowSpan & { rows_left_out: number };
  /** By the days that were forecast, `horizon_days` after those of the rows. */
  tested_on: RowSpan;
  metrics: { forest: ModelMetrics; persistence: ModelMetrics };
  /** Forest's MAE over persistence's; below 1 the forest is better. `null` if persistence made no error. */
  mae_ratio: number | null;
  /** Lower test MAE; a tie goes to persistence. */
  champion: "forest" | "persistence";
  /** One or two sentences for a person. */
  verdict: string;
  /** Next day's volatility by each model; `champion` repeats the champion's number. */
  forecast: { day: string; persistence: number; forest: number; champion: number } | null;
  seed: number;
  /** Every setting in force. */
  settings: { test_share: number; embargo_days: number; forest: Omit<ForestSettings, "seed"> };
  test_predictions: TestPrediction[];
  /** The fitted forest: the very one that was tested, not refitted on the test rows. */
  forest: RandomForest;
  /** The inputs. */
  rows: TrainingRows;
  latest: LatestRow | null;
  split: TimeSplit;
}

/**
 * Trains a random forest on the older rows, lets it and persistence forecast the newer ones, and says which to serve.
 * Both are judged on the same test rows. One split, so no statement about significance.
 *
 * @throws {ModelError} if there are fewer than 120 usable rows.
 * @throws {RangeError} if an option is out of range.
 *
 * @example Volatility that only repeats itself leaves nothing to learn: persistence is served
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const days = Array.from({ length: 130 }, (_, i) => new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10));
 * const y = new Float64Array(130).fill(0.02);
 * const rows = { days, x: days.map(() => [0.02]), y, persistence: y };
 * const comparison = compareWithPersistence(rows, { seed: 1, proxy: "parkinson_range", forest: { trees: 2 } });
 * assertEquals(comparison.champion, "persistence");
 * ```
 */
export function compareWithPersistence(
  rows: TrainingRows,
  { seed, proxy, latest = null, testShare = 0.2, embargoDays = 7, forest: overrides = {}, fitted }:
    CompareOptions,
): Comparison {
  const count = rows.days.length;
  if (count < MIN_USABLE_DAYS) {
    throw new ModelError(
      `Cannot train the volatility model: only ${count} usable days, ${MIN_USABLE_DAYS} are needed after the 30 days ` +
        "that windows take to fill; give a longer daily history without holes",
    );
  }
  const split = splitByTime(rows.days, { testShare, embargoDays, horizonDays: HORIZON_DAYS });
  const trainEnd = split.train.until, testStart = split.test.from;
  const forest = fitted ?? new RandomForest({ ...overrides, seed });
  const naive = persistence();
  if (!fitted) forest.fit(rows.x.slice(0, trainEnd), rows.y.slice(0, trainEnd));
  naive.fit(rows.x.slice(0, trainEnd), rows.y.slice(0, trainEnd));

  const testX = rows.x.slice(testStart);
  const actual = rows.y.slice(testStart);
  const byForest = forest.predict(testX);
  const byPersistence = naive.predict(testX);
  const trainStart = Math.max(0, trainEnd - forest.settings.maxTrainRows);
  const naiveMae = mae(rows.y.slice(trainStart, trainEnd), rows.persistence.slice(trainStart, trainEnd));
  const metrics = {
    forest: score(actual, byForest, naiveMae),
    persistence: score(actual, byPersistence, naiveMae),
  };
  const champion = metrics.forest.mae < metrics.persistence.mae ? "forest" : "persistence";
  const testedOn = span(rows.days.map(nextDay), testStart, count);
  const { seed: _, ...settings } = forest.settings;
  return {
    volatility_proxy: proxy,
    horizon_days: HORIZON_DAYS,
    trained_on: { ...span(rows.days, trainStart, trainEnd), rows_left_out: trainStart },
    tested_on: testedOn,
    metrics,
    mae_ratio: metrics.persistence.mae > 0 ? metrics.forest.mae / metrics.persistence.mae : null,
    champion,
    verdict: verdictOf(metrics, testedOn),
    forecast: latest && forecastNext(latest, forest.predict([latest.x])[0]!, champion),
    seed,
    settings: { test_share: testShare, embargo_days: embargoDays, forest: settings },
    test_predictions: Array.from(actual, (value, row) => ({
      day: nextDay(rows.days[testStart + row]!),
      actual: value,
      persistence: byPersistence[row]!,
      forest: byForest[row]!,
    })),
    forest,
    rows,
    latest,
    split,
  };
}

function score(actual: Float64Array, predicted: Float64Array, naiveMae: number): ModelMetrics {
  return {
    mae: mae(actual, predicted),
    rmse: rmse(actual, predicted),
    r2: r2(actual, predicted),
    mase: naiveMae > 0 ? mase(actual, predicted, naiveMae) : null,
  };
}

function span(days: readonly string[], start: number, end: number): RowSpan {
  return { from: days[start]!, to: days[end - 1]!, rows: end - start };
}

function nextDay(day: string): string {
  return utcDay(Date.parse(day) + HORIZON_DAYS * DAY_MS);
}

function forecastNext(
  latest: LatestRow,
  forest: number,
  champion: Comparison["champion"],
): Comparison["forecast"] {
  const byModel = { persistence: latest.persistence, forest };
  return { day: nextDay(latest.day), ...byModel, champion: byModel[champion] };
}

/** Never flatters: a ratio that would round to 1.00 gets more digits, and a worse RMSE is told. */
function verdictOf(
  { forest, persistence: naive }: Comparison["metrics"],
  { rows, from, to }: RowSpan,
): string {
  const where = `on ${rows} test days (${from} to ${to}), one split without a significance test`;
  if (!(forest.mae < naive.mae)) {
    const worse = naive.mae > 0
      ? `${ratioText(forest.mae / naive.mae)} × persistence's`
      : "no lower than persistence's 0";
    return `No model beats persistence: persistence is served. The random forest's MAE is ${worse} ${where}.`;
  }
  const but = forest.rmse < naive.rmse
    ? ""
    : ` Its RMSE is not lower (${ratioText(forest.rmse / naive.rmse)} ×).`;
  return `The random forest's MAE is ${ratioText(forest.mae / naive.mae)} × persistence's ${where}: ` +
    `the forest is served.${but}`;
}

function ratioText(ratio: number): string {
  const short = ratio.toFixed(2);
  return short === "1.00" && ratio !== 1 ? ratio.toPrecision(6) : short;
}
