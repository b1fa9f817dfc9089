/** `deno task leaderboard`: models beside baselines, and which of them is to be served. */
import { z } from "zod";
import { UsageError } from "../core/errors.ts";
import type { DailyCandle } from "../features/daily_frame.ts";
import { targetRows } from "../features/target_rows.ts";
import { TARGETS } from "../features/targets.ts";
import { sha256 } from "../lake/ledger.ts";
import { MODELS } from "../models/contestants.ts";
import { type Holdout, holdoutOf } from "../models/holdout.ts";
import { errorText, type Leaderboard, leaderboard, type LeaderboardOptions } from "../models/leaderboard.ts";
import { modelCard } from "../models/model_card.ts";
import type { CommandIo } from "./command_io.ts";
import { dailyCandles } from "./daily_candles.ts";
import { EXIT } from "./exit_codes.ts";
import { assertUnseen, HOLDOUT_LOG, recordLook } from "./holdout_log.ts";
import { leaderboardLines } from "./leaderboard_lines.ts";

const DAY = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);
const whole = (least: number) => z.coerce.number().int().min(least);

const FLAGS = z.object({
  ohlcv: z.string().optional(),
  lake: z.string().min(1).optional(),
  symbol: z.string().default("BTCUSD"),
  target: z.enum(["volatility", "price", "return"]).default("volatility"),
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
  seed: whole(0).default(1),
  seeds: whole(1).default(5),
  chart: z.string().optional(),
  cards: z.string().optional(),
  json: z.boolean().default(false),
});

/** Rows before the first forecast, where `--start` names no day: two years, or half of them where there are fewer. */
const LEARN_FIRST = 730;
/** Fewer rows are too few to learn from half of them. */
const LEAST_ROWS = 300;

/** What was kept apart, and what came of it where it was scored. */
interface HoldoutAnswer extends Omit<Holdout, "start"> {
  /** Mean absolute errors, the test of the champion against the best baseline, and a sentence; null where not scored. */
  scored: { mae: Record<string, number>; dm_p: number | null; verdict: string } | null;
}

/** Runs the command; gives the exit code. */
export async function leaderboardCommand(flags: unknown, io: CommandIo): Promise<number> {
  const parsed = FLAGS.safeParse(flags);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    const name = path.join(".").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new UsageError(`Cannot use --${name}: ${message}`);
  }
  const { ohlcv, lake, symbol, target, horizon, since = "", start, refit, seed, seeds, chart, cards, json } =
    parsed.data;
  if (parsed.data.scoreHoldout && parsed.data.holdout === undefined) {
    throw new UsageError("Cannot use --score-holdout: no days are kept apart, add --holdout 365d");
  }
  const models = MODELS[target], names = chooseModels(parsed.data.models, target);
  const candles = (await dailyCandles({ ohlcv, lake, symbol }, io)).filter(({ day }) => day >= since);
  const { rows, touched, left_out } = targetRows(candles, { target, horizon });
  for (const { day, column, was, now } of touched) {
    io.effects.log.warn(`${day}: a ${column} of ${was} counts as a bad print, ${now} stands in for it`);
  }
  const count = rows.days.length;
  const first = start === undefined
    ? Math.min(LEARN_FIRST, count >> 1)
    : rows.days.findIndex((day) => day >= start);
  if (first < 0 || (start === undefined && count < LEAST_ROWS)) {
    throw new UsageError(
      `Cannot compare models: ${count} days can be forecast from (${left_out.length} others lie before or beside holes), ` +
        `${
          start === undefined ? `${LEAST_ROWS} are needed` : `none from ${start} on`
        }; give a longer history or another --start`,
    );
  }
  const kept = parsed.data.holdout === undefined ? null : holdoutOf(rows, parseInt(parsed.data.holdout));
  if (kept !== null && kept.start <= first) {
    throw new UsageError(
      `Cannot keep ${kept.from} to ${kept.to} apart: the walk starts at ${rows.days[first]}, keep fewer days`,
    );
  }
  const options: LeaderboardOptions = {
    ...{ target, today: TARGETS[target].today, scale: TARGETS[target].scale },
    ...{ start: first, refit_every: refit, embargo: parsed.data.embargo, seed, seeds },
    window: parsed.data.window ?? "expanding",
    clock: () => performance.now(),
  };
  const board = leaderboard(rows, names.map((name) => models[name]!), {
    ...options,
    ...(kept && { until: kept.start }),
  });
  let holdout: HoldoutAnswer | null = kept && { from: kept.from, to: kept.to, scored: null };
  if (kept !== null && parsed.data.scoreHoldout) {
    const { holdoutLog, again } = parsed.data;
    if (!again) await assertUnseen(holdoutLog, { symbol, target, ...kept });
    const finalists = [...new Set([board.champion, board.best_baseline])];
    const final = leaderboard(rows, finalists.map((name) => models[name]!), {
      ...options,
      start: kept.start,
    });
    const scored = scoresOf(board, final);
    await recordLook(holdoutLog, {
      ...{ looked_at: io.effects.now().toISOString(), symbol, target, horizon, from: kept.from, to: kept.to },
      ...{ candles: fingerprint(candles), champion: board.champion, best_baseline: board.best_baseline },
      mae: scored.mae,
    });
    holdout = { from: kept.from, to: kept.to, scored };
  }
  if (chart !== undefined) {
    const { leaderboardChart } = await import("../report/leaderboard_chart.ts");
    await Deno.writeTextFile(chart, await leaderboardChart(board).toSvg());
  }
  if (cards !== undefined) {
    await Deno.mkdir(cards, { recursive: true });
    const data = {
      symbol,
      from: rows.days[0]!,
      to: rows.days.at(-1)!,
      days: rows.days.length,
      sha256: fingerprint(candles),
      touched: touched.length,
      left_out: left_out.length,
    };
    const made_at = io.effects.now().toISOString();
    for (const { model } of board.models) {
      const card = modelCard(board, model, { data, run: { seed, refit_every: refit, holdout, made_at } });
      await Deno.writeTextFile(`${cards}/${model}.md`, card);
    }
  }
  const lines = () => [...leaderboardLines(board), ...holdoutLines(holdout)].join("\n");
  io.stdout(`${json ? JSON.stringify({ ...board, holdout }) : lines()}\n`);
  return EXIT.ok;
}

function fingerprint(candles: readonly DailyCandle[]): string {
  return sha256(JSON.stringify(candles));
}

/** What the holdout says of the champion that was chosen without it. */
function scoresOf(
  { champion, best_baseline: best }: Leaderboard,
  final: Leaderboard,
): HoldoutAnswer["scored"] & object {
  const entry = (name: string) => final.models.find(({ model }) => model === name)!;
  const mae = Object.fromEntries(final.models.map((each) => [each.model, each.mae]));
  const days = `${final.forecasts} forecasts`;
  if (champion === best) {
    const { mae, mase } = entry(champion);
    const verdict =
      `${champion}, which is served, has a mean absolute error of ${errorText(mae)} on ${days} ` +
      `(MASE ${mase.toFixed(3)}).`;
    return { mae: { [champion]: mae }, dm_p: null, verdict };
  }
  const dm_p = entry(champion).dm_p!;
  const ratio = mae[champion]! / mae[best]!;
  const verdict = `${champion}'s mean absolute error is ${ratio.toFixed(3)} × that of ${best} on ${days} ` +
    `(Diebold–Mariano p = ${dm_p.toPrecision(2)}): the holdout ${
      ratio < 1 && dm_p < 0.05
        ? "confirms the choice"
        : ratio < 1
        ? "does not contradict the choice"
        : "contradicts the choice"
    }.`;
  return { mae, dm_p, verdict };
}

function holdoutLines(holdout: HoldoutAnswer | null): string[] {
  if (holdout === null) return [];
  const { from, to, scored } = holdout;
  return [
    `Kept apart: ${from} to ${to}. ${
      scored?.verdict ?? "Nothing above has seen these days; --score-holdout looks at them, once."
    }`,
  ];
}

function chooseModels(list: string | undefined, target: keyof typeof MODELS): string[] {
  const all = Object.keys(MODELS[target]);
  const wanted = list?.split(",").map((name) => name.trim()).filter((name) => name !== "") ?? all;
  for (const name of wanted) {
    if (all.includes(name)) continue;
    throw new UsageError(
      `Cannot use --models: there is no "${name}" for ${target}, choose among ${all.join(", ")}`,
    );
  }
  const baselines = all.filter((name) => MODELS[target][name]!.baseline);
  if (!wanted.some((name) => baselines.includes(name))) {
    throw new UsageError(`Cannot use --models ${list}: none of them is a baseline, add ${baselines[0]}`);
  }
  return wanted;
}
