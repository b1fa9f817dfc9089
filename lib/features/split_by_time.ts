import { DAY_MS } from "../core/time.ts";
import type { RowRange, TrainRange } from "./train_range.ts";

/** Options of {@linkcode splitByTime}. */
export interface SplitOptions {
  /** Share of the rows, the newest, that a model is tested on; above 0, below 1. */
  testShare?: number;
  /** Fewest days from the last training row to the first test row; at least the horizon. */
  embargoDays?: number;
  /** How many days ahead a row's label lies. */
  horizonDays?: number;
}

/** Row ranges of a chronological split; the rows between them are the embargo, used by neither. */
export interface TimeSplit {
  /** From the oldest row on. */
  train: TrainRange;
  /** To the newest row. */
  test: RowRange;
}

/**
 * Cuts rows in time: the oldest train, the newest test, and between the last training row and the first test row lie
 * at least `embargoDays`. So no training label reaches into the test period (López de Prado 2018, Advances in Financial
 * Machine Learning, chapter 7). Rows are never shuffled.
 *
 * @param days the rows' days, strictly ascending `YYYY-MM-DD`.
 * @throws {RangeError} if an option is out of range, days are not ascending, or one side would be empty.
 *
 * @example Ten days, the newest two for the test, three days from training to test
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const days = Array.from({ length: 10 }, (_, i) => `2026-01-${String(i + 1).padStart(2, "0")}`);
 * const { train, test } = splitByTime(days, { testShare: 0.2, embargoDays: 3 });
 * assertEquals([train.until, test.from], [6, 8]);
 * ```
 */
export function splitByTime(
  days: readonly string[],
  { testShare = 0.2, embargoDays = 7, horizonDays = 1 }: SplitOptions = {},
): TimeSplit {
  if (!(testShare > 0 && testShare < 1)) {
    throw new RangeError(`Cannot split rows: testShare is ${testShare}, give a number between 0 and 1`);
  }
  if (!(Number.isInteger(horizonDays) && horizonDays >= 1)) {
    throw new RangeError(`Cannot split rows: horizonDays is ${horizonDays}, give a whole number from 1`);
  }
  if (!(Number.isInteger(embargoDays) && embargoDays >= horizonDays)) {
    throw new RangeError(
      `Cannot split rows: embargoDays is ${embargoDays}, give a whole number from ${horizonDays} (the horizon)`,
    );
  }
  const times = days.map((day) => Date.parse(day));
  const misplaced = times.findIndex((time, row) =>
    !(row === 0 ? !Number.isNaN(time) : time > times[row - 1]!)
  );
  if (misplaced >= 0) {
    throw new RangeError(
      `Cannot split rows: "${days[misplaced]}" (row ${misplaced}) is not after the day before it`,
    );
  }
  const testStart = days.length - Math.max(1, Math.floor(days.length * testShare));
  const lastTrainTime = (times[testStart] ?? NaN) - embargoDays * DAY_MS;
  const trainEnd = times.findLastIndex((time) => time <= lastTrainTime) + 1;
  if (trainEnd < 1) {
    throw new RangeError(
      `Cannot split ${days.length} rows: none is ${embargoDays} days before the test period, give more rows`,
    );
  }
  return {
    train: { from: 0, until: trainEnd } as TrainRange,
    test: { from: testStart, until: days.length },
  };
}
