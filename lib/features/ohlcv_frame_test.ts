import { assertEquals, assertThrows } from "@std/assert";
import pl from "nodejs-polars";
import { QualityError } from "../core/errors.ts";
import { ohlcvFrame } from "./ohlcv_frame.ts";
import { realisedVolatility } from "./realised_volatility.ts";
import { resampleBars } from "./resample.ts";
import { timeframe } from "./timeframe.ts";

const HOUR = 3_600_000;
const sound = {
  timestamp: [0, HOUR, 2 * HOUR] as number[],
  open: [100, 101, 102] as (number | null)[],
  high: [103, 104, 105] as (number | null)[],
  low: [99, 98, 97] as (number | null)[],
  close: [101, 102, 103] as (number | null)[],
  volume: [1, 0, 2] as (number | null)[],
};

Deno.test("ohlcvFrame() refuses bars that are not sound and names the first", () => {
  const table: [change: Partial<typeof sound>, message: string][] = [
    [{ timestamp: [0, 2 * HOUR, HOUR] }, "the bar of 1970-01-01T01:00:00.000Z comes after a later one, sort"],
    [{ timestamp: [0, HOUR, HOUR] }, "the bar of 1970-01-01T01:00:00.000Z has two rows"],
    [{ timestamp: [0, HOUR, 2 * HOUR + 1] }, "02:00:00.001Z does not start a bar of 1h"],
    [{ close: [101, NaN, 103] }, "01:00:00.000Z has a price that is not a number above zero"],
    [{ high: [103, Infinity, 105] }, "a price that is not a number above zero"],
    [{ low: [99, 0, 97] }, "a price that is not a number above zero"],
    [{ open: [-100, 101, 102] }, "the bar of 1970-01-01T00:00:00.000Z has a price"],
    [{ volume: [1, -1, 2] }, "has a volume"],
    [{ volume: [1, NaN, 2] }, "has a volume"],
    [{ close: [101, null, 103] }, "has some prices and lacks others"],
    // As many nulls in each column, in different bars.
    [
      { open: [null, 101, 102], high: [103, null, 105], low: [99, 98, null], close: [null, 102, 103] },
      "00:00:00.000Z has some prices and lacks others",
    ],
  ];
  for (const [change, message] of table) {
    assertThrows(() => ohlcvFrame({ ...sound, ...change }, "1h"), QualityError, message);
  }
  const frame = ohlcvFrame(sound, "1h");
  for (const use of [(bad: pl.DataFrame) => resampleBars(bad, "1d"), realisedVolatility]) {
    assertThrows(() => use(frame.drop("close")), QualityError, 'no column "close" among timestamp, open');
    assertThrows(() => use(frame.sort("timestamp", true)), QualityError, "comes after a later one");
  }
});

Deno.test("ohlcvFrame() takes times, milliseconds, and rows that stand for missing bars", () => {
  const frame = ohlcvFrame(sound, "1h");
  const milliseconds = frame.withColumn(pl.col("timestamp").cast(pl.Int64));
  assertEquals(ohlcvFrame(milliseconds, "1h").toString(), frame.toString());
  const micro = frame.withColumn(pl.col("timestamp").cast(pl.Datetime("us")));
  assertEquals(ohlcvFrame(micro, "1h").toString(), frame.toString());
  const hole = { ...sound, timestamp: [0, HOUR, 3 * HOUR] };
  const once = ohlcvFrame(hole, "1h");
  assertEquals([once.height, once.getColumn("close").nullCount()], [4, 1]);
  assertEquals(ohlcvFrame(once, "1h").toString(), once.toString());
});

Deno.test("no bars at all make empty frames", () => {
  const none = { timestamp: [], open: [], high: [], low: [], close: [], volume: [] };
  const frame = ohlcvFrame(none, "1h");
  assertEquals(frame.height, 0);
  assertEquals([resampleBars(frame, "1d").height, realisedVolatility(frame).height], [0, 0]);
});

Deno.test("bars of any length start where timeframe() says, wherever the data begin", () => {
  for (const length of ["5h", "7h", "3d", "10d", "2w", "7m", "1w", "4h"]) {
    const step = length.endsWith("m") ? 60_000 : HOUR;
    for (const first of [0, 5 * HOUR, 20_000 * HOUR]) {
      const timestamp = Array.from({ length: 1500 }, (_, i) => first + i * step),
        price = timestamp.map(() => 1);
      const bars = ohlcvFrame(
        { timestamp, open: price, high: price, low: price, close: price, volume: price },
        step === HOUR ? "1h" : "1m",
      );
      const longer = resampleBars(bars, length);
      assertEquals(ohlcvFrame(longer, length).height, longer.height);
    }
  }
});

Deno.test("timeframe() knows lengths and refuses what is none", () => {
  assertEquals([timeframe("5m").ms, timeframe("1d").ms, timeframe("1w").origin_ms], [
    300_000,
    86_400_000,
    345_600_000,
  ]);
  for (const bad of ["", "1M", "0h", "1.5h", "h", "-1d", "1mo", "5 m"]) {
    assertThrows(() => timeframe(bad), SyntaxError, "as a length of bars");
  }
});
