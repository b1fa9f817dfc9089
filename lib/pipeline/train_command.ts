/** `deno task train`: one model, trained on the older days and judged on the later ones beside the naive forecast. */
import { UsageError } from "../core/errors.ts";
import { DAY_MS } from "../core/time.ts";
import { type SeriesRows, targetDay } from "../features/series_rows.ts";
import { splitByTime } from "../features/split_by_time.ts";
import { targetRows } from "../features/target_rows.ts";
import { TARGETS } from "../features/targets.ts";
import type { RowRange, TrainRange } from "../features/train_range.ts";
import { sha256 } from "../lake/ledger.ts";
import { naive, zero } from "../models/baselines.ts";
import { modelNamed } from "../models/contestants.ts";
import { treeThreads } from "../models/tree_threads.ts";
import { judgeForecasts } from "../models/judge_forecasts.ts";
import type { Contestant } from "../models/leaderboard.ts";
import type { SeriesModel } from "../models/series_model.ts";
import { type SourcedMetrics, trainedCard } from "../models/trained_card.ts";
import { saveTrained, type TrainedMetrics, versionOf } from "../models/trained_model.ts";
import { gridOf, randomOf, type Settings, tune, type TuningSpace } from "../models/tune.ts";
import { candleSource } from "./candle_source.ts";
import type { CommandIo } from "./command_io.ts";
import { targetCandles } from "./daily_candles.ts";
import { EXIT } from "./exit_codes.ts";
import { candleNotes } from "./training/candle_notes.ts";
import { progressLines } from "./training/progress_lines.ts";
import type { EpochCount } from "./training/train_lstm.ts";
import { answerLines, type TrainAnswer } from "./training/train_answer.ts";
import { chosenSettings, readTrainFlags, type TrainFlags } from "./training/train_flags.ts";

/** Share of the days, the newest, that a model is judged on, and days from the last day trained on to the first of them, at least. */
const TEST_SHARE = 0.2, EMBARGO_DAYS = 7;
/** Choices that a random search tries. */
const TRIALS = 10;
/** Fewer days tell nothing of a model. */
const LEAST_DAYS = 100;
/** Models whose trees grow on several threads. */
const TREES = ["forest", "random_forest", "gbt", "boosted_trees"];

/** Runs the command; gives the exit code. */
export async function trainCommand(input: unknown, io: CommandIo): Promise<number> {
  const asked = readTrainFlags(input);
  const contestant = await modelNamed(asked.model, asked.target);
  const chosen = chosenSettings(asked, contestant);
  const { source, lake, models } = await candleSource(asked, io);
  const flags = { ...asked, lake, models: asked.models ?? models };
  const { candles: all, ...measured } = await targetCandles(flags, flags.target, io);
  const candles = all.filter(({ day }) => day >= (flags.since ?? ""));
  const table = targetRows(candles, {
    target: flags.target,
    horizon: flags.horizon,
    ...measured,
  });
  const { today, scale, unit } = TARGETS[flags.target];
  const asToday = scale === "return" ? zero() : naive(today);
  const { rows } = table;
  for (const note of candleNotes(table)) io.effects.log.warn(note);
  const { train, test } = split(rows);
  using say = progressLines(io);
  const make = (settings: Settings) => made(contestant, flags.seed, settings);
  using _trees = TREES.includes(flags.model) ? treeThreads() : null;
  using _threads = flags.model === "lstm"
    ? await (await import("./training/train_lstm.ts")).startThreads(flags.threads)
    : null;
  const settings = flags.tune === undefined
    ? chosen
    : tuned(rows, train, { flags, contestant, chosen, make, say: say.line });
  const model = make(settings);
  const began = performance.now();
  const epochs = await trained(model, { rows, train, flags, say });
  const seconds = (performance.now() - began) / 1000;
  say.end();

  const { forecasts: _, ...judged } = judgeForecasts(rows, { model, naive: asToday, train, test });
  const forecast = forecastFrom(rows, { model, naive: asToday, ahead: flags.ahead });
  const files = model.save();
  const described: Omit<SourcedMetrics, "version"> = {
    model: model.name,
    target: flags.target,
    horizon: flags.horizon,
    symbol: flags.symbol,
    source,
    seed: flags.seed,
    settings,
    trained_on: span(rows, train),
    tested_on: targetSpan(rows, test),
    ...judged,
    data_sha256: sha256(JSON.stringify(candles)),
  };
  const metrics = { version: versionOf(files, described), ...described };
  const card = trainedCard(metrics, unit);
  const { path, mended } = await saveTrained(flags.models, { files, metrics, card });
  if (mended) io.effects.log.warn(`${path} held other files than this training made: it was made anew`);
  const answer: TrainAnswer = {
    ...metrics,
    seconds,
    seconds_per_epoch: epochs?.now ? seconds / epochs.now : null,
    epochs: epochs?.now ?? null,
    epochs_total: epochs?.total ?? null,
    artefact: path,
    forecast,
  };
  io.stdout(flags.json ? `${JSON.stringify(answer)}\n` : `${answerLines(answer, unit).join("\n")}\n`);
  return EXIT.ok;
}

/** The model; a setting out of its range is the caller's mistake. */
function made({ make }: Contestant, seed: number, settings: Settings): SeriesModel {
  try {
    return make(seed, settings);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new UsageError(cause.message, { cause });
  }
}

/** The older days to train on, and the later ones. */
function split(rows: SeriesRows): { train: TrainRange; test: RowRange } {
  const known = rows.target.findLastIndex(Number.isFinite) + 1, days = rows.days.slice(0, known);
  if (known < LEAST_DAYS + 2 * rows.horizon) {
    throw new UsageError(
      `Cannot train on ${known} days: ${
        LEAST_DAYS + 2 * rows.horizon
      } are needed that have 30 days before them, give a longer history`,
    );
  }
  return splitByTime(days, {
    testShare: TEST_SHARE,
    embargoDays: Math.max(EMBARGO_DAYS, rows.horizon),
    horizonDays: rows.horizon,
  });
}

interface Tuning {
  flags: TrainFlags;
  contestant: Contestant;
  chosen: Settings;
  make: (settings: Settings) => SeriesModel;
  say: (text: string) => void;
}

/**
 * The best settings on inner folds of the days trained on. What was set by hand stays; a random search tries that
 * first, with defaults for the rest, so it chooses nothing worse on these folds.
 */
function tuned(
  rows: SeriesRows,
  train: TrainRange,
  { flags, contestant, chosen, make, say }: Tuning,
): Settings {
  const space: TuningSpace = Object.fromEntries(
    Object.entries(contestant.space ?? {}).filter(([name]) => !(name in chosen)),
  );
  if (Object.keys(space).length === 0) {
    throw new UsageError(`Cannot tune ${flags.model}: it has no settings to try, train without --tune`);
  }
  const choices = flags.tune === "grid"
    ? gridOf(space)
    : [{}, ...randomOf(space, (flags.trials ?? TRIALS) - 1, flags.seed)];
  say(`tuning: ${choices.length} choices on inner folds of ${train.until - train.from} days`);
  const inWords = (settings: Settings) =>
    Object.entries(settings).map(([name, value]) => `${name} ${Number(value.toFixed(4))}`).join(", ") ||
    "defaults";
  const [best] = tune(rows, train, {
    make,
    candidates: choices.map((choice) => ({ ...chosen, ...choice })),
    onTried: ({ settings, mae, problem }, done) =>
      say(`tuning ${done}/${choices.length}: ${inWords(settings)}: ${mae?.toPrecision(4) ?? problem}`),
  });
  say(`tuned: ${inWords(best!.settings)}`);
  return best!.settings;
}

interface TrainingRun {
  rows: SeriesRows;
  train: TrainRange;
  flags: TrainFlags & { models: string };
  say: ReturnType<typeof progressLines>;
}

/** Fits a model; gives the epochs, null for a model without any. */
async function trained(
  model: SeriesModel,
  { rows, train, flags, say }: TrainingRun,
): Promise<EpochCount | null> {
  if (model.name !== "lstm") {
    model.fit(rows, train);
    if (model.fallback) say.line(model.fallback);
    return null;
  }
  const { trainLstm } = await import("./training/train_lstm.ts");
  return await trainLstm(model, { rows, train, flags, say });
}

function span({ days }: SeriesRows, { from, until }: RowRange): TrainedMetrics["trained_on"] {
  return { from: days[from]!, to: days[until - 1]!, rows: until - from };
}

function targetSpan(rows: SeriesRows, { from, until }: RowRange): TrainedMetrics["tested_on"] {
  return { from: targetDay(rows, from), to: targetDay(rows, until - 1), rows: until - from };
}

/** Forecasts from the last day that there is. */
function forecastFrom(
  rows: SeriesRows,
  { model, naive, ahead }: { model: SeriesModel; naive: SeriesModel; ahead: number | undefined },
): TrainAnswer["forecast"] {
  const last = rows.days.length - 1, at = { from: last, until: last + 1 };
  const values = ahead === undefined || !("forecast" in model)
    ? model.predict(rows, at)
    : (model as SeriesModel & { forecast: (rows: SeriesRows, row: number, steps: number) => Float64Array })
      .forecast(rows, last, ahead);
  const [asToday] = naive.predict(rows, at);
  return Array.from(values, (value, i) => ({
    day: new Date(Date.parse(rows.days[last]!) + (rows.horizon + i) * DAY_MS).toISOString().slice(0, 10),
    value,
    naive: i === 0 ? asToday! : null,
  }));
}
