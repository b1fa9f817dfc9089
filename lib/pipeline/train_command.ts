/** `deno task train`: one model, trained on the older days and judged on the later ones beside the naive forecast. */
import { z } from "zod";
import { UsageError } from "../core/errors.ts";
import { nearestName } from "../core/nearest_name.ts";
import { DAY_MS } from "../core/time.ts";
import type { SeriesRows } from "../features/series_rows.ts";
import { splitByTime } from "../features/split_by_time.ts";
import { sha256 } from "../lake/ledger.ts";
import { modelNamed } from "../models/contestants.ts";
import { judgeForecasts } from "../models/judge_forecasts.ts";
import type { Contestant } from "../models/leaderboard.ts";
import type { RowRange, SeriesModel } from "../models/series_model.ts";
import { trainedCard } from "../models/trained_card.ts";
import { saveTrained, type TrainedMetrics, versionOf } from "../models/trained_model.ts";
import { gridOf, randomOf, type Settings, tune, type TuningSpace } from "../models/tune.ts";
import type { CommandIo } from "./command_io.ts";
import { dailyCandles } from "./daily_candles.ts";
import { EXIT } from "./exit_codes.ts";
import { trainingLines } from "./training_lines.ts";
import { targetRows } from "./train_targets.ts";

const DAY = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, "give a day as YYYY-MM-DD");
const whole = (least: number) => z.coerce.number().int().min(least);

const FLAGS = z.object({
  model: z.string(),
  target: z.enum(["volatility", "price", "return"]),
  ohlcv: z.string().optional(),
  lake: z.string().min(1).optional(),
  symbol: z.string().default("BTCUSD"),
  horizon: whole(1).default(1),
  ahead: whole(1).optional(),
  since: DAY.optional(),
  tune: z.union([z.literal(true), z.enum(["random", "grid"])]).optional(),
  trials: whole(1).default(10),
  set: z.array(z.string()).default([]),
  seed: whole(0).max(2 ** 31 - 1).default(1),
  epochs: whole(1).optional(),
  resume: z.boolean().default(false),
  threads: whole(1).max(64).optional(),
  backend: z.enum(["cpu", "webgpu"]),
  models: z.string().min(1).default("models"),
  json: z.boolean().default(false),
});

type Flags = z.infer<typeof FLAGS>;

/** Share of the days, the newest, that a model is judged on, and days between them and those trained on. */
const TEST_SHARE = 0.2, EMBARGO_DAYS = 7;

/** What the command prints with `--json`. */
interface TrainAnswer extends Omit<TrainedMetrics, "settings"> {
  settings: Settings;
  /** Of the training alone. */
  seconds: number;
  seconds_per_epoch: number | null;
  epochs: number | null;
  artefact: string;
  /** Forecasts made at the end of the last day. */
  forecast: { day: string; value: number; naive: number | null }[];
}

/** Runs the command; gives the exit code. */
export async function trainCommand(input: unknown, io: CommandIo): Promise<number> {
  const flags = readFlags(input);
  const contestant = await modelNamed(flags.model, flags.target);
  const chosen = chosenSettings(flags, contestant);
  const all = await dailyCandles({ ohlcv: flags.ohlcv, lake: flags.lake, symbol: flags.symbol }, io);
  const candles = all.filter(({ day }) => day >= (flags.since ?? ""));
  const { rows, touched, naive, unit } = targetRows(flags.target, candles, { horizon: flags.horizon });
  for (const { day, column, was, now } of touched) {
    io.effects.log.warn(`${day}: a ${column} of ${was} counts as a bad print, ${now} stands in for it`);
  }
  const { train, test } = split(rows);
  const say = trainingLines(io);
  const make = (settings: Settings) => made(contestant, flags.seed, settings);
  const settings = flags.tune === undefined
    ? chosen
    : tuned(rows, train, { flags, contestant, chosen, make, say: say.line });
  const model = make(settings);
  const began = performance.now();
  const epochs = await trained(model, { rows, train, flags, io, say });
  const seconds = (performance.now() - began) / 1000;
  say.end();

  const { forecasts: _, ...judged } = judgeForecasts(rows, { model, naive: naive(), train, test });
  const files = model.save();
  const metrics: TrainedMetrics = {
    model: model.name,
    target: flags.target,
    horizon: flags.horizon,
    version: versionOf(files),
    symbol: flags.symbol,
    seed: flags.seed,
    settings,
    trained_on: span(rows, train),
    tested_on: span(rows, test),
    ...judged,
    data_sha256: sha256(JSON.stringify(candles)),
  };
  const { path } = await saveTrained(flags.models, { files, metrics, card: trainedCard(metrics, unit) });
  const answer: TrainAnswer = {
    ...metrics,
    seconds,
    seconds_per_epoch: epochs === null ? null : seconds / epochs,
    epochs,
    artefact: path,
    forecast: forecastFrom(rows, { model, naive: naive(), ahead: flags.ahead }),
  };
  io.stdout(flags.json ? `${JSON.stringify(answer)}\n` : `${answerLines(answer, unit).join("\n")}\n`);
  return EXIT.ok;
}

function readFlags(input: unknown): Flags {
  const parsed = FLAGS.safeParse(input);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new UsageError(`Cannot use --${path.join(".")}: ${message}`);
  }
  const flags = parsed.data;
  const asked = Object.entries({
    epochs: flags.epochs,
    resume: flags.resume || undefined,
    threads: flags.threads,
    ahead: flags.ahead,
    backend: flags.backend === "cpu" ? undefined : flags.backend,
  }).find(([, value]) => value !== undefined);
  if (flags.model !== "lstm" && asked) {
    throw new UsageError(`Cannot use --${asked[0]} with ${flags.model}: it is for lstm, leave it out`);
  }
  if (flags.resume && flags.tune !== undefined) {
    throw new UsageError("Cannot combine --resume with --tune: give the settings that it chose with --set");
  }
  return flags;
}

/** Settings of `--set` and `--epochs`. */
function chosenSettings({ set, epochs, model }: Flags, { space = {} }: Contestant): Settings {
  const names = Object.keys(space);
  const settings: Record<string, number> = epochs === undefined ? {} : { epochs };
  for (const text of set) {
    const [, name = "", value = ""] = /^([^=]*)=(.*)$/.exec(text) ?? [];
    if (!names.includes(name)) {
      const nearest = nearestName(name, names);
      throw new UsageError(
        `Cannot use --set ${text}: ${model} has ${
          names.length === 0 ? "no settings" : `the settings ${names.join(", ")}`
        }${nearest ? `, did you mean ${nearest}?` : ", give one as name=value"}`,
      );
    }
    if (value.trim() === "" || !Number.isFinite(Number(value))) {
      throw new UsageError(`Cannot use --set ${text}: "${value}" is no number, give one`);
    }
    settings[name] = Number(value);
  }
  return settings;
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
function split(rows: SeriesRows): { train: RowRange; test: RowRange } {
  const known = rows.target.findLastIndex(Number.isFinite) + 1, days = rows.days.slice(0, known);
  if (known < 2) {
    throw new UsageError(`Cannot train: ${known} days can be learnt from, give a longer history`);
  }
  try {
    const { trainEnd, testStart } = splitByTime(days, {
      testShare: TEST_SHARE,
      embargoDays: Math.max(EMBARGO_DAYS, rows.horizon),
      horizonDays: rows.horizon,
    });
    return { train: { from: 0, until: trainEnd }, test: { from: testStart, until: known } };
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new UsageError(`Cannot train on ${known} days: ${cause.message}`, { cause });
  }
}

interface Tuning {
  flags: Flags;
  contestant: Contestant;
  chosen: Settings;
  make: (settings: Settings) => SeriesModel;
  say: (text: string) => void;
}

/** The best settings on inner folds of the days trained on. What was set by hand stays. */
function tuned(
  rows: SeriesRows,
  train: RowRange,
  { flags, contestant, chosen, make, say }: Tuning,
): Settings {
  const space: TuningSpace = Object.fromEntries(
    Object.entries(contestant.space ?? {}).filter(([name]) => !(name in chosen)),
  );
  if (Object.keys(space).length === 0) {
    throw new UsageError(`Cannot tune ${flags.model}: it has no settings to try, train without --tune`);
  }
  const choices = flags.tune === "grid" ? gridOf(space) : randomOf(space, flags.trials, flags.seed);
  const inWords = (settings: Settings) =>
    Object.entries(settings).map(([name, value]) => `${name} ${Number(value.toFixed(4))}`).join(", ");
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
  train: RowRange;
  flags: Flags;
  io: CommandIo;
  say: ReturnType<typeof trainingLines>;
}

/** Fits a model; gives the epochs that were trained, null for a model without any. */
async function trained(model: SeriesModel, { rows, train, flags, say }: TrainingRun): Promise<number | null> {
  if (model.name !== "lstm") {
    model.fit(rows, train);
    if (model.fallback) say.line(model.fallback);
    return null;
  }
  const { trainLstm } = await import("./train_lstm.ts");
  return await trainLstm(model, { rows, train, flags, say });
}

function span({ days }: SeriesRows, { from, until }: RowRange): TrainedMetrics["trained_on"] {
  return { from: days[from]!, to: days[until - 1]!, rows: until - from };
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

/** The answer for a person. */
function answerLines(answer: TrainAnswer, unit: string): string[] {
  const { model, target, symbol, horizon, metrics, naive, trained_on, tested_on, forecast } = answer;
  const row = (name: string, { mae, rmse, r2, mase }: TrainedMetrics["naive"] | TrainedMetrics["metrics"]) =>
    [
      name.padEnd(14),
      ...[mae, rmse].map((value) => value.toPrecision(5)),
      r2.toFixed(3),
      mase?.toFixed(3) ?? "–",
    ]
      .map((cell) => cell.padStart(10)).join("  ");
  return [
    `${model}: ${target} of ${symbol}, ${horizon} day${horizon > 1 ? "s" : ""} ahead, in ${unit}`,
    `trained on ${trained_on.rows} days, ${trained_on.from} to ${trained_on.to}, in ${
      answer.seconds.toFixed(1)
    } s` +
    (answer.epochs === null ? "" : ` (${answer.epochs} epochs)`),
    `judged on ${tested_on.rows} later days, ${tested_on.from} to ${tested_on.to}`,
    "",
    ["".padEnd(14), "MAE", "RMSE", "R²", "MASE"].map((cell) => cell.padStart(10)).join("  "),
    row(model, metrics),
    ...(model === naive.model ? [] : [row(naive.model, naive)]),
    "",
    answer.verdict,
    ...forecast.map(({ day, value, naive }) =>
      `${day}: ${value.toPrecision(5)}${
        naive === null ? "" : ` (${answer.naive.model}: ${naive.toPrecision(5)})`
      }`
    ),
    `saved as ${answer.artefact}`,
  ];
}
