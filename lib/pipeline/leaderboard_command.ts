/** `deno task leaderboard`: models beside baselines, and which of them is to be served. */
import { z } from "zod";
import { UsageError } from "../core/errors.ts";
import { volatilityRows } from "../features/volatility_rows.ts";
import { modelNamed, VOLATILITY_MODELS } from "../models/contestants.ts";
import { sha256 } from "../lake/ledger.ts";
import { type Contestant, type Leaderboard, leaderboard } from "../models/leaderboard.ts";
import { modelCard } from "../models/model_card.ts";
import type { CommandIo } from "./command_io.ts";
import { dailyCandles } from "./daily_candles.ts";
import { EXIT } from "./exit_codes.ts";

const DAY = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);
const whole = (least: number) => z.coerce.number().int().min(least);

const FLAGS = z.object({
  ohlcv: z.string().optional(),
  lake: z.string().min(1).optional(),
  symbol: z.string().default("BTCUSD"),
  horizon: whole(1).default(1),
  since: DAY.optional(),
  start: DAY.optional(),
  refit: whole(1).default(30),
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

/** Runs the command; gives the exit code. */
export async function leaderboardCommand(flags: unknown, io: CommandIo): Promise<number> {
  const parsed = FLAGS.safeParse(flags);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new UsageError(`Cannot use --${path.join(".")}: ${message}`);
  }
  const { ohlcv, lake, symbol, horizon, since = "", start, refit, seed, seeds, chart, cards, json } =
    parsed.data;
  const contestants = await chooseModels(parsed.data.models);
  const candles = (await dailyCandles({ ohlcv, lake, symbol }, io)).filter(({ day }) => day >= since);
  const { rows, touched, left_out } = volatilityRows(candles, { horizon });
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
  const board = leaderboard(rows, contestants, {
    target: "volatility",
    today: "vol_1",
    start: first,
    refit_every: refit,
    seed,
    seeds,
    clock: () => performance.now(),
  });
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
      sha256: sha256(JSON.stringify(candles)),
      touched: touched.length,
      left_out: left_out.length,
    };
    const made_at = io.effects.now().toISOString();
    for (const { model } of board.models) {
      const card = modelCard(board, model, { data, run: { seed, refit_every: refit, made_at } });
      await Deno.writeTextFile(`${cards}/${model}.md`, card);
    }
  }
  io.stdout(json ? `${JSON.stringify(board)}\n` : `${boardLines(board).join("\n")}\n`);
  return EXIT.ok;
}

async function chooseModels(list: string | undefined): Promise<Contestant[]> {
  if (list === undefined) return Object.values(VOLATILITY_MODELS);
  const names = list.split(",").map((name) => name.trim()).filter((name) => name !== "");
  const chosen = await Promise.all(names.map((name) => modelNamed(name, "volatility")));
  if (!chosen.some(({ baseline }) => baseline)) {
    throw new UsageError(`Cannot use --models ${list}: none of them is a baseline, add har`);
  }
  return chosen;
}

/** The board for a person. */
function boardLines(board: Leaderboard): string[] {
  const share = (value: number) => `${(100 * value).toFixed(1)} %`;
  const table = board.models.map((entry) => ({
    model: entry.model + (entry.baseline ? "" : " *"),
    MAE: entry.mae.toFixed(5),
    "95 %": `${entry.mae_interval.low.toFixed(5)}–${entry.mae_interval.high.toFixed(5)}`,
    RMSE: entry.rmse.toFixed(5),
    MASE: entry.mase.toFixed(3),
    QLIKE: entry.qlike.toFixed(4),
    R2oos: entry.r2_oos.toFixed(3),
    p: entry.dm_p === null ? "" : entry.dm_p < 0.001 ? "< 0.001" : entry.dm_p.toFixed(3),
    "in 90 %": share(entry.intervals.all.coverage),
    seeds: String(entry.seeds),
    s: entry.seconds!.toFixed(1),
  }));
  const heads = Object.keys(table[0]!) as (keyof typeof table[number])[];
  const widths = heads.map((head) => Math.max(head.length, ...table.map((row) => row[head].length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ")
      .trimEnd();
  const fallbacks = board.models.filter(({ fallbacks }) => fallbacks.length > 0)
    .map(({ model, fallbacks }) =>
      `${model}: ${fallbacks[0]}${fallbacks.length > 1 ? `, and ${fallbacks.length - 1} more` : ""}`
    );
  return [
    `${board.target} ${board.horizon} day${
      board.horizon > 1 ? "s" : ""
    } ahead, ${board.forecasts} forecasts from ` +
    `${board.from} to ${board.to}, models fitted ${board.folds} times on what was known`,
    "",
    line(heads),
    line(widths.map((width) => "─".repeat(width))),
    ...table.map((row) => line(heads.map((head) => row[head]))),
    "",
    `p: Diebold–Mariano against ${board.best_baseline} on absolute errors, corrected for several models (Holm).`,
    ...fallbacks,
    board.verdict,
  ];
}
