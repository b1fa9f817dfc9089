/** The LSTM as a model of a series: windows of its columns in, forecasts in the target's unit out. */
import { ModelError } from "../../core/errors.ts";
import { DAY_MS } from "../../core/time.ts";
import { fitScale, type Scale, scaled, unscaled } from "../../features/scaler.ts";
import { columnOf, type SeriesRows } from "../../features/series_rows.ts";
import { type RowRange, someOf, type TrainRange } from "../../features/train_range.ts";
import { type Learns, learnt } from "../learns.ts";
import type { ModelFiles } from "../model_files.ts";
import type { SeriesModel } from "../series_model.ts";
import { checkMemory } from "./training_memory.ts";
import { Network } from "./network.ts";
import { networkFiles, readNetwork } from "./saved_network.ts";
import { type LstmSettings, lstmSettings } from "./settings.ts";
import { LstmTraining, type TrainingData } from "./training.ts";
import { assertFinite, type LabelledWindows, scaledSeries, windowEnds } from "./windows.ts";

/** What an LSTM is trained on, and how. */
export interface LstmModelOptions extends Partial<LstmSettings> {
  /** What it is shown of each day of a window. */
  columns: readonly string[];
  learns: Learns;
}

/** Options of a training. */
export interface TrainingOptions {
  /** Milliseconds, for the time that an epoch takes and the time left. */
  clock?: () => number;
  /** Bytes that training may take. */
  availableBytes?: number;
}

/** What was learnt, besides the weights. */
interface Learnt {
  settings: LstmSettings;
  columns: readonly string[];
  learns: Learns;
  scales: readonly Scale[];
  target: Scale;
  /** Whether the target is the column's next value, so that forecasts can be fed back. */
  feeds_itself: boolean;
}

/**
 * The stacked LSTM of the course (Hochreiter & Schmidhuber 1997; Gers et al. 2000 for the forget gate) on windows of the
 * last `lookBack` days. `fit` trains to the end at once; {@linkcode LstmModel.startTraining} gives the training in hand,
 * to watch it, to keep checkpoints, or to stop.
 *
 * Windows for training never jump over a missing day, and the newest `validationShare` of them stops training early; the
 * scales are those of the rows before these.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { splitByTime } from "../../features/split_by_time.ts";
 * const v = Float64Array.from({ length: 80 }, (_, i) => 5 + Math.sin(i / 3));
 * const days = Array.from(v, (_, i) => new Date(86_400_000 * i).toISOString().slice(0, 10));
 * const rows = { days, columns: { v }, target: v.map((_, i) => v[i + 1] ?? NaN), horizon: 1 };
 * const small = { lookBack: 6, units: 4, epochs: 30, learningRate: 0.02, dropout: 0, batchSize: 8 };
 * const model = new LstmModel({ columns: ["v"], learns: "value", ...small });
 * model.fit(rows, splitByTime(days, { testShare: 0.25 }).train);
 * const [next] = model.predict(rows, { from: 70, until: 71 });
 * assert(Math.abs(next! - v[71]!) < 0.3);
 * assertEquals(model.forecast(rows, 70, 3)[0], next); // and the days after, each from the forecasts before it
 * const copy = new LstmModel({ columns: ["v"], learns: "value" });
 * copy.load(model.save());
 * assertEquals(copy.predict(rows, { from: 70, until: 71 })[0], next);
 * ```
 */
export class LstmModel implements SeriesModel {
  readonly name = "lstm";
  #settings: LstmSettings;
  readonly #columns: readonly string[];
  readonly #learns: Learns;
  #learnt: Learnt | null = null;
  #weights: readonly Float32Array[] = [];

  /** @throws {RangeError} if a setting is out of its range. */
  constructor({ columns, learns, ...settings }: LstmModelOptions) {
    this.#settings = lstmSettings(settings);
    this.#columns = columns;
    this.#learns = learns;
  }

  /** Those that it was made with, or was loaded with. */
  get settings(): LstmSettings {
    return this.#settings;
  }

  /** @throws {ModelError} see {@linkcode LstmModel.startTraining}. */
  fit(rows: SeriesRows, train: TrainRange): void {
    using training = this.startTraining(rows, train);
    for (const _ of training.run());
    this.take(training);
  }

  /**
   * A training on some rows, which has not begun. When it is through, {@linkcode LstmModel.take} what it has learnt and
   * dispose of it.
   *
   * @throws {ModelError} where the rows are fewer than a window, or than is left for validation; a value is not finite;
   *   the target never varies; or memory would not suffice.
   */
  startTraining(
    rows: SeriesRows,
    range: TrainRange,
    { clock, ...options }: TrainingOptions = {},
  ): LstmTraining {
    return new LstmTraining(this.prepare(rows, range, options), this.settings, clock ? { clock } : {});
  }

  /**
   * The windows that a training would learn from; the model forgets what it knew.
   *
   * @throws {ModelError} see {@linkcode LstmModel.startTraining}.
   */
  prepare(
    rows: SeriesRows,
    range: TrainRange,
    { availableBytes }: Pick<TrainingOptions, "availableBytes"> = {},
  ): TrainingData {
    const { lookBack, validationShare, scaler } = this.settings, { days, horizon } = rows;
    checkMemory(this.settings, { rows: range.until, features: this.#columns.length }, availableBytes);
    const ends = windowEnds(days, range, lookBack);
    const kept = Math.floor(ends.length * validationShare);
    const later = ends.subarray(ends.length - kept);
    // A target that is known only after the first forecast for validation would tell of it.
    const earlier = ends.subarray(0, ends.length - kept).filter((end) =>
      kept === 0 || end + horizon <= later[0]!
    );
    if (earlier.length === 0) {
      throw new ModelError(
        `Cannot train an LSTM: ${
          range.until - range.from
        } rows hold ${ends.length} windows of ${lookBack} days without a ` +
          `gap, ${kept} of them for validation; give more rows or a smaller look-back`,
      );
    }
    const targets = checkedTargets(rows, { ends, learns: this.#learns, trained: earlier.length });
    const columns = this.#columns.map((name) => columnOf(rows, name));
    assertFinite(columns, range.until);
    const seen = someOf(range, { from: range.from, until: earlier.at(-1)! + 1 });
    const { form } = learnt(rows, this.#learns);
    const target = fitScale(rows.target.map((_, row) => form(row)), seen, scaler);
    const scales = columns.map((column) => fitScale(column, seen, scaler));
    const series = scaledSeries(columns, scales, range.until);
    const windows = (from: number, until: number): LabelledWindows => ({
      series,
      lookBack,
      ends: ends.slice(from, until),
      targets: Float32Array.from(targets.subarray(from, until), (value) => scaled(value, target)),
    });
    this.#learnt = {
      settings: this.settings,
      columns: this.#columns,
      learns: this.#learns,
      scales,
      target,
      feeds_itself: columns.length === 1 && horizon === 1 && ends.every((end, i) => {
        const next = end + 1;
        const follows = next < range.until && Date.parse(days[next]!) - Date.parse(days[end]!) === DAY_MS;
        return !follows || sameValue(columns[0]![next]!, targets[i]!);
      }),
    };
    this.#weights = [];
    return {
      train: windows(0, earlier.length),
      validation: kept === 0 ? null : windows(ends.length - kept, ends.length),
    };
  }

  /** Takes the best weights of a training on what this model has prepared. */
  take({ best }: { best: readonly Float32Array[] }): void {
    this.#weights = best;
  }

  /** @throws {ModelError} where it is not fitted, or a row has no whole window before it. */
  predict(rows: SeriesRows, { from, until }: RowRange): Float64Array {
    const { target } = this.#fitted(), { back } = learnt(rows, this.#learns);
    using network = this.#network();
    const forecasts = network.predict(this.#windows(rows, { from, until }));
    return Float64Array.from(forecasts, (value, i) => back(from + i, unscaled(value, target)));
  }

  /**
   * Forecasts the next `steps` days after a row, each from the forecasts of those before it. Errors add up: far steps
   * tend to a value that the network finds usual.
   *
   * @throws {ModelError} where the target is not the next value of the one column that the model is shown.
   */
  forecast(rows: SeriesRows, row: number, steps: number): Float64Array {
    const { target, scales: [scale], feeds_itself } = this.#fitted();
    if (!feeds_itself) {
      throw new ModelError(
        `Cannot forecast ${steps} days one from the other: the target is not tomorrow's value of the only column ` +
          `(${this.#columns}), train with a horizon of ${steps} days instead`,
      );
    }
    const { back } = learnt(rows, this.#learns);
    using network = this.#network();
    const window = this.#windows(rows, { from: row, until: row + 1 });
    const { values } = window.series;
    return Float64Array.from({ length: steps }, () => {
      const value = unscaled(network.predict(window)[0]!, target);
      values.copyWithin(0, 1);
      values[values.length - 1] = scaled(value, scale!);
      return back(row, value);
    });
  }

  save(): ModelFiles {
    const notes = { ...this.#fitted() };
    using network = this.#network();
    return networkFiles({ shape: network.shape, weights: this.#weights, notes });
  }

  load(files: ModelFiles): void {
    const { notes, weights } = readNetwork(files);
    const learnt = notes as unknown as Learnt;
    if (JSON.stringify([learnt.columns, learnt.learns]) !== JSON.stringify([this.#columns, this.#learns])) {
      throw new ModelError(
        `Cannot load "lstm": it was trained on ${learnt.columns}, this one is shown ${this.#columns}; train again`,
      );
    }
    this.#settings = learnt.settings;
    this.#learnt = learnt;
    this.#weights = weights;
  }

  /** The windows that end on each row of a range. */
  #windows(rows: SeriesRows, { from, until }: RowRange): LabelledWindows {
    const { columns, scales, settings: { lookBack } } = this.#fitted();
    const first = from - lookBack + 1;
    if (first < 0) {
      throw new ModelError(
        `Cannot forecast from ${rows.days[from]}: ${
          from + 1
        } rows are known by then, the look-back takes ${lookBack}`,
      );
    }
    const shown = columns.map((name) => columnOf(rows, name).subarray(first, until));
    const series = scaledSeries(shown, scales, until - first);
    const ends = Int32Array.from({ length: until - from }, (_, i) => lookBack - 1 + i);
    return { series, lookBack, ends, targets: new Float32Array(ends.length) };
  }

  #network(): Network {
    const { settings: { lookBack, units, dropout, seed }, columns } = this.#fitted();
    return new Network({ lookBack, features: columns.length, units, dropout, seed }, this.#weights);
  }

  #fitted(): Learnt {
    if (this.#learnt === null || this.#weights.length === 0) {
      throw new ModelError('Cannot use "lstm": it is not fitted, call fit first');
    }
    return this.#learnt;
  }
}

/** Equal but for the last bits, in which a logarithm by Polars and one by JavaScript may differ. */
function sameValue(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b));
}

/** Targets in the form that is learnt, one for each window; the first `trained` of them are trained on. */
function checkedTargets(
  rows: SeriesRows,
  { ends, learns, trained }: { ends: Int32Array; learns: Learns; trained: number },
): Float64Array {
  const { form } = learnt(rows, learns);
  const targets = Float64Array.from(ends, (end) => form(end));
  const bad = targets.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const row = ends[bad]!;
    throw new ModelError(
      `Cannot train an LSTM: the target of ${rows.days[row]} is ${rows.target[row]}, leave that row out`,
    );
  }
  if (targets.subarray(0, trained).every((value) => value === targets[0])) {
    const value = rows.target[ends[0]!];
    throw new ModelError(
      `Cannot train an LSTM: the target is ${value} in all ${trained} rows, there is nothing to learn`,
    );
  }
  return targets;
}
