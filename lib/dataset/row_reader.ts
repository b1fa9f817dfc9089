/** Rows, or windows of rows, of a dataset with a schema. */
import { ConfigError } from "../core/errors.ts";
import { byTime, fieldsOfNGram, itemsOfNGram, NGram, type Window } from "./ngram.ts";
import { datasetSchema } from "./dataset_schema.ts";
import type { DatasetRow } from "./field_values.ts";
import { type Dataset, scanDataset } from "./scan_dataset.ts";
import type { DatasetPlace } from "./place.ts";
import { type Find, itemsOfBlocks, Reader } from "./reader.ts";
import { planReader, type ReaderOptions } from "./reader_plan.ts";
import { rowOf, valueOf } from "./row_values.ts";
import type { RowTest } from "./row_groups.ts";
import { transformRow, type TransformSpec } from "./transform_spec.ts";
import { type FieldSelector, Unischema } from "./unischema.ts";

/** Settings of {@linkcode makeReader}. */
export interface RowReaderOptions extends ReaderOptions {
  /** Fields by name, by a pattern that fits the whole name, or as they are; without it all of them. */
  schemaFields?: readonly FieldSelector[];
  /** Makes another row of each. */
  transformSpec?: TransformSpec<DatasetRow>;
}

/** Gives rows or windows; `schema` is that of their fields, before any transformation. */
export class RowReader<T> extends Reader<T> {
  constructor(readonly schema: Unischema, ...base: ConstructorParameters<typeof Reader<T>>) {
    super(...base);
  }
}

/**
 * Opens a dataset and reads it row by row, values decoded as its schema says: 64-bit integers are `bigint`, decimals
 * text, arrays {@linkcode NdArray}. A dataset without a schema of Petastorm's or ours gets one from its columns. With
 * an {@linkcode NGram} as `schemaFields` it gives windows.
 *
 * @throws {LakeError} where the dataset is missing, damaged, or of several schemas.
 * @throws {RangeError} where a field is not there or a setting is out of range.
 *
 * @example Stop anywhere, and go on later
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parquetWriteBuffer } from "hyparquet-writer";
 * const file = `${await Deno.makeTempDir()}/prices.parquet`;
 * const columnData = [{ name: "price", data: [10, 20, 30], type: "DOUBLE" as const }];
 * await Deno.writeFile(file, new Uint8Array(parquetWriteBuffer({ columnData })));
 * await using reader = await makeReader(file);
 * assertEquals(await reader.next(), { done: false, value: { price: 10 } });
 * await using later = await makeReader(file);
 * later.resume(JSON.parse(JSON.stringify(reader.state())));
 * assertEquals(await Array.fromAsync(later), [{ price: 20 }, { price: 30 }]);
 * ```
 */
export function makeReader(
  place: DatasetPlace,
  options: Omit<RowReaderOptions, "schemaFields" | "transformSpec"> & { schemaFields: NGram },
): Promise<RowReader<Window>>;
export function makeReader(place: DatasetPlace, options?: RowReaderOptions): Promise<RowReader<DatasetRow>>;
export async function makeReader(
  place: DatasetPlace,
  options: Omit<RowReaderOptions, "schemaFields"> & {
    schemaFields?: RowReaderOptions["schemaFields"] | NGram;
  } = {},
): Promise<RowReader<DatasetRow> | RowReader<Window>> {
  const dataset = await scanDataset(place, options);
  try {
    const { schemaFields } = options;
    return schemaFields instanceof NGram
      ? windowReader(dataset, schemaFields, options)
      : rowReader(dataset, options as RowReaderOptions);
  } catch (error) {
    await dataset[Symbol.asyncDispose]();
    throw error;
  }
}

function rowReader(dataset: Dataset, options: RowReaderOptions): RowReader<DatasetRow> {
  const { schemaFields, transformSpec } = options;
  const whole = datasetSchema(dataset);
  const schema = schemaFields ? whole.createSchemaView(schemaFields) : whole;
  const fields = [...schema.fields.values()];
  const plan = planReader(dataset, [...schema.fields.keys()], options, { settings: "rows" });
  const find: Find<DatasetRow> = itemsOfBlocks(plan, ({ batches, which, rows }) => {
    const readers = batches.map((batch) => rowOf(fields, batch));
    const at = (index: number) => readers[which === null ? 0 : which[index]!]!(rows[index]!);
    return {
      length: rows.length,
      at: transformSpec ? (index) => transformRow(at(index), transformSpec) : at,
    };
  });
  return new RowReader(schema, dataset, plan, { find, test: decodedTest(whole, options) });
}

function windowReader(dataset: Dataset, ngram: NGram, options: ReaderOptions): RowReader<Window> {
  const whole = datasetSchema(dataset);
  const fields = fieldsOfNGram(ngram, whole);
  const { shuffleRowGroups = false, shuffleRows = 0, shardCount = 1 } = options;
  if (!ngram.timestampOverlap && (shuffleRowGroups || shuffleRows > 0 || shardCount > 1)) {
    throw new ConfigError(
      `Cannot read windows that share no row in shards or shuffled: where one starts depends on all before it, ` +
        `read them in order or set timestampOverlap`,
    );
  }
  const { first, length, deltaThreshold, timestampField, timestampOverlap } = ngram;
  const places = Object.entries(ngram.fields).map(([place, selectors]) => [
    place,
    [...whole.createSchemaView(selectors).fields.keys()],
  ]);
  const plan = planReader(dataset, fields.map(({ name }) => name), options, {
    settings: JSON.stringify([places, first, length, deltaThreshold, timestampField, timestampOverlap]),
    compare: byTime(ngram),
  });
  const schema = new Unischema(`${whole.name}_ngram`, fields);
  const find = itemsOfNGram(dataset, { plan, ngram, schema });
  return new RowReader(schema, dataset, plan, { find, test: decodedTest(whole, options) });
}

/** Asks a predicate about decoded values. */
function decodedTest(schema: Unischema, { predicate }: ReaderOptions): RowTest | null {
  if (!predicate) return null;
  const fields = [...schema.createSchemaView(predicate.fields).fields.values()];
  return (batch) => {
    const values = fields.map((field) => [field.name, valueOf(field, batch)] as const);
    return (row) => predicate.includes(Object.fromEntries(values.map(([name, value]) => [name, value(row)])));
  };
}
