import { assert, assertAlmostEquals, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ModelError } from "../core/errors.ts";
import { DAY_MS, utcDay } from "../core/time.ts";
import type { SeriesRows } from "../features/series_rows.ts";
import { fillGaussian } from "../sources/demo_rng.ts";
import { notSaved } from "./_test_models.ts";
import { drift, mean, naive, zero } from "./baselines.ts";
import { holdoutOf } from "./holdout.ts";
import { type Contestant, leaderboard, type LeaderboardOptions } from "./leaderboard.ts";

const noise = fillGaussian({ seed: 1, purpose: 7006, series: 0, index: 0 }, new Float64Array(2000));
const baseline = (make: Contestant["make"]): Contestant => ({ make, baseline: true, random: false });
const options: LeaderboardOptions = {
  ...{
    target: "return",
    today: "past_return",
    scale: "return",
    start: 400,
    refit_every: 50,
    seed: 1,
    seeds: 1,
  },
};

/** Rows whose target is the column, so many rows later. */
function rowsOf(name: string, column: Float64Array, horizon = 1): SeriesRows {
  const days = Array.from(column, (_, i) => utcDay(i * DAY_MS));
  const target = column.map((_, i) => column[i + horizon] ?? NaN);
  return { days, columns: { [name]: column, vol_1: noise.map(Math.abs) }, target, horizon };
}

Deno.test("a leaderboard of returns has no QLIKE, directions where there are any, and no NaN", () => {
  const rows = rowsOf("past_return", noise.map((z) => 0.001 + 0.03 * z));
  const board = leaderboard(rows, [zero, mean, () => naive("past_return")].map(baseline), options);
  const [first, second] = ["zero", "mean"].map((name) => board.models.find(({ model }) => model === name)!);
  assertEquals([first!.qlike, first!.direction, second!.qlike], [null, null, null]);
  const actual = rows.target.slice(400, 1999);
  assertEquals(second!.direction, actual.filter((value) => value > 0).length / actual.length);
  for (const { model, intervals } of board.models) {
    for (const [part, { coverage, width, forecasts }] of Object.entries(intervals)) {
      assert(width! > 0 && forecasts > 400, `${model} ${part}`);
      // Saying "as today" is off by little where today was calm.
      if (part === "all") assert(coverage! > 0.88 && coverage! < 0.92, `${model} ${coverage}`);
    }
  }
  for (const entry of board.models) {
    for (const value of [entry.mae, entry.rmse, entry.mase, entry.rmsse, entry.r2_oos]) {
      assert(Number.isFinite(value));
    }
  }
});

Deno.test("a leaderboard of prices serves persistence on a random walk, and drift where prices climb", () => {
  let price = 1000;
  const walk = noise.map((z) => price *= Math.exp(0.02 * z));
  const contestants = [() => naive("close"), () => drift("close")].map(baseline);
  const prices: LeaderboardOptions = { ...options, target: "price", today: "close", scale: "price" };
  const board = leaderboard(rowsOf("close", walk), contestants, prices);
  assertEquals(board.models.find(({ model }) => model === "persistence")!.direction, null);
  const climbing = leaderboard(
    rowsOf("close", walk.map((_, i) => 1000 + 5 * i + noise[i]!)),
    contestants,
    prices,
  );
  assertEquals([climbing.champion, climbing.models[0]!.direction! > 0.9], ["drift", true]);
});

Deno.test("a model that is better by luck is not champion, one that knows is", () => {
  const rows = rowsOf("past_return", noise.map((z) => 0.03 * z));
  const forecaster = (name: string, share: number): Contestant => ({
    make: () => ({
      ...notSaved,
      name,
      fit() {},
      predict: ({ target }, { from, until }) => target.slice(from, until).map((value) => share * value),
    }),
    baseline: false,
    random: false,
  });
  const upTo = { ...options, until: 1900 };
  const knowing = leaderboard(rows, [baseline(zero), forecaster("oracle", 0.1)], upTo);
  assertEquals(knowing.champion, "oracle");
  const lucky = leaderboard(rows, [baseline(zero), forecaster("lucky", 1e-17)], upTo);
  assertEquals(lucky.champion, "zero");
  assertStringIncludes(lucky.verdict, "No model beats zero");
});

Deno.test("what cannot be scored is refused in words, never a NaN", () => {
  const table: [rows: SeriesRows, message: string][] = [
    [rowsOf("past_return", new Float64Array(2000).fill(0.5)), "return never changes before"],
    [rowsOf("past_return", new Float64Array(5).fill(NaN)), "no target is known in 5 rows"],
    [
      { ...rowsOf("past_return", noise), target: noise.with(700, NaN) },
      `the target of ${utcDay(700 * DAY_MS)} is NaN`,
    ],
    [rowsOf("past_return", noise.slice(0, 300)), "beyond the last of 299 rows"],
  ];
  for (const [rows, message] of table) {
    assertThrows(() => leaderboard(rows, [baseline(zero)], options), ModelError, message);
  }
  const broken = { ...notSaved, name: "broken", fit() {}, predict: () => new Float64Array(50).fill(NaN) };
  assertThrows(
    () => leaderboard(rowsOf("past_return", noise), [baseline(() => broken)], options),
    ModelError,
    'Cannot score "broken": its forecast from',
  );
  // Too few steps for an interval: no coverage, and it says so.
  const few = leaderboard(rowsOf("past_return", noise.slice(0, 450)), [baseline(zero)], options);
  assertEquals(few.models[0]!.intervals.all, { coverage: null, width: null, forecasts: 0 });
});

Deno.test("a holdout is seen by nothing before it: its values change no number of the walk", () => {
  for (const horizon of [1, 7]) {
    const rows = rowsOf("past_return", noise.map((z) => 0.03 * z), horizon);
    const { start, from, to } = holdoutOf(rows, 365);
    assertEquals((Date.parse(to) - Date.parse(from)) / DAY_MS, 364);
    const contestants = [zero, mean, () => naive("past_return")].map(baseline);
    const board = leaderboard(rows, contestants, { ...options, until: start });
    assertEquals((Date.parse(from) - Date.parse(board.to)) / DAY_MS, horizon + 1);
    // Everything from the holdout's first day on is changed.
    const first = Date.parse(from) / DAY_MS;
    const changed = rowsOf("past_return", noise.map((z, i) => 0.03 * z * (i >= first ? 9 : 1)), horizon);
    assertEquals(leaderboard(changed, contestants, { ...options, until: start }), board);
    const final = leaderboard(rows, [baseline(zero)], { ...options, start });
    assertEquals(final.forecasts, 365);
    const actual = rows.target.slice(start).filter(Number.isFinite);
    assertAlmostEquals(
      final.models[0]!.mae,
      actual.reduce((sum, each) => sum + Math.abs(each), 0) / 365,
      1e-15,
    );
  }
  assertThrows(() => holdoutOf(rowsOf("v", noise), 2000), ModelError, "keep fewer");
});
