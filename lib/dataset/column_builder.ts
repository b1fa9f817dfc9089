/** Stored values, one after the other, as Arrow columns. */
import {
  BufferType,
  type Data,
  DataType,
  DateUnit,
  type Field,
  makeData,
  RecordBatch,
  type Schema,
  Struct,
  TimeUnit,
  Vector,
  vectorFromArray,
} from "apache-arrow";
import type { StoredValue } from "./field_values.ts";

/**
 * A record batch of stored values: one list a column, in the schema's order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { arrowSchemaOf } from "./arrow_schema.ts";
 * import { BitcoinSchema } from "./unischema.ts";
 * const batch = batchOfColumns(arrowSchemaOf(BitcoinSchema), [[1n, 2n], [0.5, 0.25]], 2);
 * assertEquals(batch.toArray().map(String), ['{"timestamp": 1, "price": 0.5}', '{"timestamp": 2, "price": 0.25}']);
 * ```
 */
export function batchOfColumns(
  schema: Schema,
  columns: readonly (readonly StoredValue[])[],
  length: number,
): RecordBatch {
  const children = schema.fields.map((field, i) => columnData(field, columns[i]!));
  return batchOfData(schema, children, length);
}

/** A record batch of columns that are Arrow data already. */
export function batchOfData(schema: Schema, children: Data[], length: number): RecordBatch {
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length, nullCount: 0, children }),
  );
}

/** One column of stored values. */
export function columnData({ type }: Field, values: readonly StoredValue[]): Data {
  if (DataType.isList(type)) {
    const lists = values as readonly (readonly StoredValue[] | null)[];
    const child = columnData(type.children[0]!, lists.flatMap((list) => list ?? []));
    const valueOffsets = offsetsOf(lists.map((list) => list?.length ?? 0));
    return makeData({ type, length: values.length, ...nullsOf(values), valueOffsets, child });
  }
  const data = rawNumbers(type, values);
  if (!data) return vectorOrEmpty(type, values);
  return makeData({ type, length: values.length, ...nullsOf(values), data } as never);
}

function vectorOrEmpty(type: DataType, values: readonly unknown[]): Data {
  return vectorFromArray(values, type).data[0] ?? makeData({ type, length: 0, nullCount: 0 } as never);
}

/** Where each list starts, and the last one ends. */
function offsetsOf(lengths: readonly number[]): Int32Array {
  const offsets = new Int32Array(lengths.length + 1);
  lengths.forEach((length, i) => offsets[i + 1] = offsets[i]! + length);
  return offsets;
}

/** What Arrow keeps of nulls. */
function nullsOf(values: readonly unknown[]): { nullCount: number; nullBitmap?: Uint8Array } {
  const nullCount = values.reduce<number>((count, value) => count + (value === null ? 1 : 0), 0);
  return nullCount === 0 ? { nullCount } : { nullCount, nullBitmap: bitmapOf(values) };
}

/** Bits that are set where there is a value. */
function bitmapOf(values: readonly unknown[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil(values.length / 64) * 8);
  values.forEach((value, i) => {
    if (value !== null) bits[i >> 3]! |= 1 << (i & 7);
  });
  return bits;
}

/** The buffer of a type whose values are all of one width, or null for others. */
function rawNumbers(type: DataType, values: readonly StoredValue[]) {
  if (DataType.isInt(type) || DataType.isFloat(type)) {
    const Numbers = type.ArrayType as { new (length: number): Float64Array };
    const raw = new Numbers(values.length);
    for (let i = 0; i < values.length; i++) if (values[i] !== null) raw[i] = values[i] as number;
    return raw;
  }
  if (DataType.isTimestamp(type)) {
    const perMs = {
      [TimeUnit.SECOND]: null,
      [TimeUnit.MILLISECOND]: 1n,
      [TimeUnit.MICROSECOND]: 1000n,
    } as const;
    const factor = perMs[type.unit as TimeUnit.MICROSECOND] ?? 1_000_000n;
    return BigInt64Array.from(
      values,
      (value) => value === null ? 0n : BigInt((value as Date).getTime()) * factor,
    );
  }
  if (DataType.isDate(type) && type.unit === DateUnit.DAY) {
    return Int32Array.from(
      values,
      (value) => value === null ? 0 : Math.floor((value as Date).getTime() / 86_400_000),
    );
  }
  if (DataType.isDecimal(type)) {
    const words = new Uint32Array(values.length * 4);
    values.forEach((value, i) => {
      if (value === null) return;
      let digits = BigInt.asUintN(128, BigInt((value as string).replace(".", "")));
      for (let word = 0; word < 4; word++, digits >>= 32n) words[i * 4 + word] = Number(digits & 0xffffffffn);
    });
    return words;
  }
  return null;
}

/** Some rows of a batch, by their places, as a batch of their own that shares no memory with the other. */
export function takeRows(batch: RecordBatch, schema: Schema, places: readonly number[]): RecordBatch {
  const children = schema.fields.map(({ name }) => takeData(batch.getChild(name)!.data[0]!, places));
  return batchOfData(schema, children, places.length);
}

function takeData(data: Data, places: readonly number[]): Data {
  const { type } = data;
  if (!hasFixedWidth(type) && !DataType.isList(type)) {
    const column = new Vector([data]);
    return vectorOrEmpty(type, places.map((place) => column.get(place)));
  }
  const held = data.nullCount === 0 ? [] : places.map((place) => data.getValid(place) ? 0 : null);
  const nulls = nullsOf(held);
  if (DataType.isList(type)) {
    const bounds = places.map((place) => [data.valueOffsets[place]!, data.valueOffsets[place + 1]!] as const);
    const inside = bounds.flatMap(([start, end]) => Array.from({ length: end - start }, (_, i) => start + i));
    const valueOffsets = offsetsOf(bounds.map(([start, end]) => end - start));
    return makeData({
      type,
      length: places.length,
      ...nulls,
      valueOffsets,
      child: takeData(data.children[0]!, inside),
    });
  }
  const stride = DataType.isDecimal(type) ? type.bitWidth / 32 : 1;
  const from = data.values as Uint32Array;
  const to = new (from.constructor as Uint32ArrayConstructor)(places.length * stride);
  places.forEach((place, i) => to.set(from.subarray(place * stride, (place + 1) * stride), i * stride));
  return makeData({ type, length: places.length, ...nulls, data: to } as never);
}

function hasFixedWidth(type: DataType): boolean {
  return DataType.isInt(type) || DataType.isFloat(type) || DataType.isTimestamp(type) ||
    DataType.isDate(type) ||
    DataType.isDecimal(type);
}

/** Bytes of a batch's buffers. */
export function batchBytes(batch: RecordBatch): number {
  return batch.data.children.reduce((sum, data) => sum + dataBytes(data), 0);
}

function dataBytes(data: Data): number {
  const own = [BufferType.OFFSET, BufferType.DATA, BufferType.VALIDITY, BufferType.TYPE].reduce(
    (sum, kind) => sum + ((data.buffers[kind] as ArrayBufferView | undefined)?.byteLength ?? 0),
    0,
  );
  return data.children.reduce((sum, child) => sum + dataBytes(child), own);
}
