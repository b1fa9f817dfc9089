import { assertEquals, assertThrows } from "@std/assert";
import { ModelError } from "../core/errors.ts";
import { DAY_MS, utcDay } from "../core/time.ts";
import { type DailyCandle, volatilityRows } from "../features/volatility_rows.ts";
import { fillGaussian } from "../sources/demo_rng.ts";
import { ewma, garch, har, logHar, naive, seasonalNaive } from "./baselines.ts";
import { assertNoLeak, findLeaks, type PipelineOutputs } from "./leaks.ts";
import { PLANTED_CUTS, PLANTED_LEAKS, plantedSubject } from "./planted_leaks.ts";
import { walkFolds, walkForward } from "./walk_forward.ts";

/** What each planted leak shows in. */
const GUILTY: Record<string, string[]> = {
  "full-sample scaler": ["forecast", "mean", "today"],
  "centred window": ["forecast", "mean"],
  "target in features": ["forecast", "today"],
  "shuffled split": ["forecast"],
  "overlapping windows": ["forecast"],
  "late correction": ["forecast", "mean", "today"],
  "selection on test": ["forecast"],
  "duplicate rows": ["forecast"],
};

Deno.test("findLeaks() finds all eight planted leaks and names what is guilty", () => {
  for (const [name, habits] of Object.entries(PLANTED_LEAKS)) {
    const leaks = findLeaks(plantedSubject(1, habits), PLANTED_CUTS);
    const names = leaks.map((leak) => leak.name);
    assertEquals([name, names.filter((each) => GUILTY[name]!.includes(each))], [name, names]);
    assertEquals([name, names.length > 0], [name, true]);
  }
});

Deno.test("findLeaks() accuses nothing in 100 clean pipelines", () => {
  for (let seed = 0; seed < 100; seed++) assertEquals(findLeaks(plantedSubject(seed), PLANTED_CUTS), []);
});

Deno.test("findLeaks() refuses a pipeline that is not the same twice, and assertNoLeak() says who knew what", () => {
  let calls = 0;
  const unsteady = {
    ...plantedSubject(1),
    run: () => ({ luck: { days: ["2026-01-01"], values: Float64Array.of(calls++) } }),
  };
  assertThrows(
    () => findLeaks(unsteady, PLANTED_CUTS),
    ModelError,
    '"luck" of 2026-01-01 differs between two runs',
  );
  assertThrows(
    () => assertNoLeak(plantedSubject(1, PLANTED_LEAKS["centred window"]), PLANTED_CUTS),
    ModelError,
    'Cannot trust "forecast", "mean": ',
  );
});

/** Candles of a random walk with clustered volatility. */
function candles(count: number): DailyCandle[] {
  const noise = fillGaussian({ seed: 5, purpose: 7003, series: 0, index: 0 }, new Float64Array(2 * count));
  let price = 1000, level = 0;
  return Array.from({ length: count }, (_, i) => {
    level = 0.95 * level + 0.2 * noise[2 * i]!;
    const open = price, close = open * Math.exp(0.03 * Math.exp(level) * noise[2 * i + 1]!);
    price = close;
    const reach = Math.exp(0.02 * Math.exp(level));
    const [low, high] = [Math.min(open, close) / reach, Math.max(open, close) * reach];
    return { day: utcDay(i * DAY_MS), open, high, low, close, volume: 10 + (i % 7) };
  });
}

Deno.test("our own features and baselines know nothing of the future", () => {
  const HAR = ["vol_1", "vol_mean_7", "vol_mean_30"];
  const make = [
    () => naive("vol_1"),
    () => seasonalNaive("vol_1"),
    () => ewma("vol_1"),
    () => har(HAR),
    () => logHar(HAR.map((name) => `log_${name}`), { forecasts: "median" }),
    () => garch("log_return_1"),
  ];
  for (const horizon of [1, 5]) {
    const subject = {
      records: candles(420),
      knownOn: ({ day }: { day: string }) => day,
      disturb: (candle: DailyCandle, factor: number) => ({
        ...candle,
        high: candle.high * (1 + factor / 10),
        low: candle.low / (1 + factor / 20),
        close: candle.close * (1 + factor / 100),
        volume: candle.volume * factor,
      }),
      run: (records: readonly DailyCandle[]): PipelineOutputs => {
        const { rows } = volatilityRows(records, { horizon });
        const outputs = Object.entries(rows.columns).map((
          [name, values],
        ) => [name, { days: rows.days, values }]);
        const folds = walkFolds({ rows: rows.days.length, horizon }, { start: 250, refit_every: 20 });
        const walks = make.map((model) => walkForward(model(), rows, folds)).map(({ model, forecasts }) => [
          model,
          { days: rows.days.slice(250), values: forecasts },
        ]);
        return Object.fromEntries([...outputs, ...walks]);
      },
    };
    const { days } = volatilityRows(subject.records, { horizon }).rows;
    const cuts = [270, 271, 290, 330].map((row) => days[row]!);
    assertEquals(findLeaks(subject, cuts), []);
  }
});
