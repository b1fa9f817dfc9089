/** Models beside baselines on the same walk, and which of them is to be served. */
import { ModelError } from "../core/errors.ts";
import { columnOf, type SeriesRows, targetDay } from "../features/series_rows.ts";
import type { Target } from "../features/targets.ts";
import { bootstrapMean, type MeanInterval } from "./block_bootstrap.ts";
import { dieboldMariano, holm } from "./compare_forecasts.ts";
import { adaptiveIntervals, type CoverageByThirds, coverageByThirds } from "./conformal.ts";
import { directionalAccuracy, mae, mase, qlike, r2OutOfSample, rmse, rmsse } from "./metrics.ts";
import type { SeriesModel } from "./series_model.ts";
import { walkFolds, walkForward, type WalkOptions } from "./walk_forward.ts";

/** A model that takes part. */
export interface Contestant {
  /** Makes one, from a seed where it draws random numbers, with settings instead of its defaults. */
  make: (seed: number, settings?: Readonly<Record<string, number>>) => SeriesModel;
  /** Settings worth trying out, by name; none where it is left out. */
  space?: Readonly<Record<string, readonly number[]>>;
  /** Other settings that a person may choose. */
  knobs?: readonly string[];
  /** Settings instead of its defaults on a walk, which fits it dozens of times. */
  on_a_walk?: Readonly<Record<string, number>>;
  /** Whether others have to beat it. */
  baseline: boolean;
  /** Whether a seed changes its forecasts. */
  random: boolean;
}

/** How to compare. */
export interface LeaderboardOptions extends WalkOptions {
  /** What is forecast, in a word: `volatility`. */
  target: string;
  /** Column of today's value of the target, for errors relative to "as today". */
  today: string;
  /** What the target is; see `TARGETS`. */
  scale?: Target["scale"];
  /** First seed, and how many of them a random model gets. */
  seed: number;
  seeds: number;
  /** Measures seconds; without one they are not told. */
  clock?: () => number;
}

/** One model's line. Errors are in the target's unit. */
export interface LeaderboardEntry {
  model: string;
  baseline: boolean;
  mae: number;
  /** 95 % interval of the mean absolute error, by block bootstrap. */
  mae_interval: MeanInterval;
  /** Deviation of the MAE between seeds (n − 1); null for one seed. */
  mae_std: number | null;
  rmse: number;
  mase: number;
  rmsse: number;
  /** Of volatility alone; null for other targets. */
  qlike: number | null;
  /** Share of forecasts that say rightly whether the target rises (a return: is above zero); null where none says so. */
  direction: number | null;
  /** Share of the best baseline's squared error that it saves. */
  r2_oos: number;
  /** Diebold–Mariano against the best baseline on absolute errors, Holm's correction over all others; null for itself. */
  dm_p: number | null;
  /**
   * Coverage and width of 90 % intervals: all steps, and the calm, usual and wild third of them, by the forecast of
   * volatility or, of other targets, by the day's volatility (`vol_1`).
   */
  intervals: CoverageByThirds;
  seeds: number;
  seconds: number | null;
  fallbacks: string[];
}

/** The whole comparison. */
export interface Leaderboard {
  target: string;
  horizon: number;
  folds: number;
  /** First and last day that was forecast from; their targets lie `horizon` days later. */
  from: string;
  to: string;
  forecasts: number;
  best_baseline: string;
  champion: string;
  verdict: string;
  /** Lowest MAE first. */
  models: LeaderboardEntry[];
}

/** A model has to be this sure to be better than the best baseline. */
const SURE = 0.05;

/**
 * Walks all models over the same folds and ranks them by mean absolute error. A model becomes champion only if it beats
 * the best baseline, the one of lowest error, with a corrected p-value below 0.05; else the best baseline is.
 *
 * @throws {ModelError} without a baseline, or where the walk has no row.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { naive } from "./baselines.ts";
 * const vol_1 = Float64Array.from({ length: 300 }, (_, i) => 2 + Math.sin(i / 9));
 * const days = Array.from(vol_1, (_, i) => new Date(86_400_000 * i).toISOString().slice(0, 10));
 * const rows = { days, columns: { vol_1 }, target: vol_1.map((_, i) => vol_1[i + 1] ?? NaN), horizon: 1 };

 * const { champion } = leaderboard(rows, [{ make: () => naive("vol_1"), baseline: true, random: false }], {
 *   target: "volatility", today: "vol_1", start: 100, refit_every: 30, seed: 1, seeds: 1,
 * });
 * assertEquals(champion, "persistence");
 * ```
 */
export function leaderboard(
  rows: SeriesRows,
  contestants: readonly Contestant[],
  { target, today, scale = "volatility", seed, seeds, clock, ...walk }: LeaderboardOptions,
): Leaderboard {
  if (!contestants.some(({ baseline }) => baseline)) {
    throw new ModelError("Cannot rank models: none of them is a baseline, add one");
  }
  const known = rows.target.findLastIndex(Number.isFinite) + 1;
  if (known === 0) {
    throw new ModelError(
      `Cannot rank models: no target is known in ${rows.days.length} rows, give a longer series`,
    );
  }
  const folds = walkFolds({ rows: known, horizon: rows.horizon }, walk);
  const from = folds[0]!.test.from, until = folds.at(-1)!.test.until;
  const actual = rows.target.slice(from, until);
  const todays = columnOf(rows, today);
  const naiveErrors = rows.target.slice(0, from - rows.horizon + 1).map((value, row) => value - todays[row]!);
  const hole = rows.target.slice(0, until).findIndex((value) => !Number.isFinite(value));
  if (hole >= 0) {
    throw new ModelError(
      `Cannot rank models: the target of ${rows.days[hole]} is ${rows.target[hole]}, leave the row out`,
    );
  }
  if (naiveErrors.every((error) => error === 0)) {
    throw new ModelError(
      `Cannot rank models: ${target} never changes before ${rows.days[from]}, there is nothing to forecast`,
    );
  }
  // Returns rise from nothing, prices and volatilities from today's.
  const level = scale === "return" ? new Float64Array(actual.length) : todays.slice(from, until);
  const todaysVolatility = rows.columns["vol_1"]?.slice(from, until) ?? new Float64Array(actual.length);
  const scales = {
    mae: naiveErrors.reduce((sum, error) => sum + Math.abs(error), 0) / naiveErrors.length,
    rmse: Math.sqrt(naiveErrors.reduce((sum, error) => sum + error ** 2, 0) / naiveErrors.length),
  };

  const walked = contestants.map(({ make, on_a_walk, baseline, random }) => {
    const began = clock?.();
    const walks = Array.from(
      { length: random ? seeds : 1 },
      (_, i) => walkForward(make(seed + i, on_a_walk), rows, folds),
    );
    const ended = clock?.();
    return {
      model: walks[0]!.model,
      baseline,
      walks,
      fallbacks: [...new Set(walks.flatMap(({ fallbacks }) => fallbacks))],
      seconds: began === undefined ? null : (ended! - began) / 1000,
      // Of a random model the mean over its seeds stands, at each step.
      errors: meanOver(
        walks.map(({ forecasts }) => forecasts.map((value, i) => Math.abs(value - actual[i]!))),
      ),
    };
  });
  const meanError = ({ errors }: { errors: Float64Array }) =>
    errors.reduce((sum, each) => sum + each, 0) / errors.length;
  const best = walked.filter(({ baseline }) => baseline).reduce((a, b) =>
    meanError(b) < meanError(a) ? b : a
  );
  const others = walked.filter((each) => each !== best);
  const pValues = holm(
    others.map(({ errors }) => dieboldMariano(errors, best.errors, { horizon: rows.horizon }).p_value),
  );
  const models = walked.map((each): LeaderboardEntry => {
    const { walks, errors } = each;
    const over = (metric: (forecasts: Float64Array) => number) =>
      walks.reduce((sum, { forecasts }) => sum + metric(forecasts), 0) / walks.length;
    const bySeed = walks.map(({ forecasts }) => mae(actual, forecasts));
    return {
      model: each.model,
      baseline: each.baseline,
      mae: meanError(each),
      mae_interval: bootstrapMean(errors, { seed }),
      mae_std: walks.length > 1 ? deviation(bySeed) : null,
      rmse: over((forecasts) => rmse(actual, forecasts)),
      mase: over((forecasts) => mase(actual, forecasts, scales.mae)),
      rmsse: over((forecasts) => rmsse(actual, forecasts, scales.rmse)),
      qlike: scale === "volatility" ? over((forecasts) => qlike(actual, forecasts)) : null,
      direction: walks.some(({ forecasts }) => forecasts.every((value, i) => value === level[i]))
        ? null
        : over((forecasts) => directionalAccuracy(actual, forecasts, level)),
      r2_oos: over((forecasts) => r2OutOfSample(actual, forecasts, best.walks[0]!.forecasts)),
      dm_p: each === best ? null : pValues[others.indexOf(each)]!,
      intervals: coverageByThirds(
        actual,
        adaptiveIntervals(actual, walks[0]!.forecasts, {
          horizon: rows.horizon,
          by: scale === "return" ? "difference" : "ratio",
        }),
        scale === "volatility" ? walks[0]!.forecasts : todaysVolatility,
      ),
      seeds: walks.length,
      seconds: each.seconds,
      fallbacks: each.fallbacks,
    };
  }).sort((a, b) => a.mae - b.mae);
  const ahead = models.find(({ baseline, mae, dm_p }) =>
    !baseline && mae < meanError(best) && dm_p !== null && dm_p < SURE
  );
  return {
    target,
    horizon: rows.horizon,
    folds: folds.length,
    from: rows.days[from]!,
    to: rows.days[until - 1]!,
    forecasts: actual.length,
    best_baseline: best.model,
    champion: ahead?.model ?? best.model,
    verdict: verdictOf(models, best.model, ahead),
    models,
  };
}

/** First and last day that was forecast, the targets': what errors are about. */
export function forecastDays({ from, to, horizon }: Leaderboard): { from: string; to: string } {
  const days = [from, to];
  return { from: targetDay({ days, horizon }, 0), to: targetDay({ days, horizon }, 1) };
}

/** An error in its target's unit: five digits below one, as of a volatility or a return, cents above. */
export function errorText(value: number): string {
  return value.toFixed(Math.abs(value) < 1 ? 5 : 2);
}

function verdictOf(
  models: readonly LeaderboardEntry[],
  best: string,
  ahead: LeaderboardEntry | undefined,
): string {
  const baseline = models.find(({ model }) => model === best)!;
  const ratio = (entry: LeaderboardEntry) => (entry.mae / baseline.mae).toFixed(3);
  if (ahead) {
    return `${ahead.model} is champion: its mean absolute error is ${
      ratio(ahead)
    } × that of ${best}, the best baseline ` +
      `(Diebold–Mariano p = ${ahead.dm_p!.toPrecision(2)}, corrected for ${models.length - 1} comparisons).`;
  }
  const first = models.find((entry) => !entry.baseline);
  if (!first) return `Only baselines took part: ${best} has the lowest mean absolute error and is served.`;
  return `No model beats ${best}, the best baseline, beyond doubt: ${best} is served; ${first.model} comes nearest with ` +
    `${ratio(first)} × its mean absolute error (p of a difference: ${first.dm_p!.toPrecision(2)}).`;
}

function meanOver(series: readonly Float64Array[]): Float64Array {
  return series[0]!.map((_, i) => series.reduce((sum, each) => sum + each[i]!, 0) / series.length);
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
