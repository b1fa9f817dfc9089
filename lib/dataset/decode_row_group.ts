/** Parquet bytes into Arrow. */
import {
  DataType,
  DateUnit,
  makeData,
  Precision,
  type RecordBatch,
  Schema,
  tableFromIPC,
} from "apache-arrow";
import { readSchema } from "parquet-wasm";
import { batchOfData } from "./column_builder.ts";
import { decodeBytes, type DecodedBytes } from "./decode_bytes.ts";
import type { NumberWidths } from "./flat_pages.ts";

/**
 * Decodes a Parquet file of one row group into one record batch.
 *
 * @param schema The file's columns, in any order.
 * @throws {Error} of the decoder's own kind where the bytes are damaged.
 */
export function decodeRowGroup(file: Uint8Array, rows: number, schema: Schema): RecordBatch {
  return batchOf(decodeBytes(file, rows, numberWidths(schema)), rows, schema);
}

/** The record batch of decoded bytes, which it keeps using. */
export function batchOf(decoded: DecodedBytes, rows: number, schema: Schema): RecordBatch {
  if ("columns" in decoded) {
    const fields = decoded.columns.map(({ name }) => schema.fields.find((field) => field.name === name)!);
    const children = decoded.columns.map(({ values, nullBitmap, nullCount }, at) => {
      const { type } = fields[at]!;
      return makeData({ type, length: rows, nullCount, nullBitmap, data: values });
    });
    return batchOfData(new Schema(fields), children, rows);
  }
  const table = tableFromIPC(decoded.ipc);
  if (table.numRows !== rows || table.batches.length !== 1) {
    throw new Error(`${table.numRows} rows came of ${rows}`);
  }
  return table.batches[0]!;
}

/** Which columns Arrow keeps as Parquet does: numbers, dates and times of four or eight bytes. */
export function numberWidths(schema: Schema): NumberWidths {
  const widths: Record<string, 4 | 8> = Object.create(null);
  for (const { name, type } of schema.fields) {
    const bits = bitWidth(type);
    if (bits === 32 || bits === 64) widths[name] = bits === 32 ? 4 : 8;
  }
  return widths;
}

function bitWidth(type: DataType): number | null {
  if (DataType.isInt(type) || DataType.isTime(type)) return type.bitWidth;
  if (DataType.isFloat(type)) {
    return { [Precision.HALF]: 16, [Precision.SINGLE]: 32, [Precision.DOUBLE]: 64 }[type.precision];
  }
  if (DataType.isTimestamp(type)) return 64;
  return DataType.isDate(type) && type.unit === DateUnit.DAY ? 32 : null;
}

/** The Arrow schema of a Parquet file. */
export function decodeSchema(file: Uint8Array): Schema {
  return tableFromIPC(readSchema(file).intoIPCStream()).schema;
}
