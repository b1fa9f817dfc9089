/** One way through a dataset in a process of its own: `dataset_job.ts write|batches|rows|windows FOLDER ROWS`. */
import process from "node:process";
import { Field, Float32, Int64, RecordBatch, Schema, Table, tableFromArrays } from "apache-arrow";
import { BatchReader, makeBatchReader } from "../dataset/batch_reader.ts";
import { materializeDataset } from "../dataset/materialize.ts";
import { makeReader } from "../dataset/row_reader.ts";
import { BitcoinSchema } from "../dataset/unischema.ts";
import { windowBatches } from "../dataset/window_batches.ts";

const [mode, folder, count] = Deno.args as [string, string, string];

/** Passes that are timed. */
const PASSES = 4;

/** Minutes and a price that wanders, a million at a time. */
function* minutes(total: number): Generator<RecordBatch> {
  const schema = new Schema([
    new Field("timestamp", new Int64(), false),
    new Field("price", new Float32(), false),
  ]);
  let price = 100;
  for (let from = 0; from < total; from += 1_000_000) {
    const length = Math.min(1_000_000, total - from);
    const timestamp = new BigInt64Array(length), prices = new Float32Array(length);
    for (let at = 0; at < length; at++) {
      timestamp[at] = BigInt(1_400_000_000 + 60 * (from + at));
      price *= 1 + 1e-4 * Math.sin((from + at) * 12.9898) * Math.cos((from + at) * 78.233);
      prices[at] = price;
    }
    const table = tableFromArrays({ timestamp, price: prices });
    yield* new Table(schema, table.batches.map(({ data }) => new RecordBatch(schema, data))).batches;
  }
}

/** Reads the dataset over and over; gives rows and seconds of the passes after the first, which warms code and caches. */
async function read(): Promise<{ rows: number; seconds: number }> {
  let rows = 0, began = 0, all = 0;
  const take = (count: number) => {
    all += count;
    if (began > 0) rows += count;
    else if (all >= total) began = performance.now();
  };
  const reader = mode === "rows"
    ? await makeReader(folder, { numEpochs: 1 + PASSES })
    : await makeBatchReader(folder, { numEpochs: 1 + PASSES });
  await using _closed = reader;
  const total = Number(count);
  if (reader instanceof BatchReader) { for await (const batch of reader) take(batch.numRows); }
  else for await (const row of reader) if (row) take(1);
  return { rows, seconds: (performance.now() - began) / 1000 };
}

/** The same of windows, a reader for each pass. */
async function readWindows(): Promise<{ rows: number; seconds: number }> {
  let rows = 0, began = 0;
  for (let pass = 0; pass <= 1; pass++) {
    rows = 0;
    began = performance.now();
    await using reader = await makeBatchReader(folder);
    const options = { features: ["price"], lookBack: 24, batchSize: 1024, target: "price" };
    for await (const { shape } of windowBatches(reader, options)) rows += shape[0];
  }
  return { rows, seconds: (performance.now() - began) / 1000 };
}

if (mode === "write") {
  const made = await materializeDataset(folder, BitcoinSchema, minutes(Number(count)), {
    rowGroupRows: 500_000,
    files: 4,
  });
  console.log(JSON.stringify({ rows: made.rows }));
} else {
  const timing = mode === "windows" ? await readWindows() : await read();
  console.log(JSON.stringify({ ...timing, peak_mib: process.resourceUsage().maxRSS / 1024 }));
}
