/**
 * Eight pipelines that know the future, one for each way that Kapoor and Narayanan (2023, *Patterns* 4(9)) and the trade
 * know, and a clean one: a leak detector has to find the first and leave the last alone.
 */
import { DAY_MS, utcDay } from "../core/time.ts";
import { fillGaussian } from "../sources/demo_rng.ts";
import type { LeakSubject, PipelineOutputs } from "./leaks.ts";
import { leastSquares } from "./least_squares.ts";

/** A day's volatility as it was told on a day: a correction of a day is another report. */
export interface Report {
  day: string;
  known_on: string;
  value: number;
}

/** Days of a simulated volatility, a few of them corrected a week later. */
export function simulatedReports(seed: number, count = 240): Report[] {
  const noise = fillGaussian(
    { seed, purpose: 7002, series: 0, index: 0 },
    new Float64Array(count + count % 2),
  );
  const reports: Report[] = [];
  let level = 0;
  for (let i = 0; i < count; i++) {
    level = 0.9 * level + 0.3 * noise[i]!;
    const day = utcDay(i * DAY_MS), value = 0.03 * Math.exp(level);
    reports.push({ day, known_on: day, value: i % 20 === 7 ? value * 1.3 : value });
    if (i % 20 === 7) reports.push({ day, known_on: utcDay((i + 7) * DAY_MS), value });
  }
  return reports;
}

/** What a pipeline may do otherwise than the clean one. */
interface Habits {
  /** Which report of a day counts on a day. */
  value: "first" | "latest";
  scale: "train" | "all";
  window: "trailing" | "centred";
  column: "today" | "tomorrow";
  /** Which rows are learnt from before row `start` is forecast. */
  learn: "past" | "shuffled" | "unpurged" | "duplicated";
  /** By what the better of two columns is chosen. */
  choose: "train" | "test";
}

const CLEAN: Habits = {
  value: "first",
  scale: "train",
  window: "trailing",
  column: "today",
  learn: "past",
  choose: "train",
};

/** The leaks by name. */
export const PLANTED_LEAKS: Readonly<Record<string, Partial<Habits>>> = {
  "full-sample scaler": { scale: "all" },
  "centred window": { window: "centred" },
  "target in features": { column: "tomorrow" },
  "shuffled split": { learn: "shuffled" },
  "overlapping windows": { learn: "unpurged" },
  "late correction": { value: "latest" },
  "selection on test": { choose: "test" },
  "duplicate rows": { learn: "duplicated" },
};

/** Days ahead; more than one, so that a split without a purge leaks. */
const HORIZON = 3;
const WINDOW = 5;
/** The first row that is forecast, and the rows that are learnt from before it. */
const START = 120;

/** A pipeline with some habits, over simulated reports. */
export function plantedSubject(seed: number, habits: Partial<Habits> = {}): LeakSubject<Report> {
  return {
    records: simulatedReports(seed),
    knownOn: ({ known_on }) => known_on,
    disturb: (report, factor) => ({ ...report, value: report.value * factor }),
    run: (reports) => forecastAll(reports, { ...CLEAN, ...habits }),
  };
}

/**
 * Days at which the future of a planted subject is worth changing: where the forecasts begin, and amid them. Before that
 * a scaler rightly knows all training rows.
 */
export const PLANTED_CUTS: readonly string[] = [START, START + 1, START + 50].map((i) => utcDay(i * DAY_MS));

function forecastAll(reports: readonly Report[], habits: Habits): PipelineOutputs {
  const days = [...new Set(reports.map(({ day }) => day))].sort();
  const values = Float64Array.from(days, (day) => {
    const mine = reports.filter((report) => report.day === day);
    return (habits.value === "first" ? mine[0]! : mine.at(-1)!).value;
  });
  const at = (i: number) => values[Math.min(i, values.length - 1)]!;
  const today = values.map((_, i) => Math.log(habits.column === "today" ? at(i) : at(i + 1)));
  const mean = values.map((_, i) => {
    const ahead = habits.window === "centred" ? 2 : 0;
    const around = Array.from({ length: WINDOW }, (_, age) => Math.log(at(Math.max(0, i + ahead - age))));
    return around.reduce((sum, each) => sum + each, 0) / WINDOW;
  });
  const scaled = (column: Float64Array) => {
    const known = column.slice(0, habits.scale === "all" ? column.length : START - HORIZON + 1);
    const centre = known.reduce((sum, each) => sum + each, 0) / known.length;
    return column.map((each) => each - centre);
  };
  const columns = { today: scaled(today), mean: scaled(mean) };
  const target = values.map((_, i) => i + HORIZON < values.length ? Math.log(values[i + HORIZON]!) : NaN);
  const learnt = learntRows(habits.learn, values.length);
  const fits = Object.values(columns).map((column) => {
    const rows = learnt.filter((i) => Number.isFinite(target[i]));
    const ones = new Float64Array(rows.length).fill(1);
    const { coefficients } = leastSquares([ones, pick(column, rows)], pick(target, rows));
    const forecasts = column.map((each) => coefficients[0]! + coefficients[1]! * each);
    const judged = habits.choose === "train"
      ? rows
      : days.map((_, i) => i).filter((i) => i >= START && Number.isFinite(target[i]));
    const error = judged.reduce((sum, i) => sum + Math.abs(forecasts[i]! - target[i]!), 0) / judged.length;
    return { forecasts, error };
  });
  const best = fits.reduce((a, b) => b.error < a.error ? b : a);
  return {
    today: { days, values: columns.today },
    mean: { days, values: columns.mean },
    forecast: { days: days.slice(START), values: best.forecasts.slice(START) },
  };
}

function learntRows(learn: Habits["learn"], count: number): number[] {
  const past = Array.from({ length: START - HORIZON + 1 }, (_, i) => i);
  switch (learn) {
    case "past":
      return past;
    case "unpurged":
      return [...past, ...Array.from({ length: HORIZON - 1 }, (_, i) => START - HORIZON + 1 + i)];
    case "shuffled":
      return Array.from({ length: count }, (_, i) => i).filter((i) => (i * 7919) % 10 < 7);
    case "duplicated":
      // Rows that were counted twice are on both sides of the split.
      return [...past, START + 1, START + 60];
  }
}

function pick(column: Float64Array, rows: readonly number[]): Float64Array {
  return Float64Array.from(rows, (i) => column[i]!);
}
