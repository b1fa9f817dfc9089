import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { LakebookError, QualityError, SourceError, UsageError } from "../core/errors.ts";
import type { Candle } from "../core/rows.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../core/time.ts";
import { LAYOUTS, splitSymbol, symbolInName } from "./candle_layout.ts";
import { detectLayout, type DetectOptions } from "./candle_layout_detect.ts";
import { lineReader } from "./candle_layout_lines.ts";

const START = Date.UTC(2025, 0, 1);
const LATEST = Date.UTC(2026, 0);

function stamp(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace("T", " ");
}

function hourStamp(time: number): string {
  const hour = new Date(time).getUTCHours();
  return `${stamp(time).slice(0, 10)} ${String(hour % 12 || 12).padStart(2, "0")}-${hour < 12 ? "AM" : "PM"}`;
}

/** How each layout writes a bar. */
const WRITERS: Record<string, { head: string[]; step: number; row: (candle: Candle) => string }> = {
  lakebook: {
    head: ["time,open,close,high,low,volume"],
    step: MINUTE_MS,
    row: (c) => [c.time, c.open, c.close, c.high, c.low, c.volume].join(),
  },
  cryptodatadownload: {
    head: [
      "Timestamps are UTC timezone,https://www.CryptoDataDownload.com",
      "Date,Symbol,Open,High,Low,Close,Volume BTC,Volume USD",
    ],
    step: HOUR_MS,
    row: (c) => [hourStamp(c.time), "BTCUSD", c.open, c.high, c.low, c.close, c.volume, 7].join(),
  },
  binance: {
    head: [],
    step: MINUTE_MS,
    row: (c) => [c.time, c.open, c.high, c.low, c.close, c.volume, c.time + 59_999, 1, 2, 3, 4, 0].join(),
  },
  unix_timestamp: {
    head: ["timestamp,open,close,volume,unix_timestamp,high,low"],
    step: DAY_MS,
    row: (c) => [stamp(c.time), c.open, c.close, c.volume, c.time / 1000, c.high, c.low].join(),
  },
  hive_daily: {
    head: ["date,open,high,low,close,volume"],
    step: DAY_MS,
    row: (c) => [stamp(c.time), c.open, c.high, c.low, c.close, c.volume].join(),
  },
  bitfinex: {
    head: [],
    step: MINUTE_MS,
    row: (c) => [c.time, c.open, c.close, c.high, c.low, c.volume].join(),
  },
};

function bars(count: number, step = MINUTE_MS): Candle[] {
  return Array.from({ length: count }, (_, i) => ({
    time: START + i * step,
    open: 10,
    close: 11,
    high: 12,
    low: 9,
    volume: 5.25,
  }));
}

function lines(layout: string, candles = bars(6, WRITERS[layout]!.step)): string[] {
  const { head, row } = WRITERS[layout]!;
  return [...head, ...candles.map(row)];
}

function detect(head: readonly string[], options: Partial<DetectOptions> = {}) {
  return detectLayout(head, { name: "BTCUSD.csv", latestMs: LATEST, ...options });
}

Deno.test("LAYOUTS each have a writer in these tests, a name of their own and a stated volume unit", () => {
  assertEquals(LAYOUTS.map(({ name }) => name).toSorted(), Object.keys(WRITERS).toSorted());
  for (const { about, volume_unit } of LAYOUTS) assert(about.length > 20 && volume_unit === "base coin");
});

Deno.test("detectLayout() tells every layout from its own rows, asked for or not, and reads them alike", () => {
  for (const [name, { head, step }] of Object.entries(WRITERS)) {
    for (const layout of [undefined, name]) {
      const fit = detect(lines(name), { layout });
      assertEquals([fit.layout.name, fit.symbol, fit.skip, fit.rejects], [name, "BTCUSD", head.length, []]);
      assertEquals(fit.volume_unit, "BTC (base coin)");
      assertEquals(fit.confidence, layout ? "forced" : head.length > 0 ? "header" : "shape");
      assertEquals(fit.rows.map(({ candle }) => candle), bars(6, step));
    }
  }
});

Deno.test("detectLayout() gives its reasons in sentences", () => {
  assertEquals(
    detect(lines("cryptodatadownload").toSpliced(2, 6, ...lines("cryptodatadownload").slice(2).reverse()))
      .evidence,
    [
      'line 1 is a banner: "Timestamps are UTC timezone,https://www.CryptoDataDownload.com"',
      "line 2 is a header that names Date, Open, Close, High, Low, Volume BTC (8 columns)",
      "column 1 has stamps such as 2025-01-01 05-AM: UTC",
      "column 2 names the market BTCUSD",
      "the commonest step is 3600 s, 5 of 5: 1h bars",
      "newest first",
      "volume counts BTC (base coin), as its column says",
    ],
  );
  assertEquals(detect(lines("unix_timestamp")).evidence.slice(0, 3), [
    "line 1 is a header that names unix_timestamp, open, close, high, low, volume (7 columns)",
    "column 5 has times such as 1735689600: seconds",
    "column 1, read as UTC, says the same in 6 of 6 rows",
  ]);
  assertEquals(detect(lines("binance")).evidence.slice(0, 3), [
    "line 1 holds numbers: there is no header",
    "column 1 has 13 digits: milliseconds",
    "column 7 is a later time in the same unit: the bar's close",
  ]);
});

Deno.test("detectLayout() takes Binance rows with a header and in microseconds", () => {
  const header = LAYOUTS.find(({ name }) => name === "binance")!.columns.join();
  const micro = bars(3).map((candle) =>
    WRITERS.binance!.row(candle).replace(String(candle.time), `${candle.time}000`).replace(
      String(candle.time + 59_999),
      `${candle.time + 59_999}999`,
    )
  );
  for (const head of [[header, ...lines("binance", bars(3))], micro, [header, ...micro]]) {
    const fit = detect(head, { name: "BTCUSDT-1m-2025-01.csv" });
    assertEquals([fit.layout.name, fit.symbol, fit.timeframe], ["binance", "BTCUSDT", "1m"]);
    assertEquals(fit.rows.map(({ candle }) => candle), bars(3));
  }
});

Deno.test("detectLayout() takes lakebook columns in any order, other separators, quotes and blank lines", () => {
  const { time } = bars(1)[0]!;
  const rows = [`9,12,5.25,11,10,${time}`, "", `9,12,5.25,11,10,${time + MINUTE_MS}`];
  for (const mark of [",", ";", "\t", "|"]) {
    const fit = detect(
      ["", ' Low ,HIGH,volume,"close",open,time', ...rows].map((line) => line.replaceAll(",", mark)),
    );
    assertEquals(fit.rows.map(({ candle }) => candle), bars(2));
    assertEquals(fit.rows.map(({ line }) => line), [3, 5]);
  }
});

Deno.test("detectLayout() finds the volume of the base coin by the market's name", () => {
  const table: [symbol: string, volumes: string, unit: string, volume: number][] = [
    ["BTCUSD", "Volume BTC,Volume USD", "BTC (base coin)", 1],
    ["BTCUSD", "Volume USD,Volume BTC", "BTC (base coin)", 2],
    ["ETH/BTC", "Volume BTC,Volume ETH", "ETH (base coin)", 2],
    ["ETHUSDT", "Volume ETH,Volume USDT,tradecount", "ETH (base coin)", 1],
  ];
  for (const [symbol, volumes, unit, volume] of table) {
    const fit = detect([
      `Date,Symbol,Open,High,Low,Close,${volumes}`,
      `2025-01-01 00:00:00,${symbol},10,12,9,11,1,2${volumes.includes("count") ? ",3" : ""}`,
    ], { name: "x.csv" });
    assertEquals([fit.volume_unit, fit.rows[0]!.candle.volume, fit.symbol], [unit, volume, symbol]);
  }
  const error = assertThrows(
    () => detect(["Date,Symbol,Open,High,Low,Close,Volume USD", "2025-01-01,BTCUSD,1,1,1,1,1"]),
    QualityError,
  );
  assertStringIncludes(error.message, "cryptodatadownload: line 1 does not name volume_<coin>");
});

Deno.test("detectLayout() measures the bars of a file with gaps, and leaves a few rows to the file's name", () => {
  const minutes = (...at: number[]) =>
    lines("bitfinex", at.map((i) => ({ ...bars(1)[0]!, time: START + i * MINUTE_MS })));
  const table: [head: string[], name: string, timeframe: string | null][] = [
    [minutes(0, 7, 14, 21, 30, 37), "x.csv", "1m"],
    [minutes(0, 10, 20, 40, 50), "x.csv", "5m"],
    [minutes(0, 10, 20, 40, 50), "x_1m.csv", "1m"],
    [minutes(0, 1, 1, 1, 0), "x.csv", "1m"],
    [minutes(10, 0, 15, 25, 5, 20), "x.csv", "5m"],
    [minutes(0, 10, 20, 30, 40), "x_5m.csv", "5m"],
    [minutes(0), "x.csv", null],
    [minutes(0), "BTCUSDT-1h-2025.csv", "1h"],
    [minutes(0, 9), "x.csv", null],
    [minutes(60, 0), "x_1m.csv", "1h"],
  ];
  for (const [head, name, timeframe] of table) {
    assertEquals([name, detect(head, { name }).timeframe], [name, timeframe]);
  }
  for (const step of [10, 480]) {
    const head = minutes(...Array.from({ length: 40 }, (_, i) => i * step));
    assertThrows(() => detect(head, { name: "x.csv" }), QualityError, `its bars are ${step * 60} s apart`);
  }
});

const HEADER = "time,open,close,high,low,volume";
const FIFTY = Array.from({ length: 50 }, (_, i) => `c${i}`).join();

const REFUSED: [
  what: string,
  head: string[],
  error: typeof QualityError | typeof SourceError,
  text: string,
][] = [
  ["nothing", [], SourceError, "it holds no rows"],
  ["blank lines", ["", " "], SourceError, "it holds no rows"],
  ["a header only", [HEADER, ""], SourceError, "it has a header but no rows"],
  ["binary data", ["time,open\0"], QualityError, "line 1 holds bytes that are no text"],
  [
    "50 columns",
    [FIFTY, FIFTY],
    QualityError,
    "(50 cells); looked for lakebook: line 1 does not name time, open",
  ],
  ["50 numbers", [FIFTY.replaceAll("c", "")], QualityError, "bitfinex: line 1 has 50 cells, it has 6"],
  [
    "prose",
    ["Dear reader, these are prices"],
    QualityError,
    "Name the layout with --layout (lakebook, crypto",
  ],
  ["a column twice", [`${HEADER},close`, `${START},1,1,1,1,1,1`], QualityError, "line 1 names close twice"],
  [
    "open, high, low, close without a header",
    bars(5).map((c) => [c.time, c.open, c.high, c.low, c.close, c.volume].join()),
    QualityError,
    "columns 2 to 5 fit open, close, high, low only in 0 of 5 rows, but open, high, low, close in 5",
  ],
  [
    "two markets",
    [...lines("cryptodatadownload"), lines("cryptodatadownload").at(-1)!.replace("BTCUSD", "ETHUSD")],
    QualityError,
    "it holds two markets, BTCUSD (line 3) and ETHUSD (line 9)",
  ],
  [
    "milliseconds, then microseconds",
    [...lines("binance"), lines("binance")[5]!.replace("1735689900000", "1735689900000000")],
    QualityError,
    "its times are in milliseconds from line 1 on, but in microseconds on line 7 (1735689900000000)",
  ],
  [
    "milliseconds, then seconds",
    [...lines("lakebook"), `${START / 1000},10,11,12,9,5`],
    QualityError,
    "but in seconds on line 8",
  ],
  [
    "seconds for milliseconds",
    [HEADER, `${START / 1000},10,11,12,9,5`],
    QualityError,
    "look like seconds, layout lakebook has milliseconds; multiply them by 1000",
  ],
  [
    "no candle at all",
    [HEADER, `${START},0,11,12,9,5`, `x,1,1,1,1,1`],
    QualityError,
    "none of its first 2 rows is a candle (line 2: price_not_positive, open is 0)",
  ],
  [
    "bars of ten seconds",
    lines("lakebook", bars(9, 10_000)),
    QualityError,
    "its bars are 10 s apart, give bars of one of 1m, 3m",
  ],
  [
    "weekly bars",
    lines("lakebook", bars(9, 7 * DAY_MS)),
    QualityError,
    "its bars are 604800 s apart",
  ],
  [
    "a banner of another zone",
    lines("cryptodatadownload").with(0, "Timestamps are EST timezone"),
    QualityError,
    'the banner "Timestamps are EST timezone" speaks of a zone that is not UTC',
  ],
  [
    "one day among others that does not begin at 00:00",
    lines("hive_daily").with(3, "2025-01-03 05:00:00,10,12,9,11,5"),
    QualityError,
    "05:00 on 1 row (first on line 4): local time; name its zone with --timezone (--timezone UTC takes the days",
  ],
  [
    "hours under date",
    lines("hive_daily", bars(5, HOUR_MS)),
    QualityError,
    "its bars are 3600 s apart, layout hive_daily holds days",
  ],
];

Deno.test("detectLayout() refuses each kind of unusable file in its own words", () => {
  for (const [what, head, ErrorClass, text] of REFUSED) {
    const error = assertThrows(() => detect(head), ErrorClass, text);
    assertStringIncludes(error.message, "BTCUSD.csv", what);
  }
});

Deno.test("detectLayout() with a layout asked for says what does not fit it", () => {
  assertThrows(() => detect(lines("binance"), { layout: "binanse" }), UsageError, "choose one of lakebook,");
  assertThrows(
    () => detect(lines("binance"), { layout: "bitfinex" }),
    QualityError,
    'Cannot read "BTCUSD.csv" with --layout bitfinex: line 1 is "1735689600000,10,12',
  );
  assertThrows(
    () => detect(lines("bitfinex"), { layout: "lakebook" }),
    QualityError,
    "its header should stand",
  );
});

/** Days at 00:00 UTC as the clocks of a zone show them. */
function localDays(timezone: string, count = 400): string[] {
  const clock = new Intl.DateTimeFormat("sv-SE", {
    timeZone: timezone,
    dateStyle: "short",
    timeStyle: "medium",
  });
  return [
    "date,open,high,low,close,volume",
    ...bars(count, DAY_MS).map((c) => `${clock.format(c.time)},10,12,9,11,5.25`),
  ];
}

Deno.test("detectLayout() refuses days in local time, tells the zone that fits, and reads them with it", () => {
  for (const zone of ["Europe/Madrid", "America/New_York", "Asia/Kolkata"]) {
    const head = localDays(zone, 300);
    const error = assertThrows(
      () => detect(head),
      QualityError,
      `all of these rows are 00:00 UTC in ${zone}`,
    );
    assertEquals(error.message.includes("jump as daylight saving does"), zone !== "Asia/Kolkata");
    const fit = detect(head, { timezone: zone });
    assertEquals(fit.rows.map(({ candle }) => candle), bars(300, DAY_MS));
    assertEquals(fit.evidence[1], `300 of 300 stamps, read as local time of ${zone}, are 00:00 UTC`);
  }
  assertThrows(
    () => detect(localDays("Europe/Madrid"), { timezone: "Asia/Tokyo" }),
    QualityError,
    "only 0 of 400 stamps begin a UTC day (line 2: 2025-01-01 01:00 in Asia/Tokyo is 16:00 UTC",
  );
});

Deno.test("detectLayout() takes a zone only where it exists and where stamps are local", () => {
  assertThrows(() => detect(lines("hive_daily"), { timezone: "Europe/Madird" }), UsageError, "no such zone");
  assertThrows(
    () => detect(lines("lakebook"), { timezone: "Europe/Madrid" }),
    UsageError,
    "leave --timezone away",
  );
  assertEquals(detect(lines("hive_daily"), { timezone: "UTC" }).rows.length, 6);
});

Deno.test("lineReader() refuses bad rows by reason and goes on", () => {
  const table: [layout: string, text: string, reason: string][] = [
    ["lakebook", `${START},10,11,12,9`, "wrong_cell_count"],
    ["lakebook", `${START},10,11,12,9,5,6`, "wrong_cell_count"],
    ["lakebook", `${START},10,11,12,9,`, "missing_value"],
    ["lakebook", ",10,11,12,9,5", "missing_value"],
    ["lakebook", HEADER, "not_a_number"],
    ["lakebook", "42,10,11,12,9,5", "time_out_of_range"],
    ["lakebook", `${LATEST + 1},10,11,12,9,5`, "time_out_of_range"],
    ["bitfinex", `${START},10,11,8,9,5`, "high_below_low"],
    ["binance", `${START},10,12,9,11,-1,0,0,0,0,0,0`, "negative_volume"],
    ["cryptodatadownload", "2025-01-01 25-AM,BTCUSD,10,12,9,11,5,7", "not_a_time"],
    ["hive_daily", "2025-01-01 01:00:00,10,12,9,11,5", "not_utc_midnight"],
  ];
  for (const [layout, text, reason] of table) {
    const read = lineReader(detect(lines(layout)).rules);
    const result = read(text, 5);
    assert("reject" in result, text);
    assertEquals([text, result.reject.reason, result.reject.line], [text, reason, 5]);
    assert("candle" in read(lines(layout).at(-1)!, 6));
  }
});

Deno.test("lineReader() reads what each layout writes, whatever the numbers", () => {
  const price = fc.double({ min: 1e-9, max: 1e9, noNaN: true });
  const candle = fc.record({
    slot: fc.integer({ min: 0, max: 4000 }),
    prices: fc.array(price, { minLength: 4, maxLength: 4 }),
    volume: fc.double({ min: 0, max: 1e15, noNaN: true }),
  });
  for (const [name, { step }] of Object.entries(WRITERS)) {
    const read = lineReader({ ...detect(lines(name)).rules, latestMs: Date.UTC(2100, 0) });
    fc.assert(
      fc.property(candle, ({ slot, prices, volume }) => {
        const [low, open, close, high] = prices.toSorted((a, b) => a - b);
        const bar = { time: START + slot * step, open: open!, close: close!, high: high!, low: low!, volume };
        assertEquals(read(WRITERS[name]!.row(bar), 9), { candle: bar, further: [] });
      }),
      { seed: 1, numRuns: 200 },
    );
  }
});

Deno.test("lineReader() gives any text a side: a candle whose numbers make sense, or a reject with line and text", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.constantFrom(
      "10",
      "1e400",
      "-1",
      "NaN",
      "",
      '"',
      "2025-01-01",
      "2025-02-30 12-AM",
      String(START),
      "0x10",
    ),
  );
  for (const name of Object.keys(WRITERS)) {
    const { rules } = detect(lines(name));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 13 }), fc.nat(9), (cells, at) => {
        const good = lines(name).at(-1)!.split(",");
        const text = [...good.slice(0, at), ...cells, ...good.slice(at + cells.length)].join();
        const result = lineReader(rules)(text, 7);
        if ("reject" in result) return assertEquals([result.reject.line, result.reject.raw], [7, text]);
        const { time, open, close, high, low, volume } = result.candle;
        assert([time, open, close, high, low, volume].every(Number.isFinite));
        assert(time <= LATEST && open > 0 && close > 0 && low > 0 && high >= low && volume >= 0);
      }),
      { seed: 2, numRuns: 300 },
    );
  }
});

Deno.test("detectLayout() answers any text with a fit or an error of its own", () => {
  const line = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(...Object.keys(WRITERS).flatMap((name) => lines(name))),
    fc.array(fc.constantFrom("time", "date", "open", "close", "high", "low", "volume", "1", "")).map(String),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (head) => {
      try {
        assert(detect(head).rows.length > 0);
      } catch (error) {
        assert(error instanceof LakebookError, String(error));
        assert(error.message.startsWith("Cannot "), error.message);
      }
    }),
    { seed: 3, numRuns: 2000 },
  );
});

Deno.test("symbolInName() finds the market among the words of a file's name", () => {
  const table: [string, string | null][] = [
    ["a/b/BTCUSDT_2021_historical_data.csv", "BTCUSDT"],
    ["btcusd_bitfinex_1m_2013-2017.csv.gz", "BTCUSD"],
    ["bitfinex_BTCUSD_Candles_1m_2013_merged.csv.gz", "BTCUSD"],
    ["tBTCUSD.csv", "BTCUSD"],
    ["ETHBTC-1h.csv", "ETHBTC"],
    ["ETHUSDT/candles.csv", null],
    ["", null],
  ];
  for (const [name, symbol] of table) assertEquals([name, symbolInName(name)], [name, symbol]);
  assertEquals([splitSymbol("BTC/USD"), splitSymbol("shibusdt"), splitSymbol("USD")], [
    ["BTC", "USD"],
    ["SHIB", "USDT"],
    null,
  ]);
});
