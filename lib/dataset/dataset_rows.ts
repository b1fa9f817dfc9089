/** What a person hands in (rows, Arrow batches, frames) as batches of the columns that are stored. */
import {
  Data,
  DataType,
  type RecordBatch,
  type Schema,
  Table,
  tableFromIPC,
  type Vector,
} from "apache-arrow";
import { QualityError } from "../core/errors.ts";
import { batchOfColumns, batchOfData, columnData } from "./column_builder.ts";
import { decimalOfWords, encodeValue, type StoredValue } from "./field_values.ts";
import type { Unischema, UnischemaField } from "./unischema.ts";

/** A Polars frame, or anything else that gives itself as an Arrow stream. */
export interface DatasetFrame {
  writeIPCStream(): Uint8Array;
}

/** Rows; a value may be left out where its field is nullable. */
export type RowLike = Readonly<Record<string, unknown>>;

/** One piece of a dataset. In batches and frames, arrays and pictures are the bytes that their codec makes. */
export type DatasetPiece = RowLike | RecordBatch | Table | DatasetFrame;

/** Rows, batches or frames, in memory or as they come. */
export type DatasetSource = Table | DatasetFrame | Iterable<DatasetPiece> | AsyncIterable<DatasetPiece>;

/** Rows that become a batch together. */
const ROWS_PER_BATCH = 8192;

/**
 * Batches of stored columns, in the order of the source.
 *
 * @throws {QualityError} where a row does not keep the schema; the message says which, from 0.
 */
export async function* storedBatches(
  schema: Unischema,
  arrow: Schema,
  source: DatasetSource,
): AsyncGenerator<RecordBatch> {
  let rows: RowLike[] = [];
  let first = 0;
  for await (const piece of piecesOf(source)) {
    if (!isFrame(piece) && !isTable(piece) && !isBatch(piece)) {
      if (rows.push(piece) < ROWS_PER_BATCH) continue;
    }
    if (rows.length > 0) yield batchOfRows(schema, arrow, rows, first);
    first += rows.length;
    rows = [];
    for (const batch of batchesOf(piece)) {
      if (batch.numRows > 0) yield conformed(schema, arrow, batch, first);
      first += batch.numRows;
    }
  }
  if (rows.length > 0) yield batchOfRows(schema, arrow, rows, first);
}

function piecesOf(source: DatasetSource): Iterable<DatasetPiece> | AsyncIterable<DatasetPiece> {
  if (isTable(source) || isFrame(source)) return [source];
  if (typeof source === "object" && source !== null) {
    if (Symbol.iterator in source || Symbol.asyncIterator in source) return source;
  }
  throw new TypeError(
    `Cannot materialize ${source === null ? "null" : `a single ${typeof source}`}: ` +
      `give rows, Arrow record batches or Polars frames, as a list or a generator`,
  );
}

function isTable(piece: unknown): piece is Table {
  return piece instanceof Table;
}

function isBatch(piece: unknown): piece is RecordBatch {
  return typeof piece === "object" && piece !== null && (piece as RecordBatch).data instanceof Data;
}

function isFrame(piece: unknown): piece is DatasetFrame {
  return piece !== null && piece !== undefined &&
    typeof (piece as DatasetFrame).writeIPCStream === "function";
}

function batchesOf(piece: DatasetPiece): readonly RecordBatch[] {
  if (isTable(piece)) return piece.batches;
  if (isBatch(piece)) return [piece];
  return isFrame(piece) ? tableFromIPC(piece.writeIPCStream()).batches : [];
}

function batchOfRows(schema: Unischema, arrow: Schema, rows: readonly RowLike[], first: number): RecordBatch {
  rows.forEach((row, i) =>
    checkNames(schema, typeof row === "object" && row ? Object.keys(row) : null, first + i)
  );
  const columns = [...schema.fields.values()].map((field) =>
    rows.map((row, i) => encodedAt(field, Object.hasOwn(row, field.name) ? row[field.name] : null, first + i))
  );
  return batchOfColumns(arrow, columns, rows.length);
}

function encodedAt(field: UnischemaField, value: unknown, row: number): StoredValue {
  try {
    return encodeValue(field, value);
  } catch (cause) {
    if (!(cause instanceof QualityError) && !(cause instanceof TypeError)) throw cause;
    throw new QualityError(`Cannot materialize row ${row}: ${cause.message}`, { cause });
  }
}

function checkNames(schema: Unischema, names: readonly string[] | null, row: number): void {
  if (names === null) {
    throw new QualityError(`Cannot materialize row ${row}: it is no object, give rows as {name: value}`);
  }
  const unknown = names.find((name) => !schema.fields.has(name));
  if (unknown !== undefined) {
    throw new QualityError(
      `Cannot materialize row ${row}: schema "${schema.name}" has no field "${unknown}", add it or leave the value out`,
    );
  }
}

/** A batch with the schema's columns, in its order and types. Columns that are so already are taken as they are. */
function conformed(schema: Unischema, arrow: Schema, batch: RecordBatch, first: number): RecordBatch {
  checkNames(schema, batch.schema.fields.map(({ name }) => name), first);
  const children = arrow.fields.map((stored) => {
    const field = schema.fields.get(stored.name)!;
    const column = batch.getChild(stored.name);
    if (column && String(column.type) === String(stored.type) && column.data.length === 1) {
      if (column.nullCount > 0 && !field.nullable) encodedAt(field, null, first + firstNull(column));
      return column.data[0]!;
    }
    const values = Array.from({ length: batch.numRows }, (_, i) => {
      const value = column && valueAt(column, i);
      // The bytes of an array or a picture are encoded already.
      if (value instanceof Uint8Array && field.codec && field.codec.kind !== "scalar") return value;
      return encodedAt(field, value, first + i);
    });
    return columnData(stored, values);
  });
  return batchOfData(arrow, children, batch.numRows);
}

function firstNull(column: Vector): number {
  let i = 0;
  while (column.isValid(i)) i++;
  return i;
}

/** A column's value as a row would have it: times as dates, decimals as text, lists as lists. */
function valueAt(column: Vector, i: number): unknown {
  const value = column.get(i);
  if (value === null) return null;
  const { type } = column;
  // A date has milliseconds; finer times stay as they are, for the field to refuse.
  if (DataType.isTimestamp(type) || DataType.isDate(type)) {
    return Number.isInteger(Number(value)) ? new Date(Number(value)) : `${value} ms since 1970`;
  }
  if (DataType.isDecimal(type)) return decimalOfWords(value, type.scale);
  return DataType.isList(type) ? [...value] : value;
}
