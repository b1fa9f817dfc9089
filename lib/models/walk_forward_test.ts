import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { notSaved } from "./_test_models.ts";
import { ModelError } from "../core/errors.ts";
import { ewma, mean } from "./baselines.ts";
import { tunedModel } from "./tuned_model.ts";
import { walkFolds, walkForward } from "./walk_forward.ts";

/** Rows of a column that is its own target so many rows later. */
function rowsOf(column: Float64Array, horizon = 1) {
  const days = Array.from(column, (_, i) => new Date(86_400_000 * i).toISOString().slice(0, 10));
  return { days, columns: { v: column }, target: column.map((_, i) => column[i + horizon] ?? NaN), horizon };
}

Deno.test("walkFolds() learns from no target that is not known an embargo before the first test row", () => {
  fc.assert(
    fc.property(
      fc.record({
        rows: fc.integer({ min: 90, max: 200 }),
        horizon: fc.integer({ min: 1, max: 12 }),
        start: fc.integer({ min: 30, max: 59 }),
        refit_every: fc.integer({ min: 1, max: 40 }),
        embargo: fc.integer({ min: 0, max: 12 }),
        window: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
        first: fc.integer({ min: 0, max: 5 }),
        holdout: fc.integer({ min: 0, max: 20 }),
      }),
      ({ rows, horizon, window, holdout, ...options }) => {
        const folds = walkFolds({ rows, horizon }, {
          ...options,
          until: rows - holdout,
          ...(window === undefined ? {} : { window }),
        });
        let next = options.start;
        for (const { train, test } of folds) {
          assertEquals(test.from, next, "test rows follow one another");
          next = test.until;
          // The last row that is learnt from has its target on row `until − 1 + horizon`.
          assertEquals(train.until - 1 + horizon, test.from - options.embargo);
          assert(train.from >= options.first);
          if (window === undefined) assertEquals(train.from, options.first);
          else assertEquals(train.until - train.from, Math.min(window, train.until - options.first));
        }
        assertEquals(next, rows - holdout, "the walk ends where the holdout begins");
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("walkFolds() refuses options that are no whole numbers, and walks without anything to learn", () => {
  const walk = { start: 20, refit_every: 5 };
  for (const [name, value] of [["refit_every", 0], ["embargo", -1], ["window", 0], ["first", 0.5]] as const) {
    assertThrows(
      () => walkFolds({ rows: 50, horizon: 1 }, { ...walk, [name]: value }),
      RangeError,
      `${name} is ${value}`,
    );
  }
  assertThrows(() => walkFolds({ rows: 50, horizon: 0 }, walk), RangeError, "horizon is 0");
  assertThrows(() => walkFolds({ rows: 50, horizon: 21 }, walk), ModelError, "start later");
  assertThrows(
    () => walkFolds({ rows: 50, horizon: 1 }, { ...walk, start: 50 }),
    ModelError,
    "beyond the last of 50 rows",
  );
});

Deno.test("a rolling window forgets: the mean of it follows a level that an expanding one averages", () => {
  const step = Float64Array.from({ length: 100 }, (_, i) => i < 50 ? 1 : 3);
  const at90 = (window?: number) => {
    const folds = walkFolds({ rows: 99, horizon: 1 }, {
      start: 90,
      refit_every: 9,
      ...(window && { window }),
    });
    return walkForward(mean(), rowsOf(step), folds).forecasts[0];
  };
  assertEquals([at90(20), at90()], [3, (49 + 41 * 3) / 90]);
});

Deno.test("tunedModel() chooses by inner folds in the training rows, whatever the test rows would say", () => {
  // Today tells tomorrow in the first half, the mean in the second.
  const column = Float64Array.from(
    { length: 240 },
    (_, i) => i < 160 ? 2 + Math.sin(i / 20) : i % 2 === 0 ? 1 : 3,
  );
  const chosen: number[] = [];
  const model = () =>
    tunedModel("tuned", [0, 0.94].map((lambda) => ewma("v", lambda)), {
      onChosen: (best) => chosen.push(best),
    });
  const folds = walkFolds({ rows: 239, horizon: 1 }, { start: 150, refit_every: 40 });
  const before = walkForward(model(), rowsOf(column), folds).forecasts;
  assertEquals(chosen[0], 0);
  // Half of the training rows of the last fold swing.
  assertEquals(chosen.at(-1), 1);
  const later = column.map((value, i) => i > 150 ? value * 5 : value);
  assertEquals(walkForward(model(), rowsOf(later), folds).forecasts[0], before[0]);
  assertThrows(() => tunedModel("tuned", []), ModelError, "no candidate");
});

Deno.test("tunedModel() keeps a horizon between inner training rows and inner test rows", () => {
  const seen: { train: number; test: number }[] = [];
  let train = 0;
  const spy = {
    ...notSaved,
    name: "spy",
    fit: (_: unknown, { until }: { until: number }) => void (train = until),
    predict: (_: unknown, at: { from: number; until: number }) => {
      seen.push({ train, test: at.from });
      return new Float64Array(at.until - at.from).fill(1);
    },
  };
  const rows = rowsOf(Float64Array.from({ length: 120 }, (_, i) => 1 + i % 3), 7);
  walkForward(
    tunedModel("tuned", [spy]),
    rows,
    walkFolds({ rows: 113, horizon: 7 }, { start: 100, refit_every: 20 }),
  );
  assertEquals(seen.length, 3 + 1);
  for (const { train, test } of seen) assertEquals(train, test - 7 + 1);
});
