import { assert, assertEquals, assertRejects } from "@std/assert";
import { Schema } from "apache-arrow";
import { LakeError } from "../core/errors.ts";
import { datasetFolder, numberedDataset, numberedRows, parquetOf } from "./_test_datasets.ts";
import { makeBatchReader } from "./batch_reader.ts";
import { DecodeWorkers } from "./decode_workers.ts";
import type { Filters } from "./filters.ts";

Deno.test("readers give the same rows in the same order with any number of workers", async () => {
  await using dataset = await numberedDataset([700, 300, 1], 40);
  const filters: Filters = [["price", ">", 10]];
  const options = { shuffleRowGroups: true, shuffleRows: 50, seed: 3, numEpochs: 2, filters };
  const prices = async (workers: number) => {
    await using reader = await makeBatchReader(dataset.folder, { ...options, workers });
    return (await Array.fromAsync(reader)).flatMap((batch) => [...batch.getChild("price")!]);
  };
  const expected = await prices(0);
  assertEquals(expected.length, 2 * 990);
  for (const workers of [1, 2, 5]) assertEquals(await prices(workers), expected);
});

Deno.test("a reader with workers resumes where one without them stood", async () => {
  await using dataset = await numberedDataset([90, 60], 20);
  await using alone = await makeBatchReader(dataset.folder, { workers: 0 });
  for (let batch = 0; batch < 3; batch++) await alone.next();
  await using helped = await makeBatchReader(dataset.folder, { workers: 2 });
  helped.resume(alone.state());
  const rows = async (reader: typeof alone) =>
    (await Array.fromAsync(reader)).flatMap((batch) => [...batch.getChild("price")!]);
  assertEquals(await rows(helped), await rows(alone));
});

Deno.test("workers name a row group that does not decode, and go on with the others", async () => {
  const broken = parquetOf(numberedRows(0, 30), { rowGroupRows: 10 });
  broken.fill(0xff, 4, 60);
  await using dataset = await datasetFolder({ "a.parquet": broken });
  await using reader = await makeBatchReader(dataset.folder, { workers: 2 });
  const error = await assertRejects(() => reader.next(), LakeError, "Cannot read row group 0 of");
  assert(error.message.includes("it does not decode"), error.message);
  reader.resume({ ...reader.state(), group: 1 });
  assertEquals((await reader.next()).value?.numRows, 10);
});

Deno.test("a reader that is closed while its workers decode fails its waiting call", async () => {
  await using dataset = await numberedDataset([100], 10);
  const reader = await makeBatchReader(dataset.folder, { workers: 2 });
  const waiting = assertRejects(() => reader.next(), TypeError, "the reader is closed");
  await reader.close();
  await waiting;
  using workers = new DecodeWorkers(1, new Schema());
  workers[Symbol.dispose]();
  await assertRejects(() => workers.decode(new Uint8Array(), 0), TypeError, "the reader is closed");
});

Deno.test("makeBatchReader() refuses a number of workers that is none", async () => {
  await using dataset = await numberedDataset([20], 5);
  await assertRejects(() => makeBatchReader(dataset.folder, { workers: -1 }), RangeError, "workers -1");
});

Deno.test("a reader that nobody closes does not hold up the end of its process", async () => {
  await using dataset = await numberedDataset([100], 10);
  const script = `
    import { makeBatchReader } from ${JSON.stringify(import.meta.resolve("./batch_reader.ts"))};
    const reader = await makeBatchReader(${JSON.stringify(dataset.folder)}, { workers: 2 });
    let rows = 0;
    for await (const batch of reader) rows += batch.numRows;
    console.log(rows);`;
  const file = `${dataset.folder}/_script.ts`;
  await Deno.writeTextFile(file, script);
  const config = import.meta.resolve("../../deno.json").slice("file://".length);
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--config", config, "-P=test", file],
    signal: AbortSignal.timeout(60_000),
  }).output();
  assertEquals([new TextDecoder().decode(stdout).trim(), success], ["100", true]);
});
