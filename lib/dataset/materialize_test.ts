import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  Float64,
  Int64,
  makeData,
  type RecordBatch,
  Table,
  tableFromArrays,
  tableFromIPC,
  TimestampNanosecond,
  Vector,
  vectorFromArray,
} from "apache-arrow";
import fc from "fast-check";
import pl from "nodejs-polars";
import { readParquet } from "parquet-wasm";
import { LakeError, LockError, QualityError } from "../core/errors.ts";
import { type DiskFault, FaultyDisk, type Moment } from "../lake/_test_faulty_disk.ts";
import { TestS3 } from "../lake/_test_s3_server.ts";
import { listedParts, readRows, tempFolder } from "./_test_written_datasets.ts";
import { anyRows } from "./_test_schemas.ts";
import { ScalarCodec } from "./codecs.ts";
import { isOwnPart, openDataset } from "./dataset_folder.ts";
import { METADATA_KEYS, readDatasetSchema } from "./dataset_metadata.ts";
import type { DatasetPiece, DatasetSource } from "./dataset_rows.ts";
import type { DatasetRow } from "./field_values.ts";
import { materializeDataset } from "./materialize.ts";
import { keyValuesOf, readFooter } from "./parquet_footer.ts";
import { openPlace } from "./place.ts";
import { BitcoinSchema, Unischema, UnischemaField } from "./unischema.ts";

const price = (i: number) => 40_000 + i / 4;
const bitcoin = (count: number, first = 0) =>
  Array.from({ length: count }, (_, i) => ({ timestamp: BigInt(60 * (first + i)), price: price(first + i) }));

const CANDLES = new Unischema("Candles", [
  new UnischemaField("symbol", "str", { codec: new ScalarCodec("StringType") }),
  new UnischemaField("year", "int32", { codec: new ScalarCodec("IntegerType") }),
  new UnischemaField("close", "float64", { nullable: true }),
]);

async function keys(folder: string): Promise<string[]> {
  const store = await openDataset(folder);
  const found = (await store.list("")).map(({ key }) => key);
  await store.close();
  return found;
}

Deno.test("materializeDataset() keeps rows and their order, cut into files and row groups", async () => {
  await using folder = await tempFolder();
  const rows = bitcoin(1000);
  const { parts, ...rest } = await materializeDataset(
    `file://${encodeURI(folder.path)}`,
    BitcoinSchema,
    rows,
    {
      rowGroupRows: 70,
      files: 4,
    },
  );
  assertEquals(rest, { url: folder.path, rows: 1000 });
  assertEquals(parts.map(({ rows, rowGroups }) => [rows, rowGroups]), [[210, 3], [280, 4], [280, 4], [
    230,
    4,
  ]]);
  assertEquals([...await listedParts(folder.path)], parts.map(({ key, rowGroups }) => [key, rowGroups]));
  assertEquals(await readRows(folder.path), rows as DatasetRow[]);
  for (const { key, bytes } of parts) {
    assert(/^part-0000[0-3]-[0-9a-f]{16}\.parquet$/.test(key));
    assertEquals((await Deno.stat(`${folder.path}/${key}`)).size, bytes);
  }
});

Deno.test("materializeDataset() takes rows, batches, tables and Polars frames, in lists and streams, to the same bytes", async () => {
  const timestamps = Array.from({ length: 300 }, (_, i) => BigInt(60 * i));
  const prices = Float32Array.from({ length: 300 }, (_, i) => price(i));
  const table = new Table({
    timestamp: vectorFromArray(timestamps, new Int64()),
    price: vectorFromArray(prices),
  });
  const doubles = tableFromArrays({
    price: Float64Array.from(prices),
    timestamp: BigInt64Array.from(timestamps),
  });
  const frame = pl.DataFrame({ timestamp: pl.Series(timestamps.map(Number)), price: pl.Series([...prices]) });
  async function* later(...pieces: DatasetPiece[]) {
    for (const piece of pieces) yield await Promise.resolve(piece);
  }
  const sources: DatasetSource[] = [
    bitcoin(300),
    new Set(bitcoin(300).map(({ timestamp, price }) => ({ price, timestamp: Number(timestamp) }))),
    table,
    doubles,
    table.batches,
    frame,
    [frame],
    later(table.slice(0, 100).batches[0]!, table.slice(100, 101), doubles.slice(101, 200)),
    later(...bitcoin(200)),
  ];
  const first: string[] = [];
  for (const source of sources) {
    await using folder = await tempFolder();
    const whole = source === sources.at(-2) || source === sources.at(-1);
    await materializeDataset(folder.path, BitcoinSchema, source, { rowGroupRows: 100 });
    if (whole) assertEquals(await readRows(folder.path), bitcoin(200) as DatasetRow[]);
    else first.push((await keys(folder.path))[2]!);
  }
  assertEquals([first.length, new Set(first).size], [7, 1]);
});

Deno.test("materializeDataset() ends a row group by bytes, and gives each file rows as far as there are any", async () => {
  const table: [rows: number, files: number, rowGroupSizeMb: number, groups: number[]][] = [
    [1000, 1, 1200 / (1 << 20), Array(10).fill(1)],
    [1000, 3, 32, [1, 1, 1]],
    [2, 5, 32, [1, 1]],
    [5, 2, 1e-9, [2, 3]],
  ];
  for (const [count, files, rowGroupSizeMb, groups] of table) {
    await using folder = await tempFolder();
    await materializeDataset(folder.path, BitcoinSchema, bitcoin(count), { files, rowGroupSizeMb });
    const found = [...(await listedParts(folder.path)).values()];
    assertEquals(files === 1 ? Array(found[0]).fill(1) : found, groups);
    assertEquals(await readRows(folder.path), bitcoin(count) as DatasetRow[]);
  }
});

Deno.test("materializeDataset() names folders after values, and keeps the order within each", async () => {
  await using folder = await tempFolder();
  const rows = Array.from({ length: 200 }, (_, i) => ({
    symbol: ["BTC/USD", "ETH=1", ".."][i % 3]!,
    year: 2020 + i % 2,
    close: i % 7 === 0 ? null : i,
  }));
  await materializeDataset(folder.path, CANDLES, rows, {
    partitionBy: ["symbol", "year"],
    rowGroupRows: 10,
    files: 2,
  });
  const parts = [...(await listedParts(folder.path)).keys()];
  assertEquals(parts.map((key) => key.replace(/[0-9a-f]{16}/, "*")).slice(0, 5), [
    "symbol=../year=2020/part-00000-*.parquet",
    "symbol=../year=2020/part-00001-*.parquet",
    "symbol=../year=2021/part-00000-*.parquet",
    "symbol=../year=2021/part-00001-*.parquet",
    "symbol=BTC%2FUSD/year=2020/part-00000-*.parquet",
  ]);
  const order = (row: DatasetRow) => `${row.symbol} ${row.year}`;
  const sorted = rows.map((row, i) => ({ row, i })).sort((a, b) =>
    order(a.row) < order(b.row) ? -1 : order(a.row) > order(b.row) ? 1 : a.i - b.i
  );
  assertEquals(await readRows(folder.path), sorted.map(({ row }) => row) as DatasetRow[]);
});

Deno.test("materializeDataset() with many partitions keeps few row groups in memory", async () => {
  await using folder = await tempFolder();
  const rows = Array.from({ length: 20_000 }, (_, i) => ({ symbol: `S${i % 100}`, year: 2020, close: i }));
  const size = { partitionBy: ["symbol"], rowGroupSizeMb: 1000 / (1 << 20) };
  const { parts } = await materializeDataset(folder.path, CANDLES, rows, size);
  assertEquals([parts.length, parts.reduce((sum, { rows }) => sum + rows, 0)], [100, 20_000]);
  assertEquals((await readRows(folder.path)).filter(({ symbol }) => symbol === "S7").length, 200);
});

Deno.test("materializeDataset() writes the schema thrice: as JSON, as Petastorm's pickle and as Arrow's", async () => {
  await using folder = await tempFolder();
  const { parts } = await materializeDataset(folder.path, BitcoinSchema, bitcoin(10), { rowGroupRows: 5 });
  const store = await openDataset(folder.path);
  for (const [key, rows, groups] of [["_metadata", 10n, 2], ["_common_metadata", 0n, 0]] as const) {
    const footer = (await readFooter(store, key))!;
    const pairs = keyValuesOf(footer);
    assertEquals([...pairs.keys()].sort(), [
      "ARROW:schema",
      "dataset-toolkit.num_row_groups_per_file.v1",
      "dataset-toolkit.unischema.v1",
      "lakebook.schema.v1",
    ]);
    assertEquals([footer.get(3)!.data, (footer.get(4)!.data as { items: unknown[] }).items.length], [
      rows,
      groups,
    ]);
    assertEquals(
      new TextDecoder().decode(pairs.get(METADATA_KEYS.rowGroups)),
      JSON.stringify({ [parts[0]!.key]: 2 }),
    );
  }
  assertEquals(await readDatasetSchema(store), BitcoinSchema);
});

Deno.test("materializeDataset() replaces a dataset, takes old parts away, and writes the same rows to the same bytes", async () => {
  await using folder = await tempFolder();
  const write = (count: number) =>
    materializeDataset(folder.path, BitcoinSchema, bitcoin(count), { files: 3 });
  await write(90);
  const first = await keys(folder.path);
  const stamps = await Promise.all(
    first.map(async (key) => (await Deno.stat(`${folder.path}/${key}`)).mtime),
  );
  await write(90);
  assertEquals(await keys(folder.path), first);
  assertEquals(
    await Promise.all(first.map(async (key) => (await Deno.stat(`${folder.path}/${key}`)).mtime)),
    stamps,
  );
  await write(30);
  const now = await keys(folder.path);
  assertEquals([now.length, now.filter((key) => first.includes(key))], [5, [
    "_common_metadata",
    "_metadata",
  ]]);
  assertEquals(await readRows(folder.path), bitcoin(30) as DatasetRow[]);
});

for (const moment of ["before", "within", "after"] as Moment[]) {
  Deno.test(`materializeDataset() that dies ${moment} any act on the disk leaves the old dataset or the new one`, async () => {
    const seen = new Set<string>();
    for (let at = 1;; at++) {
      await using folder = await tempFolder();
      await materializeDataset(folder.path, BitcoinSchema, bitcoin(20), { files: 2 });
      let dead = false;
      const strike = () => {
        dead = true;
        throw new Error("the power went out");
      };
      const fault: DiskFault = { at, moment, strike };
      const disk = new FaultyDisk(fault, { dead: () => dead });
      await materializeDataset(folder.path, BitcoinSchema, bitcoin(30), { files: 3, disk }).catch(() => {});
      const rows = await readRows(folder.path);
      seen.add(`${dead ? "died" : "done"} with ${rows.length} rows`);
      assertEquals(rows, bitcoin(rows.length) as DatasetRow[]);
      // The next writer clears up.
      await materializeDataset(folder.path, BitcoinSchema, bitcoin(30), { files: 3 });
      assertEquals([(await keys(folder.path)).length, (await readRows(folder.path)).length], [5, 30]);
      if (!dead) break;
    }
    assertEquals([...seen].sort(), ["died with 20 rows", "died with 30 rows", "done with 30 rows"]);
  });
}

Deno.test("materializeDataset() that dies in its first write leaves no dataset that has half of the rows", async () => {
  const seen = new Set<string>();
  for (let at = 1, dead = true; dead; at++) {
    await using folder = await tempFolder();
    dead = false;
    const strike = () => {
      dead = true;
      throw new Error("the power went out");
    };
    const disk = new FaultyDisk({ at, moment: "before", strike }, { dead: () => dead });
    await materializeDataset(folder.path, BitcoinSchema, bitcoin(30), { files: 3, disk }).catch(() => {});
    const store = await openDataset(folder.path);
    const common = await readFooter(store, "_common_metadata");
    const listed = common && new TextDecoder().decode(keyValuesOf(common).get(METADATA_KEYS.rowGroups));
    const names = listed ? Object.keys(JSON.parse(listed)).length : "no";
    const parts = (await keys(folder.path)).filter(isOwnPart).length;
    const whole = await store.head("_metadata") ? `, and ${(await readRows(folder.path)).length} rows` : "";
    seen.add(`${parts} parts, ${names} listed${whole}`);
  }
  assertEquals([...seen], [
    "0 parts, no listed",
    "0 parts, 0 listed",
    "1 parts, 0 listed",
    "2 parts, 0 listed",
    "3 parts, 0 listed",
    "3 parts, 3 listed",
    "3 parts, 3 listed, and 30 rows",
  ]);
});

function accessTo({ url }: TestS3, folder: string) {
  return {
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_ENDPOINT_URL: url,
    LAKEBOOK_S3_SCRATCH: `${folder}/scratch`,
  };
}

Deno.test("materializeDataset() writes to S3 what it writes to disk", async () => {
  await using s3 = await TestS3.start({ pageSize: 3 });
  s3.bucket("bucket");
  await using folder = await tempFolder();
  const env = accessTo(s3, folder.path);
  const cut = { rowGroupRows: 10, files: 2 };
  const rows = bitcoin(50);
  await materializeDataset(`${folder.path}/local`, BitcoinSchema, rows, cut);
  await materializeDataset("s3://bucket/some/prices", BitcoinSchema, bitcoin(7), { env });
  await materializeDataset("s3://bucket/some/prices", BitcoinSchema, rows, { ...cut, env });
  const [local, remote] = [
    await openDataset(`${folder.path}/local`),
    await openDataset("s3://bucket/some/prices", { env }),
  ];
  const found = await remote.list("");
  assertEquals(found, await local.list(""));
  for (const { key } of found) assertEquals(await remote.get(key), await local.get(key));
  assertEquals(await readDatasetSchema(remote), BitcoinSchema);
  await remote.close();
});

Deno.test("a dataset on S3 may be named like a file, and a URL's escapes are read", async () => {
  await using s3 = await TestS3.start();
  s3.bucket("bucket");
  await using folder = await tempFolder();
  const env = accessTo(s3, folder.path);
  for (
    const [written, read] of [
      ["s3://bucket/ds/btc.parquet", "s3://bucket/ds/btc.parquet"],
      ["s3://bucket/my prices", new URL("s3://bucket/my%20prices")],
    ] as const
  ) {
    await materializeDataset(written, BitcoinSchema, bitcoin(7), { env });
    await using dataset = await openPlace(read, { env });
    assertEquals(dataset.file, null);
    const part = (await dataset.store.list("")).find(({ key }) => key.endsWith(".parquet"))!.key;
    await using one = await openPlace(`${written}/${part}`, { env });
    assertEquals([one.file, await one.store.head(part) === null], [part, false]);
  }
});

Deno.test("materializeDataset() refuses rows that do not keep the schema, says why, and writes nothing", async () => {
  await using folder = await tempFolder();
  await materializeDataset(folder.path, BitcoinSchema, bitcoin(3));
  const before = await keys(folder.path);
  const good = { timestamp: 1, price: 1 };
  const batch = (timestamps: (number | null)[]) =>
    new Table({
      timestamp: vectorFromArray(timestamps, new Float64()),
      price: vectorFromArray(timestamps, new Float64()),
    });
  const table: [source: unknown, text: string][] = [
    [[], "there are no rows, give at least one"],
    [[batch([])], "there are no rows"],
    [
      [good, { timestamp: NaN, price: 1 }],
      'row 1: Cannot store NaN in field "timestamp": int64 takes whole numbers',
    ],
    [[{ timestamp: 1.5, price: 1 }], 'Cannot store 1.5 in field "timestamp"'],
    [[{ timestamp: "1", price: 1 }], 'Cannot store 1 in field "timestamp"'],
    [[{ timestamp: 2n ** 63n, price: 1 }], "choose a wider type"],
    [[{ timestamp: 2 ** 60, price: 1 }], "int64 takes whole numbers"],
    [[good, good, { timestamp: null, price: 1 }], 'row 2: Cannot store null in field "timestamp"'],
    [[{ timestamp: 1 }], 'Cannot store null in field "price": the field is not nullable'],
    [[{ timestamp: 1, price: 1e300 }], "float32 takes numbers in its range"],
    [[{ timestamp: 1, price: true }], 'Cannot store true in field "price"'],
    [[{ timestamp: 1, price: 1, prise: 2 }], 'schema "BitcoinSchema" has no field "prise"'],
    [["a row"], "it is no object"],
    [[good, null], "row 1: it is no object"],
    [batch([1, NaN]), 'row 1: Cannot store NaN in field "timestamp"'],
    [batch([1, 2, null]), 'row 2: Cannot store null in field "timestamp"'],
    [[batch([1, 2]), batch([1, null])], 'row 3: Cannot store null in field "timestamp"'],
    [
      new Table({
        timestamp: vectorFromArray([1n, null], new Int64()),
        price: vectorFromArray([1, 2], new Float64()),
      }),
      "row 1",
    ],
    [new Table({ time: vectorFromArray([1n], new Int64()) }), 'no field "time"'],
    [pl.DataFrame({ timestamp: [1], volume: [2] }), 'no field "volume"'],
  ];
  for (const [source, text] of table) {
    const error = await assertRejects(
      () => materializeDataset(folder.path, BitcoinSchema, source as never),
      QualityError,
    );
    assertStringIncludes(error.message, text);
    assertStringIncludes(error.message, "Cannot materialize ");
  }
  assertEquals(await keys(folder.path), before);
  assertEquals(await readRows(folder.path), bitcoin(3) as DatasetRow[]);
});

Deno.test("materializeDataset() takes times of other units where they are whole milliseconds", async () => {
  const schema = new Unischema("Times", [
    new UnischemaField("seen", "datetime64", { codec: new ScalarCodec("TimestampType") }),
  ]);
  const nanoseconds = (value: bigint) =>
    new Table({
      seen: new Vector([makeData({ type: new TimestampNanosecond(), data: BigInt64Array.of(value) })]),
    });
  await using folder = await tempFolder();
  await materializeDataset(folder.path, schema, nanoseconds(1_700_000_000_123n * 1_000_000n));
  assertEquals(await readRows(folder.path), [{ seen: new Date(1_700_000_000_123) }]);
  await assertRejects(
    () => materializeDataset(folder.path, schema, nanoseconds(1_500_000n)),
    QualityError,
    'Cannot store 1.5 ms since 1970 in field "seen": datetime64 takes a valid Date, and columns of whole milliseconds',
  );
});

Deno.test("materializeDataset() refuses options and sources that are none", async () => {
  await using folder = await tempFolder();
  const table: [options: unknown, text: string][] = [
    [{ rowGroupSizeMb: 0 }, "Cannot materialize with rowGroupSizeMb 0"],
    [{ rowGroupRows: 1.5 }, "Cannot materialize with rowGroupRows 1.5"],
    [{ files: NaN }, "Cannot materialize with files NaN"],
    [{ files: -1 }, "Cannot materialize with files -1"],
    [{ partitionBy: ["symbl"] }, 'Cannot partition by "symbl": schema "Candles" has no such field'],
    [{ partitionBy: ["close"] }, 'Cannot partition by "close": it is float64'],
    [{ partitionBy: ["year", "year"] }, "a field is named twice"],
  ];
  for (const [options, text] of table) {
    const error = await assertRejects(() => materializeDataset(folder.path, CANDLES, [], options as never));
    assert(error instanceof TypeError || error instanceof RangeError);
    assertStringIncludes(error.message, text);
  }
  for (const source of [7, "rows", { symbol: "BTC" }, null]) {
    await assertRejects(
      () => materializeDataset(folder.path, CANDLES, source as never),
      TypeError,
      "give rows",
    );
  }
  const empty = [{ symbol: "", year: 2020, close: 1 }];
  await assertRejects(
    () => materializeDataset(folder.path, CANDLES, empty, { partitionBy: ["symbol"] }),
    QualityError,
    'Cannot partition by "symbol": a row has no value there',
  );
  await assertRejects(
    () => materializeDataset("file://host/data", CANDLES, []),
    TypeError,
    'it names the host "host"',
  );
  assertEquals(await keys(folder.path), []);
});

Deno.test("materializeDataset() leaves folders of other writers, other writers at work, and what lies outside, alone", async () => {
  await using foreign = await tempFolder();
  await Deno.writeTextFile(`${foreign.path}/part-00000-abc.c000.snappy.parquet`, "PAR1");
  await assertRejects(
    () => materializeDataset(foreign.path, BitcoinSchema, bitcoin(1)),
    LakeError,
    '"part-00000-abc.c000.snappy.parquet" was written by something else, choose an empty folder',
  );

  await using busy = await tempFolder();
  const store = await openDataset(busy.path);
  await using _lock = await store.lock("somebody else");
  await assertRejects(
    () => materializeDataset(busy.path, BitcoinSchema, bitcoin(1)),
    LockError,
    "somebody else",
  );

  await using outside = await tempFolder();
  await using folder = await tempFolder();
  await Deno.symlink(outside.path, `${folder.path}/symbol=BTC`);
  await assertRejects(
    () =>
      materializeDataset(folder.path, CANDLES, [{ symbol: "BTC", year: 1, close: 1 }], {
        partitionBy: ["symbol"],
      }),
    LakeError,
    `a symbolic link leads to "${await Deno.realPath(outside.path)}"`,
  );
  assertEquals([...Deno.readDirSync(outside.path)], []);
});

Deno.test("materializeDataset() gives back any rows of any schema, however they are cut", async () => {
  const cut = fc.record({
    rowGroupRows: fc.integer({ min: 1, max: 9 }),
    files: fc.integer({ min: 1, max: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(anyRows({ maxRows: 20 }), cut, async ({ schema, rows }, cut) => {
      await using folder = await tempFolder();
      const { parts } = await materializeDataset(folder.path, schema, rows, cut);
      const groups = Math.ceil(rows.length / cut.rowGroupRows);
      assert(parts.length <= cut.files && parts.length >= Math.min(cut.files, groups));
      assertEquals(await readRows(folder.path), rows);
    }),
    { seed: 1, numRuns: 50 },
  );
});

Deno.test("materializeDataset() takes batches as it gives rows, wherever they are split", async () => {
  await fc.assert(
    fc.asyncProperty(anyRows({ maxRows: 12 }), fc.nat(11), async ({ schema, rows }, at) => {
      await using one = await tempFolder();
      await materializeDataset(one.path, schema, rows);
      const [key] = [...(await listedParts(one.path)).keys()];
      const table = tableFromIPC(readParquet(await Deno.readFile(`${one.path}/${key}`)).intoIPCStream());
      const batches: RecordBatch[] = [table.slice(0, at), table.slice(at)].flatMap(({ batches }) => batches);
      await using two = await tempFolder();
      await materializeDataset(two.path, schema, batches);
      assertEquals(await readRows(two.path), rows);
    }),
    { seed: 2, numRuns: 20 },
  );
});

Deno.test("a row group's rows, bytes and statistics stand in the summary file as in the part", async () => {
  await using folder = await tempFolder();
  await materializeDataset(folder.path, BitcoinSchema, bitcoin(30), { rowGroupRows: 10 });
  const store = await openDataset(folder.path);
  const [key] = [...(await listedParts(folder.path)).keys()];
  const groups = async (name: string) =>
    ((await readFooter(store, name))!.get(4)!.data as { items: Map<number, { data: unknown }>[] }).items;
  const [summary, own] = [await groups("_metadata"), await groups(key!)];
  summary.forEach((group, i) => {
    const chunks = (from: Map<number, { data: unknown }>) =>
      (from.get(1)!.data as { items: Map<number, unknown>[] }).items;
    chunks(group).forEach((chunk, c) => assertEquals(chunk.get(3), chunks(own[i]!)[c]!.get(3)));
    for (const field of [2, 3, 5, 6]) assertEquals(group.get(field), own[i]!.get(field));
  });
});
