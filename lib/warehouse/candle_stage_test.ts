import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { LakeError } from "../core/errors.ts";
import { linePieces } from "../sources/candle_pieces.ts";
import { type CandleFile, cleanCandles, inspectCandles } from "../sources/candles_csv.ts";
import {
  HEADER,
  lineOf,
  manyLines,
  randomWalk,
  readers,
  staged,
  START,
  writeCandles,
} from "./_test_candles.ts";
import { CandleStage } from "./candle_stage.ts";
import { readCandlesSql } from "./insert_candles.ts";
import { openDuckDb } from "./engine_duckdb.ts";

const LATEST = Date.UTC(2020, 0);
const ORIGIN = { symbol: "BTCUSD", source: "csv" };
const bar = (minute: number, values = "10,11,12,9,5") => `${START + minute * 60_000},${values}`;
const minutes = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => bar(from + i));

Deno.test("CandleStage keeps a sound file as it is, plain or gzipped", async () => {
  const lines = randomWalk(START, START + 3 * 86_400_000).map(lineOf);
  using plain = await staged([{ lines }]);
  using zipped = await staged([{ lines, gzip: true }]);
  for (const { reports, series } of [plain, zipped]) {
    assertEquals(reports.map(({ rows, rejects }) => [rows, rejects]), [[lines.length, []]]);
    const { rows, out_of_order, duplicates, conflicts, timeframe } = series[0]!;
    assertEquals([rows, out_of_order, duplicates, conflicts.length, timeframe], [
      lines.length,
      0,
      0,
      0,
      "1m",
    ]);
  }
  const values = (line: string) => line.split(",").map(Number).join();
  assertEquals(await plain.sealed(), lines.map(values));
  assertEquals(await zipped.sealed(), await plain.sealed());
});

Deno.test("CandleStage reads columns by name, further ones without or with the same name among them", async () => {
  const table: [header: string, line: string][] = [
    ["low,high,volume,close,open,time", `9,12,5,11,10,${START}`],
    [`,${HEADER},symbol`, `0,${bar(0)},BTC`],
    [`${HEADER},note,Note,it's`, `${bar(0)},"a, b",c,d`],
    [`${HEADER},`, `${bar(0)},`],
    [HEADER, `${bar(0)},,`],
  ];
  for (const [header, line] of table) {
    for (const gzip of [false, true]) {
      using stage = await staged([{ header, lines: [line], gzip }]);
      assertEquals([header, ...await stage.sealed()], [header, bar(0)]);
    }
    // The same line beside a bad one, which sends the file through the line check.
    using careful = await staged([{ header, lines: [line, "bad"] }]);
    assertEquals([header, ...await careful.sealed()], [header, bar(0)]);
    assertEquals(careful.reports[0]!.rejects.map(({ line, reason }) => [line, reason]), [[
      3,
      "wrong_cell_count",
    ]]);
  }
});

Deno.test("CandleStage puts bad lines aside with line number, reason and text, plain or gzipped", async () => {
  const bad = [
    bar(1, "10,11,8,9,5"),
    "",
    bar(3, "ten,11,12,9,5"),
    bar(4, "0,1,1,1,1"),
    bar(5, "10,11,12,9,-5"),
    "x",
  ];
  const lines = [bar(0), ...bad, bar(7, "10,11,12,9,")];
  for (const gzip of [false, true]) {
    using stage = await staged([{ lines, gzip }]);
    assertEquals(stage.reports[0]!.rows, 2);
    assertEquals(stage.reports[0]!.rejects.map(({ line, reason, raw }) => [line, reason, raw]), [
      [3, "high_below_low", bad[0]!],
      [5, "not_a_number", bad[2]!],
      [6, "price_not_positive", bad[3]!],
      [7, "negative_volume", bad[4]!],
      [8, "wrong_cell_count", "x"],
    ]);
    assertEquals(await stage.sealed(), [bar(0), bar(7, "10,11,12,9,")]);
  }
});

Deno.test("CandleStage finds a bad line late in a large gzipped file, and keeps the others in order", async () => {
  const lines = manyLines(400_000).with(350_000, "x");
  using stage = await staged([{ lines, gzip: true }]);
  const { rows, rejects } = stage.reports[0]!;
  assertEquals([rows, rejects.map(({ line }) => line)], [399_999, [350_002]]);
  assertEquals(stage.series.map(({ rows, out_of_order }) => [rows, out_of_order]), [[399_999, 0]]);
});

Deno.test("CandleStage settles a file without one sound line as no series", async () => {
  using stage = await staged([{ lines: [bar(0, "0,0,0,0,0"), "x"] }]);
  assertEquals([stage.reports[0]!.rows, stage.reports[0]!.rejects.length, stage.series], [0, 2, []]);
  assertEquals(await stage.sealed(), []);
});

Deno.test("CandleStage sorts rows and counts those that stood before an earlier one", async () => {
  using stage = await staged([{ lines: [bar(2), bar(0), bar(1), bar(4), bar(3)] }]);
  assertEquals(await stage.sealed(), [0, 1, 2, 3, 4].map((minute) => bar(minute)));
  const { out_of_order, duplicates, conflicts } = stage.series[0]!;
  assertEquals([out_of_order, duplicates, conflicts.length], [2, 0, 0]);
});

Deno.test("CandleStage drops exact repeats and keeps the later of two that differ", async () => {
  const later = "20,21,22,19,6";
  using stage = await staged([{
    lines: [bar(0), bar(0), bar(1), bar(2), bar(1, later), bar(3, "1,1,1,1,"), bar(3, "1,1,1,1,"), bar(2)],
  }]);
  assertEquals(await stage.sealed(), [bar(0), bar(1, later), bar(2), bar(3, "1,1,1,1,")]);
  const { rows, duplicates, conflicts } = stage.series[0]!;
  assertEquals([rows, duplicates], [4, 3]);
  assertEquals(conflicts, [{
    line: null,
    reason: "conflicting_duplicate",
    detail: "a later row has the same time and other values; the later one stands",
    raw: `${START + 60_000},10.0,11.0,12.0,9.0,5.0`,
  }]);
});

Deno.test("CandleStage sees a volume that came later as another value", async () => {
  using stage = await staged([{ lines: [bar(0, "1,1,1,1,"), bar(0, "1,1,1,1,2"), bar(1)] }]);
  assertEquals([stage.series[0]!.duplicates, stage.series[0]!.conflicts.length], [0, 1]);
  assertEquals(await stage.sealed(), [bar(0, "1,1,1,1,2"), bar(1)]);
});

Deno.test("CandleStage merges overlapping files: the later file stands, whichever order times have", async () => {
  const other = "20,21,22,19,6";
  const early = { lines: minutes(0, 6), gzip: true };
  const late = { lines: [bar(4, other), bar(5), bar(6), bar(7)] };
  for (const [files, fourth] of [[[early, late], bar(4, other)], [[late, early], bar(4)]] as const) {
    using stage = await staged(files);
    assertEquals(await stage.sealed(), minutes(0, 8).with(4, fourth));
    const { rows, duplicates, conflicts } = stage.series[0]!;
    assertEquals([rows, duplicates, conflicts.length], [8, 1, 1]);
  }
});

Deno.test("CandleStage keeps sources, symbols and bar lengths apart", async () => {
  const day = [`${START},1,1,1,1,1`, `${START + 86_400_000},1,1,1,1,1`];
  using stage = await staged([
    { lines: minutes(0, 2) },
    { lines: minutes(0, 2), source: "o'brien" },
    { lines: minutes(0, 2), symbol: "ETHUSD" },
    { lines: day },
  ]);
  assertEquals(stage.series.map(({ symbol, source, timeframe, rows }) => [symbol, source, timeframe, rows]), [
    ["BTCUSD", "csv", "1m", 2],
    ["BTCUSD", "o'brien", "1m", 2],
    ["ETHUSD", "csv", "1m", 2],
    ["BTCUSD", "csv", "1d", 2],
  ]);
});

Deno.test("CandleStage load() forgets a file that is damaged and takes the next one", async () => {
  const scratch = await Deno.makeTempDir();
  const zipped = gzipSync(`${HEADER}\n${minutes(0, 5000).join("\n")}\n`);
  using engine = await openDuckDb();
  const stage = new CandleStage(engine, { scratch, latestMs: LATEST });
  const sound = await writeCandles(`${scratch}/sound.csv`, { lines: minutes(0, 3) });
  const file: CandleFile = { ...sound, path: `${scratch}/cut.csv.gz`, gzip: true };
  for (const bytes of [zipped.subarray(0, zipped.length - 1), zipped.subarray(0, 500), [...zipped, 1]]) {
    await Deno.writeFile(file.path, new Uint8Array(bytes));
    await assertRejects(() => stage.load(file, ORIGIN), LakeError, "nothing of it was kept");
  }
  assertEquals((await stage.load(sound, ORIGIN)).rows, 3);
  assertEquals((await stage.seal()).map(({ rows }) => rows), [3]);
  await Deno.remove(scratch, { recursive: true });
});

Deno.test("CandleStage load() says that the disk is full where the checked lines cannot be written", async () => {
  const scratch = await Deno.makeTempDir();
  if (!await Deno.stat("/dev/full").then(() => true, () => false)) {
    return console.log("skipped: no /dev/full here");
  }
  await Deno.symlink("/dev/full", `${scratch}/clean-0.csv`);
  using engine = await openDuckDb();
  const stage = new CandleStage(engine, { scratch, latestMs: LATEST });
  const file = await writeCandles(`${scratch}/a_1m.csv`, { lines: [bar(0), "bad"] });
  await assertRejects(() => stage.load(file, ORIGIN), LakeError, "the disk is full");
  await Deno.remove(scratch, { recursive: true });
});

Deno.test("CandleStage clear() forgets what was loaded, and leaves none of its rows in the engine", async () => {
  const scratch = await Deno.makeTempDir();
  using engine = await openDuckDb();
  const stage = new CandleStage(engine, { scratch, latestMs: LATEST });
  const file = await writeCandles(`${scratch}/a.csv`, { lines: minutes(0, 3) });
  await stage.load(file, ORIGIN);
  await stage.load(file, { ...ORIGIN, source: "other" });
  await stage.seal();
  await stage.clear();
  assertEquals((await engine.read("FROM duckdb_tables()")).rows, []);
  assertEquals(await stage.seal(), []);
  assertEquals(await readers(engine).sealed(), []);
  await Deno.remove(scratch, { recursive: true });
});

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

Deno.test("linePieces() cuts at line ends only and loses no byte, whatever the chunks and sizes", async () => {
  const folder = await Deno.makeTempDir();
  const text = fc.array(fc.string({ maxLength: 12 }), { minLength: 1, maxLength: 15 }).map((lines) =>
    lines.join("\n")
  );
  const size = fc.integer({ min: 1, max: 40 });
  await fc.assert(
    fc.asyncProperty(text, size, size, async (text, chunk, size) => {
      const bytes = new TextEncoder().encode(`${HEADER}\n${text}`);
      const pieces: string[] = [], firsts: boolean[] = [];
      for await (const piece of linePieces(chunksOf(bytes, chunk), { folder, size })) {
        pieces.push(await Deno.readTextFile(piece.path));
        firsts.push(piece.first);
      }
      assertEquals(pieces.join(""), new TextDecoder().decode(bytes));
      assertEquals(firsts, pieces.map((_, i) => i === 0));
      for (const piece of pieces.slice(0, -1)) assert(piece.endsWith("\n"), JSON.stringify(piece));
    }),
    { seed: 6, numRuns: 60 },
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test("readCandlesSql() gives the same rows from tiny pieces as from the whole file", async () => {
  const folder = await Deno.makeTempDir();
  const lines = randomWalk(START, START + 60 * 60_000).map(lineOf);
  const bytes = new TextEncoder().encode(`\ufeff${HEADER}\r\n${lines.join("\r\n")}`);
  using engine = await openDuckDb();
  const columns = HEADER.split(",");
  const rows: unknown[][] = [];
  let count = 0;
  for await (const piece of linePieces(chunksOf(bytes, 7), { folder, size: 64 })) {
    rows.push(...(await engine.read(readCandlesSql(piece.path, columns, { header: piece.first }))).rows);
    count += 1;
  }
  assert(count > 20, `${count} pieces`);
  assertEquals(
    rows.map((row) => row.map(Number)),
    lines.map((line) => line.split(",").map(Number)),
  );
  await Deno.remove(folder, { recursive: true });
});

const CELLS = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    '""',
    "0",
    "-0",
    "-1",
    "1e400",
    "1e-400",
    "5e-324",
    "nan",
    "NaN",
    "inf",
    "Infinity",
    "null",
  ),
  fc.constantFrom(
    "1_0",
    "1__0",
    "_1",
    "1_",
    "1._0",
    "1_0.5_0e0_1",
    "1.",
    ".1",
    ".",
    "+1",
    "--1",
    "1e5",
    "1e",
    "e1",
  ),
  fc.constantFrom(
    '"1"',
    '" 1 "',
    '"1',
    '1"',
    '"1,2"',
    "1 2",
    "true",
    "1d",
    "'1'",
    "\u00a01",
    "１",
    "\\N",
    "#",
    "NULL",
  ),
  fc.constantFrom(`${START}.4`, `${START}.5`, `${START / 1e4}e4`, "1e13", "99999999999999999999", "1.8e308"),
  fc.double({ min: 1e-9, max: 1e9, noNaN: true }).map(String),
  fc.integer({ min: -9, max: 99 }).map(String),
);

/** One change of a line. Hexadecimal times are left out: the engine reads them, the line check does not. */
const MUTATION: fc.Arbitrary<(line: string) => string> = fc.oneof(
  fc.tuple(fc.nat(5), CELLS).map(([at, cell]) => (line: string) =>
    line.split(",").map((old, i) => i === at ? cell : old).join()
  ),
  fc.tuple(fc.nat(40), fc.constantFrom(..." \t\r,;\"'_.+-e05\0é\u00a0")).map(([at, char]) => (line: string) =>
    line.slice(0, at) + char + line.slice(at)
  ),
  fc.nat(40).map((at) => (line: string) => line.slice(0, at) + line.slice(at + 1)),
  fc.nat(40).map((length) => (line: string) => line.slice(0, length)),
  fc.constantFrom(",", ",,", ",1", "\r", " ", ',""', "\r\r").map((tail) => (line: string) => line + tail),
  fc.constantFrom("", " ", "\t", ",,,,,", "#", '"', '""').map((line) => () => line),
);

Deno.test("CandleStage load() and cleanCandles() agree on every mutated line", async () => {
  const scratch = await Deno.makeTempDir();
  using engine = await openDuckDb();
  const { sealed } = readers(engine);
  let sound = 0, refused = 0;
  const load = async (file: CandleFile) => {
    const stage = new CandleStage(engine, { scratch, latestMs: LATEST });
    const report = await stage.load(file, ORIGIN);
    const series = await stage.seal();
    return { report, series, rows: await sealed() };
  };
  await fc.assert(
    fc.asyncProperty(fc.array(MUTATION, { minLength: 1, maxLength: 2 }), fc.nat(3), async (mutations, at) => {
      const mutated = mutations.reduce((line, mutate) => mutate(line), bar(9));
      const lines = minutes(0, 4).with(at, mutated);
      const path = `${scratch}/in_1m.csv`, cleanPath = `${scratch}/out.csv`;
      await Deno.writeTextFile(path, `${HEADER}\n${lines.join("\n")}\n`);
      const columns = HEADER.split(","), quoted = at % 2 === 0;
      const file = { path, name: "in.csv", gzip: false, quoted, columns, timeframe: "1m" };
      const fast = await load(file);
      const { kept, rejects } = await cleanCandles(file, { cleanPath, latestMs: LATEST });
      assertEquals([fast.report.rows, fast.report.rejects], [kept, rejects]);
      assertEquals(kept + rejects.length, lines.filter((line) => line.trim() !== "").length);
      assertEquals(fast.rows, (await load({ ...file, path: cleanPath })).rows);
      rejects.length > 0 ? refused++ : sound++;
    }),
    { seed: 7, numRuns: 120 },
  );
  assert(sound > 20 && refused > 20, `${sound} sound, ${refused} refused`);
  await Deno.remove(scratch, { recursive: true });
});

Deno.test("CandleStage load() and cleanCandles() agree on each file that once told them apart", async () => {
  const scratch = await Deno.makeTempDir();
  const table: [header: string, line: string][] = [
    [HEADER, bar(1, "1_0,11,12,9,1_000.5")],
    [HEADER, bar(1, "10,11,12,9,5,")],
    [HEADER, bar(1, '10,11,12,9,5,""')],
    [HEADER, "1_512_086_460_000,10,11,12,9,5"],
    [`${HEADER},note`, bar(1, '10,11,12,9,5,"b, c"')],
    [`${HEADER},n,n`, bar(1, "10,11,12,9,5,a,b")],
    [`${HEADER},`, bar(1, "10,11,12,9,5,a")],
  ];
  using engine = await openDuckDb();
  for (const [header, line] of table) {
    const path = `${scratch}/a_1m.csv`;
    await Deno.writeTextFile(path, `${header}\n${line}\n`);
    const file = await inspectCandles(path);
    const stage = new CandleStage(engine, { scratch, latestMs: LATEST });
    const { kept } = await cleanCandles(file, { cleanPath: `${scratch}/clean.csv`, latestMs: LATEST });
    assertEquals([line, (await stage.load(file, ORIGIN)).rows, kept], [line, 1, 1]);
  }
  await Deno.remove(scratch, { recursive: true });
});
