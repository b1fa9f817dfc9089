import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { DAY_MS, utcDay } from "../core/time.ts";
import { fitScale, type ScalerKind, scaleRows } from "./scaler.ts";
import { splitByTime } from "./split_by_time.ts";

const values = Float64Array.of(3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 1000, -1000, 0);
const days = Array.from(values, (_, i) => utcDay(i * DAY_MS));
/** The first ten rows. */
const { train } = splitByTime(days, { testShare: 0.25, embargoDays: 1 });

Deno.test("fitScale() equals scikit-learn 1.9.1 on the training rows, whatever comes later", () => {
  const table: [kind: ScalerKind, offset: number, factor: number][] = [
    ["standard", 3.9, 2.3430749027719964],
    ["min_max", 1, 8],
    ["robust", 3.5, 2.75],
  ];
  assertEquals(train.until, 10);
  for (const [kind, offset, factor] of table) {
    const scale = fitScale(values, train, kind);
    assertAlmostEquals(scale.offset, offset, 1e-14, kind);
    assertAlmostEquals(scale.factor, factor, 1e-14, kind);
  }
});

Deno.test("a column that never varies is moved and not stretched; one that is no number is refused", () => {
  assertEquals(fitScale(new Float64Array(13).fill(7), train, "standard"), { offset: 7, factor: 1 });
  for (const bad of [NaN, Infinity]) {
    assertThrows(() => fitScale(values.with(3, bad), train, "min_max"), RangeError, "rows 0 to 10");
  }
});

Deno.test("scaleRows() scales some columns and leaves the others, the target and the rows as they were", () => {
  const rows = { days, columns: { a: values, b: values }, target: values, horizon: 1 };
  const before = JSON.stringify(rows);
  const { rows: moved, scales } = scaleRows(rows, train, { kind: "min_max", columns: ["a"] });
  assertEquals([Object.keys(scales), moved.columns["a"]![5], moved.columns["b"]![5]], [["a"], 1, 9]);
  assert(moved.target === rows.target);
  assertEquals(JSON.stringify(rows), before);
});

Deno.test("a scaler cannot be written down for rows that were not split", () => {
  // @ts-expect-error: any range of rows is no training range
  fitScale(values, { from: 0, until: 13 }, "standard");
  const { test } = splitByTime(days, { embargoDays: 1 });
  // @ts-expect-error: nor are the test rows
  fitScale(values, test, "standard");
});
