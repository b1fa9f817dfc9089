import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Table, tableFromArrays, vectorFromArray } from "apache-arrow";
import { ConfigError, LakeError } from "../core/errors.ts";
import { CountingStore, datasetFolder, numberedDataset, numberedRows, parquetOf } from "./_test_datasets.ts";
import type { DatasetRow } from "./field_values.ts";
import { materializeDataset } from "./materialize.ts";
import { NGram, type NGramOptions } from "./ngram.ts";
import type { DatasetPlace } from "./place.ts";
import { inLambda, inSet } from "./predicates.ts";
import type { ReaderOptions } from "./reader_plan.ts";
import { makeReader, type RowReaderOptions } from "./row_reader.ts";
import { BitcoinSchema } from "./unischema.ts";

async function rows(place: DatasetPlace, options?: RowReaderOptions): Promise<DatasetRow[]> {
  await using reader = await makeReader(place, options);
  return await Array.fromAsync(reader);
}

/** Timestamps of windows of three. */
async function windows(
  place: DatasetPlace,
  options: Partial<NGramOptions> = {},
  settings: ReaderOptions = {},
): Promise<number[][]> {
  const fields = { 0: ["timestamp"], 1: ["timestamp"], 2: ["timestamp"] };
  const ngram = new NGram({ fields, deltaThreshold: 1, timestampField: "timestamp", ...options });
  await using reader = await makeReader(place, { ...settings, schemaFields: ngram });
  return await Array.fromAsync(
    reader,
    (window) => Object.values(window).map(({ timestamp }) => Number(timestamp)),
  );
}

function at(timestamps: readonly number[]): Uint8Array {
  return parquetOf(tableFromArrays({ timestamp: BigInt64Array.from(timestamps, BigInt) }), {
    rowGroupRows: 2,
  });
}

Deno.test("makeReader() reads what materializeDataset() wrote, in its types", async () => {
  const folder = await Deno.makeTempDir();
  const source = [{ timestamp: 3, price: 0.5 }, { timestamp: 1, price: 0.25 }];
  await materializeDataset(folder, BitcoinSchema, source, { rowGroupRows: 1 });
  assertEquals(await rows(`file://${folder}`), [{ timestamp: 3n, price: 0.5 }, {
    timestamp: 1n,
    price: 0.25,
  }]);
  await using reader = await makeReader(folder);
  assertEquals(reader.schema, BitcoinSchema);
  await materializeDataset(folder, BitcoinSchema, [{ timestamp: 9, price: 1 }]);
  assertEquals(await rows(folder), [{ timestamp: 9n, price: 1 }]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("makeReader() reads partitions that materializeDataset() wrote, as fields of their own types", async () => {
  const folder = await Deno.makeTempDir();
  const source = [{ timestamp: 3, price: 0.5 }, { timestamp: 1, price: 0.25 }, { timestamp: 3, price: 2 }];
  await materializeDataset(folder, BitcoinSchema, source, { partitionBy: ["timestamp"] });
  assertEquals(await rows(folder, { filters: [["timestamp", "=", 3]] }), [
    { timestamp: 3n, price: 0.5 },
    { timestamp: 3n, price: 2 },
  ]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("makeReader() leaves out parts of a write that was not finished", async () => {
  const folder = await Deno.makeTempDir();
  const { parts: [part] } = await materializeDataset(folder, BitcoinSchema, [{ timestamp: 1, price: 1 }]);
  const stray = part!.key.replace(/[0-9a-f]{16}/, "0".repeat(16));
  await Deno.copyFile(`${folder}/${part!.key}`, `${folder}/${stray}`);
  assertEquals((await rows(folder)).length, 1);
  await Deno.remove(`${folder}/_metadata`);
  await assertRejects(() => rows(folder), LakeError, "there is no _metadata here");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("makeReader() gives null for what is missing, and text and times as they are", async () => {
  const table = new Table({
    name: vectorFromArray(["a", null, "c"]),
    price: vectorFromArray([1.5, null, 2]),
    seen: vectorFromArray([new Date(0), new Date(86_400_000), null]),
  });
  await using dataset = await datasetFolder({ "a.parquet": parquetOf(table) });
  assertEquals(await rows(dataset.folder), [
    { name: "a", price: 1.5, seen: new Date(0) },
    { name: null, price: null, seen: new Date(86_400_000) },
    { name: "c", price: 2, seen: null },
  ]);
});

Deno.test("makeReader() fetches fields for its predicate that it does not give", async () => {
  await using dataset = await numberedDataset([6], 2);
  const predicate = inSet([1, 4], "price");
  assertEquals(await rows(dataset.folder, { predicate, schemaFields: ["timestamp"] }), [
    { timestamp: 1n },
    { timestamp: 4n },
  ]);
  const wrong = inSet([1], "no");
  await assertRejects(
    () => rows(dataset.folder, { predicate: wrong }),
    RangeError,
    'Cannot ask about field "no"',
  );
});

Deno.test("the only row that fits comes once an epoch, wherever a shuffle puts it", async () => {
  await using dataset = await numberedDataset([12], 1);
  const predicate = inSet([7], "price");
  for (let seed = 0; seed < 20; seed++) {
    const found = await rows(dataset.folder, { predicate, seed, numEpochs: 5, shuffleRowGroups: true });
    assertEquals(found.length, 5, `seed ${seed}`);
  }
});

Deno.test("transformSpec changes rows and chooses fields", async () => {
  await using dataset = await numberedDataset([2], 2);
  const transformSpec = {
    apply: (row: DatasetRow) => ({ ...row, double: Number(row.price) * 2 }),
    selectedFields: ["double"],
  };
  assertEquals(await rows(dataset.folder, { transformSpec }), [{ double: 0 }, { double: 2 }]);
});

Deno.test("shuffles differ from epoch to epoch and from seed to seed", async () => {
  await using dataset = await numberedDataset([50], 5);
  for (const settings of [{ shuffleRowGroups: true }, { shuffleRows: 20 }]) {
    const order = async (seed: number) =>
      (await rows(dataset.folder, { ...settings, seed, numEpochs: 2 })).map(({ price }) => price);
    const [one, two] = [await order(1), await order(2)];
    assertEquals(one.toString() === two.toString(), false);
    assertEquals(one.slice(0, 50).toString() === one.slice(50).toString(), false);
  }
});

Deno.test("resume() refuses states of others", async () => {
  await using dataset = await numberedDataset([6], 2);
  await using other = await numberedDataset([7], 2);
  await using reader = await makeReader(dataset.folder, { seed: 1, shuffleRowGroups: true });
  await reader.next();
  const state = reader.state();
  const refused = async (
    place: string,
    options: RowReaderOptions,
    message: string,
    given: unknown = state,
  ) => {
    await using second = await makeReader(place, options);
    assertThrows(() => second.resume(given as never), ConfigError, message);
  };
  const same = { seed: 1, shuffleRowGroups: true };
  await refused(other.folder, same, "a dataset with other files");
  await refused(dataset.folder, { ...same, seed: 2 }, "a reader with other fields, seed");
  await refused(dataset.folder, { ...same, schemaFields: ["price"] }, "a reader with other fields");
  await refused(dataset.folder, { ...same, predicate: inLambda(["price"], () => true) }, "with other fields");
  await refused(dataset.folder, same, "this is no state", {});
  await refused(dataset.folder, same, "out of range", { ...state, taken: -1 });
  // More epochs are no other reader, and neither is a copy of the dataset.
  await using copy = await numberedDataset([6], 2);
  await using longer = await makeReader(copy.folder, { ...same, numEpochs: 3 });
  longer.resume(state);
  assertEquals((await Array.fromAsync(longer)).length, 3 * 6 - 1);
});

Deno.test("settings out of range are named", async () => {
  await using dataset = await numberedDataset([6], 2);
  const cases: [RowReaderOptions, string][] = [
    [{ curShard: 3, shardCount: 3 }, "Cannot use curShard 3: give a whole number from 0 to 2"],
    [{ shardCount: 2 }, "give both curShard and shardCount"],
    [{ numEpochs: 0 }, "Cannot use numEpochs 0"],
    [{ shuffleRows: -1 }, "Cannot use shuffleRows -1"],
    [{ seed: 2 ** 32 }, "Cannot use seed 4294967296"],
    [{ prefetch: 0.5 }, "Cannot use prefetch 0.5"],
    [{ schemaFields: ["nothing"] }, 'Cannot select "nothing"'],
    [{ curShard: 0, shardCount: 4 }, "only 3 row groups are to be read"],
    [{ curShard: 0, shardCount: 2, filters: [["price", "=", 0]] }, "only 1 row groups are to be read"],
  ];
  for (const [options, message] of cases) {
    await assertRejects(() => rows(dataset.folder, options), Error, message);
  }
});

Deno.test("an NGram goes on across row groups and files, and not across a gap", async () => {
  await using dataset = await datasetFolder({ "a.parquet": at([1, 2, 3]), "b.parquet": at([4, 7, 8, 9]) });
  assertEquals(await windows(dataset.folder), [[1, 2, 3], [2, 3, 4], [7, 8, 9]]);
  assertEquals((await windows(dataset.folder, { deltaThreshold: 3 })).length, 5);
});

Deno.test("an NGram orders files and rows by time", async () => {
  await using dataset = await datasetFolder({ "a.parquet": at([6, 5]), "b.parquet": at([2, 1, 4, 3]) });
  assertEquals(await windows(dataset.folder), [[1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6]]);
});

Deno.test("an NGram without overlap gives each row once, also after a resume", async () => {
  await using dataset = await datasetFolder({ "a.parquet": at([1, 2, 3, 4, 5]), "b.parquet": at([6, 7, 8]) });
  const options = { timestampOverlap: false };
  assertEquals(await windows(dataset.folder, options), [[1, 2, 3], [4, 5, 6]]);
  await assertRejects(
    () => windows(dataset.folder, options, { shuffleRowGroups: true }),
    ConfigError,
    "read them in order or set timestampOverlap",
  );
  const ngram = new NGram({
    fields: { 0: ["timestamp"], 2: [] },
    deltaThreshold: 1,
    timestampField: "timestamp",
    ...options,
  });
  await using reader = await makeReader(dataset.folder, { schemaFields: ngram });
  await reader.next();
  await using second = await makeReader(dataset.folder, { schemaFields: ngram });
  second.resume(reader.state());
  assertEquals(await Array.fromAsync(second), [{ 0: { timestamp: 4n }, 2: {} }]);
});

Deno.test("an NGram gives other fields at other places, which may be negative", async () => {
  await using dataset = await numberedDataset([3], 2);
  const ngram = new NGram({
    fields: { [-1]: ["price"], 1: [/time.*/] },
    deltaThreshold: 1,
    timestampField: "timestamp",
  });
  await using reader = await makeReader(dataset.folder, { schemaFields: ngram });
  assertEquals(await Array.fromAsync(reader), [{ [-1]: { price: 0 }, 1: { timestamp: 2n } }]);
});

Deno.test("an NGram drops filtered rows before it looks for neighbours", async () => {
  await using dataset = await numberedDataset([7], 2);
  const even = inLambda(["timestamp"], ({ timestamp }) => (timestamp as bigint) % 2n === 0n);
  assertEquals(await windows(dataset.folder, { deltaThreshold: 2 }, { predicate: even }), [[0, 2, 4], [
    2,
    4,
    6,
  ]]);
});

Deno.test("an NGram refuses times that overlap, and values that are no times", async () => {
  await using mixed = await datasetFolder({ "a.parquet": at([1, 5]), "b.parquet": at([3, 4]) });
  await assertRejects(() => windows(mixed.folder), LakeError, 'write the dataset sorted by "timestamp"');
  const times = new Table({ timestamp: vectorFromArray([1, NaN, 3]) });
  await using broken = await datasetFolder({ "a.parquet": parquetOf(times) });
  await assertRejects(() => windows(broken.folder), LakeError, 'field "timestamp" holds NaN');
  assertThrows(
    () => new NGram({ fields: {}, deltaThreshold: 1, timestampField: "t" }),
    RangeError,
    "whole numbers",
  );
});

Deno.test("the only window comes once an epoch, wherever a shuffle puts its start", async () => {
  await using dataset = await numberedDataset([3], 1);
  for (let seed = 0; seed < 20; seed++) {
    const found = await windows(dataset.folder, {}, { seed, numEpochs: 5, shuffleRowGroups: true });
    assertEquals(found.length, 5, `seed ${seed}`);
  }
});

Deno.test("an NGram in order fetches every row group once", async () => {
  await using dataset = await numberedDataset([20], 2);
  const store = new CountingStore(dataset.folder);
  assertEquals((await windows({ store, prefix: "" })).length, 18);
  assertEquals(store.ranges, 1 + 10);
});

Deno.test("a window may be longer than all there is", async () => {
  await using dataset = await datasetFolder({ "a.parquet": parquetOf(numberedRows(0, 2)) });
  assertEquals(await windows(dataset.folder, {}, { numEpochs: null }), []);
});
