import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { LakeError, QualityError, SourceError } from "../core/errors.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../core/time.ts";
import { openCandles } from "./candle_file_bytes.ts";
import {
  CANDLE_COLUMNS,
  type CandleFile,
  checkCandle,
  cleanCandles,
  EARLIEST_MS,
  inspectCandles,
  splitCells,
} from "./candles_csv.ts";
import { TIMEFRAMES } from "./candle_timeframe.ts";

const HEADER = "time,open,close,high,low,volume";
const START = Date.UTC(2017, 11, 1);
const LATEST = Date.UTC(2020, 0);
const FOLDER = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(FOLDER, { recursive: true }));

let files = 0;

async function fileOf(content: string | Uint8Array, { suffix = "_1m.csv" } = {}): Promise<string> {
  const path = `${FOLDER}/file-${files++}${suffix}`;
  await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
  return path;
}

function bars(count: number, { step = MINUTE_MS, from = START, factor = 1 } = {}): string[] {
  return Array.from({ length: count }, (_, i) => `${(from + i * step) * factor},10,11,12,9,5.25`);
}

function csv(lines: readonly string[], { header = HEADER, end = "\n" } = {}): string {
  return [header, ...lines, ""].join(end);
}

async function clean(path: string, about: Partial<CandleFile> = {}) {
  const file = { ...await inspectCandles(path), ...about };
  const cleanPath = `${FOLDER}/clean-${files++}.csv`;
  const { kept, rejects } = await cleanCandles(file, { cleanPath, latestMs: LATEST });
  return { kept, rejects, lines: (await Deno.readTextFile(cleanPath)).trimEnd().split("\n") };
}

Deno.test("inspectCandles() refuses a missing file and a folder with a SourceError", async () => {
  const missing = `${FOLDER}/nothing.csv`;
  await assertRejects(
    () => inspectCandles(missing),
    SourceError,
    `Cannot read "${missing}": there is no such file, check the path after --ohlcv`,
  );
  await assertRejects(
    () => inspectCandles(FOLDER),
    SourceError,
    "it is not a file, name a .csv or .csv.gz file",
  );
  const below = await fileOf(csv(bars(2)));
  await assertRejects(() => inspectCandles(`${below}/a.csv`), SourceError, "Cannot read");
});

const REFUSED: [
  name: string,
  content: string,
  error: typeof SourceError | typeof QualityError,
  text: string,
][] = [
  ["an empty file", "", SourceError, "the file is empty, name one that holds candles"],
  ["a header only", HEADER, SourceError, "it has a header but no rows"],
  ["a header and blank lines", `${HEADER}\r\n\r\n \n`, SourceError, "it has a header but no rows"],
  [
    "a missing column",
    "time,open,close,high,low\n1,2,3,4,5\n",
    QualityError,
    'column volume is missing, its first line is "time,open,close,high,low"',
  ],
  [
    "wrong columns",
    "date;price\n2020;1\n",
    QualityError,
    "column time, open, close, high, low, volume is missing",
  ],
  ["semicolons", csv(bars(2)).replaceAll(",", ";"), QualityError, "(any order, separated by commas)"],
  ["no header", `${bars(2).join("\n")}\n`, QualityError, `holds numbers, put the header ${HEADER} before it`],
  [
    "a repeated column",
    csv(bars(2), { header: `${HEADER},Close` }),
    QualityError,
    "column close stands twice",
  ],
  ["seconds", csv(bars(3, { factor: 1e-3 })), QualityError, "look like seconds, multiply them by 1000"],
  [
    "microseconds",
    csv(bars(3, { factor: 1e3 })),
    QualityError,
    "look like microseconds, divide them by 1000:",
  ],
  [
    "nanoseconds",
    csv(bars(3, { factor: 1e6 })),
    QualityError,
    "look like nanoseconds, divide them by 1000000:",
  ],
  ["weekly bars", csv(bars(5, { step: 7 * DAY_MS })), QualityError, "its bars are 604800 s apart"],
  ["bars of a second", csv(bars(5, { step: 1000 })), QualityError, "its bars are 1 s apart"],
  ["old Mac line ends", csv(bars(3), { end: "\r" }), QualityError, "column volume is missing"],
];

Deno.test("inspectCandles() refuses each kind of unusable file with its own words, gzipped or not", async () => {
  for (const [name, content, ErrorClass, text] of REFUSED) {
    const plain = await fileOf(content);
    const error = await assertRejects(() => inspectCandles(plain), ErrorClass, text);
    assertStringIncludes(error.message, `Cannot read "${plain}": `, name);
    if (content === "") continue;
    const gzip = await fileOf(gzipSync(content), { suffix: ".csv.gz" });
    await assertRejects(() => inspectCandles(gzip), ErrorClass, text);
  }
});

Deno.test("inspectCandles() takes columns in any order, in any case, quoted, with BOM, CRLF and further columns", async () => {
  const body = `${START},10,11,12,9,5\n${START + MINUTE_MS},11,10,12,9,5\n`;
  const table: [content: string, columns: string][] = [
    [`${HEADER}\n${body}`, HEADER],
    [`\ufeff${HEADER}\n${body}`, HEADER],
    [`${HEADER}\r\n${body.replaceAll("\n", "\r\n")}`, HEADER],
    [` Time , OPEN,Close,"High", "low" ,VOLUME\n${body}`, HEADER],
    [`low,high,volume,close,open,time\n9,12,5,11,10,${START}\n`, "low,high,volume,close,open,time"],
    [`,${HEADER},symbol\n0,${START},1,1,1,1,1,BTC\n`, `,${HEADER},symbol`],
    [`${HEADER},note,note,"a, b"\n${START},1,1,1,1,1,x,"y, z",\n`, `${HEADER},note,note,a, b`],
    [`${HEADER}\n${START},1,1,1,1,1`, HEADER],
  ];
  for (const [content, columns] of table) {
    for (const bytes of [new TextEncoder().encode(content), gzipSync(content)]) {
      const file = await inspectCandles(await fileOf(bytes));
      assertEquals([file.columns.join(), file.timeframe], [columns, "1m"]);
      assertEquals((await clean(file.path)).rejects, []);
    }
  }
});

Deno.test("inspectCandles() names the file and knows gzip by its first bytes or its name", async () => {
  const plain = await inspectCandles(await fileOf(csv(bars(2))));
  const hidden = await inspectCandles(await fileOf(gzipSync(csv(bars(2)))));
  assertEquals([plain.gzip, hidden.gzip], [false, true]);
  assertEquals(plain.path, `${FOLDER}/${plain.name}`);
  const lying = await fileOf(csv(bars(2)), { suffix: ".csv.gz" });
  await assertRejects(() => inspectCandles(lying), LakeError, "the gzip data is damaged");
});

Deno.test("inspectCandles() tells the bar length, whatever gaps, order and single bad times there are", async () => {
  for (const [name, step] of Object.entries(TIMEFRAMES)) {
    const lines = bars(12, { step });
    const gappy = lines.filter((_, i) => i !== 3 && i !== 7);
    const bad = lines.with(4, ",10,11,12,9,1").with(8, "never,10,11,12,9,1");
    for (const variant of [lines, lines.toReversed(), gappy, bad, lines.flatMap((line) => [line, line])]) {
      const { timeframe } = await inspectCandles(await fileOf(csv(variant)));
      assertEquals([name, timeframe], [name, name]);
    }
  }
});

Deno.test("inspectCandles() reads only the head of a large file and does not mind a line cut at its end", async () => {
  const lines = bars(20_000, { step: HOUR_MS });
  for (const content of [csv(lines), gzipSync(csv(lines))]) {
    assertEquals((await inspectCandles(await fileOf(content))).timeframe, "1h");
  }
});

Deno.test("splitCells() strips blanks and quotes and keeps quoted commas together", () => {
  const table: [string, string[]][] = [
    ["", [""]],
    [",", ["", ""]],
    ["a,b", ["a", "b"]],
    [' a ,\t"b" ,c\r', ["a", "b", "c"]],
    ['"a","b, c",d', ["a", "b, c", "d"]],
    [',"a",', ["", "a", ""]],
    ['"a""b",c', ['a""b', "c"]],
    ['"a,b', ['"a', "b"]],
    ['a"b,c"', ['a"b', 'c"']],
    ['"a"b,c', ['"a"b', "c"]],
    ['""', [""]],
  ];
  for (const [line, cells] of table) assertEquals(splitCells(line), cells);
});

const COLUMNS = [...CANDLE_COLUMNS];
const CHECKED: [line: string, reason: string | null, detail?: string][] = [
  [`${START},10,11,12,9,5`, null],
  [`${START},10,11,12,9,0`, null],
  [`${START},10,11,12,9,`, null],
  [`+${START},1e1,1.1E1,12.,.9,5e-3`, null],
  [`${EARLIEST_MS},10,11,12,9,5`, null],
  [`${LATEST},10,11,12,9,5`, null],
  [`${START},10,11,9,9,5`, null],
  [`${START},1_000,11,1_2.5,9,5`, null],
  [`${START},10,11,12,9,5,,`, null],
  ["", "wrong_cell_count", "1 cells where the header has 6"],
  [`${START},10,11,12,9`, "wrong_cell_count", "5 cells where the header has 6"],
  [`${START},10,11,12,9,5,6`, "wrong_cell_count", "7 cells where the header has 6"],
  [`,10,11,12,9,5`, "missing_value", "time is empty"],
  [`${START},10,11,12,,5`, "missing_value", "low is empty"],
  [`${START},ten,11,12,9,5`, "not_a_number", 'open is "ten"'],
  [`${START},10,NaN,12,9,5`, "not_a_number", 'close is "NaN"'],
  [`${START},10,11,Infinity,9,5`, "not_a_number", 'high is "Infinity"'],
  [`${START},10,11,1e400,9,5`, "not_a_number", 'high is "1e400"'],
  [`${START},0x10,11,12,9,5`, "not_a_number"],
  [`${START},1 0,11,12,9,5`, "not_a_number"],
  [`${START},10,11,12,9,_5`, "not_a_number"],
  [`${START},10,11,12,9,5_`, "not_a_number"],
  [`${START},10,11,12,9,5__0`, "not_a_number"],
  [`${START},10,11,12,9,.`, "not_a_number"],
  [`${START},10,11,12,9,${"x".repeat(99)}`, "not_a_number", `volume is "${"x".repeat(40)}"`],
  [`2017-12-01,10,11,12,9,5`, "not_a_number"],
  [`${EARLIEST_MS - 1},10,11,12,9,5`, "time_out_of_range"],
  [`${LATEST + 1},10,11,12,9,5`, "time_out_of_range"],
  [`${START / 1000},10,11,12,9,5`, "time_out_of_range"],
  [`-${START},10,11,12,9,5`, "time_out_of_range"],
  [`${START},0,11,12,9,5`, "price_not_positive", "open is 0"],
  [`${START},10,-11,12,9,5`, "price_not_positive", "close is -11"],
  [`${START},10,11,0,9,5`, "price_not_positive", "high is 0"],
  [`${START},10,11,12,-0.5,5`, "price_not_positive", "low is -0.5"],
  [`${START},10,11,8.9,9,5`, "high_below_low", "high 8.9 is below low 9"],
  [`${START},10,11,12,9,-1e-9`, "negative_volume", "volume is -1e-9"],
];

Deno.test("checkCandle() keeps sound lines and names the first fault of the others", () => {
  for (const [line, reason, detail] of CHECKED) {
    const fault = checkCandle(splitCells(line), COLUMNS, { latestMs: LATEST });
    assertEquals([line, fault?.reason ?? null], [line, reason]);
    if (detail !== undefined) assertEquals(fault?.detail, detail);
  }
});

Deno.test("checkCandle() finds its cells by name, not by place", () => {
  const columns = ["note", "volume", "low", "high", "close", "open", "time"];
  const check = (line: string) =>
    checkCandle(splitCells(line), columns, { latestMs: LATEST })?.reason ?? null;
  assertEquals(check(`x,5,9,12,11,10,${START}`), null);
  assertEquals(check(`,5,9,12,11,10,${START}`), null);
  assertEquals(check(`x,5,12,9,11,10,${START}`), "high_below_low");
  assertEquals(check(`x,-5,9,12,11,10,${START}`), "negative_volume");
});

Deno.test("cleanCandles() writes sound lines in the schema's order and gives the others with line and text", async () => {
  const content = csv([
    `9,12,5,11,10,${START}`,
    "",
    `9,12,5,11,10,${START + MINUTE_MS}.4`,
    ` 9 ,"12",,11,10,${START + 2 * MINUTE_MS}`,
    `9,8,5,11,10,${START + 3 * MINUTE_MS}`,
    "  ",
    `9,12,5,11,10,${START + 4 * MINUTE_MS}`,
    "total: 5 rows",
  ], { header: "low,high,volume,close,open,time", end: "\r\n" });
  const { kept, rejects, lines } = await clean(await fileOf(content));
  assertEquals(kept, 4);
  assertEquals(lines, [
    HEADER,
    `${START},10,11,12,9,5`,
    `${START + MINUTE_MS},10,11,12,9,5`,
    `${START + 2 * MINUTE_MS},10,11,12,9,`,
    `${START + 4 * MINUTE_MS},10,11,12,9,5`,
  ]);
  assertEquals(rejects, [
    {
      line: 6,
      reason: "high_below_low",
      detail: "high 8 is below low 9",
      raw: `9,8,5,11,10,${START + 3 * MINUTE_MS}`,
    },
    { line: 9, reason: "wrong_cell_count", detail: "1 cells where the header has 6", raw: "total: 5 rows" },
  ]);
});

Deno.test("cleanCandles() gives every line to exactly one side, wherever chunks are cut", async () => {
  const line = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...bars(5)) },
    fc.constantFrom("", " ", "ä,€", `${START},10,11,8,9,5`, `"${START}","1","1","1","1",""`),
    fc.string({ unit: "binary" }).map((text) => text.replaceAll(/[\r\n]/g, "")),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 20 }), fc.boolean(), async (lines, gzip) => {
      const content = csv([bars(1)[0]!, ...lines]);
      const { kept, rejects, lines: out } = await clean(await fileOf(gzip ? gzipSync(content) : content), {
        timeframe: "1m",
      });
      const decoded = new TextDecoder().decode(new TextEncoder().encode(content)).split("\n").slice(1);
      assertEquals(kept + rejects.length, decoded.filter((text) => text.trim() !== "").length);
      assertEquals(out.length, kept + 1);
      for (const reject of rejects) assertEquals(decoded[reject.line! - 2], reject.raw);
    }),
    { seed: 4, numRuns: 60 },
  );
});

async function unzipped(path: string): Promise<string> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of openCandles(path, true)) parts.push(new Uint8Array(part));
  return await new Blob(parts).text();
}

const TEXT = csv(bars(40));
const ZIPPED = new Uint8Array(gzipSync(TEXT));

Deno.test("openCandles() gives the text of one gzip member and of several in a row", async () => {
  assertEquals(await unzipped(await fileOf(ZIPPED)), TEXT);
  const cut = 137;
  const two = new Uint8Array([...gzipSync(TEXT.slice(0, cut)), ...gzipSync(TEXT.slice(cut))]);
  assertEquals(await unzipped(await fileOf(two)), TEXT);
  assertEquals((await clean(await fileOf(two))).kept, 40);
});

Deno.test("openCandles() never gives a short read: gzip cut in its header, its body and at each of its last 20 bytes", async () => {
  const last = Array.from({ length: 20 }, (_, i) => ZIPPED.length - 1 - i);
  for (const length of [1, 2, 5, 9, 10, 11, 30, ZIPPED.length >> 1, ...last]) {
    const path = await fileOf(ZIPPED.subarray(0, length), { suffix: ".csv.gz" });
    await assertRejects(() => unzipped(path), LakeError, "damaged or cut short");
    await assertRejects(() => inspectCandles(path), LakeError, "nothing of it was kept");
    const file = { path, name: "a.csv.gz", gzip: true, quoted: false, columns: COLUMNS, timeframe: "1m" };
    const cleanPath = `${FOLDER}/clean.csv`;
    await assertRejects(() => cleanCandles(file, { cleanPath, latestMs: LATEST }), LakeError);
  }
});

Deno.test("openCandles() refuses a second member that is cut", async () => {
  const two = new Uint8Array([...ZIPPED, ...ZIPPED]);
  for (
    const length of [ZIPPED.length + 1, ZIPPED.length + 9, ZIPPED.length + 40, two.length - 8, two.length - 1]
  ) {
    const path = await fileOf(two.subarray(0, length));
    await assertRejects(() => unzipped(path), LakeError, "damaged or cut short");
  }
});

Deno.test("openCandles() refuses rubbish behind the data", async () => {
  for (const rubbish of ["x", "rubbish", "\x1f", "\x1f\x8b", "\x1f\x8b\x08rubbish", "\0\0", "\0rubbish"]) {
    const bytes = new Uint8Array([...ZIPPED, ...Uint8Array.from(rubbish, (c) => c.charCodeAt(0))]);
    await assertRejects(async () => await unzipped(await fileOf(bytes)), LakeError, "Cannot read");
  }
});

Deno.test("openCandles() never gives other text when one bit is flipped in data or trailer", async () => {
  let harmless = 0;
  for (let at = 10; at < ZIPPED.length; at++) {
    const bytes = ZIPPED.slice();
    bytes[at]! ^= 1 << (at % 8);
    const text = await unzipped(await fileOf(bytes)).catch((error) => {
      assert(error instanceof LakeError, String(error));
      return null;
    });
    if (text === null) continue;
    assertEquals(text, TEXT);
    harmless += 1;
  }
  // The last byte of the compressed data has bits that nobody reads.
  assert(harmless <= 1, `${harmless} flipped bits went unnoticed`);
});

Deno.test("inspectCandles() names a damaged gzip file as such before any of its columns", async () => {
  const path = await fileOf(ZIPPED.subarray(0, 100));
  const error = await assertRejects(
    () => inspectCandles(path),
    LakeError,
    `Cannot read "${path}": the gzip data`,
  );
  assert(error.cause instanceof Error && !error.retryable);
});
