import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { ModelError } from "../../core/errors.ts";
import type { SeriesRows } from "../../features/series_rows.ts";
import { mae } from "../metrics.ts";
import type { ModelFiles } from "../model_files.ts";
import { firstRows } from "../_test_models.ts";
import { SMALL, waveRows } from "./_test_series.ts";
import { LstmModel, type LstmModelOptions } from "./lstm_model.ts";
import { lstmThreads } from "./threads.ts";

const V: LstmModelOptions = { columns: ["v"], learns: "value", ...SMALL };

function fitted(options: LstmModelOptions, rows: SeriesRows, until = rows.days.length - 1): LstmModel {
  const model = new LstmModel(options);
  model.fit(rows, firstRows(until));
  return model;
}

Deno.test("LstmModel learns a wave far better than persistence knows it", () => {
  const rows = waveRows(300);
  const model = fitted({ ...V, epochs: 40, patience: 40, dropout: 0 }, rows, 250);
  const forecasts = model.predict(rows, { from: 251, until: 299 });
  const actual = rows.target.slice(251, 299), asToday = rows.columns["v"]!.slice(251, 299);
  assert(mae(actual, forecasts) < 0.5 * mae(actual, asToday), String(mae(actual, forecasts)));
});

Deno.test("LstmModel.fit() gives the same weights bit for bit from one seed, whatever the threads, and others from another", async () => {
  const rows = waveRows(120);
  const once = fitted(V, rows).save();
  assertEquals(fitted(V, rows).save(), once);
  assertNotEquals(fitted({ ...V, seed: 2 }, rows).save()["weights.bin"], once["weights.bin"]);
  using _threads = await lstmThreads(2);
  assertEquals(fitted(V, rows).save(), once);
});

Deno.test("LstmModel.fit() and its scales read nothing from after the rows that it is given", () => {
  const rows = waveRows(150), until = 100;
  const known = fitted(V, rows, until).save();
  // The last training target is the value of day 100.
  const broken = (values: Float64Array, from: number) => values.map((value, row) => row > from ? NaN : value);
  const poisoned = {
    ...rows,
    columns: { v: broken(rows.columns["v"]!, until - 1) },
    target: broken(rows.target, until - 1),
  };
  assertEquals(fitted(V, poisoned, until).save(), known);
});

Deno.test("LstmModel keeps validation windows out of scales and training", () => {
  const rows = waveRows(120);
  const model = new LstmModel({ ...V, validationShare: 0.5, epochs: 1 });
  using training = model.startTraining(rows, firstRows(110));
  const late = { ...rows, columns: { v: rows.columns["v"]!.map((value, row) => row > 80 ? 50 : value) } };
  const other = new LstmModel({ ...V, validationShare: 0.5, epochs: 1 });
  using same = other.startTraining(late, firstRows(110));
  for (const each of [training, same]) for (const _ of each.run());
  assertEquals(same.network.getWeights(), training.network.getWeights());
  assertNotEquals(same.history.losses[0]!.validation, training.history.losses[0]!.validation);
});

Deno.test("LstmModel stops early, and keeps the weights of the best epoch", () => {
  const rows = waveRows(120);
  const model = new LstmModel({ ...V, epochs: 60, learningRate: 0.05, patience: 2 });
  using training = model.startTraining(rows, firstRows(119));
  const reports = [...training.run()];
  const { losses, best_epoch } = training.history;
  const validation = losses.map((each) => each.validation!);
  assertEquals(best_epoch, validation.indexOf(Math.min(...validation)) + 1);
  assertEquals(reports.length, best_epoch + 2);
  assertEquals(reports.at(-1)!.stopped, true);
  const until = new LstmModel({ ...V, epochs: best_epoch, learningRate: 0.05, patience: 60 });
  until.fit(rows, firstRows(119));
  model.take(training);
  assertEquals(model.predict(rows, { from: 50, until: 60 }), until.predict(rows, { from: 50, until: 60 }));
});

Deno.test("LstmModel leaves no window that jumps over a missing day, nor a tensor behind", () => {
  const rows = waveRows(120);
  const hole = (from: number, count: number): SeriesRows => {
    const keep = <T>(values: ArrayLike<T>) =>
      Array.from(values).filter((_, row) => row < from || row >= from + count);
    return {
      days: keep(rows.days),
      columns: { v: Float64Array.from(keep(rows.columns["v"]!)) },
      target: Float64Array.from(keep(rows.target)),
      horizon: 1,
    };
  };
  const model = new LstmModel({ ...V, validationShare: 0 });
  const windows = (some: SeriesRows) => {
    using training = model.startTraining(some, firstRows(some.days.length - 1));
    return training.windows;
  };
  assertEquals([windows(rows), windows(hole(50, 3))], [119 - 6, 119 - 3 - 2 * 6]);
  const before = tf.memory().numTensors;
  for (let i = 0; i < 20; i++) fitted({ ...V, epochs: 1 }, rows).predict(rows, { from: 60, until: 80 });
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("LstmModel forecasts several days one from the other", () => {
  const rows = waveRows(200), model = fitted({ ...V, epochs: 30, patience: 30, dropout: 0 }, rows, 150);
  const path = model.forecast(rows, 150, 5);
  const grown = { ...rows, columns: { v: rows.columns["v"]!.slice() } };
  for (let step = 0; step < 5; step++) {
    const [next] = model.predict(grown, { from: 150 + step, until: 151 + step });
    assert(Math.abs(next! - path[step]!) < 1e-5, `${step}: ${next} ${path[step]}`);
    grown.columns.v[151 + step] = next!;
  }
  // A hole in the days does not stand in the way.
  const holed = waveRows(200), kept = [...holed.days.keys()].filter((row) => row < 79 || row > 85);
  const pick = (values: Float64Array) => Float64Array.from(kept, (row) => values[row]!);
  const few = {
    days: kept.map((row) => holed.days[row]!),
    columns: { v: pick(holed.columns["v"]!) },
    horizon: 1,
  };
  const parted = { ...few, target: pick(holed.target) };
  assertEquals(fitted({ ...V, epochs: 1 }, parted, 150).forecast(parted, 160, 2).length, 2);
  const two = fitted({ ...V, columns: ["v", "noise"], epochs: 1 }, rows);
  assertThrows(() => two.forecast(rows, 150, 2), ModelError, "train with a horizon of 2 days instead");
});

Deno.test("LstmModel forecasts several days of a logarithm that somebody else has computed", () => {
  const rows = waveRows(120), v = rows.columns["v"]!;
  // Polars' ln and Math.log differ in the last bit here and there.
  const log_v = v.map((value, row) => Math.log(value) * (row % 3 === 0 ? 1 + Number.EPSILON : 1));
  const logs = { ...rows, columns: { log_v } };
  const model = fitted({ ...V, columns: ["log_v"], learns: "log", epochs: 1 }, logs);
  const [next, after] = model.forecast(logs, 110, 2);
  assertEquals(next, model.predict(logs, { from: 110, until: 111 })[0]);
  assert(after! > 0);
  const moved = { ...logs, columns: { log_v: log_v.map((value) => value + 1e-9) } };
  const other = fitted({ ...V, columns: ["log_v"], learns: "log", epochs: 1 }, moved);
  assertThrows(() => other.forecast(moved, 110, 2), ModelError, "the target is not tomorrow's value");
});

Deno.test("what LstmModel saves forecasts the same in stock tfjs and after loading", async () => {
  const rows = waveRows(120), model = fitted({ ...V, columns: ["v", "noise"] }, rows);
  const files = model.save(), at = { from: 60, until: 90 };
  const copy = new LstmModel({ columns: ["v", "noise"], learns: "value", units: 9 });
  copy.load(files);
  assertEquals(copy.settings, model.settings);
  assertEquals(copy.predict(rows, at), model.predict(rows, at));
  assertEquals(copy.save(), files);
  // Stock tfjs, from files in a folder, as anybody would load it.
  const { modelTopology, weightsManifest, userDefinedMetadata } = JSON.parse(
    new TextDecoder().decode(files["model.json"]),
  );
  const stock = await tf.loadLayersModel(tf.io.fromMemory({
    modelTopology,
    weightSpecs: weightsManifest[0].weights,
    weightData: files["weights.bin"]!.buffer,
  }));
  const { scales, target, settings } = userDefinedMetadata.lakebook;
  const forecasts = model.predict(rows, at);
  for (let row = at.from; row < at.until; row++) {
    const window = Array.from(
      { length: settings.lookBack },
      (_, i) =>
        ["v", "noise"].map((name, column) =>
          (rows.columns[name]![row - settings.lookBack + 1 + i]! - scales[column].offset) /
          scales[column].factor
        ),
    );
    const [value] = (stock.predict(tf.tensor3d([window])) as tf.Tensor).dataSync();
    const error = value! * target.factor + target.offset - forecasts[row - at.from]!;
    assert(Math.abs(error) < 1e-5, `${row}: ${error}`);
  }
  assertEquals(stock.layers.map((layer) => layer.getClassName()), [
    "LSTM",
    "Dropout",
    "LSTM",
    "Dropout",
    "Dense",
  ]);
  stock.dispose();
});

Deno.test("LstmModel says in plain words what it cannot use", () => {
  const rows = waveRows(60), range = firstRows(59);
  const withValue = (value: number, row: number): SeriesRows => ({
    ...rows,
    columns: { v: rows.columns["v"]!.map((old, i) => i === row ? value : old) },
  });
  const fit = (options: Partial<LstmModelOptions>, some = rows, at = range) => () =>
    new LstmModel({ ...V, ...options }).fit(some, at);
  const files = fitted(V, rows).save();
  const { weightsManifest: _, ...description } = JSON.parse(new TextDecoder().decode(files["model.json"]));
  const withoutWeights = new TextEncoder().encode(JSON.stringify(description));
  const load = (changed: ModelFiles) => () => new LstmModel(V).load(changed);
  const table: [act: () => void, Kind: new (message: string) => Error, message: string][] = [
    [fit({ lookBack: 60 }), ModelError, "59 rows hold 0 windows of 60 days"],
    [fit({ lookBack: 0 }), RangeError, "Cannot set lookBack: 0 is not a whole number from 1"],
    [fit({ epochs: 0 }), RangeError, "Cannot set epochs: 0"],
    [fit({ units: 2.5 }), RangeError, "Cannot set units: 2.5"],
    [fit({ dropout: 1 }), RangeError, "Cannot set dropout: 1"],
    [fit({ learningRate: -1 }), RangeError, "Cannot set learningRate: -1"],
    [fit({}, withValue(NaN, 30)), ModelError, "row 30 is NaN, fill it or leave the row out"],
    [fit({}, { ...rows, target: rows.target.map(() => 4) }), ModelError, "the target is 4 in all"],
    [
      fit({}, { ...rows, target: rows.target.map((v, i) => i === 20 ? NaN : v) }),
      ModelError,
      "1970-01-21 is NaN",
    ],
    [fit({ lookBack: 50_000, units: 512 }), ModelError, "lower one of them"],
    [fit({ columns: ["w"] }), RangeError, 'Cannot find column "w"'],
    [fit({ learningRate: 1e30, dropout: 0 }), ModelError, "lower learningRate"],
    [() => new LstmModel(V).predict(rows, range), ModelError, "it is not fitted"],
    [() => fitted(V, rows).predict(rows, { from: 5, until: 6 }), ModelError, "6 rows are known by then"],
    [load({}), ModelError, "model.json is missing or cut"],
    [load({ ...files, "model.json": files["model.json"]!.slice(0, 99) }), ModelError, "missing or cut"],
    [load({ ...files, "model.json": withoutWeights }), ModelError, "does not say which weights there are"],
    [load({ ...files, "weights.bin": files["weights.bin"]!.slice(4) }), ModelError, "bytes of"],
    [
      () => new LstmModel({ ...V, columns: ["noise"] }).load(files),
      ModelError,
      "trained on v, this one is shown noise",
    ],
  ];
  for (const [act, Kind, message] of table) assertThrows(act, Kind, message);
  const start = () => new LstmModel(V).startTraining(rows, range, { availableBytes: 1000 });
  assertThrows(start, ModelError, "are there, lower one of them");
});
