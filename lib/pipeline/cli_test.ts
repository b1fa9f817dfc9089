import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { gzipSync } from "node:zlib";
import { candleCsv, Workplace } from "./_test_cli.ts";

const START = Date.UTC(2024, 1, 28);
const HEADER = "time,open,close,high,low,volume";
const GOOD = `${START},1,2,3,1,5\n${START + 60_000},2,2,2,2,1\n`;

const REFUSED_FILES: [name: string, content: string | Uint8Array, code: number, words: string][] = [
  ["empty.csv", "", 4, "the file is empty"],
  ["header.csv", `${HEADER}\n`, 4, "it has a header but no rows"],
  ["columns.csv", `time,open,close,high,low\n${START},1,2,3,1\n`, 5, "column volume is missing"],
  ["semicolon.csv", `time;open;close;high;low;volume\n${START};1;2;3;1;5\n`, 5, "separated by commas"],
  ["no_header.csv", GOOD, 5, "its first line holds numbers"],
  ["seconds.csv", `${HEADER}\n${START / 1000},1,2,3,1,5\n`, 5, "look like seconds, multiply them by 1000"],
  ["micro.csv", `${HEADER}\n${START * 1000},1,2,3,1,5\n`, 5, "look like microseconds, divide them by 1000"],
  ["all_bad_1m.csv", `${HEADER}\n${START},1,2,1,3,5\n`, 5, "all 1 rows were refused (1 high_below_low)"],
  ["cut.csv.gz", gzipSync(`${HEADER}\n${GOOD}`).subarray(0, 50), 8, "the gzip data is damaged or cut short"],
  ["plain.csv.gz", `${HEADER}\n${GOOD}`, 8, "the gzip data is damaged or cut short"],
];

Deno.test("pipeline refuses an unusable file with its own code and words, and leaves no data behind", async () => {
  await using work = await Workplace.make();
  for (const [name, content, code, words] of REFUSED_FILES) {
    const path = await work.file(name, content);
    const result = await work.pipeline("--source", "csv", "--ohlcv", path);
    assertEquals([name, result.code, result.summary.exit_code], [name, code, code]);
    assertStringIncludes(result.stderr, words);
    assertEquals(result.summary.steps[0].status, "failed");
    assertEquals(result.summary.steps[1].status, "not_run");
  }
  assertEquals(await work.objects(), {});
});

Deno.test("pipeline refuses wrong flags with exit code 2 and says what to do", async () => {
  await using work = await Workplace.make();
  const file = await work.file("good.csv", `${HEADER}\n${GOOD}`);
  const cases: [args: string[], words: string][] = [
    [["--sauce", "csv"], "unknown option '--sauce'"],
    [["--source", "kraken"], "Allowed choices are auto, demo, coingecko, csv"],
    [["--source", "csv"], "add --ohlcv FILE.csv"],
    [["--source", "demo", "--ohlcv", file], "Cannot combine --ohlcv with --source demo"],
    [["--source", "demo", "--now", "2026-02-30"], "not an ISO 8601 instant"],
    [["--source", "demo", "--now", "yesterday"], "not an ISO 8601 instant"],
    [["--source", "demo", "--only", "ingest,cook"], "there is no such step, choose among ingest"],
    [["--source", "demo", "--only", "ingest", "--from", "train"], "Cannot combine --only and --from"],
    [["--source", "demo", "--seed", "one"], "not a whole number"],
    [["--source", "demo", "--lake", "https://bucket/lake"], "give --lake a folder, or s3://bucket/prefix"],
  ];
  for (const [args, words] of cases) {
    const result = await work.run(["pipeline", "--lake", work.lake, ...args]);
    assertEquals([args.join(" "), result.code, result.stdout], [args.join(" "), 2, ""]);
    assertStringIncludes(result.stderr, words);
  }
  assertEquals((await work.run(["cook"])).code, 2);
});

Deno.test("pipeline names a missing file (4), a folder (4) and a lake that is a file (3)", async () => {
  await using work = await Workplace.make();
  const missing = await work.pipeline("--source", "csv", "--ohlcv", `${work.folder}/nowhere.csv`);
  assertEquals(missing.code, 4);
  assertStringIncludes(missing.stderr, "there is no such file, check the path after --ohlcv");
  const folder = await work.pipeline("--source", "csv", "--ohlcv", work.folder);
  assertEquals(folder.code, 4);
  assertStringIncludes(folder.stderr, "it is not a file");
  const file = await work.file("good.csv", `${HEADER}\n${GOOD}`);
  const result = await work.run(["pipeline", "--ohlcv", file, "--lake", `${file}/lake`]);
  assertEquals(result.code, 3);
  assertStringIncludes(result.stderr, "a file stands where a folder is needed");
});

Deno.test("pipeline keeps good rows and puts bad ones aside with line, reason and text", async () => {
  await using work = await Workplace.make();
  const day = candleCsv(START, 1440).trimEnd().split("\n");
  const bad = [
    `${START + 1},x,2,3,1,5`,
    `${START + 2},1,2,3,-1,5`,
    `${START + 3},1,2,1,3,5`,
    `${START + 4},1,,3,1,5`,
    `${START + 5},1,2,3,1`,
    `1e20,1,2,3,1,5`,
    `${START + 6},1,2,3,1,-5`,
    `${START + 7},1,2,1e400,1,5`,
  ];
  const file = await work.file("dirty.csv", [...day.slice(0, 10), ...bad, ...day.slice(10)].join("\r\n"));
  const { code, summary, stderr } = await work.pipeline("--source", "csv", "--ohlcv", file);
  assertEquals(code, 7);
  assertStringIncludes(stderr, "8 of 1448 rows were refused");
  assertEquals([summary.steps[0].rows_in, summary.steps[0].rows_out], [1448, 1440]);
  assertEquals((await work.query("SELECT count(*) AS n FROM ohlcv_hourly"))[0], { n: 24 });
  const letter = Object.keys(await work.objects()).find((key) => /ingest\/dirty\.csv.*\.json$/.test(key));
  const kept = JSON.parse(await Deno.readTextFile(`${work.lake}/${letter}`));
  assertEquals(kept.rejected, 8);
  assertEquals(kept.examples[0].line, 11);
  assertEquals(kept.examples[0].raw, bad[0]);
  assertEquals(Object.keys(kept.reasons).sort(), [
    "high_below_low",
    "missing_value",
    "negative_volume",
    "not_a_number",
    "price_not_positive",
    "time_out_of_range",
    "wrong_cell_count",
  ]);
});

Deno.test("pipeline changes no byte of the data in a second run, and says what it skipped", async () => {
  await using work = await Workplace.make();
  const lines = candleCsv(START, 3 * 1440).trimEnd().split("\n");
  const unsorted = [lines[0], ...lines.slice(1).reverse(), lines[5]];
  const file = await work.file("three_days.csv", unsorted.join("\n"));
  const first = await work.pipeline("--source", "csv", "--ohlcv", file);
  assertEquals(first.code, 0);
  const before = await work.objects();
  const second = await work.pipeline("--source", "csv", "--ohlcv", file);
  assertEquals(second.code, 0);
  assertEquals(await work.objects(), before);
  const statuses = second.summary.steps.slice(0, 4).map((step: { status: string }) => step.status);
  assertEquals(statuses, ["skipped", "skipped", "skipped", "skipped"]);
  assertStringIncludes(second.summary.steps[0].detail, "is in the lake already");
  assertEquals(await work.query("SELECT DISTINCT symbol, source, timeframe FROM btcusd_raw"), [
    { symbol: "BTCUSD", source: "csv", timeframe: "1m" },
  ]);
  assertEquals(
    await work.query("SELECT CAST(day AS varchar) AS day FROM processed_partitioned ORDER BY day"),
    [
      { day: "2024-02-28" },
      { day: "2024-02-29" },
      { day: "2024-03-01" },
    ],
  );
});

Deno.test("pipeline mends a partition that was lost or harmed", async () => {
  await using work = await Workplace.make();
  const file = await work.file("day.csv", candleCsv(START, 1440));
  await work.pipeline("--source", "csv", "--ohlcv", file);
  const before = await work.objects();
  const key = "analytics/daily_prices/year=2024/part-0.parquet";
  await Deno.writeTextFile(`${work.lake}/${key}`, "PAR1 harmed PAR1");
  const result = await work.pipeline("--source", "csv", "--ohlcv", file);
  assertEquals(result.summary.steps[2].status, "ok", result.summary.steps[2].detail);
  assertEquals((await work.objects())[key], before[key]);
});

Deno.test("pipeline adds a second file without losing what the first one gave", async () => {
  await using work = await Workplace.make();
  const february = await work.file("february.csv", candleCsv(START, 1440));
  const march = await work.file("march.csv", candleCsv(START + 2 * 86_400_000, 1440));
  await work.pipeline("--source", "csv", "--ohlcv", february);
  await work.pipeline("--source", "csv", "--ohlcv", march);
  const days = await work.query("SELECT CAST(day AS varchar) AS day FROM ohlcv_daily ORDER BY day");
  assertEquals(days.map(({ day }) => day), ["2024-02-28", "2024-03-01"]);
});

Deno.test("pipeline keeps the earlier version of a corrected candle among the dead letters", async () => {
  await using work = await Workplace.make();
  const first = await work.file("a.csv", `${HEADER}\n${GOOD}`);
  await work.pipeline("--source", "csv", "--ohlcv", first);
  const corrected = await work.file("a.csv", `${HEADER}\n${START},1,9,9,1,5\n${START + 60_000},2,2,2,2,1\n`);
  const { code } = await work.pipeline("--source", "csv", "--ohlcv", corrected);
  assertEquals(code, 7);
  assertEquals(await work.query("SELECT max(high) AS high FROM ohlcv_daily"), [{ high: 9 }]);
  const objects = Object.keys(await work.objects());
  assertEquals(objects.filter((key) => key.startsWith("raw/")).length, 2);
  assert(objects.some((key) => key.includes("BTCUSD-csv-1m-2024-conflicts")));
});

Deno.test("pipeline --source auto without a network falls back to the demo market, with a banner, in a demo lake", async () => {
  await using work = await Workplace.make();
  const { code, summary, stderr } = await work.pipeline("--now", "2024-03-10T12:00:00Z");
  assertEquals([code, summary.source], [0, "demo"]);
  assertStringIncludes(stderr, "DEMO MARKET: simulated prices, not real ones");
  assertEquals(await work.query("SELECT DISTINCT source FROM v_top_100"), [{ source: "demo" }]);
  assertEquals(await work.query("SELECT DISTINCT source FROM ohlcv_daily"), [{ source: "demo" }]);
  assertEquals(await work.query("SELECT count(*) AS n FROM v_latest_snapshot"), [{ n: 250 }]);
  assertStringIncludes(
    await Deno.readTextFile(`${work.lake}/dashboard/index.html`),
    "simulated data, not real prices",
  );

  const live = await work.pipeline("--ohlcv", await work.file("good.csv", `${HEADER}\n${GOOD}`));
  assertEquals(live.code, 3);
  assertStringIncludes(live.stderr, "it is a demo lake");

  const again = await work.pipeline("--source", "demo", "--now", "2024-03-10T13:00:00Z");
  assertEquals(again.summary.steps.slice(0, 4).map(({ status }: { status: string }) => status), [
    "skipped",
    "skipped",
    "skipped",
    "skipped",
  ]);
});

Deno.test("pipeline --source coingecko fails with 4 when there is no network, and writes no demo data", async () => {
  await using work = await Workplace.make(() => Promise.resolve(new Response("no", { status: 400 })));
  const { code, stderr } = await work.pipeline("--source", "coingecko");
  assertEquals(code, 4);
  assertMatch(stderr, /Cannot fetch ".*\/coins\/markets/);
  // Nothing but the letters of what could not be had.
  const keys = Object.keys(await work.objects());
  assertEquals(keys.map((key) => key.split("/").slice(0, 2).join("/")), Array(4).fill("dead_letters/ingest"));
});

Deno.test("pipeline --dry-run writes nothing and says where a file would go", async () => {
  await using work = await Workplace.make();
  const file = await work.file("day.csv", candleCsv(START, 60));
  const { code, stdout } = await work.run(["pipeline", "--ohlcv", file, "--lake", work.lake, "--dry-run"]);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "raw/ohlcv/symbol=BTCUSD/source=csv/timeframe=1m/day.csv");
  assertEquals(await Deno.stat(work.lake).catch(() => null), null);
});

Deno.test("query prints tables, JSON and CSV, and explains errors with position and hint", async () => {
  await using work = await Workplace.make();
  await work.pipeline(
    "--ohlcv",
    await work.file("day.csv", candleCsv(START, 1440)),
    "--only",
    "ingest,process,materialize",
  );
  const sql = "SELECT day, min_price_usd, year FROM processed_partitioned";
  const csv = await work.run(["query", sql, "--lake", work.lake, "--format", "csv"]);
  assertMatch(csv.stdout, /^day,min_price_usd,year\n2024-02-28,[\d.]+,2024\n$/);
  const table = await work.run(["query", sql, "--lake", work.lake]);
  assertMatch(table.stdout, /^day +min_price_usd +year\n─+.*\n2024-02-28 .*\n1 row\n$/);
  const wrong = await work.run(["query", "SELECT dya\nFROM processed_partitioned", "--lake", work.lake]);
  assertEquals([wrong.code, wrong.stdout], [2, ""]);
  assertStringIncludes(wrong.stderr, "(line 1, column 8)\n\nLINE 1: SELECT dya\n               ^");
  assertStringIncludes(wrong.stderr, "hint:");
  const writing = await work.run(["query", "DROP VIEW v_top_100", "--lake", work.lake]);
  assertEquals(writing.code, 2);
  const nowhere = await work.run(["query", "SELECT 1", "--lake", `${work.folder}/nowhere`]);
  assertEquals(nowhere.code, 3);
  assertStringIncludes(nowhere.stderr, "make one with `deno task pipeline");
});

Deno.test("a command whose reader has gone ends without a word, as behind | head", async () => {
  await using work = await Workplace.make();
  await work.pipeline("--ohlcv", await work.file("day.csv", candleCsv(START, 1440)), "--only", "ingest");
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "-P=query", new URL("cli.ts", import.meta.url).pathname]
      .concat(["query", "SELECT unnest(sequence(1, 200000))", "--lake", work.lake, "--format", "csv"]),
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await child.stdout.cancel();
  const words = await new Response(child.stderr).text();
  assertEquals([(await child.status).code, words], [141, ""]);
});

Deno.test("two runs at once: the second one gets exit code 6 and harms nothing", async () => {
  await using work = await Workplace.make();
  const file = await work.file("day.csv", candleCsv(START, 1440));
  const { LocalStore } = await import("../lake/store_local.ts");
  await using _held = await new LocalStore(work.lake).lock("run of a test");
  const child = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-P=pipeline", new URL("cli.ts", import.meta.url).pathname]
      .concat(["pipeline", "--ohlcv", file, "--lake", work.lake]),
    stdout: "piped",
    stderr: "piped",
  }).output();
  assertEquals(child.code, 6);
  assertStringIncludes(new TextDecoder().decode(child.stderr), "run of a test is writing to it");
});

Deno.test("pipeline --source coingecko keeps exact bytes, asks once a slot, and puts a bad record aside", async () => {
  const asked: string[] = [];
  const coin = (id: string, extra: object) => ({ id, symbol: id, name: id, current_price: 1.5, ...extra });
  const markets = JSON.stringify([
    coin("bitcoin", { market_cap: 2e12, price_change_percentage_24h_in_currency: -1.25 }),
    coin("tiny", { current_price: null, market_cap: null }),
    { symbol: "nameless" },
  ]);
  const day = Date.UTC(2026, 0, 1);
  const chart = JSON.stringify({
    prices: [[day, 100], [day + 86_400_000, 110], [day + 2 * 86_400_000, 99.5]],
  });
  await using work = await Workplace.make((input) => {
    const url = new URL(input instanceof Request ? input.url : input);
    asked.push(url.pathname);
    const body = url.pathname.endsWith("/coins/markets") ? markets : chart;
    return Promise.resolve(new Response(body, { headers: { "content-type": "application/json" } }));
  });
  const args = ["--source", "coingecko", "--now", "2026-01-04T10:07:30Z"];
  const { code, summary, stderr } = await work.pipeline(...args);
  assertEquals([code, summary.source], [7, "coingecko"]);
  assertStringIncludes(stderr, "1 rows of raw/coingecko/markets/");
  assertEquals(asked, ["/api/v3/coins/markets", "/api/v3/coins/bitcoin/market_chart"]);
  const raw = `${work.lake}/raw/coingecko/markets/year=2026/month=01/day=04/hour=10/20260104T100500Z.json`;
  assertEquals(await Deno.readTextFile(raw), markets);
  assertEquals(await work.query("SELECT id, market_cap, source FROM v_latest_snapshot ORDER BY id"), [
    { id: "bitcoin", market_cap: 2e12, source: "coingecko" },
    { id: "tiny", market_cap: null, source: "coingecko" },
  ]);
  assertEquals(await work.query("SELECT day, avg_price_usd FROM processed_partitioned ORDER BY day"), [
    { day: "2026-01-01", avg_price_usd: 100 },
    { day: "2026-01-02", avg_price_usd: 110 },
    { day: "2026-01-03", avg_price_usd: 99.5 },
  ]);
  assertEquals(await work.query("SELECT symbol, source, timeframe FROM btcusd_raw"), []);
  const before = await work.objects();
  const again = await work.pipeline(...args);
  assertEquals(again.summary.steps[0].status, "skipped");
  assertEquals(asked.length, 2);
  assertEquals(await work.objects(), before);
});

Deno.test("pipeline puts a page of raw/ that is not JSON aside, once", async () => {
  await using work = await Workplace.make();
  const raw = "raw/coingecko/markets/year=2026/month=01/day=04/hour=10/20260104T100500Z.json";
  await Deno.mkdir(`${work.lake}/${raw.slice(0, raw.lastIndexOf("/"))}`, { recursive: true });
  await Deno.writeTextFile(`${work.lake}/${raw}`, "<html>Throttled</html>");
  const args = ["--source", "coingecko", "--only", "process", "--now", "2026-01-04T10:07:30Z"];
  const { code, stderr } = await work.pipeline(...args);
  assertEquals(code, 7);
  assertStringIncludes(stderr, "put aside (1 unreadable_body)");
  assertEquals(await Deno.readTextFile(`${work.lake}/${raw}`), "<html>Throttled</html>");
  const before = await work.objects();
  const again = await work.pipeline(...args);
  assertEquals([again.code, again.summary.steps[0].status], [7, "skipped"]);
  assertEquals(await work.objects(), before);
  // Once the page is mended, replay settles its letter.
  await Deno.writeTextFile(`${work.lake}/${raw}`, '[{"id":"bitcoin","symbol":"btc","name":"Bitcoin"}]');
  assertEquals((await work.run(["replay", "--lake", work.lake])).code, 0);
  assertEquals(await work.query("SELECT id FROM processed_prices"), [{ id: "bitcoin" }]);
});

const DOWNLOADED = [
  "Timestamps are UTC timezone,https://www.CryptoDataDownload.com",
  "Date,Symbol,Open,High,Low,Close,Volume BTC,Volume USD",
  "2019-06-04 12-AM,BTCUSD,8107.96,8107.96,7700,7955.07,6176.49,48760331.59",
  "2019-06-03 11-PM,BTCUSD,8200,8210,8100,8107.96,10,81000",
  "2019-06-03 10-PM,BTCUSD,8200,8100,8210,8200,10,81000",
  "",
].join("\r\n");

Deno.test("backfill takes a foreign layout: the exact file, its candles, and what was refused", async () => {
  await using work = await Workplace.make();
  const file = await work.file("BTCUSD_1h.csv", DOWNLOADED);
  const args = ["backfill", "--ohlcv", file, "--lake", work.lake, "--now", "2019-06-05T00:00:00Z"];
  const dry = await work.run([...args, "--dry-run"]);
  assertEquals(dry.code, 0);
  for (
    const words of [
      "layout cryptodatadownload, bars of 1h, volume in BTC (base coin)",
      "because line 1 is a banner",
      "line 3: 2019-06-04T00:00:00.000Z open 8107.96 high 8107.96 low 7700 close 7955.07 volume 6176.49",
      "line 5 would be refused: high_below_low",
    ]
  ) assertStringIncludes(dry.stdout, words);
  assertEquals(await Deno.stat(work.lake).catch(() => null), null);

  assertEquals((await work.run(args)).code, 7);
  const objects = await work.objects();
  const original = Object.keys(objects).find((key) => key.startsWith("raw/candle_files/"))!;
  assertMatch(original, /^raw\/candle_files\/layout=cryptodatadownload\/[0-9a-f]{16}\/BTCUSD_1h\.csv$/);
  assertEquals(new TextDecoder().decode(Uint8Array.fromHex(objects[original]!)), DOWNLOADED);
  assertEquals(await work.query("SELECT hour_start, open, high, low, close FROM ohlcv_hourly ORDER BY 1"), [
    { hour_start: "2019-06-03T23:00:00.000Z", open: 8200, high: 8210, low: 8100, close: 8107.96 },
    { hour_start: "2019-06-04T00:00:00.000Z", open: 8107.96, high: 8107.96, low: 7700, close: 7955.07 },
  ]);
  const letter = Object.entries(objects).find(([key]) => /^dead_letters\/.*\.json$/.test(key))![1];
  const told = JSON.parse(new TextDecoder().decode(Uint8Array.fromHex(letter)));
  assertEquals([told.origin, told.examples[0].line], [original, 5]);
  await work.run(args);
  assertEquals(await work.objects(), objects);

  // The same name with another content is another original; the first one stays.
  const later = DOWNLOADED.replace(
    "2019-06-03 10-PM,BTCUSD,8200,8100,8210",
    "2019-06-03 10-PM,BTCUSD,8200,8210,8100",
  );
  await work.run(["backfill", "--ohlcv", await work.file("BTCUSD_1h.csv", later), ...args.slice(3)]);
  const originals = Object.keys(await work.objects()).filter((key) => key.startsWith("raw/candle_files/"));
  assertEquals([originals.length, originals.includes(original)], [2, true]);
  assertEquals((await work.run(["doctor", "--lake", work.lake])).stdout.includes("every object holds"), true);
});

Deno.test("backfill refuses what it cannot understand, with its own words and code", async () => {
  await using work = await Workplace.make();
  const table: [name: string, content: string, args: string[], code: number, words: string][] = [
    ["none.csv", "", [], 2, "name a file with --ohlcv FILE"],
    [
      "ETHUSD_1h.csv",
      DOWNLOADED.replaceAll("BTC", "ETH"),
      [],
      5,
      "it is about ETHUSD, not BTCUSD; name it with --symbol ETHUSD",
    ],
    ["noise.csv", "a;b;c\n1;2;3\n", [], 5, "--layout"],
    ["BTCUSD.csv", DOWNLOADED, ["--layout", "excel"], 2, "excel"],
  ];
  for (const [name, content, more, code, words] of table) {
    const file = content === "" ? [] : ["--ohlcv", await work.file(name, content)];
    const result = await work.run(["backfill", ...file, ...more, "--lake", work.lake]);
    assertEquals([name, result.code], [name, code]);
    assertStringIncludes(result.stderr, words);
    assertEquals(await work.objects(), {});
  }
});
