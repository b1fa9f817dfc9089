import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  Float64,
  Int32,
  Int64,
  type RecordBatch,
  Table,
  tableFromArrays,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { LakeError } from "../core/errors.ts";
import { TestS3 } from "../lake/_test_s3_server.ts";
import { S3Store } from "../lake/store_s3.ts";
import { s3Settings } from "../lake/store_s3_settings.ts";
import { CountingStore, datasetFolder, numberedDataset, numberedRows, parquetOf } from "./_test_datasets.ts";
import { type BatchReaderOptions, makeBatchReader } from "./batch_reader.ts";
import type { Filters } from "./filters.ts";
import type { DatasetPlace } from "./place.ts";

async function read(place: DatasetPlace, options?: BatchReaderOptions): Promise<RecordBatch[]> {
  await using reader = await makeBatchReader(place, options);
  return await Array.fromAsync(reader);
}

async function column(place: DatasetPlace, name: string, options?: BatchReaderOptions): Promise<unknown[]> {
  return (await read(place, options)).flatMap((batch) => [...batch.getChild(name)!]);
}

/** A wide table whose columns lie far apart. */
function wide(rows: number): Table {
  const noise = (factor: number) =>
    Float64Array.from({ length: rows }, (_, row) => Math.sin(row * factor) * 1e9);
  return tableFromArrays({ first: noise(1), middle: noise(2), second: noise(3), last: noise(4) });
}

Deno.test("makeBatchReader() fetches the footer and the columns that are asked for, and nothing else", async () => {
  const file = parquetOf(wide(40_000), { rowGroupRows: 20_000 });
  await using dataset = await datasetFolder({ "part-0.parquet": file });
  const store = new CountingStore(dataset.folder);
  await using reader = await makeBatchReader({ store, prefix: "" }, { schemaFields: ["first", "last"] });
  assertEquals([store.ranges, store.whole], [1, 0]);
  const batches = await Array.fromAsync(reader);
  assertEquals(batches.map((batch) => batch.schema.fields.map(({ name }) => name)), [
    ["first", "last"],
    ["first", "last"],
  ]);
  // Two row groups, two columns in each, which are too far apart to be fetched together.
  assertEquals([store.ranges, store.whole], [1 + 4, 0]);
  const footer = 64 << 10, columns = store.bytes - footer;
  assert(columns > 0.45 * file.length && columns < 0.55 * file.length, `${columns} of ${file.length}`);
  assertEquals(reader.diagnostics.bytes_fetched, columns);
});

Deno.test("makeBatchReader() fetches columns that lie side by side in one range", async () => {
  await using dataset = await numberedDataset([100], 50);
  const store = new CountingStore(dataset.folder);
  assertEquals((await column({ store, prefix: "" }, "price")).length, 100);
  assertEquals(store.ranges, 1 + 2);
});

Deno.test("makeBatchReader() reads a bucket with the same ranges as a folder", async () => {
  await using s3 = await TestS3.start();
  s3.bucket("bucket");
  const scratch = await Deno.makeTempDir();
  const env = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "not a secret", AWS_ENDPOINT_URL: s3.url };
  const store = new S3Store({ ...s3Settings("s3://bucket/lake", env), scratch });
  await store.put("prices/year=2024/part-0.parquet", parquetOf(wide(40_000), { rowGroupRows: 20_000 }));
  s3.requests.length = 0;
  const batches = await read({ store, prefix: "prices/" }, { schemaFields: ["first", "last", "year"] });
  assertEquals(batches.map((batch) => [batch.numRows, batch.getChild("year")!.get(0)]), [[20_000, 2024], [
    20_000,
    2024,
  ]]);
  assertEquals(s3.requests.filter((request) => request.startsWith("GET bucket/lake/prices/")).length, 5);
  await store.close();
  await Deno.remove(scratch, { recursive: true });
});

Deno.test("makeBatchReader() fetches no further ahead than prefetch says", async () => {
  await using dataset = await numberedDataset([100], 10);
  const store = new CountingStore(dataset.folder);
  await using reader = await makeBatchReader({ store, prefix: "" }, { prefetch: 3 });
  await reader.next();
  // The loads were ordered; let them end.
  await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals(store.ranges, 1 + 1 + 3);
  await Array.fromAsync(reader);
  assertEquals(store.ranges, 1 + 10);
});

Deno.test("makeBatchReader() ignores checksums, markers and hidden files", async () => {
  const rows = parquetOf(numberedRows(0, 3));
  await using dataset = await datasetFolder({
    "part-0.parquet": rows,
    ".part-0.parquet.crc": "x",
    "_SUCCESS": "",
    "_temporary/0/part-1.parquet": rows,
    ".hidden.parquet": "x",
    "README.md": "x",
  });
  assertEquals(await column(dataset.folder, "timestamp"), [0n, 1n, 2n]);
});

Deno.test("makeBatchReader() gives Hive partitions as columns: whole numbers, text, and null", async () => {
  const rows = parquetOf(numberedRows(0, 2));
  await using dataset = await datasetFolder({
    "symbol=BTC%2FUSD/year=2023/part-0.parquet": rows,
    "symbol=BTC%2FUSD/year=2024/part-0.parquet": rows,
    "symbol=__HIVE_DEFAULT_PARTITION__/year=2024/part-0.parquet": rows,
  });
  const year = await read(dataset.folder, { schemaFields: [/symbol|year/] });
  assertEquals(year[0]!.schema.fields.map(({ type }) => String(type)), [
    String(new Utf8()),
    String(new Int32()),
  ]);
  assertEquals(await column(dataset.folder, "symbol"), [
    "BTC/USD",
    "BTC/USD",
    "BTC/USD",
    "BTC/USD",
    null,
    null,
  ]);
  assertEquals(await column(dataset.folder, "year"), [2023, 2023, 2024, 2024, 2024, 2024]);
  // Nothing is fetched for columns that are in the paths.
  await using reader = await makeBatchReader(dataset.folder, { schemaFields: ["year"] });
  await Array.fromAsync(reader);
  assertEquals(reader.diagnostics.fetches, 0);
});

/** Ten years of a column for each kind of value; `flag` is null in even years. */
const YEARS = Array.from({ length: 10 }, (_, at) => 2015 + at);
const KINDS = new Table({
  year: vectorFromArray(YEARS, new Int32()),
  time: vectorFromArray(YEARS.map((year) => BigInt(Date.UTC(year, 0))), new Int64()),
  price: vectorFromArray(YEARS.map((year) => (year === 2020 ? NaN : year / 2)), new Float64()),
  name: vectorFromArray(YEARS.map((year) => `y${year}`), new Utf8()),
  flag: vectorFromArray(YEARS.map((year) => (year % 2 ? true : null))),
});

Deno.test("filters give exactly the rows that fulfil them, and prune row groups that cannot", async () => {
  await using dataset = await datasetFolder({ "part-0.parquet": parquetOf(KINDS, { rowGroupRows: 2 }) });
  const cases: [filters: Filters, years: number[], rowGroups: number][] = [
    [[["year", "=", 2017]], [2017], 1],
    [[["year", "==", 2017n]], [2017], 1],
    [[["year", ">", 2022]], [2023, 2024], 1],
    [[["year", ">=", 2022], ["year", "<=", 2023]], [2022, 2023], 2],
    [[[["year", "<", 2016]], [["name", "=", "y2024"]]], [2015, 2024], 2],
    [[["year", "in", [2015, 2024, 1900]]], [2015, 2024], 2],
    [[["year", "!=", 2017]], YEARS.filter((year) => year !== 2017), 5],
    [[["year", "not in", [2015, 2016]]], YEARS.slice(2), 5],
    [[["time", "<", BigInt(Date.UTC(2016, 0))]], [2015], 1],
    // NaN is in no statistics, and equals nothing.
    [[["price", "!=", 1]], YEARS, 5],
    [[["price", ">", 1010]], [2021, 2022, 2023, 2024], 2],
    [[["flag", "=", true]], [2015, 2017, 2019, 2021, 2023], 5],
    [[["year", ">", 3000]], [], 0],
  ];
  for (const [filters, years, rowGroups] of cases) {
    await using reader = await makeBatchReader(dataset.folder, { filters, schemaFields: ["year"] });
    const found = (await Array.fromAsync(reader)).flatMap((batch) => [...batch.getChild("year")!]);
    assertEquals(
      [found, reader.diagnostics.row_groups_read],
      [years, rowGroups],
      JSON.stringify(filters, text),
    );
  }
});

function text(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

Deno.test("filters on partitions leave whole files unread", async () => {
  const rows = parquetOf(numberedRows(0, 2));
  await using dataset = await datasetFolder({ "year=2023/a.parquet": rows, "year=2024/a.parquet": rows });
  await using reader = await makeBatchReader(dataset.folder, { filters: [["year", "=", 2024]] });
  assertEquals((await Array.fromAsync(reader)).length, 1);
  assertEquals([reader.diagnostics.row_groups_chosen, reader.diagnostics.fetches], [1, 1]);
});

Deno.test("filters refuse what cannot be compared", async () => {
  await using dataset = await datasetFolder({ "part-0.parquet": parquetOf(KINDS) });
  const cases: [unknown, string][] = [
    [[["year", "=", "2017"]], "compare it with a number"],
    [[["name", ">", 1]], "compare it with a string"],
    [[["year", "~", 1]], '"~" is no operator'],
    [[["year", "in", 1]], "give a list"],
    [[["year", "=", [1]]], "give one value"],
    [[["price", "=", NaN]], "nothing equals NaN"],
    [[["nothing", "=", 1]], "the dataset has the columns year, time"],
    [[["year", "="]], "give [column, operator, value]"],
  ];
  for (const [filters, message] of cases) {
    const error = await assertRejects(
      () => makeBatchReader(dataset.folder, { filters: filters as Filters }),
      Error,
    );
    assertStringIncludes(error.message, message);
  }
});

Deno.test("transformSpec changes batches and drops columns", async () => {
  await using dataset = await numberedDataset([4], 2);
  const [batch] = await read(dataset.folder, {
    transformSpec: { apply: (one) => one.slice(0, 1), removedFields: ["price"] },
  });
  assertEquals([batch!.numRows, batch!.schema.fields.map(({ name }) => name)], [1, ["timestamp"]]);
  await assertRejects(
    () => read(dataset.folder, { transformSpec: { selectedFields: ["no"] } }),
    RangeError,
    "no field",
  );
});

Deno.test("cache keeps row groups on disk within its limit, and saves the fetches", async () => {
  await using dataset = await numberedDataset([40], 10);
  const folder = `${dataset.folder}/_cache`;
  const all = await column(dataset.folder, "timestamp");
  await using cold = await makeBatchReader(dataset.folder, { cache: { folder, maxBytes: 1 << 20 } });
  await Array.fromAsync(cold);
  assertEquals([cold.diagnostics.fetches, cold.diagnostics.cache_hits], [4, 0]);
  await using warm = await makeBatchReader(dataset.folder, { cache: { folder, maxBytes: 1 << 20 } });
  const batches = await Array.fromAsync(warm);
  assertEquals([warm.diagnostics.fetches, warm.diagnostics.cache_hits], [0, 4]);
  assertEquals(batches.flatMap((batch) => [...batch.getChild("timestamp")!]), all);
  const size = () =>
    [...Deno.readDirSync(folder)].reduce((sum, { name }) => sum + Deno.statSync(`${folder}/${name}`).size, 0);
  const maxBytes = Math.ceil(size() / 2);
  const cache = { folder, maxBytes };
  assertEquals(await column(dataset.folder, "price", { cache, schemaFields: ["price"] }), all.map(Number));
  assert(size() <= maxBytes);
});

Deno.test("makeBatchReader() goes on after a loop was left, and refuses to once it is closed", async () => {
  await using dataset = await numberedDataset([6], 2);
  const reader = await makeBatchReader(dataset.folder);
  for await (const batch of reader) {
    assertEquals(batch.getChild("price")!.get(0), 0);
    break;
  }
  for await (const batch of reader) {
    assertEquals(batch.getChild("price")!.get(0), 2);
    break;
  }
  await reader.close();
  await assertRejects(() => reader.next(), TypeError, "the reader is closed");
});

Deno.test("makeBatchReader() without end goes on, and ends where no row ever fits", async () => {
  await using dataset = await numberedDataset([4], 2);
  await using endless = await makeBatchReader(dataset.folder, { numEpochs: null });
  for (let batch = 0; batch < 100; batch++) assertEquals((await endless.next()).done, false);
  assertEquals(endless.state().epoch, 49);
  assertEquals(await read(dataset.folder, { numEpochs: null, filters: [["price", "=", 0.5]] }), []);
});

Deno.test("makeBatchReader() reads a dataset without rows, and one file alone", async () => {
  await using dataset = await datasetFolder({ "part-0.parquet": parquetOf(numberedRows(0, 0)) });
  assertEquals(await read(dataset.folder), []);
  assertEquals(await read(dataset.folder, { numEpochs: null, curShard: 1, shardCount: 2 }), []);
  const file = `file://${dataset.folder}/part-0.parquet`;
  await using reader = await makeBatchReader(file);
  assertEquals(reader.schema.fields.map(({ name }) => name), ["timestamp", "price"]);
});

Deno.test("calls of next() that do not wait for each other give batches in order", async () => {
  await using dataset = await numberedDataset([10], 1);
  await using reader = await makeBatchReader(dataset.folder);
  const results = await Promise.all(Array.from({ length: 11 }, () => reader.next()));
  assertEquals(results.map(({ value }) => value?.getChild("price")?.get(0)), [
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    undefined,
  ]);
});

Deno.test("a failed read may be tried again", async () => {
  await using dataset = await numberedDataset([4], 2);
  let broken = true;
  class Flaky extends CountingStore {
    override getRange(key: string, start: number, length: number) {
      if (broken && this.ranges > 0) throw new LakeError("the line is dead", { retryable: true });
      return super.getRange(key, start, length);
    }
  }
  await using reader = await makeBatchReader({ store: new Flaky(dataset.folder), prefix: "" });
  await assertRejects(() => reader.next(), LakeError, "the line is dead");
  broken = false;
  const batches = await Array.fromAsync(reader);
  assertEquals(batches.flatMap((batch) => [...batch.getChild("price")!]), [0, 1, 2, 3]);
});
