/** `deno task leaderboard`: models beside baselines, and which of them is to be served. */
import { z } from "zod";
import { UsageError } from "../core/errors.ts";
import type { DailyCandle } from "../features/daily_frame.ts";
import { targetRows } from "../features/target_rows.ts";
import { TARGET_NAMES, type TargetName, TARGETS } from "../features/targets.ts";
import { sha256 } from "../lake/ledger.ts";
import { modelNamed, MODELS } from "../models/contestants.ts";
import { treeThreads } from "../models/tree_threads.ts";
import { holdoutOf } from "../models/holdout.ts";
import { type Contestant, leaderboard, type LeaderboardOptions } from "../models/leaderboard.ts";
import { type CardRun, modelCard } from "../models/model_card.ts";
import { candleSource } from "./candle_source.ts";
import type { CommandIo } from "./command_io.ts";
import { targetCandles } from "./daily_candles.ts";
import { EXIT } from "./exit_codes.ts";
import { assertRecordable, assertUnseen, HOLDOUT_LOG, recordLook } from "./holdout_log.ts";
import { type HoldoutAnswer, holdoutLines, scoresOf } from "./holdout_answer.ts";
import { leaderboardLines } from "./leaderboard_lines.ts";
import { candleNotes } from "./training/candle_notes.ts";
import { assertWritable, makeFolder, writeOutput } from "./output_file.ts";
import { readFlags, whole } from "./read_flags.ts";

const DAY = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, "write YYYY-MM-DD");
/** Seeds are 32-bit whole numbers. */
const LAST_SEED = 2 ** 31 - 1;

const FLAGS = z.object({
  ohlcv: z.string().optional(),
  lake: z.string().min(1).optional(),
  symbol: z.string().default("BTCUSD"),
  target: z.enum(TARGET_NAMES).default("volatility"),
  horizon: whole(1).default(1),
  since: DAY.optional(),
  start: DAY.optional(),
  refit: whole(1).default(30),
  window: whole(1).optional(),
  embargo: whole(0).default(0),
  holdout: z.string().regex(/^[1-9]\d*d$/, "write a number of days, for example 365d").optional(),
  scoreHoldout: z.boolean().default(false),
  again: z.boolean().default(false),
  holdoutLog: z.string().min(1).default(HOLDOUT_LOG),
  models: z.string().optional(),
  seed: whole(0, LAST_SEED).default(1),
  seeds: whole(1).default(5),
  chart: z.string().optional(),
  cards: z.string().optional(),
  json: z.boolean().default(false),
});

/** Rows before the first forecast, where `--start` names no day: two years, or half of them where there are fewer. */
const LEARN_FIRST = 730;
/** Fewer rows are too few to learn from half of them. */
const LEAST_ROWS = 300;

/** Runs the command; gives the exit code. */
export async function leaderboardCommand(flags: unknown, io: CommandIo): Promise<number> {
  const asked = readFlags(FLAGS, flags);
  const { ohlcv, lake, symbol, target, horizon, since = "", start, refit, seed, seeds, chart, cards, json } =
    asked;
  const { scoreHoldout, again, holdoutLog, embargo, window = "expanding" } = asked;
  if (scoreHoldout && asked.holdout === undefined) {
    throw new UsageError("Cannot use --score-holdout: no days are kept apart, add --holdout 365d");
  }
  if (again && !scoreHoldout) {
    throw new UsageError("Cannot use --again: nobody looks at a holdout, add --score-holdout");
  }
  if (seed + seeds - 1 > LAST_SEED) {
    throw new UsageError(`Cannot use --seeds ${seeds}: seeds end at ${LAST_SEED}, give a lower --seed`);
  }
  const contestants = await chooseModels(asked.models, target);
  const from = await candleSource({ ohlcv, lake }, io);
  const { candles: all, ...measured } = await targetCandles({ ohlcv, lake: from.lake, symbol }, target, io);
  const candles = all.filter(({ day }) => day >= since);
  const table = targetRows(candles, { target, horizon, ...measured });
  const { rows, touched, left_out, one_price } = table;
  for (const note of candleNotes(table)) io.effects.log.warn(note);
  const count = rows.days.length;
  const first = start === undefined
    ? Math.min(LEARN_FIRST, count >> 1)
    : rows.days.findIndex((day) => day >= start);
  if (first < 0 || (start === undefined && count < LEAST_ROWS)) {
    throw new UsageError(
      `Cannot compare models: ${count} days can be forecast from (${left_out.length} others lie before or beside holes or days with one price), ` +
        `${
          start === undefined ? `${LEAST_ROWS} are needed` : `none from ${start} on`
        }; give a longer history or another --start`,
    );
  }
  const kept = asked.holdout === undefined ? null : holdoutOf(rows, parseInt(asked.holdout));
  if (kept !== null && kept.start <= first) {
    throw new UsageError(
      `Cannot keep ${kept.from} to ${kept.to} apart: the walk starts at ${rows.days[first]}, keep fewer days`,
    );
  }
  if (kept !== null && scoreHoldout) {
    await assertRecordable(holdoutLog);
    if (!again) await assertUnseen(holdoutLog, { symbol, target, ...kept });
  }
  const names = contestants.map(({ make }) => make(seed).name);
  if (chart !== undefined) await assertWritable(chart);
  if (cards !== undefined) {
    await makeFolder(cards);
    for (const name of names) await assertWritable(cardFile(cards, name));
  }
  const options: LeaderboardOptions = {
    ...{ target, today: TARGETS[target].today, scale: TARGETS[target].scale },
    ...{ start: first, refit_every: refit, embargo, window, seed, seeds },
    clock: () => performance.now(),
  };
  // The LSTM of a walk has 16 units, too little work a batch for threads: with two it took longer.
  using _threads = names.includes("random_forest") ? treeThreads() : null;
  const board = leaderboard(rows, contestants, {
    ...options,
    ...(kept && { until: kept.start }),
  });
  let holdout: HoldoutAnswer | null = kept && { from: kept.from, to: kept.to, scored: null };
  if (kept !== null && scoreHoldout) {
    const finalists = contestants.filter((_, i) => [board.champion, board.best_baseline].includes(names[i]!));
    const final = leaderboard(rows, finalists, { ...options, start: kept.start });
    const scored = scoresOf(board, final);
    await recordLook(holdoutLog, {
      ...{ looked_at: io.effects.now().toISOString(), symbol, target, horizon, from: kept.from, to: kept.to },
      ...{ candles: fingerprint(candles), champion: board.champion, best_baseline: board.best_baseline },
      mae: scored.mae,
    });
    holdout = { from: kept.from, to: kept.to, scored };
  }
  // The answer comes first: a look that is spent is not lost to a disk that is full by now.
  const lines = () => [...leaderboardLines(board), ...holdoutLines(holdout)].join("\n");
  io.stdout(`${json ? JSON.stringify({ ...board, holdout }) : lines()}\n`);
  if (chart !== undefined) {
    const { leaderboardChart } = await import("../report/leaderboard_chart.ts");
    await writeOutput(chart, await leaderboardChart(board).toSvg());
  }
  if (cards !== undefined) {
    const learnable = (days: readonly string[]) => days.filter((day) => kept === null || day < kept.from);
    const days = learnable(rows.days);
    const data = {
      ...{
        source: from.source,
        symbol,
        from: days[0]!,
        to: days.at(-1)!,
        days: days.length,
        sha256: fingerprint(candles),
      },
      touched: learnable(touched.map(({ day }) => day)).length,
      left_out: learnable(left_out).length,
      one_price: learnable(one_price).length,
    };
    const made_at = io.effects.now().toISOString();
    const run: CardRun = { seed, refit_every: refit, window, embargo, holdout, made_at };
    for (const name of names) {
      await writeOutput(cardFile(cards, name), modelCard(board, name, { data, run }));
    }
  }
  return EXIT.ok;
}

function cardFile(folder: string, model: string): string {
  return `${folder}/${model}.md`;
}

function fingerprint(candles: readonly DailyCandle[]): string {
  return sha256(JSON.stringify(candles));
}

/** The models of a list, each once, whatever it is called by. */
async function chooseModels(list: string | undefined, target: TargetName): Promise<Contestant[]> {
  if (list === undefined) return Object.values(MODELS[target]);
  const names = new Set(list.split(",").map((name) => name.trim()).filter((name) => name !== ""));
  const chosen = [...new Set(await Promise.all([...names].map((name) => modelNamed(name, target))))];
  if (!chosen.some(({ baseline }) => baseline)) {
    const [first] = Object.entries(MODELS[target]).find(([, { baseline }]) => baseline)!;
    throw new UsageError(`Cannot use --models ${list}: none of them is a baseline, add ${first}`);
  }
  return chosen;
}
