/** Record batches of any Parquet dataset. */
import type { RecordBatch, Schema } from "apache-arrow";
import { scanDataset } from "./scan_dataset.ts";
import type { DatasetPlace } from "./place.ts";
import type { Predicate } from "./predicates.ts";
import { itemsOfBlocks, Reader } from "./reader.ts";
import { planReader, type ReaderOptions } from "./reader_plan.ts";
import { gatherRows } from "./gather_rows.ts";
import type { RowTest } from "./row_groups.ts";
import { transformBatch, type TransformSpec } from "./transform_spec.ts";
import { selects } from "./unischema.ts";

/** Settings of {@linkcode makeBatchReader}. */
export interface BatchReaderOptions extends ReaderOptions {
  /** Columns by name or by a pattern that fits the whole name; without it all of them. */
  schemaFields?: readonly (string | RegExp)[];
  /** Makes another batch of each. */
  transformSpec?: TransformSpec<RecordBatch>;
}

/** Gives record batches; `schema` is theirs, before any transformation. */
export class BatchReader extends Reader<RecordBatch> {
  constructor(readonly schema: Schema, ...base: ConstructorParameters<typeof Reader<RecordBatch>>) {
    super(...base);
  }
}

/**
 * Opens any Parquet dataset and reads it batch by batch: one batch a row group, or, with `shuffleRows`, so many mixed
 * rows. Columns are as they are stored; Hive partitions are columns, too. Only the columns that are asked for are
 * fetched.
 *
 * @throws {LakeError} where the dataset is missing, damaged, or of several schemas.
 * @throws {RangeError} where a column is not there or a setting is out of range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parquetWriteBuffer } from "hyparquet-writer";
 * const file = `${await Deno.makeTempDir()}/prices.parquet`;
 * const columnData = [{ name: "price", data: [1, 2, 3], type: "DOUBLE" as const }];
 * await Deno.writeFile(file, new Uint8Array(parquetWriteBuffer({ columnData })));
 * await using reader = await makeBatchReader(file, { filters: [["price", ">", 1]] });
 * for await (const batch of reader) assertEquals([...batch.getChild("price")!], [2, 3]);
 * ```
 */
export async function makeBatchReader(
  place: DatasetPlace,
  options: BatchReaderOptions = {},
): Promise<BatchReader> {
  const dataset = await scanDataset(place, options);
  try {
    const { schemaFields, transformSpec, predicate } = options;
    const names = chosenColumns(dataset.schema, schemaFields);
    const plan = planReader(dataset, names, options, { settings: "batches" });
    const schema = dataset.schema.select(names);
    const narrow = plan.schema.fields.length > names.length;
    const find = itemsOfBlocks(plan, (block) => ({
      length: 1,
      at() {
        const untouched = block.which === null && block.rows.length === block.batches[0]!.numRows &&
          plan.shuffleRows === 0;
        const batch = untouched ? block.batches[0]! : gatherRows(block);
        const asked = narrow ? batch.select(names) : batch;
        return transformSpec ? transformBatch(asked, transformSpec) : asked;
      },
    }));
    return new BatchReader(schema, dataset, plan, { find, test: predicate ? storedTest(predicate) : null });
  } catch (error) {
    await dataset[Symbol.asyncDispose]();
    throw error;
  }
}

/** Names of the columns that selectors mean, in the schema's order. */
function chosenColumns(schema: Schema, selectors?: readonly (string | RegExp)[]): string[] {
  const all = schema.fields.map(({ name }) => name as string);
  if (selectors === undefined) return all;
  for (const selector of selectors) {
    if (!all.some((name) => selects(selector, name))) {
      throw new RangeError(`Cannot select "${selector}": the dataset has the columns ${all.join(", ")}`);
    }
  }
  if (selectors.length === 0) throw new RangeError("Cannot read no columns: name one at least");
  return all.filter((name) => selectors.some((selector) => selects(selector, name)));
}

/** Asks a predicate about values as they are stored. */
function storedTest(predicate: Predicate): RowTest {
  return (batch) => {
    const columns = predicate.fields.map((name) => [name, batch.getChild(name)!] as const);
    return (row) =>
      predicate.includes(Object.fromEntries(columns.map(([name, column]) => [name, column.get(row)])));
  };
}
