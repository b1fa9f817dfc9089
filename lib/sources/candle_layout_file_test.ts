import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { crc32, deflateRawSync, gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { LakeError, QualityError, SourceError } from "../core/errors.ts";
import type { Candle, Reject } from "../core/rows.ts";
import { DAY_MS, MINUTE_MS } from "../core/time.ts";
import { type CandleFileOptions, previewCandles, readCandleFile } from "./candle_layout_file.ts";
import { LINE_CHARS } from "./candle_file_bytes.ts";

const HEADER = "time,open,close,high,low,volume";
const START = Date.UTC(2025, 0, 1);
const LATEST = Date.UTC(2026, 0);
const FOLDER = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(FOLDER, { recursive: true }));

let files = 0;

async function fileOf(content: string | Uint8Array, name = "BTCUSD.csv"): Promise<string> {
  const folder = `${FOLDER}/${files++}`;
  await Deno.mkdir(folder);
  await Deno.writeFile(`${folder}/${name}`, bytesOf(content));
  return `${folder}/${name}`;
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

function csv(count: number, { from = 0 } = {}): string {
  const rows = Array.from(
    { length: count },
    (_, i) => `${START + (from + i) * MINUTE_MS},10,11,12,9,${i}.25`,
  );
  return [HEADER, ...rows, ""].join("\n");
}

type Options = Partial<CandleFileOptions> & { batchRows?: number };

async function readAll(path: string, options: Options = {}) {
  const candles: Candle[] = [], rejects: Reject[] = [];
  let batches = 0;
  for await (const batch of readCandleFile(path, { latestMs: LATEST, ...options })) {
    batches += 1;
    candles.push(...batch.candles);
    rejects.push(...batch.rejects);
  }
  return { candles, rejects, batches };
}

function preview(path: string, options: Options = {}) {
  return previewCandles(path, { latestMs: LATEST, ...options });
}

/** What a test may get wrong on purpose in an archive. */
interface ZipFaults {
  stored?: boolean;
  zip64?: boolean;
  size?: number;
  crc?: number;
  method?: number;
  flags?: number;
  comment?: string;
}

/** A zip archive, written by the format's description (APPNOTE 6.3). */
function zip(entries: Record<string, string>, faults: ZipFaults = {}): Uint8Array {
  const parts: Uint8Array[] = [], directory: Uint8Array[] = [];
  let at = 0;
  const add = (list: Uint8Array[], part: Uint8Array) => list.push(part);
  for (const [name, text] of Object.entries(entries)) {
    const plain = bytesOf(text), title = bytesOf(name);
    const packed = faults.stored ? plain : new Uint8Array(deflateRawSync(plain));
    const sizes = [faults.size ?? plain.length, packed.length];
    const extra = faults.zip64
      ? fields([2, 1], [2, 24], ...[...sizes, at].map((n): Field => [8, n]))
      : fields();
    const shown = faults.zip64 ? [0xffffffff, 0xffffffff, 0xffffffff] : [packed.length, sizes[0]!, at];
    const common: Field[] = [
      [2, 45],
      [2, faults.flags ?? 0],
      [2, faults.method ?? (faults.stored ? 0 : 8)],
      [4, 0],
      [4, faults.crc ?? crc32(plain)],
      [4, shown[0]!],
      [4, shown[1]!],
      [2, title.length],
    ];
    add(
      directory,
      joined(
        fields([4, 0x02014b50], [2, 45], ...common, [2, extra.length], [2, 0], [2, 0], [2, 0], [4, 0], [
          4,
          shown[2]!,
        ]),
        title,
        extra,
      ),
    );
    const local = joined(fields([4, 0x04034b50], ...common, [2, 3]), title, bytesOf("xyz"), packed);
    add(parts, local);
    at += local.length;
  }
  const central = joined(...directory), count = directory.length, comment = bytesOf(faults.comment ?? "");
  if (faults.zip64) {
    add(
      parts,
      joined(
        central,
        fields([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, count], [8, count]),
        fields([8, central.length], [8, at], [4, 0x07064b50], [4, 0], [8, at + central.length], [4, 1]),
      ),
    );
  } else add(parts, central);
  const end: Field[] = faults.zip64
    ? [[2, 0xffff], [2, 0xffff], [4, 0xffffffff], [4, 0xffffffff]]
    : [[2, count], [2, count], [4, central.length], [4, at]];
  return joined(...parts, fields([4, 0x06054b50], [2, 0], [2, 0], ...end, [2, comment.length]), comment);
}

type Field = [width: number, value: number];

function fields(...list: Field[]): Uint8Array {
  return Uint8Array.from(
    list.flatMap(([width, value]) =>
      Array.from({ length: width }, (_, i) => Math.floor(value / 256 ** i) % 256)
    ),
  );
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

Deno.test("readCandleFile() gives the same rows from .csv, .gz, several gzip members and .zip", async () => {
  const text = csv(60), half = text.length >> 1;
  const expected = (await readAll(await fileOf(text))).candles;
  assertEquals(expected.length, 60);
  const packed: [string, Uint8Array][] = [
    ["a.csv.gz", gzipSync(text)],
    ["a.csv", gzipSync(text)],
    ["a.csv.gz", joined(gzipSync(text.slice(0, half)), gzipSync(text.slice(half)))],
    ["a.zip", zip({ "BTCUSDT-1m.csv": text })],
    ["a.csv", zip({ "BTCUSDT-1m.csv": text })],
    ["a.zip", zip({ "a/BTCUSDT-1m.CSV": text, "README.txt": "hello", "__MACOSX/._a.csv": "x" })],
    ["a.zip", zip({ "a.csv": text }, { stored: true })],
    ["a.zip", zip({ "a.csv": text }, { zip64: true })],
    ["a.zip", zip({ "a.csv": text }, { comment: "PK\x05\x06 is no end" })],
  ];
  for (const [name, bytes] of packed) {
    const path = await fileOf(bytes, name);
    assertEquals((await readAll(path)).candles, expected);
    assertEquals((await preview(path)).rows.length, 5);
  }
});

Deno.test("previewCandles() tells what the file is, why, and its first rows, from an archive too", async () => {
  const path = await fileOf(zip({ "BTCUSDT-1m.csv": csv(9) }), "data.zip");
  const { packing, layout, symbol, timeframe, volume_unit, evidence, rows } = await preview(path);
  assertEquals([packing, layout, symbol, timeframe, volume_unit], [
    "zip",
    "lakebook",
    "BTCUSDT",
    "1m",
    "BTC (base coin)",
  ]);
  assertEquals(evidence[0], "the archive holds BTCUSDT-1m.csv");
  assertEquals(rows[0], {
    line: 2,
    raw: `${START},10,11,12,9,0.25`,
    candle: { time: START, open: 10, close: 11, high: 12, low: 9, volume: 0.25 },
  });
  assertEquals(rows.length, 5);
});

Deno.test("readCandleFile() refuses archives that it should not guess at", async () => {
  const text = csv(9);
  const table: [bytes: Uint8Array, text: string][] = [
    [zip({}), "the archive holds no .csv (nothing)"],
    [zip({ "a.xml": "<a/>", "b.txt": "b" }), "the archive holds no .csv (a.xml, b.txt)"],
    [zip({ "a.csv": text, "b.csv": text }), "the archive holds 2 .csv files (a.csv, b.csv)"],
    [zip({ "a.csv": text }, { flags: 1 }), "a.csv is encrypted"],
    [zip({ "a.csv": text }, { method: 93 }), "a.csv is packed with method 93"],
  ];
  for (const [bytes, words] of table) {
    const path = await fileOf(bytes, "a.zip");
    await assertRejects(() => readAll(path), QualityError, words);
  }
});

Deno.test("readCandleFile() stops at an archive that unpacks to more or less than it says, or to something else", async () => {
  const text = csv(500);
  const table: [ZipFaults, string][] = [
    [{ size: 30 }, "it unpacks to more than the 30 bytes"],
    [{ size: text.length - 1 }, "it unpacks to more than"],
    [{ size: text.length + 1 }, `it unpacks to ${text.length} bytes, not to`],
    [{ crc: 1 }, "its checksum does not match"],
    [{ crc: 1, stored: true }, "its checksum does not match"],
  ];
  for (const [faults, words] of table) {
    const path = await fileOf(zip({ "a.csv": text }, faults), "a.zip");
    await assertRejects(() => readAll(path), LakeError, words);
  }
});

Deno.test("readCandleFile() never gives a short read of a gzip file or an archive that is cut or has a flipped bit", async () => {
  const text = csv(40), expected = (await readAll(await fileOf(text))).candles;
  for (
    const [name, whole] of [["a.zip", zip({ "a.csv": text })], [
      "a.csv.gz",
      new Uint8Array(gzipSync(text)),
    ]] as const
  ) {
    for (let length = 4; length < whole.length; length += 7) {
      const path = await fileOf(whole.subarray(0, length), name);
      await assertRejects(() => readAll(path), LakeError, "damaged or cut short");
    }
    for (let at = 0; at < whole.length; at += 3) {
      const bytes = whole.slice();
      bytes[at]! ^= 1 << (at % 8);
      const path = await fileOf(bytes, name);
      const read = await readAll(path).catch((error) => {
        assert(error instanceof LakeError || error instanceof QualityError, String(error));
        return null;
      });
      // A time stamp or a name may be flipped without harm.
      if (read) assertEquals(read, { ...read, candles: expected, rejects: [] });
    }
  }
});

Deno.test("readCandleFile() names a last line that is cut, and takes a whole one without a line end", async () => {
  const text = csv(3).trimEnd();
  assertEquals((await readAll(await fileOf(text))).candles.length, 3);
  const warning = "the last line has no line end: its last number may be cut short";
  assertEquals((await preview(await fileOf(text))).evidence.at(-1), warning);
  assert(!(await preview(await fileOf(`${text}\n`))).evidence.includes(warning));
  const { candles, rejects } = await readAll(await fileOf(text.slice(0, -7)));
  assertEquals([candles.length, rejects], [2, [{
    line: 4,
    reason: "cut_line",
    detail: "the file ends within this line (4 cells where the file has 6)",
    raw: text.split("\n").at(-1)!.slice(0, -7),
  }]]);
});

Deno.test("readCandleFile() says so where the file grows, shrinks or is rewritten meanwhile", async () => {
  const changes: ((path: string) => Promise<void>)[] = [
    (path) => Deno.writeTextFile(path, `${START + DAY_MS},10,11,12,9,5\n`, { append: true }),
    (path) => Deno.truncate(path, 40_000),
    (path) => Deno.utime(path, 1, 1),
  ];
  for (const change of changes) {
    const path = await fileOf(csv(1000));
    const batches = readCandleFile(path, { latestMs: LATEST, batchRows: 100 });
    assertEquals((await batches.next()).value.candles.length, 100);
    await change(path);
    const error = await assertRejects(
      async () => {
        for await (const _ of batches);
      },
      SourceError,
      "it is still being written (",
    );
    assert(error.retryable);
  }
});

Deno.test("readCandleFile() tells a packed file that is still being written from a damaged one", async () => {
  const text = Array.from({ length: 300 }, (_, i) => csv(300, { from: i * 300 }).slice(HEADER.length + 1))
    .join("");
  const bytes = new Uint8Array(gzipSync(`${HEADER}\n${text}`));
  assert(bytes.length > 100_000);
  const path = await fileOf(bytes.subarray(0, -20_000), "BTCUSD.csv.gz");
  await assertRejects(() => readAll(path), LakeError, "damaged or cut short");
  const batches = readCandleFile(path, { latestMs: LATEST, batchRows: 100 });
  await batches.next();
  await Deno.writeFile(path, bytes.subarray(-20_000, -9_000), { append: true });
  const error = await assertRejects(
    async () => {
      for await (const _ of batches);
    },
    SourceError,
    "it is still being written (",
  );
  assert(error.retryable && error.cause instanceof LakeError);
});

Deno.test("readCandleFile() refuses a missing, empty, rowless or foreign file", async () => {
  const table: [path: string, text: string][] = [
    [`${FOLDER}/none.csv`, "there is no such file, check the path"],
    [FOLDER, "it is not a file, name a .csv, .csv.gz or .zip file"],
    [await fileOf(""), "the file is empty"],
    [await fileOf(gzipSync(""), "a.csv.gz"), "it holds no rows"],
    [await fileOf(zip({ "a.csv": "" }), "a.zip"), "it holds no rows"],
    [await fileOf(`${HEADER}\n`), "it has a header but no rows"],
  ];
  for (const [path, text] of table) {
    const error = await assertRejects(() => readAll(path), SourceError, text);
    assertStringIncludes(error.message, `Cannot read "${path}"`);
    await assertRejects(() => preview(path), SourceError, text);
  }
});

/** A file of 1 GiB that takes no room on the disk: `start`, then zeros. */
async function gigabyte(start: string, name = "big.csv"): Promise<string> {
  const path = await fileOf(start, name);
  await Deno.truncate(path, 2 ** 30);
  return path;
}

Deno.test("readCandleFile() refuses 1 GiB of garbage from its head, and garbage behind a sound head at its first line", async () => {
  const garbage = "qwertz asdf ".repeat(30_000);
  const path = await gigabyte(garbage);
  await assertRejects(() => readAll(path), QualityError, "its first 256 KiB hold no line end");
  const lines = await gigabyte(garbage.replaceAll(" asdf", "\n"));
  await assertRejects(() => readAll(lines), QualityError, "Cannot tell the layout of");
  const zeros = await gigabyte("");
  await assertRejects(() => readAll(zeros), QualityError, "no line end");
  const sound = await gigabyte(csv(20_000));
  const error = await assertRejects(() => readAll(sound), QualityError, "line 20002 is longer than 64 KiB");
  assertStringIncludes(error.message, "name a file of candle lines");
  const noArchive = await gigabyte("PK\x03\x04", "big.zip");
  await assertRejects(() => readAll(noArchive), LakeError, "its end is missing");
});

Deno.test("readCandleFile() finds another market or unit behind the head, and undoing is the caller's", async () => {
  const rows = csv(20_000);
  const path = await fileOf(`${rows}${START * 1000 + 1},10,11,12,9,5\n`);
  await assertRejects(() => readAll(path), QualityError, "but in microseconds on line 20002");
  const marked = rows.trimEnd().split("\n").map((line, i) => `${line},${i === 0 ? "symbol" : "BTCUSD"}`).join(
    "\n",
  );
  const two = await fileOf(`${marked}\n${START},10,11,12,9,5,ETHUSD\n`);
  await assertRejects(
    () => readAll(two),
    QualityError,
    "two markets, BTCUSD (line 2) and ETHUSD (line 20002)",
  );
});

Deno.test("readCandleFile() gives every line to one side, in the file's order, in batches of a bounded size", async () => {
  const line = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...csv(5).trimEnd().split("\n")) },
    fc.constantFrom("", " ", "ä,€", `${START},10,11,8,9,5`),
    fc.string({ unit: "binary" }).map((text) => text.replaceAll(/\p{Cc}/gu, "")),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 20 }),
      fc.constantFrom("csv", "gz", "zip"),
      async (body, kind) => {
        const text = `${csv(1)}${body.map((line) => `${line}\r\n`).join("")}`;
        const bytes = {
          csv: () => bytesOf(text),
          gz: () => gzipSync(text),
          zip: () => zip({ "a.csv": text }),
        }[kind]();
        const path = await fileOf(bytes);
        const { candles, rejects, batches } = await readAll(path, { batchRows: 4 });
        const decoded = new TextDecoder().decode(bytesOf(text)).split("\n").map((line) =>
          line.replace(/\r$/, "")
        );
        const filled = decoded.slice(1).filter((line) => line.trim() !== "").length;
        assertEquals([candles.length + rejects.length, batches], [filled, Math.ceil(filled / 4)]);
        for (const reject of rejects) assertEquals(decoded[reject.line! - 1], reject.raw);
      },
    ),
    { seed: 5, numRuns: 80 },
  );
});

Deno.test("readCandleFile() gives long bad lines in small batches", async () => {
  const long = "x".repeat(LINE_CHARS - 10);
  const path = await fileOf(`${csv(3)}${`${long}\n`.repeat(64)}`);
  const { rejects, batches } = await readAll(path);
  assertEquals(rejects.length, 64);
  assert(batches >= 4, `${batches} batches`);
});

const DATA = new URL("../../../shared/data/", import.meta.url);

/** Registers a test over recorded files; without them it says so and is ignored. */
function testRecorded(name: string, run: () => Promise<void>): void {
  let here = true;
  try {
    Deno.statSync(DATA);
  } catch {
    here = false;
    console.log("skipped: ../shared/data is absent");
  }
  Deno.test({ name: here ? name : `${name} (skipped: ../shared/data is absent)`, ignore: !here, fn: run });
}

const at = (name: string) => decodeURIComponent(new URL(name, DATA).pathname);
const byTime = (a: Candle, b: Candle) => a.time - b.time;

testRecorded("previewCandles() recognises every original file", async () => {
  const expected: Record<string, string[]> = {
    "BTCUSD_1d_candles_2011-2023.csv": ["unix_timestamp", "1d"],
    "Coinbase_BTCUSD_1h.csv": ["cryptodatadownload", "1h"],
    "bitfinex_BTCUSD_Candles_1m_2013_merged.csv.gz": ["bitfinex", "1m"],
  };
  for await (const { name } of Deno.readDir(at("ohlcv/original"))) {
    const found = await preview(at(`ohlcv/original/${name}`));
    assertEquals([name, found.layout, found.timeframe], [
      name,
      ...expected[name] ?? ["a file without a test", ""],
    ]);
    assertEquals([found.symbol, found.volume_unit, found.rejects], ["BTCUSD", "BTC (base coin)", []]);
  }
});

testRecorded("readCandleFile() reads an original file into the same rows as its converted copy", async () => {
  for (
    const [original, converted, rows] of [
      ["Coinbase_BTCUSD_1h.csv", "btcusd_coinbase_1h_2017-2019.csv", 16_863],
      ["BTCUSD_1d_candles_2011-2023.csv", "btcusd_bitstamp_coinbase_1d_2011-2023.csv", 4_519],
    ] as const
  ) {
    const from = await readAll(at(`ohlcv/original/${original}`));
    const to = await readAll(at(`ohlcv/${converted}`));
    assertEquals([from.candles.length, from.rejects, to.rejects], [rows, [], []]);
    assertEquals(from.candles.toSorted(byTime), to.candles);
  }
});

testRecorded(
  "readCandleFile() reads Bitfinex's own 2013 file into the 2013 rows of the minute file",
  async () => {
    const own = await readAll(at("ohlcv/original/bitfinex_BTCUSD_Candles_1m_2013_merged.csv.gz"));
    assertEquals([own.candles.length, own.rejects], [148_055, []]);
    let read = 0;
    for await (
      const { candles } of readCandleFile(at("ohlcv/btcusd_bitfinex_1m_2013-2017.csv.gz"), {
        latestMs: LATEST,
      })
    ) {
      const part = candles.slice(0, own.candles.length - read);
      assertEquals(part, own.candles.slice(read, read + part.length));
      read += part.length;
      if (read < own.candles.length) continue;
      assert(candles[part.length] === undefined || candles[part.length]!.time >= Date.UTC(2014, 0));
      break;
    }
    assertEquals(read, 148_055);
  },
);

testRecorded(
  "readCandleFile() reads the lake in Madrid time as days at 00:00 UTC, each once, and refuses it without the zone",
  async () => {
    for (const symbol of ["BTCUSDT", "ETHUSDT", "SHIBUSDT", "XRPUSDT"]) {
      const days: number[] = [];
      for (const year of [2021, 2022, 2023, 2024]) {
        const path = at(`lake_hive_csv/${symbol}/year=${year}/${symbol}_${year}_historical_data.csv`);
        await assertRejects(
          () => readAll(path),
          QualityError,
          "all of these rows are 00:00 UTC in Europe/Madrid",
        );
        const { candles, rejects } = await readAll(path, { timezone: "Europe/Madrid" });
        assertEquals(rejects, []);
        days.push(...candles.map(({ time }) => time));
      }
      const first = symbol === "SHIBUSDT" ? Date.UTC(2021, 4, 10) : Date.UTC(2021, 0, 1);
      const count = (Date.UTC(2025, 0, 1) - first) / DAY_MS;
      assertEquals(days, Array.from({ length: count }, (_, i) => first + i * DAY_MS));
    }
  },
);

testRecorded("readCandleFile() tells a cut copy of a recorded gzip file", async () => {
  const bytes = await Deno.readFile(at("ohlcv/original/bitfinex_BTCUSD_Candles_1m_2013_merged.csv.gz"));
  assert(gunzipSync(bytes).length > 5e6);
  const path = await fileOf(bytes.subarray(0, 1e6), "BTCUSD.csv.gz");
  await assertRejects(() => readAll(path), LakeError, "damaged or cut short");
});
