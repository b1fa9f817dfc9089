/** Rows of a record batch by their numbers, column by column, without making objects of them. */
import { type Data, DataType, makeData, type RecordBatch, Type, Vector, vectorFromArray } from "apache-arrow";
import { batchOfData } from "./column_builder.ts";

/** Rows of one batch or several: which batch (null where there is only one), and which of its rows. */
export interface RowChoice {
  batches: readonly RecordBatch[];
  which: Uint32Array | null;
  rows: Uint32Array;
}

/**
 * A batch of the rows that are asked for, in that order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { tableFromArrays } from "apache-arrow";
 * const { batches } = tableFromArrays({ price: Float32Array.of(1, 2, 3) });
 * const batch = gatherRows({ batches, which: null, rows: Uint32Array.of(2, 0) });
 * assertEquals([...batch.getChild("price")!], [3, 1]);
 * ```
 */
export function gatherRows({ batches, which, rows }: RowChoice): RecordBatch {
  const { schema } = batches[0]!;
  const columns = schema.fields.map((_, at) => batches.map((batch) => batch.data.children[at]!));
  const source = which ?? new Uint32Array(rows.length);
  return batchOfData(schema, columns.map((parts) => take(parts, source, rows)), rows.length);
}

/** 0 … count − 1: all rows in their order. */
export function allRows(count: number): Uint32Array {
  const rows = new Uint32Array(count);
  for (let row = 1; row < count; row++) rows[row] = row;
  return rows;
}

let inOrder = new Uint32Array();

/** The same to look at, not to write to: all callers share it. */
export function allRowsShared(count: number): Uint32Array {
  if (inOrder.length < count) inOrder = allRows(count) as Uint32Array<ArrayBuffer>;
  return inOrder.subarray(0, count);
}

function take(parts: readonly Data[], which: Uint32Array, rows: Uint32Array): Data {
  const { type } = parts[0]!;
  const shape = { type, length: rows.length, ...takeNulls(parts, which, rows) };
  if (DataType.isUtf8(type) || DataType.isBinary(type)) {
    return makeData({ ...shape, ...takeBytes(parts, which, rows) } as never);
  }
  if (FIXED.has(type.typeId)) {
    return makeData({ ...shape, data: takeFixed(parts, which, rows) } as never);
  }
  const vectors = parts.map((part) => new Vector([part]));
  const values = Array.from(rows, (row, at) => vectors[which[at]!]!.get(row));
  return vectorFromArray(values, type as never).data[0] as Data ??
    makeData({ type: type as never, length: 0 });
}

/** Types whose values lie side by side in one typed array. */
const FIXED = new Set([
  Type.Int,
  Type.Float,
  Type.Decimal,
  Type.Date,
  Type.Time,
  Type.Timestamp,
  Type.Duration,
  Type.FixedSizeBinary,
]);

function takeFixed(parts: readonly Data[], which: Uint32Array, rows: Uint32Array): Data["values"] {
  const { stride, values: { constructor } } = parts[0]!;
  const out = new (constructor as new (length: number) => Data["values"])(rows.length * stride);
  const sources = parts.map(({ values }) => values);
  if (stride === 1 && sources.length === 1) {
    const source = sources[0]!;
    for (let at = 0; at < rows.length; at++) out[at] = source[rows[at]!];
  } else {
    for (let at = 0; at < rows.length; at++) {
      const from = rows[at]! * stride;
      out.set(sources[which[at]!]!.subarray(from, from + stride), at * stride);
    }
  }
  return out;
}

function takeBytes(
  parts: readonly Data[],
  which: Uint32Array,
  rows: Uint32Array,
): { data: Uint8Array; valueOffsets: Int32Array } {
  const offsets = new Int32Array(rows.length + 1);
  for (let at = 0; at < rows.length; at++) {
    const { valueOffsets } = parts[which[at]!]!, row = rows[at]!;
    offsets[at + 1] = offsets[at]! + valueOffsets[row + 1]! - valueOffsets[row]!;
  }
  const data = new Uint8Array(offsets[rows.length]!);
  for (let at = 0; at < rows.length; at++) {
    const { values, valueOffsets } = parts[which[at]!]!, row = rows[at]!;
    data.set(values.subarray(valueOffsets[row]!, valueOffsets[row + 1]!), offsets[at]!);
  }
  return { data, valueOffsets: offsets };
}

function takeNulls(
  parts: readonly Data[],
  which: Uint32Array,
  rows: Uint32Array,
): { nullCount: number; nullBitmap?: Uint8Array } {
  if (parts.every(({ nullCount }) => nullCount === 0)) return { nullCount: 0 };
  const nullBitmap = new Uint8Array((rows.length + 7) >> 3);
  let nullCount = rows.length;
  for (let at = 0; at < rows.length; at++) {
    if (!parts[which[at]!]!.getValid(rows[at]!)) continue;
    nullBitmap[at >> 3]! |= 1 << (at & 7);
    nullCount--;
  }
  return { nullCount, nullBitmap };
}
