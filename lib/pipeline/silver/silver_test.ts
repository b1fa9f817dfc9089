import { assertEquals, assertStringIncludes } from "@std/assert";
import { forgetRecord, readRecords } from "../../lake/ledger.ts";
import { LocalStore } from "../../lake/store_local.ts";
import { CANDLE_RECORDS } from "../../warehouse/candle_records.ts";
import { candleCsv, Workplace } from "../_test_cli.ts";

const HEADER = "time,open,close,high,low,volume";
const MINUTE = 60_000, DAY = 86_400_000;
const JAN = Date.UTC(2024, 0, 30), FEB = Date.UTC(2024, 1, 1);

/** Lines of bars at one price. */
function bars(from: number, count: number, price: number, step = MINUTE): string {
  return Array.from({ length: count }, (_, i) => `${from + i * step},${price},${price},${price},${price},1\n`)
    .join("");
}

const backfill = (work: Workplace, path: string, ...more: string[]) =>
  work.run(["backfill", "--ohlcv", path, "--lake", work.lake, "--now", "2024-06-01T00:00:00Z", ...more]);

/** Keys whose bytes differ. */
function changed(before: Record<string, string>, after: Record<string, string>): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) =>
    before[key] !== after[key] && /^(processed\/(ohlcv|replaced)|analytics)/.test(key)
  ).sort();
}

Deno.test("a corrected file changes exactly the partitions that it touches, and what it replaced is kept", async () => {
  await using work = await Workplace.make();
  const text = candleCsv(JAN, 5 * 1440);
  await backfill(work, await work.file("days.csv", text));
  const before = await work.objects();
  const wrong = text.split("\n").find((line) => line.startsWith(`${FEB},`))!;
  const [time, open, close, high, low] = wrong.split(",").map(Number);
  await backfill(
    work,
    await work.file("corrected_1m.csv", `${HEADER}\n${FEB},${open},${close},${high! + 500},${low},9\n`),
  );
  const after = await work.objects();
  const touched = changed(before, after);
  const replaced = touched.filter((key) => key.startsWith("processed/replaced/"));
  assertEquals(touched.filter((key) => !replaced.includes(key)), [
    "analytics/daily_prices/year=2024/part-0.parquet",
    "analytics/ohlcv_daily/symbol=BTCUSD/year=2024/part-0.parquet",
    "processed/ohlcv_hourly/symbol=BTCUSD/year=2024/month=02/part-0.parquet",
    "processed/ohlcv_minute/symbol=BTCUSD/year=2024/month=02/part-0.parquet",
  ]);
  assertEquals(replaced.length, 2);
  assertEquals(
    await work.query(
      "SELECT bar_start, high, volume FROM lakebook.replaced WHERE table_name = 'ohlcv_minute'",
    ),
    [{ bar_start: new Date(time!).toISOString(), high, volume: Number(wrong.split(",")[5]) }],
  );
  assertEquals(
    await work.query(
      "SELECT max(high) AS high FROM ohlcv_minute WHERE day(minute_start) = 1 AND " +
        "hour(minute_start) = 0 AND minute(minute_start) = 0",
    ),
    [{ high: high! + 500 }],
  );
});

Deno.test("what a correction of many months replaced is counted whole", async () => {
  await using work = await Workplace.make();
  const months = Array.from({ length: 24 }, (_, month) => Date.UTC(2022, month));
  const file = (price: number) => `${HEADER}\n${months.map((month) => bars(month, 600, price)).join("")}`;
  await backfill(work, await work.file("months.csv", file(100)));
  const { stdout } = await backfill(work, await work.file("corrected.csv", file(101)), "--json");
  const { detail } = JSON.parse(stdout).steps.find(({ name }: { name: string }) => name === "materialize");
  const rows = 24 * (600 + 10);
  assertEquals(await work.query("SELECT count(*) AS count FROM lakebook.replaced"), [{ count: rows }]);
  assertStringIncludes(detail, ` ${rows} published rows replaced`);
});

Deno.test("what a correction replaced is kept again where values go back and forth", async () => {
  await using work = await Workplace.make();
  for (
    const [name, price, volume] of [["a", 5, "1"], ["b", 6, "1"], ["c", 5, "1.0"], ["d", 6, "1.0"]] as const
  ) {
    const text = `${HEADER}\n${bars(FEB, 2, price).replaceAll(",1\n", `,${volume}\n`)}`;
    await backfill(work, await work.file(`${name}.csv`, text));
  }
  assertEquals(
    await work.query(
      "SELECT high, count(*) AS times FROM lakebook.replaced WHERE table_name = 'ohlcv_minute' GROUP BY high ORDER BY high",
    ),
    [{ high: 5, times: 4 }, { high: 6, times: 2 }],
  );
});

Deno.test("two markets with the very same bars are corrected in one run, and each keeps its own replaced rows", async () => {
  await using work = await Workplace.make();
  const months = Array.from({ length: 24 }, (_, month) => Date.UTC(2022, month));
  const text = (price: number) => `${HEADER}\n${months.map((month) => bars(month, 60, price)).join("")}`;
  const crlf = (price: number) => text(price).replaceAll("\n", "\r\n");
  await backfill(work, await work.file("btc.csv", text(100)));
  await backfill(work, await work.file("eth.csv", crlf(100)), "--symbol", "ETHUSD");
  const only = ["--lake", work.lake, "--only", "ingest", "--now", "2024-06-01T00:00:00Z"];
  await work.run(["pipeline", "--source", "csv", "--ohlcv", await work.file("btc2.csv", text(101)), ...only]);
  await backfill(work, await work.file("eth2.csv", crlf(101)), "--symbol", "ETHUSD");
  assertEquals(
    await work.query(
      "SELECT symbol, count(*) AS count FROM lakebook.replaced GROUP BY symbol ORDER BY symbol",
    ),
    ["BTCUSD", "ETHUSD"].map((symbol) => ({ symbol, count: 24 * (60 + 1) })),
  );
});

Deno.test("late rows are added, replace nothing, and leave other years and symbols alone", async () => {
  await using work = await Workplace.make();
  await backfill(work, await work.file("a.csv", `${HEADER}\n${bars(Date.UTC(2023, 11, 31), 2880, 100)}`));
  await backfill(work, await work.file("eth.csv", `${HEADER}\n${bars(FEB, 60, 5)}`), "--symbol", "ETHUSD");
  const before = await work.objects();
  await backfill(work, await work.file("late.csv", `${HEADER}\n${bars(Date.UTC(2024, 0, 3), 60, 101)}`));
  assertEquals(changed(before, await work.objects()), [
    "analytics/daily_prices/year=2024/part-0.parquet",
    "analytics/ohlcv_daily/symbol=BTCUSD/year=2024/part-0.parquet",
    "processed/ohlcv_hourly/symbol=BTCUSD/year=2024/month=01/part-0.parquet",
    "processed/ohlcv_minute/symbol=BTCUSD/year=2024/month=01/part-0.parquet",
  ]);
  assertEquals(
    await work.query("SELECT symbol, count(*) AS days FROM ohlcv_daily GROUP BY symbol ORDER BY symbol"),
    [
      { symbol: "BTCUSD", days: 3 },
      { symbol: "ETHUSD", days: 1 },
    ],
  );
  assertEquals(await work.query("SELECT count(*) AS rows FROM processed_partitioned"), [{ rows: 3 }]);
});

Deno.test("a raw file that is gone stops what would be made without it with exit code 8, and doctor says the same", async () => {
  await using work = await Workplace.make();
  await backfill(work, await work.file("a.csv", `${HEADER}\n${bars(JAN, 60, 100)}`));
  await backfill(work, await work.file("b.csv", `${HEADER}\n${bars(FEB, 60, 100)}`));
  const before = await work.objects();
  const key = "raw/ohlcv/symbol=BTCUSD/source=csv/timeframe=1m/a.csv";
  await Deno.remove(`${work.lake}/${key}`);
  const { code, stderr } = await backfill(
    work,
    await work.file("c.csv", `${HEADER}\n${bars(FEB + DAY, 60, 100)}`),
  );
  assertEquals(code, 8, stderr);
  assertStringIncludes(stderr, `Cannot read "${key}": it is gone though the lake's ledger names it`);
  assertEquals(changed(before, await work.objects()), []);
  const doctor = await work.run(["doctor", "--lake", work.lake]);
  assertEquals(doctor.code, 8);
  assertStringIncludes(doctor.stdout, "→ raw bytes cannot be made again: bring them back from a copy");
});

Deno.test("gold follows silver only: deleted raw years and untouched ones keep their bytes in any order of files", async () => {
  const files: [name: string, text: string][] = [
    ["days.csv", `${HEADER}\n${bars(JAN, 6, 50, DAY)}`],
    ["minutes.csv", `${HEADER}\n${bars(JAN + DAY, 2000, 51)}`],
    ["fives.csv", `${HEADER}\n${bars(JAN + 3 * DAY, 288, 52, 5 * MINUTE)}`],
  ];
  const lakes = await Promise.all([files, files.toReversed()].map(async (order) => {
    await using work = await Workplace.make();
    for (const [name, text] of order) await backfill(work, await work.file(name, text));
    assertEquals(
      await work.query("SELECT CAST(day AS varchar) AS day, close, source FROM ohlcv_daily ORDER BY 1"),
      [
        { day: "2024-01-30", close: 50, source: "csv" },
        { day: "2024-01-31", close: 51, source: "csv" },
        { day: "2024-02-01", close: 51, source: "csv" },
        { day: "2024-02-02", close: 52, source: "csv" },
        { day: "2024-02-03", close: 50, source: "csv" },
        { day: "2024-02-04", close: 50, source: "csv" },
      ],
    );
    return Object.fromEntries(
      Object.entries(await work.objects()).filter(([key]) => /^(processed\/ohlcv|analytics)/.test(key)),
    );
  }));
  assertEquals(lakes[0], lakes[1]);
});

Deno.test("a month that fails its checks stays aside with its report, and the published one as it was", async () => {
  await using work = await Workplace.make();
  await backfill(work, await work.file("good.csv", `${HEADER}\n${bars(JAN, 5 * 24, 40_000, 3_600_000)}`));
  const before = await work.objects();
  // In cents: every price a hundred times too high.
  const cents = await work.file("cents.csv", `${HEADER}\n${bars(FEB, 24, 4_000_000, 3_600_000)}`);
  const held = await backfill(work, cents);
  assertEquals(held.code, 5, held.stderr);
  assertStringIncludes(
    held.stderr,
    "BTCUSD 1h 2024-02: price breaks: on 1 of 3 days",
  );
  assertEquals(changed(before, await work.objects()), []);
  const report = JSON.parse(
    await Deno.readTextFile(
      `${work.lake}/quarantine/processed/ohlcv_hourly/symbol=BTCUSD/year=2024/month=02/report.json`,
    ),
  );
  const [{ month, rows, findings }] = report.months;
  assertEquals([month, rows, findings[0].status], ["2024-02", 72, "fail"]);

  // The gate stays closed, and nothing is made again.
  const again = await backfill(work, cents);
  assertEquals(again.code, 5);
  assertStringIncludes(again.stderr, "materialize  skipped");

  // A file that mends it opens the gate.
  const mended = await backfill(
    work,
    await work.file("mended.csv", `${HEADER}\n${bars(JAN, 5 * 24, 40_001, 3_600_000)}`),
  );
  assertEquals(mended.code, 7, mended.stderr);
  assertEquals(await work.query("SELECT max(high) AS high FROM ohlcv_daily"), [{ high: 40_001 }]);
  assertEquals(
    await Deno.stat(
      `${work.lake}/quarantine/processed/ohlcv_hourly/symbol=BTCUSD/year=2024/month=02/report.json`,
    ).catch(() => null),
    null,
  );
});

Deno.test("of bars that lie in a file a year only the failing month stays aside, and its hours", async () => {
  await using work = await Workplace.make();
  const [may, june] = [Date.UTC(2018, 4, 28), Date.UTC(2018, 5, 1)];
  const minutes = await work.file("minutes.csv", `${HEADER}\n${bars(Date.UTC(2018, 0, 30), 4 * 1440, 100)}`);
  const text = bars(may, 4 * 96, 100, 15 * MINUTE) + bars(june, 7 * 96, 10_000, 15 * MINUTE);
  const { code, stderr } = await backfill(
    work,
    minutes,
    "--ohlcv",
    await work.file("quarters.csv", `${HEADER}\n${text}`),
  );
  assertEquals(code, 5, stderr);
  assertEquals(
    await work.query(
      `SELECT (SELECT count(*) FROM ohlcv_minute) AS minutes, (SELECT count(*) FROM ohlcv_bars) AS quarters,
        (SELECT count(*) FROM ohlcv_hourly) AS hours, (SELECT count(*) FROM ohlcv_daily) AS days,
        (SELECT max(high) FROM ohlcv_daily) AS highest`,
    ),
    [{ minutes: 4 * 1440, quarters: 4 * 96, hours: 8 * 24, days: 8, highest: 100 }],
  );
  const aside = "quarantine/processed/ohlcv_bars/symbol=BTCUSD/timeframe=15m/year=2018/month=06/";
  assertStringIncludes(stderr, "BTCUSD 15m 2018-06: price level");
  assertStringIncludes(
    stderr,
    "1 months failed their checks and stay aside in quarantine/, with them the hours of 1 months",
  );
  const { months: [held] } = JSON.parse(await Deno.readTextFile(`${work.lake}/${aside}report.json`));
  assertEquals([held.month, held.rows], ["2018-06", 7 * 96]);
  const gaps = JSON.parse(
    (await work.run(["gaps", "--lake", work.lake, "--interval", "15m", "--json"])).stdout,
  );
  assertStringIncludes(JSON.stringify(gaps), `was moved aside to ${aside}part-0.parquet`);
});

Deno.test("what was published of a failing month stays in its year's file, and other months go on", async () => {
  await using work = await Workplace.make();
  const [year, june, december] = [Date.UTC(2018, 0, 1), Date.UTC(2018, 5, 1), Date.UTC(2018, 11, 30)];
  await backfill(work, await work.file("year.csv", `${HEADER}\n${bars(year, 364, 100, DAY)}`));
  const cents = await work.file("cents.csv", `${HEADER}\n${bars(june, 30, 10_000, DAY)}`);
  assertEquals((await backfill(work, cents)).code, 5);
  const late = await work.file(
    "late.csv",
    `${HEADER}\n${bars(december, 1, 100)}${bars(december + DAY, 1, 101)}`,
  );
  assertEquals((await backfill(work, late)).code, 5);
  for (const [table, start] of [["ohlcv_bars", "bar_start"], ["ohlcv_daily", "day"]]) {
    assertEquals(
      await work.query(
        `SELECT count(*) AS days, count(DISTINCT ${start}) AS each_once, sum(high) AS sum FROM ${table}`,
      ),
      [{ days: 365, each_once: 365, sum: 364 * 100 + 101 }],
    );
  }
  assertEquals(await work.query("SELECT * FROM lakebook.replaced"), []);
  const published = await backfill(work, cents, "--quality", "warn");
  assertEquals(await work.query("SELECT sum(high) AS sum FROM ohlcv_daily"), [{
    sum: 334 * 100 + 101 + 30 * 10_000,
  }], published.stderr);
  assertEquals(await work.query("SELECT count(*) AS rows FROM lakebook.replaced"), [{ rows: 30 }]);
});

Deno.test("--quality warn publishes a failing month and says so", async () => {
  await using work = await Workplace.make();
  await backfill(work, await work.file("good.csv", `${HEADER}\n${bars(JAN, 48, 40_000, 3_600_000)}`));
  const cents = await work.file("cents.csv", `${HEADER}\n${bars(FEB, 24, 4_000_000, 3_600_000)}`);
  assertEquals((await backfill(work, cents)).code, 5);
  const published = await backfill(work, cents, "--quality", "warn");
  assertEquals(published.code, 0, published.stderr);
  assertStringIncludes(published.stderr, "published because of --quality warn");
  assertEquals(await work.query("SELECT max(high) AS high FROM ohlcv_daily"), [{ high: 4_000_000 }]);
  // It was let through once, with open eyes: the next run does not take it back.
  assertEquals((await backfill(work, cents)).code, 0);
  assertEquals(
    (await work.run(["backfill", "--ohlcv", cents, "--lake", work.lake, "--quality", "maybe"])).code,
    2,
  );
});

Deno.test("doctor does not miss a partition of which no file has a row any more", async () => {
  await using work = await Workplace.make();
  await backfill(work, await work.file("jan.csv", `${HEADER}\n${bars(JAN, 24, 50, 3_600_000)}`));
  const before = Object.keys(await work.objects());
  await backfill(work, await work.file("feb.csv", `${HEADER}\n${bars(FEB, 24, 51, 3_600_000)}`));
  const store = new LocalStore(work.lake);
  for (const [unit, { outputs }] of await readRecords(store, CANDLE_RECORDS)) {
    if (!outputs[0]!.key.endsWith("feb.csv")) continue;
    await forgetRecord(store, unit);
    await store.delete(outputs[0]!.key);
  }
  const steps = ["--source", "csv", "--only", "process,materialize", "--now", "2024-06-01T01:00:00Z"];
  assertEquals((await work.pipeline(...steps)).code, 0);
  const silver = (keys: string[]) => keys.filter((key) => key.startsWith("processed/ohlcv")).sort();
  assertEquals(silver(Object.keys(await work.objects())), silver(before));
  const doctor = await work.run(["doctor", "--lake", work.lake, "--now", "2024-06-01T01:00:00Z"]);
  assertEquals(doctor.code, 0, doctor.stdout);
});

Deno.test("a month that --quality warn let through stays published until its own bars change", async () => {
  await using work = await Workplace.make();
  const hours = (name: string, from: number, count: number, price: number) =>
    work.file(name, `${HEADER}\n${bars(from, count, price, 3_600_000)}`);
  await backfill(work, await hours("good.csv", JAN, 48, 40_000));
  await backfill(work, await hours("cents.csv", FEB, 24, 4_000_000), "--quality", "warn");
  const february = () =>
    work.query("SELECT count(*) AS hours, max(high) AS highest FROM ohlcv_hourly WHERE month = 2");
  const march = await backfill(work, await hours("march.csv", Date.UTC(2024, 2, 1), 24, 40_000));
  assertEquals(march.code, 0, march.stderr);
  assertStringIncludes(march.stderr, "BTCUSD 1h 2024-02: price level");
  assertStringIncludes(march.stderr, "published by an earlier --quality warn and has not changed since");
  assertEquals(march.stderr.includes("not published"), false, march.stderr);
  assertEquals(await february(), [{ hours: 24, highest: 4_000_000 }]);
  const { stdout } = await work.run(["quality", "--lake", work.lake, "--json"]);
  assertStringIncludes(stdout, "40000.0 in 2024-01; published by an earlier --quality warn");

  const more = await backfill(work, await hours("more.csv", FEB + DAY, 24, 5_000_000));
  assertEquals(more.code, 5, more.stderr);
  assertStringIncludes(
    more.stderr,
    "these bars are not published, what was published of the month before stays",
  );
  assertEquals(await february(), [{ hours: 24, highest: 4_000_000 }]);
});
