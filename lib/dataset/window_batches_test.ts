import { assertEquals, assertRejects } from "@std/assert";
import { type RecordBatch, Table, tableFromArrays, vectorFromArray } from "apache-arrow";
import fc from "fast-check";
import { QualityError } from "../core/errors.ts";
import { numberedDataset } from "./_test_datasets.ts";
import { makeBatchReader } from "./batch_reader.ts";
import { type WindowBatch, windowBatches, type WindowBatchOptions } from "./window_batches.ts";

function batchesOf(parts: readonly (readonly number[])[]): RecordBatch[] {
  return parts.flatMap((values) =>
    tableFromArrays({
      time: BigInt64Array.from(values, BigInt),
      price: Float64Array.from(values, (value) => value * 10),
    }).batches
  );
}

async function all(batches: Iterable<RecordBatch>, options: WindowBatchOptions): Promise<WindowBatch[]> {
  return await Array.fromAsync(windowBatches(batches, options));
}

/** Windows as lists. */
function listed({ x, shape: [count, lookBack, width] }: WindowBatch): number[][] {
  const size = lookBack * width;
  return Array.from({ length: count }, (_, at) => [...x.subarray(at * size, (at + 1) * size)]);
}

Deno.test("windowBatches() goes on from batch to batch, with several features side by side", async () => {
  const batches = batchesOf([[1, 2], [3], [], [4, 5]]);
  const made = await all(batches, { features: ["time", "price"], lookBack: 3, batchSize: 2 });
  assertEquals(made.map(({ shape }) => shape), [[2, 3, 2], [1, 3, 2]]);
  assertEquals(made.flatMap(listed), [[1, 10, 2, 20, 3, 30], [2, 20, 3, 30, 4, 40], [3, 30, 4, 40, 5, 50]]);
  assertEquals(made.map(({ y }) => y), [null, null]);
});

Deno.test("windowBatches() takes the target so many rows after the window", async () => {
  const [made] = await all(batchesOf([[1, 2, 3], [4, 5]]), {
    features: ["time"],
    lookBack: 2,
    target: "price",
    horizon: 2,
  });
  assertEquals(listed(made!), [[1, 2], [2, 3]]);
  assertEquals(made!.y, Float32Array.of(40, 50));
});

Deno.test("windowBatches() makes no window across a gap in time", async () => {
  const options = { features: ["time"], lookBack: 2, timestampField: "time", deltaThreshold: 1 };
  const made = await all(batchesOf([[1, 2, 3], [5], [6, 7]]), options);
  assertEquals(made.flatMap(listed), [[1, 2], [2, 3], [5, 6], [6, 7]]);
  const [withTarget] = await all(batchesOf([[1, 2, 3], [5], [6, 7]]), { ...options, target: "time" });
  assertEquals(listed(withTarget!), [[1, 2], [5, 6]]);
});

Deno.test("windowBatches() does not depend on how rows are cut into batches", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 6 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      async (steps, lookBack, batchSize, horizon) => {
        let time = 0;
        const parts = steps.map((part) => part.map((step) => time += step));
        const options = {
          features: ["time"],
          lookBack,
          target: "time",
          horizon,
          timestampField: "time",
          deltaThreshold: 2,
        };
        const cut = await all(batchesOf(parts), { ...options, batchSize });
        const whole = await all(batchesOf([parts.flat()]), { ...options, batchSize: 1000 });
        assertEquals(cut.flatMap(listed), whole.flatMap(listed));
        assertEquals(cut.flatMap(({ y }) => [...y!]), whole.flatMap(({ y }) => [...y!]));
      },
    ),
    { numRuns: 200, seed: 6 },
  ));

Deno.test("windowBatches() reads from a batch reader, and its reader can stop", async () => {
  await using dataset = await numberedDataset([30, 20], 7);
  await using reader = await makeBatchReader(dataset.folder);
  const made = await Array.fromAsync(
    windowBatches(reader, { features: ["price"], lookBack: 10, batchSize: 16 }),
  );
  assertEquals(made.map(({ shape }) => shape[0]), [16, 16, 9]);
  assertEquals(listed(made[2]!).at(-1), [40, 41, 42, 43, 44, 45, 46, 47, 48, 49]);
});

Deno.test("windowBatches() refuses missing values, text and sizes out of range", async () => {
  const table = new Table({ price: vectorFromArray([1, null]), name: vectorFromArray(["a", "b"]) });
  const refused = (
    options: WindowBatchOptions,
    Kind: typeof QualityError | typeof RangeError,
    message: string,
  ) => assertRejects(() => all(table.batches, options), Kind, message);
  await refused({ features: ["price"], lookBack: 1 }, QualityError, 'column "price": 1 values are missing');
  await refused({ features: ["name"], lookBack: 1 }, QualityError, "is no number");
  await refused({ features: ["open"], lookBack: 1 }, RangeError, "the batches have price, name");
  await refused({ features: [], lookBack: 1 }, RangeError, "name one at least");
  await refused({ features: ["price"], lookBack: 0 }, RangeError, "Cannot make windows with lookBack 0");
});
