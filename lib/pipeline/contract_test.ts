import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { gzipSync } from "node:zlib";
import { sha256 } from "../lake/ledger.ts";
import { candleCsv, Workplace } from "./_test_cli.ts";

const START = Date.UTC(2023, 11, 31, 23);
const NOW = ["--now", "2024-03-10T12:00:00Z"];

/** Two hours of minutes around new year with a column `funding_rate`; every other row has a value in it. */
function candlesWithRate(): string {
  const [header, ...rows] = candleCsv(START, 120).trimEnd().split("\n");
  return [`${header},funding_rate`, ...rows.map((row, i) => `${row},${i % 2 ? "0.0001" : ""}`)].join("\n");
}

/** Hours of a foreign layout with a column `Mood`, which one row has a value in. */
const DOWNLOADED = [
  "Timestamps are UTC timezone,https://www.CryptoDataDownload.com",
  "Date,Symbol,Open,High,Low,Close,Volume BTC,Volume USD,Mood",
  "2019-06-04 12-AM,BTCUSD,8107.96,8107.96,7700,7955.07,6176.49,48760331.59,",
  "2019-06-03 11-PM,BTCUSD,8200,8210,8100,8107.96,10,81000,good",
  "2019-06-03 10-PM,BTCUSD,8200,8210,8100,8200,10,81000,",
  "2019-06-03 09-PM,BTCUSD,8200,8210,8100,8200,10,81000,",
  "2019-06-03 08-PM,BTCUSD,8200,8210,8100,8200,10,81000,",
  "",
].join("\r\n");

/** Makes a lake of one sound day, and says what holds for what comes after. */
async function lakeWith(work: Workplace, contract: object): Promise<void> {
  await work.run([
    "backfill",
    "--ohlcv",
    await work.file("sound.csv", candleCsv(Date.UTC(2018, 0), 60)),
    ...["--lake", work.lake, ...NOW],
  ]);
  await agree(work, contract);
}

async function agree(work: Workplace, contract: object): Promise<void> {
  await Deno.writeTextFile(`${work.lake}/_quality.json`, JSON.stringify({ contract }));
}

const backfill = (work: Workplace, path: string) =>
  work.run(["backfill", "--ohlcv", path, "--lake", work.lake, ...NOW]);

async function drift(work: Workplace): Promise<{ status: string; detail: string }> {
  const { stdout } = await work.run(["quality", "--lake", work.lake, "--json", ...NOW]);
  const { findings } = JSON.parse(stdout);
  return findings.find(({ check }: { check: string }) => check.endsWith(": drift"));
}

/** Objects and their hashes, without reports: each run of `quality` writes one. */
async function data(work: Workplace): Promise<Record<string, string>> {
  const objects = Object.entries(await work.objects()).map(([key, bytes]) => [key, sha256(bytes)]);
  return Object.fromEntries(objects.filter(([key]) => !key!.startsWith("quality_reports/")));
}

Deno.test("evolve keeps the values of a candle file's further columns in extra_values, a second run changes no byte", async () => {
  await using work = await Workplace.make();
  await lakeWith(work, { candles: { columns: "evolve" } });
  const path = await work.file("rate.csv", candlesWithRate());
  assertEquals((await backfill(work, path)).code, 0);
  const origin = "raw/ohlcv/symbol=BTCUSD/source=csv/timeframe=1m/rate.csv";
  assertEquals(
    await work.query(
      "SELECT id, source, column_name, value, origin, entity, year, count(*) AS n FROM extra_values " +
        "GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY year",
    ),
    [2023, 2024].map((year) => ({
      id: "BTCUSD",
      source: "csv",
      column_name: "funding_rate",
      value: "0.0001",
      origin,
      entity: "candles",
      year,
      n: 30,
    })),
  );
  // A value finds its candle.
  assertEquals(
    await work.query(
      "SELECT count(*) AS n FROM extra_values AS e JOIN ohlcv_minute AS m " +
        "ON e.id = m.symbol AND from_unixtime(e.timestamp_ms / 1000) = m.minute_start",
    ),
    [{ n: 60 }],
  );
  const before = await work.objects();
  assertEquals((await backfill(work, path)).code, 0);
  assertEquals(await work.objects(), before);
  // One that is lost is made again.
  const [lost] = Object.keys(before).filter((key) => key.startsWith("processed/extra_values/"));
  await Deno.remove(`${work.lake}/${lost}`);
  await backfill(work, path);
  assertEquals((await work.objects())[lost!], before[lost!]);
  assertEquals(await drift(work).then(({ status, detail }) => ({ status, detail })), {
    status: "warn",
    detail: `new column "funding_rate" (such as "0.0001", kept in extra_values, first in ${origin})`,
  });
});

Deno.test("evolve keeps them from a foreign layout, and a column of each of 50 without a limit", async () => {
  await using work = await Workplace.make();
  await lakeWith(work, { candles: { columns: "evolve" } });
  assertEquals((await backfill(work, await work.file("BTCUSD_1h.csv", DOWNLOADED))).code, 0);
  const [header, ...rows] = candleCsv(START, 10).trimEnd().split("\n");
  const names = Array.from({ length: 44 }, (_, i) => `more_${i}`);
  const wide = [
    [header, ...names].join(),
    ...rows.map((row) => [row, ...names.map((_, i) => `v${i}`)].join()),
  ].join("\n");
  assertEquals((await backfill(work, await work.file("wide.csv.gz", gzipSync(wide)))).code, 0);
  const rowsOf = await work.query(
    "SELECT timestamp_ms, column_name, value, origin FROM extra_values " +
      "WHERE column_name = 'mood'",
  );
  assertEquals(rowsOf.map(({ timestamp_ms, value }) => [timestamp_ms, value]), [[
    Date.UTC(2019, 5, 3, 23),
    "good",
  ]]);
  assertMatch(String(rowsOf[0]!["origin"]), /^raw\/candle_files\/layout=cryptodatadownload\//);
  assertEquals(
    await work.query(
      "SELECT count(*) AS n, count(DISTINCT column_name) AS columns FROM extra_values " +
        "WHERE column_name LIKE 'more_%'",
    ),
    [{ n: 440, columns: 44 }],
  );
  assertMatch((await drift(work)).detail, /"mood".*"more_0".*"more_3".*, and 40 more$/);
});

Deno.test("freeze refuses a candle file with a new column or another type, and writes nothing", async () => {
  await using work = await Workplace.make();
  await lakeWith(work, { candles: { columns: "freeze", data_type: "freeze" } });
  const typed = candleCsv(START, 10).replace(/\n(\d+),[^,]+/, "\n$1,ten");
  const table: [name: string, content: string, words: string][] = [
    [
      "rate.csv",
      candlesWithRate(),
      'its column 7, "funding_rate", was not there before and the contract says freeze',
    ],
    ["BTCUSD_1h.csv", DOWNLOADED, 'its column 9, "mood", was not there before'],
    ["typed.csv", typed, 'on line 2 open is "ten" (not_a_number) and the contract says freeze'],
    [
      "BTCUSD_1h.csv",
      DOWNLOADED.replace(",Mood", "").replaceAll(/,(good)?\r/g, "\r").replace("8107.96", "much"),
      'open is "much" (not_a_number) and the contract says freeze',
    ],
  ];
  const before = await work.objects();
  for (const [name, content, words] of table) {
    const result = await backfill(work, await work.file(name, content));
    assertEquals([name, result.code], [name, 5]);
    assertStringIncludes(result.stderr, words);
    assertStringIncludes(result.stderr, "in _quality.json to");
    assertEquals(await work.objects(), before);
  }
  // What came in before is no matter.
  assertEquals((await backfill(work, `${work.folder}/sound.csv`)).code, 0);
  // A line that is refused for its value is none of the contract's business.
  const negative = candleCsv(START, 10).replace(/\n(\d+),[^,]+/, "\n$1,-5");
  assertEquals((await backfill(work, await work.file("negative.csv", negative))).code, 7);
});

Deno.test("discard_row puts rows with values in new columns into dead letters; replay takes them under another contract", async () => {
  for (
    const [name, content, rows] of [["rate.csv", candlesWithRate(), 60], [
      "BTCUSD_1h.csv",
      DOWNLOADED,
      1,
    ]] as const
  ) {
    await using work = await Workplace.make();
    await lakeWith(work, { candles: { columns: "discard_row" } });
    const sound = (await work.query("SELECT count(*) AS n FROM btcusd_raw"))[0]!["n"] as number;
    const path = await work.file(name, content);
    const { code, stderr } = await backfill(work, path);
    assertEquals(code, 7);
    assertStringIncludes(stderr, `${rows} unknown_column`);
    const bars = async () =>
      (await work.query(
        "SELECT (SELECT count(*) FROM ohlcv_minute) + (SELECT count(*) FROM ohlcv_hourly WHERE symbol = 'BTCUSD' " +
          "AND hour_start BETWEEN TIMESTAMP '2019-01-01' AND TIMESTAMP '2020-01-01') AS n",
      ))[0]!["n"] as number;
    const kept = await bars();
    // A lost partition comes back without the refused rows.
    const before = await data(work);
    const partition = Object.keys(before).find((key) => /ohlcv_(minute|hourly).*year=(2023|2019)/.test(key))!;
    await Deno.remove(`${work.lake}/${partition}`);
    await backfill(work, path);
    assertEquals(await data(work), before);
    // The same contract refuses them again.
    assertEquals((await work.run(["replay", "--lake", work.lake, ...NOW])).code, 7);
    assertEquals(await data(work), before);
    await agree(work, { candles: { columns: "evolve" } });
    const replayed = await work.run(["replay", "--lake", work.lake, ...NOW]);
    assertEquals(replayed.code, 0, replayed.stderr);
    assertStringIncludes(replayed.stdout, `${rows} rows of raw/`);
    assertStringIncludes(replayed.stdout, "are taken, the pipeline's next run brings them into the tables");
    const again = await work.run([
      "pipeline",
      "--source",
      "csv",
      "--only",
      "process,materialize,quality",
      "--lake",
      work.lake,
      ...NOW,
    ]);
    assertEquals(again.code, 0, again.stderr);
    assertEquals(await bars(), kept + rows);
    assertEquals(await work.query("SELECT count(*) AS n FROM extra_values"), [{ n: rows }]);
    assert((await work.query("SELECT count(*) AS n FROM btcusd_raw"))[0]!["n"] as number > sound);
    assertStringIncludes((await work.run(["doctor", "--lake", work.lake])).stdout, "every object holds");
    // What was taken is not given back: neither by a run with the file nor by a stricter contract.
    const taken = await data(work);
    await agree(work, { candles: { columns: "discard_row" } });
    await backfill(work, path);
    assertEquals(await data(work), taken);
  }
});

Deno.test("discard_value drops the values, names them in the report, and evolve takes the file once more", async () => {
  await using work = await Workplace.make();
  await lakeWith(work, {});
  const path = await work.file("rate.csv", candlesWithRate());
  assertEquals((await backfill(work, path)).code, 0);
  assertEquals(await work.query("SELECT * FROM extra_values"), []);
  const { status, detail } = await drift(work);
  assertEquals(status, "warn");
  assertStringIncludes(detail, 'new column "funding_rate" (such as "0.0001", dropped, first in raw/ohlcv/');
  const silver = await work.query("SELECT * FROM ohlcv_minute ORDER BY minute_start");
  await agree(work, { candles: { columns: "evolve" } });
  assertEquals((await backfill(work, path)).code, 0);
  assertEquals(await work.query("SELECT count(*) AS n FROM extra_values"), [{ n: 60 }]);
  assertEquals(await work.query("SELECT * FROM ohlcv_minute ORDER BY minute_start"), silver);
});

Deno.test("_quality.json names a contract that cannot be used, with exit code 3, and nothing comes in", async () => {
  await using work = await Workplace.make();
  await lakeWith(work, {});
  const before = await work.objects();
  const table: [contract: object, words: string][] = [
    [{ candles: { columns: "evolv" } }, '"contract.candles.columns" is not usable'],
    [{ candles: { data_type: "evolve" } }, "a bad value cannot go alone: choose freeze or discard_row"],
    [{ candle: {} }, 'there is no setting "contract.candle"'],
    [{ snapshots: { data_type: 1 } }, '"contract.snapshots.data_type" is not usable'],
  ];
  for (const [contract, words] of table) {
    await agree(work, contract);
    const { code, stderr } = await backfill(work, await work.file("rate.csv", candlesWithRate()));
    assertEquals([words, code], [words, 3]);
    assertStringIncludes(stderr, words);
    assertEquals(await work.objects(), before);
  }
});

const coin = (id: string, more: object = {}) => ({
  id,
  symbol: id,
  name: id,
  current_price: 1.5,
  market_cap: 7,
  ...more,
});
const PAGE = JSON.stringify([
  coin("bitcoin"),
  coin("moody", { mood: { today: "good" }, market_cap: "a lot" }),
  coin("quiet", { mood: null }),
]);

/** One slot of the market above, under a contract. */
async function ingested(work: Workplace, snapshots: object, at = "2026-01-04T10:07:30Z") {
  await Deno.mkdir(work.lake, { recursive: true });
  await agree(work, { snapshots });
  return await work.run(["ingest", "--lake", work.lake, "--now", at]);
}

const market = (() => Promise.resolve(new Response(PAGE))) as typeof fetch;
const rowsOf = (work: Workplace) => work.query("SELECT id, market_cap FROM processed_prices ORDER BY id");
const extraOf = (work: Workplace) =>
  work.query("SELECT id, column_name, value, entity, year FROM extra_values ORDER BY column_name");

const MOOD = { id: "moody", column_name: "mood", value: '{"today":"good"}', entity: "snapshots", year: 2026 };
const CAP = { id: "moody", column_name: "market_cap", value: "a lot", entity: "snapshots", year: 2026 };
const OTHERS = [{ id: "bitcoin", market_cap: 7 }, { id: "quiet", market_cap: 7 }];
const ALL = [OTHERS[0]!, { id: "moody", market_cap: null }, OTHERS[1]!];

Deno.test("a market page goes by the contract: fields that are new and numbers that are none", async () => {
  const table: [
    snapshots: Record<string, string>,
    code: number,
    rows: object[],
    extra: object[],
    letter: string | null,
  ][] = [
    [{}, 7, OTHERS, [], "number_as_text"],
    [{ columns: "evolve", data_type: "evolve" }, 0, ALL, [CAP, MOOD], null],
    [{ columns: "evolve", data_type: "discard_value" }, 0, ALL, [MOOD], null],
    [{ columns: "discard_value", data_type: "discard_value" }, 0, ALL, [], null],
    [{ columns: "discard_row", data_type: "discard_value" }, 7, OTHERS, [], "unknown_column"],
    [{ columns: "freeze" }, 7, [], [], "contract_freeze"],
    [{ columns: "evolve", data_type: "freeze" }, 7, [], [], "contract_freeze"],
  ];
  for (const [snapshots, code, rows, extra, reason] of table) {
    await using work = await Workplace.make(market);
    const result = await ingested(work, snapshots);
    assertEquals([snapshots, result.code], [snapshots, code]);
    assertEquals([await rowsOf(work), await extraOf(work)], [rows, extra]);
    const objects = await work.objects();
    const raw = Object.entries(objects).find(([key]) => key.startsWith("raw/coingecko/markets/"))![1];
    assertEquals(new TextDecoder().decode(Uint8Array.fromHex(raw)), PAGE);
    const letter = Object.keys(objects).find((key) => /^dead_letters\/.*\.json$/.test(key));
    const reasons = letter && JSON.parse(await Deno.readTextFile(`${work.lake}/${letter}`)).reasons;
    assertEquals(Object.keys(reasons ?? {}), reason === null ? [] : [reason]);
    if (reason === "contract_freeze") {
      assertStringIncludes(result.stderr, "and the contract says freeze; set contract.snapshots.");
    }
    // A second run in the same slot, and the process step, change nothing.
    await ingested(work, snapshots);
    const process = ["pipeline", "--source", "coingecko", "--only", "process", "--lake", work.lake];
    await work.run([...process, "--now", "2026-01-04T10:08:30Z"]);
    const later = await work.objects();
    for (const [key, bytes] of Object.entries(objects)) assertEquals(later[key], bytes, key);
  }
});

Deno.test("ingest under a contract that cannot be used keeps the answer, and settles it once the contract is mended", async () => {
  await using work = await Workplace.make(market);
  const { code, stderr } = await ingested(work, { colums: "evolve" });
  assertEquals(code, 3);
  assertStringIncludes(stderr, 'there is no setting "contract.snapshots.colums"');
  assertEquals(await rowsOf(work), []);
  // The page is not asked for again: a new one would be another.
  work.fetch = () => Promise.resolve(new Response(PAGE.replaceAll("bitcoin", "other")));
  const { stderr: said } = await ingested(work, { columns: "evolve", data_type: "evolve" });
  assertStringIncludes(said, "taken up where run");
  assertEquals([await rowsOf(work), await extraOf(work)], [ALL, [CAP, MOOD]]);
});

Deno.test("replay takes a market page that freeze refused once the contract says another word", async () => {
  await using work = await Workplace.make(market);
  await ingested(work, { columns: "freeze" });
  const replay = ["replay", "--lake", work.lake, "--now", "2026-01-04T10:08:00Z"];
  const waits = await work.run(replay);
  assertEquals(waits.code, 7);
  assertStringIncludes(waits.stdout, 'the field "mood" was not there before, and the contract says freeze');
  // Its page can be read now, and one of its rows is refused: a letter for that row stands in its place.
  await agree(work, { snapshots: { columns: "evolve" } });
  assertEquals((await work.run(replay)).code, 7);
  assertEquals(await rowsOf(work), OTHERS);
  const letters = Object.keys(await work.objects()).filter((key) => /^dead_letters\/.*\.json$/.test(key));
  assertEquals(letters, ["dead_letters/process/coingecko-markets-20260104T100500Z.json"]);
  await agree(work, { snapshots: { columns: "evolve", data_type: "evolve" } });
  assertEquals((await work.run(replay)).code, 0);
  assertEquals([await rowsOf(work), await extraOf(work)], [ALL, [CAP, MOOD]]);
});

Deno.test("the quality report names new fields and types of market pages, with the first page that had them", async () => {
  await using work = await Workplace.make(market);
  await ingested(work, { columns: "evolve" });
  await ingested(work, { columns: "discard_value" }, "2026-01-04T10:12:00Z");
  const { stdout } = await work.run(["quality", "--lake", work.lake, "--now", "2026-01-04T11:00:00Z"]);
  const page = "raw/coingecko/markets/year=2026/month=01/day=04/hour=10/20260104T100500Z.json";
  assertStringIncludes(
    stdout,
    `new column "mood" (such as "{"today":"good"}", kept in extra_values, first in ${page}); ` +
      `another type in "market_cap" (such as "a lot", their rows refused, first in ${page})`,
  );
});

/** What `doctor` says of the objects. */
async function integrity(work: Workplace): Promise<string[]> {
  const { stdout } = await work.run(["doctor", "--lake", work.lake, "--json"]);
  const findings: { check: string; detail: string }[] = JSON.parse(stdout).findings;
  return findings.filter(({ check }) => check === "integrity").map(({ detail }) => detail);
}
const WHOLE = ["every object holds the bytes that were committed"];

Deno.test("doctor finds the rows whole that replay has made anew by another contract", async () => {
  await using work = await Workplace.make(market);
  await ingested(work, { columns: "evolve" });
  assertEquals([await rowsOf(work), await integrity(work)], [OTHERS, WHOLE]);
  await agree(work, { snapshots: { columns: "evolve", data_type: "evolve" } });
  assertEquals((await work.run(["replay", "--lake", work.lake, "--now", "2026-01-04T10:08:00Z"])).code, 0);
  assertEquals([await rowsOf(work), await integrity(work)], [ALL, WHOLE]);
  assertEquals(await work.query("SELECT step, unit, status FROM lakebook.runs WHERE command = 'replay'"), [
    { step: "process", unit: "markets-20260104T100500Z-rows", status: "ok" },
  ]);
});

Deno.test("doctor does not miss an hour of gold whose snapshots have no row any more", async () => {
  const moody = JSON.stringify([coin("moody", { mood: "good" })]);
  await using work = await Workplace.make((() => Promise.resolve(new Response(moody))) as typeof fetch);
  await ingested(work, { columns: "evolve" });
  const steps = ["--source", "coingecko", "--only", "process,materialize", "--now", "2026-01-04T11:05:00Z"];
  assertEquals((await work.pipeline(...steps)).code, 0);
  const gold = async () => Object.keys(await work.objects()).filter((key) => key.startsWith("analytics/"));
  assertEquals((await gold()).length, 1);
  // The snapshot is made again under a contract that refuses its only row.
  const rows = Object.keys(await work.objects()).find((key) => key.startsWith("processed/market_prices/"))!;
  await Deno.truncate(`${work.lake}/${rows}`, 10);
  await work.run(["doctor", "--quarantine", "--lake", work.lake]);
  await agree(work, { snapshots: { columns: "discard_row" } });
  assertEquals((await work.pipeline(...steps)).code, 7);
  assertEquals([await gold(), await integrity(work)], [[], WHOLE]);
});
