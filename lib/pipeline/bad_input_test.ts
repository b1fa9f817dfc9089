import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { createGzip, gzipSync } from "node:zlib";
import { sha256 } from "../lake/ledger.ts";
import { Workplace } from "./_test_cli.ts";

const START = Date.UTC(2024, 1, 28);
const HEADER = "time,open,close,high,low,volume";
const NOW = ["--now", "2024-03-10T12:00:00Z"];
const bar = (minute: number, values = "10,11,12,9,5") => `${START + minute * 60_000},${values}`;
const hour = Array.from({ length: 60 }, (_, i) => bar(i));
const csv = (...lines: string[]) => [HEADER, ...lines, ""].join("\n");

const pipeline = (work: Workplace, ...files: string[]) =>
  work.run([
    "pipeline",
    ...files.flatMap((file) => ["--ohlcv", file]),
    ...["--lake", work.lake, "--only", "ingest,process,materialize", ...NOW],
  ]);
const backfill = (work: Workplace, file: string, ...args: string[]) =>
  work.run(["backfill", "--ohlcv", file, "--lake", work.lake, ...args, ...NOW]);

/** UTF-16 with its byte order mark, as spreadsheets save it. */
function utf16(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length + 2);
  const view = new DataView(bytes.buffer);
  [...`\ufeff${text}`].forEach((letter, i) => view.setUint16(2 * i, letter.charCodeAt(0), true));
  return bytes;
}

const SYMBOLS = (market: string) => hour.map((line, i) => `${line},${i < 40 ? "BTCUSD" : market}`);

Deno.test("a file that cannot be taken whole is refused in plain words by pipeline and backfill, and nothing comes in", async () => {
  const table: [name: string, content: string | Uint8Array, code: number, words: string][] = [
    [
      "two_markets.csv",
      [`${HEADER},symbol`, ...SYMBOLS("ETHUSD")].join("\n"),
      5,
      "it holds two markets, BTCUSD (line 2) and ETHUSD (line 42); give each one as a file of its own",
    ],
    [
      "other_market.csv.gz",
      gzipSync([`${HEADER},pair`, ...hour.map((line) => `${line},ETH/USD`)].join("\n")),
      5,
      "it is about ETHUSD, not BTCUSD; name it with --symbol ETHUSD",
    ],
    ["ETHUSD_1m.csv", csv(...hour), 5, "it is about ETHUSD, not BTCUSD; name it with --symbol ETHUSD"],
    [
      "one_row.csv",
      csv(bar(0)),
      5,
      "its rows are too few to tell how long a bar is, say it in the file's name",
    ],
    [
      "eight_hours.csv",
      csv(...hour.map((_, i) => bar(480 * i - 28_000))),
      5,
      "its bars are 28800 s apart, give bars of one of 1m, 3m, 5m",
    ],
    ["utf16.csv", utf16(csv(...hour)), 5, "holds bytes that are no text (binary data, or UTF-16)"],
    ["nothing.csv", "", 4, "the file is empty"],
    ["no_rows.csv", csv(), 4, "it has a header but no rows"],
    ["no_number.csv", csv(...hour.map((_, i) => bar(i, "NaN,Infinity,12,9,5"))), 5, "not_a_number"],
    ["half.csv.gz", gzipSync(csv(...hour)).subarray(0, 100), 8, "the gzip data is damaged or cut short"],
  ];
  await using work = await Workplace.make();
  for (const [name, content, code, words] of table) {
    const path = await work.file(name, content);
    for (const result of [await pipeline(work, path), await backfill(work, path)]) {
      assertEquals([name, result.code], [name, code]);
      assertStringIncludes(result.stderr, words);
      assertEquals(await work.objects(), {});
    }
  }
});

Deno.test("bars are as long as --dry-run says, by the rows in any order, or else by the file's name", async () => {
  await using work = await Workplace.make();
  const day = "2024-02-28,10,12,9,11,5";
  const table: [name: string, content: string, timeframe: string][] = [
    ["BTCUSD_1d.csv", csv(bar(0)), "1d"],
    ["days_1d.csv", `date,open,high,low,close,volume\n${day}\n`, "1d"],
    ["two_days_1d.csv", csv(bar(0), bar(3 * 1440)), "1d"],
    ["no_order.csv", csv(...[25, 0, 15, 5, 20, 10].map((minute) => bar(minute))), "5m"],
  ];
  for (const [name, content, timeframe] of table) {
    const path = await work.file(name, content);
    const { stdout } = await backfill(work, path, "--dry-run", "--json");
    assertEquals([name, JSON.parse(stdout)[0].timeframe], [name, timeframe]);
    assertEquals((await backfill(work, path)).code, 0);
    const kept = Object.keys(await work.objects()).filter((key) => key.startsWith("raw/ohlcv/"));
    assertEquals(kept.map((key) => key.split("/")[4]), [`timeframe=${timeframe}`]);
    await Deno.remove(work.lake, { recursive: true });
  }
});

Deno.test("backfill takes what --dry-run shows: semicolons, or an empty line before the header", async () => {
  await using work = await Workplace.make();
  for (const text of [csv(...hour).replaceAll(",", ";"), `\n${csv(...hour)}`]) {
    const path = await work.file("minutes.csv", text);
    assertEquals((await backfill(work, path, "--dry-run")).code, 0);
    assertEquals((await backfill(work, path)).code, 0);
    assertEquals(await work.query("SELECT count(*) AS bars FROM ohlcv_minute"), [{ bars: 60 }]);
    await Deno.remove(work.lake, { recursive: true });
  }
});

Deno.test("backfill --dry-run says for which market a file is taken, and that another one's will be refused", async () => {
  await using work = await Workplace.make();
  const table: [name: string, symbol: string[], words: string][] = [
    ["minutes.csv", [], "taken as BTCUSD"],
    ["minutes.csv", ["--symbol", "ETH/USD"], "taken as ETHUSD"],
    ["ETHUSD_1m.csv", [], "would be refused: "],
  ];
  for (const [name, symbol, words] of table) {
    const { code, stdout } = await backfill(
      work,
      await work.file(name, csv(...hour)),
      "--dry-run",
      ...symbol,
    );
    assertEquals(code, 0);
    assertStringIncludes(stdout, `\n  ${words}`);
  }
});

Deno.test("bytes that are in the lake as another market's are refused, and not skipped as known", async () => {
  await using work = await Workplace.make();
  const path = await work.file("minutes.csv", csv(...hour));
  assertEquals((await backfill(work, path)).code, 0);
  const before = await work.objects();
  const { code, stderr } = await backfill(work, path, "--symbol", "ETHUSD");
  assertEquals(code, 5);
  assertStringIncludes(
    stderr,
    'as ETHUSD of csv: the same bytes are in the lake as BTCUSD of csv, "raw/ohlcv/',
  );
  const data = (objects: Record<string, string>) =>
    Object.entries(objects).filter(([key]) => /^(raw|processed|analytics)\//.test(key));
  assertEquals(data(await work.objects()), data(before));
});

Deno.test("two bars within a second stay two, and the grid's check says so", async () => {
  await using work = await Workplace.make();
  const path = await work.file("half_1m.csv", csv(bar(0), bar(0.5 / 60), bar(1), bar(2), bar(3)));
  await backfill(work, path);
  assertEquals(
    await work.query("SELECT count(*) AS bars, count(DISTINCT minute_start) AS starts FROM ohlcv_minute"),
    [{ bars: 5, starts: 5 }],
  );
  const { stdout } = await work.run(["quality", "--lake", work.lake, "--json", ...NOW]);
  const { findings } = JSON.parse(stdout);
  assertEquals(
    findings.find(({ check }: { check: string }) => check.includes("grid"))?.status,
    "warn",
  );
});

Deno.test("seconds and microseconds between milliseconds are refused row by row, each with its line and text", async () => {
  const mixed = csv(
    ...hour,
    `${START / 1000 + 3600},10,11,12,9,5`,
    `${(START + 3_660_000) * 1000},10,11,12,9,5`,
  );
  await using work = await Workplace.make();
  assertEquals((await pipeline(work, await work.file("mixed.csv", mixed))).code, 7);
  assertEquals(await work.query("SELECT count(*) AS n FROM ohlcv_minute"), [{ n: 60 }]);
  const letter = Object.keys(await work.objects()).find((key) => /^dead_letters\/.*\.json$/.test(key));
  const { examples, reasons } = JSON.parse(await Deno.readTextFile(`${work.lake}/${letter}`));
  assertEquals(reasons, { time_out_of_range: 2 });
  assertEquals(examples.map(({ line, raw }: { line: number; raw: string }) => [line, raw]), [
    [62, `${START / 1000 + 3600},10,11,12,9,5`],
    [63, `${(START + 3_660_000) * 1000},10,11,12,9,5`],
  ]);
});

Deno.test("NaN, infinite, negative and zero numbers are refused row by row; the rows around them come in", async () => {
  const bad = [
    "NaN,11,12,9,5",
    "10,11,Infinity,9,5",
    "10,11,12,-inf,5",
    "-10,11,12,9,5",
    "10,11,12,9,-5",
    "0,11,12,9,5",
  ];
  await using work = await Workplace.make();
  const path = await work.file(
    "bad.csv",
    csv(...hour, ...bad.map((values, i) => bar(60 + i, values)), bar(70)),
  );
  const { code, stderr } = await pipeline(work, path);
  assertEquals(code, 7);
  assertStringIncludes(
    stderr,
    "6 of 67 rows were refused (3 not_a_number, 2 price_not_positive, 1 negative_volume)",
  );
  assertEquals(await work.query("SELECT count(*) AS n FROM ohlcv_minute"), [{ n: 61 }]);
});

Deno.test("overlapping files that disagree: the later one stands, the earlier rows are kept, in either way of giving them", async () => {
  const first = csv(...hour);
  const second = csv(...hour.slice(30).map((line, i) => i === 0 ? bar(30, "10,12,13,9,5") : line), bar(60));
  await using apart = await Workplace.make();
  await pipeline(apart, await apart.file("a.csv", first));
  assertEquals((await pipeline(apart, await apart.file("b.csv", second))).code, 7);
  await using together = await Workplace.make();
  await pipeline(together, await together.file("a.csv", first), await together.file("b.csv", second));
  for (const work of [apart, together]) {
    assertEquals(
      await work.query("SELECT count(*) AS n, max(close) AS close, max(high) AS high FROM ohlcv_minute"),
      [{ n: 61, close: 12, high: 13 }],
    );
    const letter = "dead_letters/process/BTCUSD-csv-1m-2024-conflicts.json";
    const { examples } = JSON.parse(await Deno.readTextFile(`${work.lake}/${letter}`));
    assertEquals(examples.map(({ raw }: { raw: string }) => raw.split(",").map(Number).join()), [bar(30)]);
    assertEquals(Object.keys(await work.objects()).filter((key) => key.startsWith("raw/")).length, 2);
  }
});

Deno.test("a file that is still being written is refused as such, and nothing of it comes in", async () => {
  await using work = await Workplace.make();
  const from = -400 * 1440;
  const rows = Array.from({ length: 300_000 }, (_, i) => bar(from + i));
  const path = await work.file("growing.csv", [HEADER, ...rows, ""].join("\n"));
  let minute = from + rows.length;
  // At each turn of the event loop: other threads may not get a turn for long on a busy machine.
  const growing = setInterval(() => Deno.writeTextFileSync(path, `${bar(minute++)}\n`, { append: true }), 1);
  const { code, stderr } = await pipeline(work, path);
  clearInterval(growing);
  assertEquals(code, 4);
  assertStringIncludes(stderr, "it is still being written");
  assertStringIncludes(stderr, "wait until it is complete; nothing of it was kept");
  assertEquals(await work.objects(), {});
  assertEquals((await pipeline(work, path)).code, 0);
});

/** Bytes of garbage: in the slow suite as many as the words say, else enough to show in a memory that they fill. */
const GARBAGE_BYTES = Deno.env.get("LAKEBOOK_SLOW_TESTS") ? 2 ** 30 : 2 ** 26;

/** Writes `start` and then a pattern, up to a size, gzipped or not. */
async function garbage(
  path: string,
  { start, pattern, gzip }: { start: string; pattern: string; gzip: boolean },
) {
  const file = createWriteStream(path);
  const out = gzip ? createGzip({ level: 1 }) : file;
  if (gzip) out.pipe(file);
  out.write(start);
  const block = pattern.repeat(Math.ceil(2 ** 20 / pattern.length));
  for (let size = 0; size < GARBAGE_BYTES; size += block.length) {
    if (!out.write(block)) await once(out, "drain");
  }
  out.end();
  await once(file, "close");
}

Deno.test("garbage without end, plain or in a .gz that unpacks to a hundred times its size, is refused in bounded memory", async () => {
  await using work = await Workplace.make();
  const table: [name: string, start: string, pattern: string, words: string][] = [
    ["zeros", "", "\0", "holds bytes that are no text"],
    ["letters", "", "qwertz asdf ", "column time, open, close, high, low, volume is missing"],
    [
      "long_line",
      csv(...hour),
      "x",
      "is longer than 64 KiB, name a file of candle lines",
    ],
    [
      "many_lines",
      csv(...hour),
      "no candle at all\n",
      "of its lines are no candles (the first is line 62: wrong_cell_count",
    ],
  ];
  for (const [name, start, pattern, words] of table) {
    for (const gzip of [false, true]) {
      const path = `${work.folder}/${name}.csv${gzip ? ".gz" : ""}`;
      await garbage(path, { start, pattern, gzip });
      if (gzip) assert((await Deno.stat(path)).size < GARBAGE_BYTES / 50);
      const before = Deno.memoryUsage().rss;
      const { code, stderr } = await pipeline(work, path);
      const grown = Deno.memoryUsage().rss - before;
      assertEquals([path, code], [path, 5], stderr);
      assertStringIncludes(stderr, words);
      assertStringIncludes(stderr, `"${path}"`);
      assert(grown < 512 * 2 ** 20, `${path}: ${grown >> 20} MiB more`);
      assertEquals(await work.objects(), {});
      await Deno.remove(path);
    }
  }
});

const MADRID = new URL("../../../shared/data/lake_hive_csv/ETHUSDT/year=2021/", import.meta.url);
const recorded = await Deno.stat(MADRID).then(() => true, () => false);

Deno.test({
  name: `backfill refuses stamps of local time and names the zone that fits, then takes them${
    recorded ? "" : " (skipped: ../shared/data is absent)"
  }`,
  ignore: !recorded,
  async fn() {
    await using work = await Workplace.make();
    const path = decodeURIComponent(new URL("ETHUSDT_2021_historical_data.csv", MADRID).pathname);
    const refused = await backfill(work, path, "--symbol", "ETHUSDT");
    assertEquals(refused.code, 5);
    assertStringIncludes(refused.stderr, "all of these rows are 00:00 UTC in Europe/Madrid");
    assertEquals(await work.objects(), {});
    const taken = await backfill(work, path, "--symbol", "ETHUSDT", "--timezone", "Europe/Madrid");
    assertEquals(taken.code, 0, taken.stderr);
    assertEquals(
      await work.query("SELECT count(*) AS n, min(day) AS first, max(day) AS last FROM ohlcv_daily"),
      [{ n: 365, first: "2021-01-01", last: "2021-12-31" }],
    );
    const exact = Object.entries(await work.objects()).find(([key]) => key.startsWith("raw/candle_files/"))!;
    assertEquals(sha256(Uint8Array.fromHex(exact[1])), sha256(await Deno.readFile(path)));
  },
});
