import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import type { Candle } from "../core/rows.ts";
import {
  OHLCV_DAILY,
  OHLCV_HOURLY,
  PRICE_HISTORY,
  PROCESSED_PARTITIONED,
  PROCESSED_PRICES,
} from "../core/tables.ts";
import { LocalStore } from "../lake/store_local.ts";
import { lineOf, manyLines, randomWalk, staged, START, type TestFile } from "./_test_candles.ts";
import { quote } from "./engine_duckdb.ts";
import { MATERIALIZED, materializeTables, partitionKey, writeTables } from "./materialize.ts";

const HOUR = 3_600_000, DAY = 24 * HOUR;

/** Bars around two year ends and a leap day, in two files of which the second is older. */
const WALK = [
  ...randomWalk(Date.UTC(2019, 11, 31), Date.UTC(2020, 0, 2), { seed: 1 }),
  ...randomWalk(Date.UTC(2020, 1, 28), Date.UTC(2020, 2, 2), { seed: 2 }),
  ...randomWalk(Date.UTC(2020, 8, 30, 22), Date.UTC(2020, 9, 1, 2), { seed: 3 }),
];

/** What a table of candles should hold, worked out bar by bar. */
function expected(bars: readonly Candle[], length: number) {
  return [...Map.groupBy(bars, ({ time }) => time - time % length)].sort(([a], [b]) => a - b).map((
    [start, group],
  ) => ({
    start,
    open: group[0]!.open,
    high: Math.max(...group.map(({ high }) => high)),
    low: Math.min(...group.map(({ low }) => low)),
    close: group.at(-1)!.close,
    volume: group.reduce((sum, { volume }) => sum + volume, 0),
    mean: group.reduce((sum, { close }) => sum + close, 0) / group.length,
  }));
}

async function materialized(files: readonly TestFile[]) {
  const stage = await staged(files);
  await materializeTables(stage.engine);
  return stage;
}

Deno.test("materializeTables() gives the hours and days of a plain computation, day bounds and leap day included", async () => {
  using stage = await materialized([{ lines: WALK.map(lineOf) }]);
  const tables: [table: string, start: string, length: number][] = [
    ["ohlcv_hourly", "epoch_ms(hour_start)", HOUR],
    ["ohlcv_daily", "epoch_ms(day::TIMESTAMP)", DAY],
  ];
  for (const [table, start, length] of tables) {
    const rows = await stage.rows(`SELECT ${start}, open, high, low, close, volume FROM ${table} ORDER BY 1`);
    const wanted = expected(WALK, length);
    assertEquals(rows.map((row) => row[0]), wanted.map((row) => row.start));
    for (const [i, want] of wanted.entries()) {
      assertEquals(rows[i]!.slice(0, 5), [want.start, want.open, want.high, want.low, want.close]);
      assertAlmostEquals(Number(rows[i]![5]), want.volume, want.volume * 1e-12);
    }
  }
  const prices = await stage.rows(
    "SELECT CAST(day AS VARCHAR), * EXCLUDE (day) FROM processed_partitioned ORDER BY 1",
  );
  const days = expected(WALK, DAY);
  assertEquals(prices.length, days.length);
  assert(prices.some(([day]) => day === "2020-02-29"));
  for (const [i, want] of days.entries()) {
    const [day, mean, low, high, year] = prices[i]!;
    const text = new Date(want.start).toISOString().slice(0, 10);
    assertEquals([day, low, high, year], [text, want.low, want.high, Number(text.slice(0, 4))]);
    assertAlmostEquals(Number(mean), want.mean, want.mean * 1e-12);
  }
});

Deno.test("materializeTables() files 23:59 and 00:00 on their own days, and takes first and last bar by time", async () => {
  const at = (text: string) => Date.parse(`${text}Z`);
  const lines = [
    `${at("2020-03-01T00:00")},5,6,7,4,1`,
    `${at("2020-02-29T23:59")},3,4,5,2,1`,
    `${at("2020-02-29T00:00")},1,2,3,0.5,1`,
  ];
  using stage = await materialized([{ lines }]);
  assertEquals(
    await stage.rows(
      "SELECT CAST(day AS VARCHAR), open, high, low, close, volume FROM ohlcv_daily ORDER BY day",
    ),
    [["2020-02-29", 1, 5, 0.5, 4, 2], ["2020-03-01", 5, 7, 4, 6, 1]],
  );
});

const minuteBars = (day: number, value: number) =>
  [0, 1, 2].map((i) => `${START + day * DAY + i * 60_000},${value},${value},${value},${value},1`);
const dayBar = (day: number, value: number) => `${START + day * DAY},${value},${value},${value},${value},1`;

Deno.test("materializeTables() takes each day from the finest bars that it has, and hours never from days", async () => {
  using stage = await materialized([
    { lines: [dayBar(0, 900), dayBar(1, 901), dayBar(2, 902)], source: "daily" },
    { lines: [dayBar(1, 11), `${START + DAY + HOUR},12,12,12,12,1`], timeframe: "1h", source: "hourly" },
    { lines: minuteBars(2, 22), source: "minute" },
  ]);
  assertEquals(
    await stage.rows("SELECT CAST(day AS VARCHAR), avg_price_usd FROM processed_partitioned ORDER BY day"),
    [["2017-12-01", 900], ["2017-12-02", 11.5], ["2017-12-03", 22]],
  );
  assertEquals(
    await stage.rows("SELECT CAST(day AS VARCHAR), close, volume, source FROM ohlcv_daily ORDER BY day"),
    [["2017-12-01", 900, 1, "daily"], ["2017-12-02", 12, 2, "hourly"], ["2017-12-03", 22, 3, "minute"]],
  );
  assertEquals(
    await stage.rows("SELECT CAST(hour_start AS VARCHAR), close, source FROM ohlcv_hourly ORDER BY 1"),
    [
      ["2017-12-02 00:00:00", 11, "hourly"],
      ["2017-12-02 01:00:00", 12, "hourly"],
      ["2017-12-03 00:00:00", 22, "minute"],
    ],
  );
});

Deno.test("materializeTables() takes an hour whole from the finest bars, the first source where they are equal", async () => {
  const hour = (i: number, value: number) => `${START + i * HOUR},${value},${value},${value},${value},100`;
  using stage = await materialized([
    { lines: [hour(0, 50), hour(1, 51)], timeframe: "1h", source: "a" },
    { lines: minuteBars(0, 7), source: "z" },
    { lines: minuteBars(0, 8), source: "b" },
  ]);
  assertEquals(await stage.rows("SELECT close, volume, source FROM ohlcv_hourly ORDER BY hour_start"), [
    [7, 3, "z"],
    [51, 100, "a"],
  ]);
});

/** Bars of an hour: from 5 to 20, a volume of 60. */
const hourBars = (count: number) =>
  Array.from({ length: count }, (_, hour) => `${START + hour * HOUR},10,11,20,5,60`);
const minutesFrom = (from: number, until: number) =>
  Array.from(
    { length: (until - from) / 60_000 },
    (_, i) => `${START + from + i * 60_000},10,10,10.5,9.5,1`,
  );

Deno.test("materializeTables() leaves a day to its hourly bars where a minute file begins in its last minute", async () => {
  using stage = await materialized([
    { lines: hourBars(25), timeframe: "1h" },
    { lines: minutesFrom(DAY - 60_000, DAY + HOUR) },
  ]);
  const days = "SELECT low, high, volume FROM ohlcv_daily ORDER BY day";
  assertEquals(await stage.rows(days), [[5, 20, 24 * 60], [9.5, 10.5, 60]]);
  const prices = "SELECT avg_price_usd, min_price_usd, max_price_usd FROM processed_partitioned ORDER BY day";
  assertEquals(await stage.rows(prices), [[11, 5, 20], [10, 9.5, 10.5]]);
});

Deno.test("materializeTables() gives processed_partitioned the range of ohlcv_daily, however minutes lie among hours", async () => {
  const begins = [0, 10, 20, 45].map((minute) => minute * 60_000);
  for (const from of begins) {
    for (const [first, last] of [[0, 24], [0, 5], [7, 24], [7, 9]] as const) {
      using stage = await materialized([
        { lines: hourBars(24), timeframe: "1h" },
        { lines: minutesFrom(first * HOUR + from, last * HOUR) },
      ]);
      assertEquals(
        await stage.rows("SELECT min_price_usd, max_price_usd FROM processed_partitioned"),
        await stage.rows("SELECT low, high FROM ohlcv_daily"),
        `minutes from ${first}:${from / 60_000} to ${last}:00`,
      );
    }
  }
});

Deno.test("materializeTables() takes an hour in which minutes begin from the longer bar that covers it, if there is one", async () => {
  const lines = [...minutesFrom(20 * 60_000, HOUR), ...minutesFrom(3 * HOUR + 20 * 60_000, 5 * HOUR)];
  const volumes = "SELECT volume FROM ohlcv_hourly ORDER BY hour_start";
  using alone = await materialized([{ lines }]);
  assertEquals(await alone.rows(volumes), [[40], [40], [60]]);
  using among = await materialized([{
    lines: hourBars(5).map((line) => line.replace(/60$/, "61")),
    timeframe: "1h",
  }, {
    lines,
  }]);
  assertEquals(await among.rows(volumes), [[61], [61], [61], [61], [60]]);
  // A quarter is not missed, and after an hour of minutes a silence is the market's.
  using early = await materialized([{ lines: hourBars(3), timeframe: "1h" }, {
    lines: [...minutesFrom(14 * 60_000, HOUR), ...minutesFrom(HOUR + 50 * 60_000, 2 * HOUR)],
  }]);
  assertEquals(await early.rows(volumes), [[46], [10], [60]]);
});

Deno.test("materializeTables() keeps symbols apart, and processed_partitioned to Bitcoin", async () => {
  using stage = await materialized([
    { lines: minuteBars(0, 7) },
    { lines: minuteBars(0, 8), symbol: "ETHUSD" },
  ]);
  assertEquals(await stage.rows("SELECT symbol, close FROM ohlcv_daily ORDER BY symbol"), [["BTCUSD", 7], [
    "ETHUSD",
    8,
  ]]);
  assertEquals(await stage.rows("SELECT avg_price_usd FROM processed_partitioned"), [[7]]);
});

Deno.test("materializeTables() prefers candles over price samples, which fill the days without any", async () => {
  using stage = await staged([{ lines: [dayBar(0, 100)] }]);
  const sample = (day: number, hour: number, price: number, symbol = "BTCUSD") =>
    `(${START + day * DAY + hour * HOUR}, ${price}, 'coingecko', '${symbol}')`;
  const samples = [
    sample(0, 0, 1),
    sample(1, 0, 200),
    sample(1, 23, 210),
    sample(2, 5, 300),
    sample(3, 0, 9, "ETHUSD"),
  ];
  await stage.engine.run(`CREATE OR REPLACE VIEW ${PRICE_HISTORY.database}.${PRICE_HISTORY.name} AS
    SELECT * FROM (VALUES ${samples.join()}) AS t (epoch_ms, price_usd, source, symbol)`);
  await materializeTables(stage.engine);
  assertEquals(
    await stage.rows("SELECT CAST(day AS VARCHAR), * EXCLUDE (day) FROM processed_partitioned ORDER BY 1"),
    [
      ["2017-12-01", 100, 100, 100, 2017],
      ["2017-12-02", 205, 200, 210, 2017],
      ["2017-12-03", 300, 300, 300, 2017],
    ],
  );
  assertEquals(await stage.rows("SELECT count(*) FROM ohlcv_daily"), [[1]]);
});

async function written(files: readonly TestFile[], { threads = 2 } = {}) {
  const folder = await Deno.makeTempDir();
  const store = new LocalStore(folder);
  using stage = await staged(files, { threads });
  await materializeTables(stage.engine);
  const writes = await writeTables(stage.engine, MATERIALIZED, { store, kind: "live" });
  const again = await writeTables(stage.engine, MATERIALIZED, { store, kind: "live" });
  const objects = new Map<string, Uint8Array>();
  for (const { key } of await store.list("")) objects.set(key, (await store.get(key))!);
  const rows: Record<string, unknown[][]> = {};
  for (const key of objects.keys()) {
    rows[key] = await stage.rows(
      `SELECT * FROM read_parquet(${quote(store.locate(key))}, hive_partitioning = false)`,
    );
  }
  const [first] = objects.keys();
  const metadata = await stage.rows(
    `SELECT decode(key), decode(value) FROM parquet_kv_metadata(${quote(store.locate(first!))}) ORDER BY 1`,
  );
  await Deno.remove(folder, { recursive: true });
  return { writes, again, objects, rows, metadata };
}

const lines = WALK.map(lineOf);
const half = lines.length >> 1;

Deno.test("writeTables() makes one object a partition, rows in order inside, and nothing the second time", async () => {
  const { writes, again, objects, rows, metadata } = await written([{ lines }]);
  assertEquals(writes.map(({ key }) => key), [...objects.keys()]);
  assertEquals([...objects.keys()], [
    "analytics/daily_prices/year=2019/part-0.parquet",
    "analytics/daily_prices/year=2020/part-0.parquet",
    "analytics/ohlcv_daily/symbol=BTCUSD/year=2019/part-0.parquet",
    "analytics/ohlcv_daily/symbol=BTCUSD/year=2020/part-0.parquet",
    ...["2019/month=12", "2020/month=01", "2020/month=02", "2020/month=03", "2020/month=09", "2020/month=10"]
      .flatMap((month) =>
        ["hourly", "minute"].map((table) =>
          `processed/ohlcv_${table}/symbol=BTCUSD/year=${month}/part-0.parquet`
        )
      ).sort(),
  ]);
  assertEquals(new Set(writes.map(({ result }) => result)), new Set(["created"] as const));
  assertEquals(again, writes.map(({ key }) => ({ key, result: "unchanged" as const })));
  for (const [key, found] of Object.entries(rows)) {
    const times = found.map(([time]) => String(time));
    assert(times.length > 0, key);
    assertEquals(times, times.toSorted());
    assertEquals(new Set(times).size, times.length);
    const [, year] = /year=(\d{4})/.exec(key)!;
    assert(times.every((time) => time.startsWith(year!)), key);
  }
  assertEquals(metadata, [["lakebook.lake", "live"], ["lakebook.table", "processed_partitioned"]]);
});

Deno.test("writeTables() gives the same bytes in independent runs, on any threads, from plain or gzipped files", async () => {
  const { objects } = await written([{ lines }], { threads: 1 });
  const variants: TestFile[][] = [
    [{ lines, gzip: true }],
    [{ lines: lines.slice(half) }, { lines: lines.slice(0, half), gzip: true }],
    [{ lines: lines.toReversed() }],
  ];
  for (const files of variants) assertEquals((await written(files)).objects, objects);
});

Deno.test("writeTables() gives the same bytes whatever else came in: other symbols, sources and lengths", async () => {
  const alone = (await written([{ lines }, { lines: [dayBar(0, 1)], timeframe: "1d" }])).objects;
  const among = (await written([
    { lines, symbol: "ETHUSD", source: "kraken" },
    { lines },
    { lines: [dayBar(0, 1)], timeframe: "1d" },
    { lines: [dayBar(0, 1)], timeframe: "4h", symbol: "ETHUSD", source: "another" },
  ])).objects;
  assert(alone.size > 10);
  for (const [key, bytes] of alone) assertEquals(among.get(key), bytes, key);
});

Deno.test("writeTables() names each bar's own source where a month has several", async () => {
  const [early, late] = [Date.UTC(2019, 4, 1), Date.UTC(2019, 4, 20)];
  const bars = (from: number) => randomWalk(from, from + HOUR).map(lineOf);
  const names = (source: string, from: number) => bars(from).map(() => source);
  const { rows } = await written([
    { lines: bars(early), source: "kraken" },
    { lines: bars(late), source: "bitstamp" },
    { lines: bars(late), source: "another", symbol: "ETHUSD" },
  ]);
  const month = rows["processed/ohlcv_minute/symbol=BTCUSD/year=2019/month=05/part-0.parquet"]!;
  assertEquals(month.map((row) => row.at(-1)), [...names("kraken", early), ...names("bitstamp", late)]);
});

Deno.test("materializeTables() sums the bars of a large gzipped file in the file's order, as of a plain one", async () => {
  const lines = manyLines(600_000);
  const hours = "SELECT open, close, volume FROM ohlcv_hourly ORDER BY hour_start";
  using plain = await materialized([{ lines }]);
  using zipped = await materialized([{ lines, gzip: true }]);
  assertEquals(await zipped.rows(hours), await plain.rows(hours));
});

Deno.test("writeTables() writes no object for a table without rows", async () => {
  const { objects } = await written([{ lines: [dayBar(0, 1)], timeframe: "1d" }]);
  assertEquals([...objects.keys()], [
    "analytics/daily_prices/year=2017/part-0.parquet",
    "analytics/ohlcv_daily/symbol=BTCUSD/year=2017/part-0.parquet",
    "processed/ohlcv_bars/symbol=BTCUSD/timeframe=1d/year=2017/part-0.parquet",
  ]);
});

Deno.test("silver keeps bars off the grid where they are, and times beyond 2038", async () => {
  const at = [[0, 0], [1, 0], [2, 0], [3, 30], [4, 0]].map(([m, s]) => Date.UTC(2017, 11, 1, 0, m, s))
    .concat(Date.UTC(2040, 0, 1));
  for (const [table, timeframe, start] of [["minute", "1m", "minute_start"], ["bars", "5m", "bar_start"]]) {
    using stage = await materialized([{
      lines: at.map((time) => `${time},1,1,1,1,1`),
      timeframe: timeframe!,
    }]);
    assertEquals(
      await stage.rows(`SELECT epoch_ms(${start}) FROM ohlcv_${table} ORDER BY 1`),
      at.map((time) => [time]),
    );
  }
});

Deno.test("writeTables() keeps hundreds of partitions one object each, and their rows in order", async () => {
  const bars = randomWalk(Date.UTC(2009, 1), Date.UTC(2022, 0), { step: 6 * HOUR });
  const { rows } = await written([{ lines: bars.map(lineOf), timeframe: "1h" }]);
  const hourly = Object.entries(rows).filter(([key]) => key.startsWith("processed/ohlcv_hourly/"));
  assertEquals(hourly.length, 155);
  assertEquals(
    hourly.flatMap(([, found]) => found.map(([time]) => Date.parse(String(time)))),
    bars.map((bar) => bar.time),
  );
});

Deno.test("partitionKey() gives months, days and hours two digits, years and texts none", () => {
  assertEquals(
    partitionKey(OHLCV_HOURLY, { symbol: "5", year: 2017, month: 3 }),
    "processed/ohlcv_hourly/symbol=5/year=2017/month=03/part-0.parquet",
  );
  assertEquals(
    partitionKey(PROCESSED_PRICES, { year: "2017", month: "12", day: "1", hour: 0 }),
    "processed/market_prices/year=2017/month=12/day=01/hour=00/part-0.parquet",
  );
  assertEquals(
    partitionKey(PROCESSED_PARTITIONED, { year: 987 }),
    "analytics/daily_prices/year=987/part-0.parquet",
  );
  assertMatch(partitionKey(OHLCV_DAILY, { year: 2020, symbol: "A" }), /\/symbol=A\/year=2020\//);
});
