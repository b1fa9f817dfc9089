/** Hive partitions as columns: the types of `key=value` folders, and a batch with the values in it. */
import { type Data, Field, Int32, Int64, makeData, type RecordBatch, type Schema, Utf8 } from "apache-arrow";
import { batchOfData } from "./column_builder.ts";
import type { DatasetFile } from "./dataset_files.ts";

/** What a partition's folders hold: whole numbers where all of them are, text otherwise. */
export interface HiveColumn {
  name: string;
  type: "int32" | "int64" | "text";
}

/** A partition's value in its column's type. */
export type HiveValue = number | bigint | string | null;

/**
 * The partition columns of a dataset.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const file = (path: string, year: string) => ({ key: path, path, size: 0, partitions: [["year", year]] as const });
 * assertEquals(hiveColumns([file("a", "2023"), file("b", "2024")]), [{ name: "year", type: "int32" }]);
 * assertEquals(hiveColumns([file("a", "2023"), file("b", "all")]), [{ name: "year", type: "text" }]);
 * ```
 */
export function hiveColumns(files: readonly DatasetFile[]): HiveColumn[] {
  return (files[0]?.partitions ?? []).map(([name], at) => {
    const texts = files.map((file) => file.partitions[at]![1]).filter((text) => text !== null);
    const whole = texts.length > 0 && texts.every((text) => /^-?\d{1,18}$/.test(text));
    const small = whole && texts.every((text) => Math.abs(Number(text)) < 2 ** 31);
    return { name, type: small ? "int32" : whole ? "int64" : "text" };
  });
}

/** A file's value of a partition column. */
export function hiveValue({ name, type }: HiveColumn, file: DatasetFile): HiveValue {
  const text = file.partitions.find(([key]) => key === name)?.[1] ?? null;
  if (text === null || type === "text") return text;
  return type === "int32" ? Number(text) : BigInt(text);
}

/** The Arrow field of a partition column. */
export function hiveField({ name, type }: HiveColumn): Field {
  return new Field(name, type === "int32" ? new Int32() : type === "int64" ? new Int64() : new Utf8(), true);
}

/**
 * A batch's columns in a schema's order, with a file's partition values as columns among them. The batch itself may
 * be null, where only partition columns were asked for.
 */
export function withHiveColumns(
  batch: RecordBatch | null,
  { schema, rows, columns, file }: {
    schema: Schema;
    rows: number;
    columns: readonly HiveColumn[];
    file: DatasetFile;
  },
): RecordBatch {
  const children = schema.fields.map(({ name }) => {
    const column = columns.find((column) => column.name === name);
    if (column) return constant(column, hiveValue(column, file), rows);
    return batch!.getChild(name)!.data[0]!;
  });
  return batchOfData(schema, children, rows);
}

/** One value, `rows` times. */
function constant({ type }: HiveColumn, value: HiveValue, rows: number): Data {
  const nulls = value === null ? { nullCount: rows, nullBitmap: new Uint8Array((rows + 7) >> 3) } : {};
  if (type === "int32") {
    return makeData({ type: new Int32(), data: new Int32Array(rows).fill(Number(value ?? 0)), ...nulls });
  }
  if (type === "int64") {
    return makeData({ type: new Int64(), data: new BigInt64Array(rows).fill(BigInt(value ?? 0)), ...nulls });
  }
  const text = new TextEncoder().encode(String(value ?? ""));
  const data = new Uint8Array(text.length * rows);
  for (let at = 0; at < data.length; at += text.length) data.set(text, at);
  const valueOffsets = Int32Array.from({ length: rows + 1 }, (_, row) => row * text.length);
  return makeData({ type: new Utf8(), length: rows, data, valueOffsets, ...nulls });
}
