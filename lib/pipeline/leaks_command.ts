/** `deno task leaks`: does anything that we compute know the future? */
import { z } from "zod";
import { UsageError } from "../core/errors.ts";
import type { DailyCandle } from "../features/daily_frame.ts";
import { targetRows } from "../features/target_rows.ts";
import { MODELS } from "../models/contestants.ts";
import { findLeaks, type Leak, type LeakSubject, leakText } from "../models/leaks.ts";
import { PLANTED_CUTS, PLANTED_LEAKS, plantedSubject } from "../models/planted_leaks.ts";
import { walkFolds, walkForward } from "../models/walk_forward.ts";
import type { CommandIo } from "./command_io.ts";
import { dailyCandles } from "./daily_candles.ts";
import { EXIT } from "./exit_codes.ts";
import { readFlags, whole } from "./read_flags.ts";
import { candleNotes } from "./training/candle_notes.ts";

const FLAGS = z.object({
  ohlcv: z.string().optional(),
  lake: z.string().min(1).optional(),
  symbol: z.string().default("BTCUSD"),
  target: z.enum(["volatility", "price", "return"]).default("volatility"),
  horizon: whole(1).default(1),
  json: z.boolean().default(false),
});

/** Candles that are looked at, the newest ones; fewer than the second number are too few to walk over. */
const MOST_CANDLES = 1200, LEAST_CANDLES = 300;
/** Models are fitted anew after so many rows. */
const REFIT = 60;

/** What the command finds. */
interface LeaksAnswer {
  /** Planted leaks by name, and the outputs in which each was caught. */
  self_test: { leak: string; caught_in: string[] }[];
  checked: { features: string[]; models: string[]; days: number };
  leaks: Leak[];
}

/** Runs the command; gives the exit code: 5 where something leaks, 1 where the detector misses what was planted. */
export async function leaksCommand(flags: unknown, io: CommandIo): Promise<number> {
  const { json, target, horizon, ...source } = readFlags(FLAGS, flags);
  const self_test = Object.entries(PLANTED_LEAKS).map(([leak, habits]) => ({
    leak,
    caught_in: findLeaks(plantedSubject(1, habits), PLANTED_CUTS).map(({ name }) => name),
  }));
  const candles = await dailyCandles(source, io);
  const subject = ourSubject(candles, { target, horizon });
  const outputs = Object.keys(subject.run(subject.records));
  const table = targetRows(subject.records, { target, horizon }), { days } = table.rows;
  for (const note of candleNotes(table)) io.effects.log.warn(note);
  const start = firstForecast(days.length);
  // Amid a fold, at the first row of one, and one day later: splits leak where folds begin.
  const cuts = [start + 10, start + REFIT, start + REFIT + 1].map((row) => days[row]!);
  const leaks = findLeaks(subject, cuts);
  const models = outputs.filter((name) => name in MODELS[target]);
  const answer: LeaksAnswer = {
    self_test,
    checked: { features: outputs.filter((name) => !models.includes(name)), models, days: days.length },
    leaks,
  };
  io.stdout(json ? `${JSON.stringify(answer)}\n` : `${lines(answer).join("\n")}\n`);
  if (self_test.some(({ caught_in }) => caught_in.length === 0)) return EXIT.internal;
  return leaks.length > 0 ? EXIT.quality : EXIT.ok;
}

/** Half of the rows are learnt from before the first forecast. */
function firstForecast(rows: number): number {
  return rows >> 1;
}

/** All features, and all models walked forward over them. */
function ourSubject(
  candles: readonly DailyCandle[],
  { target, horizon }: { target: "volatility" | "price" | "return"; horizon: number },
): LeakSubject<DailyCandle> {
  const records = candles.slice(-MOST_CANDLES);
  const whole = targetRows(records, { target, horizon }).rows.days;
  if (whole.length < LEAST_CANDLES) {
    throw new UsageError(
      `Cannot look for leaks: ${whole.length} days of ${records.length} have whole windows before them, give ` +
        `${LEAST_CANDLES} or more`,
    );
  }
  const start = firstForecast(whole.length);
  const run = (some: readonly DailyCandle[]) => {
    const { rows } = targetRows(some, { target, horizon });
    const folds = walkFolds({ rows: rows.days.length, horizon }, { start, refit_every: REFIT });
    const features = Object.entries(rows.columns).map((
      [name, values],
    ) => [name, { days: rows.days, values }]);
    const forecasts = Object.entries(MODELS[target]).map(([name, { make }]) => [
      name,
      { days: rows.days.slice(start), values: walkForward(make(1), rows, folds).forecasts },
    ]);
    return Object.fromEntries([...features, ...forecasts]);
  };
  return {
    run,
    records,
    knownOn: ({ day }) => day,
    // Any candle that might have been: its range and close move, and what it traded.
    disturb: (candle, factor) => {
      // One with a single price keeps it: which days can be forecast is no number that we compute.
      const reach = candle.high > candle.low ? Math.exp(Math.abs(Math.log(factor)) / 20) : 1;
      const close = Math.min(
        candle.high * reach,
        Math.max(candle.low / reach, candle.close * factor ** 0.02),
      );
      return {
        ...candle,
        close,
        high: candle.high * reach,
        low: candle.low / reach,
        volume: candle.volume * factor,
      };
    },
  };
}

function lines({ self_test, checked, leaks }: LeaksAnswer): string[] {
  const caught = self_test.filter(({ caught_in }) => caught_in.length > 0);
  const width = Math.max(...self_test.map(({ leak }) => leak.length));
  return [
    `self-test: ${caught.length} of ${self_test.length} planted leaks are caught`,
    ...self_test.map(({ leak, caught_in }) =>
      `  ${leak.padEnd(width)}  ${caught_in.length > 0 ? `caught in ${caught_in.join(", ")}` : "MISSED"}`
    ),
    "",
    `${checked.features.length} features and ${checked.models.length} models over ${checked.days} days: ` +
    (leaks.length === 0
      ? "none knows the future; what comes later was changed and cut off, and every number stayed the same bit for bit"
      : `${leaks.length} know the future`),
    ...leaks.map((leak) => `  ${leakText(leak)}`),
  ];
}
