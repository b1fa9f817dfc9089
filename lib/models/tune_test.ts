import { assert, assertEquals, assertThrows } from "@std/assert";
import { ModelError } from "../core/errors.ts";
import type { SeriesRows } from "../features/series_rows.ts";
import { firstRows } from "./_test_models.ts";
import { modelNamed } from "./contestants.ts";
import { SMALL, waveRows } from "./lstm/_test_series.ts";
import { LstmModel } from "./lstm/lstm_model.ts";
import { gridOf, randomOf, tune } from "./tune.ts";

const CANDIDATES = gridOf({ lookBack: [3, 7], learningRate: [1e-6, 0.02] });
const make = (settings: object) =>
  new LstmModel({ columns: ["v"], learns: "value", ...SMALL, epochs: 6, ...settings });
const RANGE = firstRows(150);

/** The same rows up to the end of the range, and something else from there on. */
function changedAfter(rows: SeriesRows, until: number, value: number): SeriesRows {
  const change = (values: Float64Array) => values.map((old, row) => row < until ? old : value);
  return {
    ...rows,
    columns: Object.fromEntries(Object.entries(rows.columns).map(([name, values]) => [name, change(values)])),
    target: change(rows.target),
  };
}

Deno.test("tune() finds the choice that learns, and says what each came to", () => {
  const told: number[] = [];
  const tried = tune(waveRows(200), RANGE, {
    make,
    candidates: CANDIDATES,
    onTried: (_, done) => told.push(done),
  });
  assertEquals(tried[0]!.settings["learningRate"], 0.02);
  assertEquals(tried.map(({ mae }) => mae), tried.map(({ mae }) => mae).toSorted((a, b) => a! - b!));
  assertEquals(told, [1, 2, 3, 4]);
});

Deno.test("tune() never reads a row after the training range: other rows there change no bit of its answer", () => {
  const rows = waveRows(200), tried = tune(rows, RANGE, { make, candidates: CANDIDATES });
  for (const value of [NaN, 1e9, -1]) {
    assertEquals(
      tune(changedAfter(rows, RANGE.until, value), RANGE, { make, candidates: CANDIDATES }),
      tried,
    );
  }
  // The test of the test: one row earlier, and the answer changes or the models fail.
  const seen = () => tune(changedAfter(rows, RANGE.until - 1, 1e9), RANGE, { make, candidates: CANDIDATES });
  assert(JSON.stringify(seen()) !== JSON.stringify(tried));
});

Deno.test("tune() passes over choices that cannot be trained, and fails where none can", () => {
  const rows = waveRows(200);
  const tried = tune(rows, RANGE, { make, candidates: gridOf({ lookBack: [7, 500] }) });
  assertEquals(tried.map(({ settings }) => settings["lookBack"]), [7, 500]);
  assert(tried[1]!.problem!.includes("give more rows or a smaller look-back"));
  const none = () => tune(rows, RANGE, { make, candidates: gridOf({ lookBack: [500, 600] }) });
  assertThrows(none, ModelError, "none of 2 choices could be trained");
});

Deno.test("every model with settings to try accepts all of them", async () => {
  for (const name of ["forest", "gbt", "lstm"]) {
    for (const target of ["volatility", "price", "return"] as const) {
      const { make, space } = await modelNamed(name, target);
      for (const settings of randomOf(space!, 500, 1)) make(1, settings);
    }
  }
});
