/** What must hold for any dataset, seed and shard: nothing lost, nothing twice, and always the same. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { numberedDataset } from "./_test_datasets.ts";
import { makeBatchReader } from "./batch_reader.ts";
import { NGram } from "./ngram.ts";
import type { ReaderOptions } from "./reader_plan.ts";
import { makeReader } from "./row_reader.ts";

const slow = Deno.env.get("LAKEBOOK_SLOW_TESTS") !== undefined;
const RUNS = { numRuns: slow ? 1000 : 60, seed: 20_261_121 };

/** A dataset's shape and a reader's settings. */
const CASES = fc.record({
  parts: fc.array(fc.integer({ min: 0, max: 25 }), { minLength: 1, maxLength: 4 }),
  rowGroupRows: fc.integer({ min: 1, max: 12 }),
  options: fc.record({
    shuffleRowGroups: fc.boolean(),
    shuffleRows: fc.constantFrom(0, 0, 1, 5, 17, 1000),
    seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    numEpochs: fc.integer({ min: 1, max: 3 }),
    prefetch: fc.integer({ min: 0, max: 3 }),
  }),
});

async function timestamps(folder: string, options: ReaderOptions): Promise<number[]> {
  await using reader = await makeReader(folder, { ...options, schemaFields: ["timestamp"] });
  return await Array.fromAsync(reader, ({ timestamp }) => Number(timestamp));
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

function sorted(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b);
}

function groupsOf(parts: readonly number[], rowGroupRows: number): number {
  return parts.reduce((sum, rows) => sum + Math.ceil(rows / rowGroupRows), 0);
}

Deno.test("makeReader() gives every row once an epoch, in the files' order without a shuffle", () =>
  fc.assert(
    fc.asyncProperty(CASES, async ({ parts, rowGroupRows, options }) => {
      await using dataset = await numberedDataset(parts, rowGroupRows);
      const rows = await timestamps(dataset.folder, options);
      const count = parts.reduce((sum, rows) => sum + rows, 0);
      for (let epoch = 0; epoch < options.numEpochs; epoch++) {
        const given = rows.slice(epoch * count, (epoch + 1) * count);
        const moved = options.shuffleRowGroups || options.shuffleRows > 0;
        assertEquals(moved ? sorted(given) : given, upTo(count));
      }
      assertEquals(rows.length, count * options.numEpochs);
      assertEquals(await timestamps(dataset.folder, options), rows);
    }),
    RUNS,
  ));

Deno.test("makeReader() gives disjoint shards that together are the dataset", () =>
  fc.assert(
    fc.asyncProperty(CASES, fc.nat(), async ({ parts, rowGroupRows, options }, some) => {
      const groups = groupsOf(parts, rowGroupRows);
      const shardCount = 1 + some % Math.max(groups, 1);
      await using dataset = await numberedDataset(parts, rowGroupRows);
      const shards = await Promise.all(
        upTo(shardCount).map((curShard) =>
          timestamps(dataset.folder, { ...options, numEpochs: 1, curShard, shardCount })
        ),
      );
      assertEquals(sorted(shards.flat()), upTo(parts.reduce((sum, rows) => sum + rows, 0)));
    }),
    RUNS,
  ));

Deno.test("resume() after any row gives the same rest", () =>
  fc.assert(
    fc.asyncProperty(CASES, fc.nat(), async ({ parts, rowGroupRows, options }, some) => {
      await using dataset = await numberedDataset(parts, rowGroupRows);
      const all = await timestamps(dataset.folder, options);
      const stop = some % (all.length + 1);
      await using first = await makeReader(dataset.folder, { ...options, schemaFields: ["timestamp"] });
      for (let row = 0; row < stop; row++) await first.next();
      const state = JSON.parse(JSON.stringify(first.state()));
      await using second = await makeReader(dataset.folder, { ...options, schemaFields: ["timestamp"] });
      second.resume(state);
      const rest = await Array.fromAsync(second, ({ timestamp }) => Number(timestamp));
      assertEquals(rest, all.slice(stop));
      second.reset();
      assertEquals(await Array.fromAsync(second, ({ timestamp }) => Number(timestamp)), all);
    }),
    RUNS,
  ));

Deno.test("makeBatchReader() gives the rows that makeReader() gives, in its order", () =>
  fc.assert(
    fc.asyncProperty(CASES, async ({ parts, rowGroupRows, options }) => {
      await using dataset = await numberedDataset(parts, rowGroupRows);
      await using reader = await makeBatchReader(dataset.folder, options);
      const batches = await Array.fromAsync(reader);
      const rows = batches.flatMap((batch) => Array.from(batch.getChild("timestamp")!, Number));
      assertEquals(rows, await timestamps(dataset.folder, options));
    }),
    { ...RUNS, numRuns: RUNS.numRuns >> 1 },
  ));

Deno.test("an NGram gives every window once, across row groups and files, and resumes after any", () =>
  fc.assert(
    fc.asyncProperty(
      CASES,
      fc.integer({ min: 1, max: 20 }),
      fc.nat(),
      async ({ parts, rowGroupRows, options }, length, some) => {
        await using dataset = await numberedDataset(parts, rowGroupRows);
        const ngram = new NGram({
          fields: { 0: ["timestamp"], [length - 1]: ["timestamp"] },
          deltaThreshold: 1,
          timestampField: "timestamp",
        });
        const settings = { ...options, schemaFields: ngram };
        const spans = async (state?: unknown) => {
          await using reader = await makeReader(dataset.folder, settings);
          if (state) reader.resume(state as never);
          return await Array.fromAsync(
            reader,
            (window) => [0, length - 1].map((place) => Number(window[place]!.timestamp)),
          );
        };
        const all = await spans();
        const count = parts.reduce((sum, rows) => sum + rows, 0);
        const windows = Math.max(count - length + 1, 0);
        assertEquals(all.length, windows * options.numEpochs);
        assertEquals(
          sorted(all.slice(0, windows).map(([start]) => start!)),
          upTo(windows),
        );
        for (const [start, end] of all) assertEquals(end! - start!, length - 1);
        const stop = some % (all.length + 1);
        await using reader = await makeReader(dataset.folder, settings);
        for (let window = 0; window < stop; window++) await reader.next();
        assertEquals(await spans(reader.state()), all.slice(stop));
      },
    ),
    { ...RUNS, numRuns: RUNS.numRuns >> 1 },
  ));
