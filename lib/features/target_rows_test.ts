import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import pl from "nodejs-polars";
import { QualityError } from "../core/errors.ts";
import { DAY_MS, utcDay } from "../core/time.ts";
import type { DailyCandle } from "./daily_frame.ts";
import { dailyColumns, targetRows } from "./target_rows.ts";
import { TARGET_NAMES, TARGETS } from "./targets.ts";

/** Candles whose numbers are all different. */
function candles(count: number): DailyCandle[] {
  return Array.from({ length: count }, (_, i) => {
    const open = 100 + 10 * Math.sin(i * i), close = 100 + 10 * Math.cos(i * i + 1);
    const high = Math.max(open, close) + 1 + i % 3, low = Math.min(open, close) - 1 - i % 5;
    return { day: utcDay(i * DAY_MS), open, high, low, close, volume: 5 + i % 11 };
  });
}

/** A realised volatility a day. */
function realised(count: number): pl.DataFrame {
  const timestamp = Array.from({ length: count }, (_, i) => i * DAY_MS);
  return pl.DataFrame([
    pl.Series("timestamp", timestamp, pl.Datetime("ms")),
    pl.Series("realised_volatility", timestamp.map((_, i) => i === 50 ? null : 0.01 + i / 1e4), pl.Float64),
  ]);
}

Deno.test("every target is the column of today, so many days later", () => {
  for (const target of TARGET_NAMES) {
    for (const horizon of [1, 3, 7]) {
      const { rows } = targetRows(candles(120), { target, horizon, realised: realised(120) });
      const today = rows.columns[TARGETS[target].today]!;
      const byDay = new Map(rows.days.map((day, i) => [day, today[i]!]));
      let compared = 0;
      for (const [i, day] of rows.days.entries()) {
        const then = byDay.get(utcDay(Date.parse(day) + horizon * DAY_MS));
        if (then === undefined) continue;
        assertEquals(rows.target[i], then, `${target} ${horizon} ${day}`);
        compared++;
      }
      assert(compared > 20, target);
      // The newest rows wait for their targets.
      assertEquals(rows.target.slice(-horizon), new Float64Array(horizon).fill(NaN));
    }
  }
});

Deno.test("targets by hand", () => {
  const made = candles(60), at = (i: number) => made[i]!;
  const [price, change, volatility] = (["price", "return", "volatility"] as const).map((target) =>
    targetRows(made, { target, horizon: 2 }).rows
  ) as [
    ReturnType<typeof targetRows>["rows"],
    ReturnType<typeof targetRows>["rows"],
    ReturnType<typeof targetRows>["rows"],
  ];
  const row = price.days.indexOf(at(40).day);
  assertEquals(price.target[row], at(42).close);
  assertAlmostEquals(change.target[row]!, Math.log(at(42).close / at(40).close), 1e-15);
  assertAlmostEquals(
    volatility.target[row]!,
    Math.log(at(42).high / at(42).low) / Math.sqrt(4 * Math.LN2),
    1e-15,
  );
});

Deno.test("weekend_next tells whether the day of the target is on a weekend", () => {
  for (const horizon of [1, 2, 6, 7, 10]) {
    const { rows } = targetRows(candles(80), { horizon });
    for (const [i, day] of rows.days.entries()) {
      const weekday = new Date(Date.parse(day) + horizon * DAY_MS).getUTCDay();
      assertEquals(rows.columns["weekend_next"]![i], weekday % 6 === 0 ? 1 : 0, `${horizon} ${day}`);
    }
  }
});

Deno.test("columns look back as far as they say, to the bit", () => {
  for (const horizon of [1, 40]) {
    const made = candles(200), changed = 100;
    const moved = made.map((candle, i) =>
      i !== changed
        ? candle
        : { ...candle, close: candle.low, high: candle.high * 1.2, volume: candle.volume * 9 }
    );
    const before = targetRows(made, { horizon }).rows, after = targetRows(moved, { horizon }).rows;
    const first = Date.parse(before.days[0]!) / DAY_MS;
    for (const { name, lookback_bars } of dailyColumns(horizon)) {
      const [a, b] = [before.columns[name]!, after.columns[name]!];
      assertEquals(b.slice(0, changed - first), a.slice(0, changed - first), `${name} knows the future`);
      const forgotten = changed + lookback_bars + 1 - first;
      assertEquals(b.slice(forgotten), a.slice(forgotten), `${name} remembers longer`);
    }
  }
});

Deno.test("a missing day empties the windows that touch it, and the row whose target it would be", () => {
  const made = candles(120), hole = made[60]!.day;
  const { rows, left_out } = targetRows(made.filter(({ day }) => day !== hole), { horizon: 3 });
  assertEquals(rows.days.includes(made[57]!.day), false);
  assertEquals(rows.days.includes(made[58]!.day), true);
  assertEquals(rows.days[rows.days.indexOf(made[59]!.day) + 1], made[90]!.day);
  assertEquals(left_out.length, 30 - 1 + 1 + 29);
  const known = rows.target.findLastIndex(Number.isFinite);
  assert(rows.target.slice(0, known).every(Number.isFinite));
});

Deno.test("lows and highs that cannot be are replaced and recorded, in order of time", () => {
  const made = candles(60);
  const broken = made.map((candle, i) =>
    i === 40
      ? { ...candle, low: candle.low / 3, high: candle.high * 3 }
      : i === 35
      ? { ...candle, high: Math.min(candle.open, candle.close), low: Math.max(candle.open, candle.close) }
      : candle
  );
  const { rows, touched } = targetRows(broken);
  const { open, close, low, high } = made[40]!, before = made[35]!;
  const [least, most] = [Math.min(open, close), Math.max(open, close)];
  const [least35, most35] = [Math.min(before.open, before.close), Math.max(before.open, before.close)];
  assertEquals(touched, [
    { day: before.day, column: "low", was: most35, now: least35 },
    { day: before.day, column: "high", was: least35, now: most35 },
    { day: made[40]!.day, column: "low", was: low / 3, now: least },
    { day: made[40]!.day, column: "high", was: high * 3, now: most },
  ]);
  const row = rows.days.indexOf(made[40]!.day);
  assertAlmostEquals(rows.columns["vol_1"]![row]!, Math.log(most / least) / Math.sqrt(4 * Math.LN2), 1e-15);
});

Deno.test("a day with one price only has no volatility and is no target; it empties the windows that it lies in", () => {
  const one = 60, made = candles(160);
  const flat = made.map((candle, i) => {
    const { close } = candle;
    // A day that hardly moved is another matter.
    if (i === 120) return { ...candle, open: close, high: close * (1 + 1e-6), low: close };
    return i === one ? { ...candle, open: close, high: close, low: close } : candle;
  });
  const { rows, one_price, left_out } = targetRows(flat);
  assertEquals(one_price, [made[one]!.day]);
  const kept = new Set(rows.days);
  for (const [i, { day }] of made.entries()) {
    // 29 days fill the first window; the day before has no target, and 30 have it in a window.
    assertEquals(kept.has(day), i >= 29 && !(i >= one - 1 && i < one + 30), day);
  }
  assertEquals(left_out.length, 29 + 1 + 30);
  assert(rows.target.slice(0, -1).every((value) => value >= 1e-4));
  assertEquals(rows.columns["vol_1"]![rows.days.indexOf(made[120]!.day)], 1e-4);
  // Of minutes that did not move, the same.
  const still = realised(160).withColumn(
    pl.when(pl.col("timestamp").eq(pl.lit(new Date(one * DAY_MS)))).then(pl.lit(0)).otherwise(
      pl.col("realised_volatility"),
    ).alias("realised_volatility"),
  );
  const days = targetRows(made, { target: "realised_volatility", realised: still });
  assertEquals(days.one_price, [made[one]!.day]);
});

Deno.test("series that are short, constant or unsound give no rows, or clear errors", () => {
  assertEquals(targetRows([]).rows.days, []);
  assertEquals(targetRows(candles(29)).rows.days, []);
  assertEquals(targetRows(candles(30)).rows.days.length, 1);
  const flat = candles(60).map((candle) => ({ ...candle, open: 7, high: 7, low: 7, close: 7 }));
  const { rows, one_price } = targetRows(flat);
  assertEquals([rows.days.length, one_price.length], [0, 60]);
  // A hole that is longer than every window.
  const broken = candles(160).filter((_, i) => i < 50 || i >= 110);
  assertEquals(targetRows(broken).rows.days.length, 50 - 29 - 1 + 50 - 29);

  const made = candles(60);
  const table: [rows: DailyCandle[], message: string][] = [
    [[made[1]!, made[0]!], "comes after a later one, sort the bars by time"],
    [[made[0]!, made[0]!], "the bar of 1970-01-01T00:00:00.000Z has two rows"],
    [[{ ...made[0]!, day: "1970-1-1" }], '"1970-1-1" is no day'],
    [[{ ...made[0]!, day: "1970-02-30" }], '"1970-02-30" is no day'],
    [[{ ...made[0]!, close: NaN }], "price that is not a number above zero"],
    [[{ ...made[0]!, high: Infinity }], "price that is not a number above zero"],
  ];
  for (const [rows, message] of table) assertThrows(() => targetRows(rows), QualityError, message);
  assertThrows(
    () => targetRows(made, { target: "realised_volatility" }),
    QualityError,
    "give what realisedVolatility()",
  );
  for (const horizon of [0, 1.5, -1, NaN]) {
    assertThrows(() => targetRows(made, { horizon }), RangeError, "days ahead");
  }
});
