import { assertEquals, assertThrows } from "@std/assert";
import { ModelError } from "../core/errors.ts";
import pl from "nodejs-polars";
import { DAY_MS, HOUR_MS, utcDay } from "../core/time.ts";
import type { DailyCandle } from "../features/daily_frame.ts";
import { featureCatalogue, withFeatures } from "../features/feature_catalogue.ts";
import { ohlcvFrame } from "../features/ohlcv_frame.ts";
import { realisedVolatility } from "../features/realised_volatility.ts";
import { resampleBars } from "../features/resample.ts";
import { scaleRows } from "../features/scaler.ts";
import { targetRows } from "../features/target_rows.ts";
import { TARGET_NAMES, type TargetName } from "../features/targets.ts";
import type { TrainRange } from "../features/train_range.ts";
import { fillGaussian } from "../sources/demo_rng.ts";
import { MODELS } from "./contestants.ts";
import { LstmModel } from "./lstm/lstm_model.ts";
import { assertNoLeak, findLeaks, type LeakSubject, type PipelineOutputs } from "./leaks.ts";
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

/** Another candle that might have come. */
function disturb(candle: DailyCandle, factor: number): DailyCandle {
  const { high, low, close, volume } = candle;
  return {
    ...candle,
    high: high * (1 + factor / 10),
    low: low / (1 + factor / 20),
    close: close * (1 + factor / 100),
    volume: volume * factor,
  };
}

/** All columns and baselines of a target, and the columns as a scaler of each fold's training rows leaves them. */
function forecasting(target: TargetName, horizon: number): LeakSubject<DailyCandle> {
  const START = 200;
  return {
    records: candles(360),
    knownOn: ({ day }) => day,
    disturb,
    run(records): PipelineOutputs {
      const realised = target === "realised_volatility" ? ranges(records) : undefined;
      const { rows } = targetRows(records, { target, horizon, ...(realised && { realised }) });
      const folds = walkFolds({ rows: rows.days.length, horizon }, { start: START, refit_every: 20 });
      const columns = Object.entries(rows.columns).map((
        [name, values],
      ) => [name, { days: rows.days, values }]);
      const days = rows.days.slice(START);
      const walks = Object.values(MODELS[target]).filter(({ baseline }) => baseline).map(({ make }) => {
        const { model, forecasts } = walkForward(make(1), rows, folds);
        return [model, { days, values: forecasts }];
      });
      const scaled = (["standard", "min_max", "robust"] as const).map((kind) => {
        const values = new Float64Array(days.length);
        for (const { train, test } of folds) {
          const column = scaleRows(rows, train, { kind, columns: ["vol_1"] }).rows.columns["vol_1"]!;
          values.set(column.slice(test.from, test.until), test.from - START);
        }
        return [`scaled ${kind}`, { days, values }];
      });
      return Object.fromEntries([...columns, ...walks, ...scaled]);
    },
  };
}

/** A stand-in for realised volatility: what matters here is that it has a value a day. */
function ranges(records: readonly DailyCandle[]): pl.DataFrame {
  return pl.DataFrame([
    pl.Series("timestamp", records.map(({ day }) => Date.parse(day)), pl.Datetime("ms")),
    pl.Series("realised_volatility", records.map(({ high, low }) => Math.log(high / low)), pl.Float64),
  ]);
}

/** Hours of a random walk into what is made of bars: the catalogue, days, weeks, realised volatility. */
function bars(seed: number, hours: number): LeakSubject<{ time: number; price: number }> {
  const noise = fillGaussian(
    { seed, purpose: 7008, series: 0, index: 0 },
    new Float64Array(hours + hours % 2),
  );
  let price = 1000;
  const records = Array.from({ length: hours }, (_, i) => ({
    time: i * HOUR_MS,
    price: price *= Math.exp(0.01 * noise[i]!),
  }));
  const catalogue = featureCatalogue({ windows: [5] });
  return {
    // Some hours are missing.
    records: records.filter((_, i) => noise[i]! < 1.8),
    knownOn: ({ time }) => utcDay(time),
    disturb: (record, factor) => ({ ...record, price: record.price * factor }),
    run(some): PipelineOutputs {
      const close = some.map((record) => record.price),
        open = close.map((each, i) => i % 3 === 0 ? each * 0.99 : each);
      const hourly = ohlcvFrame({
        timestamp: some.map(({ time }) => time),
        ...{ open, close, low: open, high: close, volume: close.map((_, i) => i % 5) },
      }, "1h");
      const outputs: [string, PipelineOutputs[string]][] = [];
      /** A bar is known when it is over. */
      const add = (name: string, frame: pl.DataFrame, columns: readonly string[], length: number) => {
        const times = frame.getColumn("timestamp").toArray() as unknown as Date[];
        const last = Date.parse(utcDay(some.at(-1)!.time)) + DAY_MS;
        const over = times.map((_, i) => i).filter((i) => times[i]!.getTime() + length <= last);
        for (const column of columns) {
          const values = frame.getColumn(column).toArray() as (number | null)[];
          outputs.push([`${name} ${column}`, {
            days: over.map((i) => utcDay(times[i]!.getTime() + length - 1)),
            values: Float64Array.from(over, (i) => values[i] ?? NaN),
          }]);
        }
      };
      const daily = resampleBars(hourly, "1d");
      add(
        "daily",
        withFeatures(daily, catalogue),
        ["open", "bars", ...catalogue.map(({ name }) => name)],
        DAY_MS,
      );
      add("weekly", resampleBars(hourly, "1w"), ["high", "close", "volume", "bars"], 7 * DAY_MS);
      add("realised", realisedVolatility(hourly, { step: "1h", least_share: 0.5 }), [
        "realised_volatility",
        "returns",
      ], DAY_MS);
      return Object.fromEntries(outputs);
    },
  };
}

Deno.test("our own features, targets, scalers and baselines know nothing of the future", () => {
  for (const target of TARGET_NAMES) {
    for (const horizon of [1, 5]) {
      const subject = forecasting(target, horizon);
      const [{ days }] = Object.values(subject.run(subject.records)) as [PipelineOutputs[string]];
      // Amid a fold, at the first row of one and the next row, and at the end of one.
      assertNoLeak(subject, [210, 220, 221, 239].map((row) => days[row]!));
    }
  }
});

Deno.test("bars that are resampled, their features and realised volatility know nothing of the future", () => {
  for (let seed = 0; seed < 20; seed++) {
    assertEquals(findLeaks(bars(seed, 500), [utcDay(9 * DAY_MS)]), [], `seed ${seed}`);
  }
});

Deno.test("a walk of an LSTM knows nothing of the future", () => {
  const small = {
    lookBack: 5,
    units: 2,
    epochs: 2,
    batchSize: 16,
    patience: 1,
    scaler: "standard",
    seed: 1,
  } as const;
  const subject: LeakSubject<DailyCandle> = {
    records: candles(170),
    knownOn: ({ day }) => day,
    disturb,
    run(records) {
      const { rows } = targetRows(records);
      const folds = walkFolds({ rows: rows.days.length, horizon: 1 }, { start: 100, refit_every: 20 });
      const { forecasts } = walkForward(
        new LstmModel({ columns: ["log_vol_1"], learns: "log", ...small }),
        rows,
        folds,
      );
      return { lstm: { days: rows.days.slice(100), values: forecasts } };
    },
  };
  const [{ days }] = Object.values(subject.run(subject.records)) as [PipelineOutputs[string]];
  assertNoLeak(subject, [10, 20, 21].map((row) => days[row]!));
});

Deno.test("a scaler of all rows and a day of the unfinished week are found in our own pipelines", () => {
  const honest = forecasting("volatility", 1);
  const [{ days }] = Object.values(honest.run(honest.records)) as [PipelineOutputs[string]];
  const leaks = findLeaks({
    ...honest,
    run(records) {
      const { rows } = targetRows(records);
      const all = { from: 0, until: rows.days.length } as TrainRange;
      const column = scaleRows(rows, all, { kind: "standard", columns: ["vol_1"] }).rows.columns["vol_1"]!;
      return { "scaled vol_1": { days: rows.days.slice(200), values: column.slice(200) } };
    },
  }, [days[210]!]);
  assertEquals(leaks.map(({ name, day }) => [name, day]), [["scaled vol_1", days[200]]]);

  const hourly = bars(1, 500);
  const early = findLeaks({
    ...hourly,
    run(records) {
      const { "weekly close": weekly } = hourly.run(records) as Record<string, PipelineOutputs[string]>;
      // Told on the first day of the week instead of its last.
      return {
        weekly: { ...weekly!, days: weekly!.days.map((day) => utcDay(Date.parse(day) - 6 * DAY_MS)) },
      };
    },
  }, [utcDay(5 * DAY_MS)]);
  assertEquals(early.map(({ name }) => name), ["weekly"]);
});
