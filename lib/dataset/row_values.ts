/** Values of rows out of record batches, decoded as their fields say. */
import { DataType, type RecordBatch, type Vector } from "apache-arrow";
import { LakeError } from "../core/errors.ts";
import { type DatasetRow, decodeValue, type FieldValue } from "./field_values.ts";
import { isNumberDtype } from "./numpy_dtypes.ts";
import { storedArrowType } from "./arrow_schema.ts";
import type { UnischemaField } from "./unischema.ts";

/** A field's value in a row of one batch. */
export type ValueOf = (row: number) => FieldValue;

/** A row of one batch. */
export type RowOf = (row: number) => DatasetRow;

/** Gives the values of a field in a batch. */
export function valueOf(field: UnischemaField, batch: RecordBatch): ValueOf {
  const column = batch.getChild(field.name);
  if (!column) throw new LakeError(`Cannot read field "${field.name}": the files have no such column`);
  const plain = plainNumbers(field, column);
  if (plain) return (row) => plain[row]!;
  return (row) => decodeValue(field, column.get(row));
}

/** The numbers themselves, where they lie in memory as the field has them. */
function plainNumbers(field: UnischemaField, column: Vector): ArrayLike<number | bigint> | null {
  const [data] = column.data;
  const scalar = field.shape.length === 0 && (field.codec === null || field.codec.kind === "scalar");
  if (!scalar || !isNumberDtype(field.dtype) || !data || data.nullCount > 0) return null;
  const numeric = DataType.isInt(column.type) || DataType.isFloat(column.type);
  return numeric && String(column.type) === String(storedArrowType(field)) && matches(field, data.values)
    ? data.values
    : null;
}

/** Whether an array of stored values holds what the field promises. */
function matches({ dtype }: UnischemaField, values: { readonly [Symbol.toStringTag]: string }): boolean {
  const tag = values[Symbol.toStringTag].toLowerCase().replace(/^big/, "").replace(/array$/, "");
  return tag === dtype;
}

/** Gives rows of a batch as objects. */
export function rowOf(fields: readonly UnischemaField[], batch: RecordBatch): RowOf {
  const names = fields.map(({ name }) => name);
  const values = fields.map((field) => valueOf(field, batch));
  return (row) => {
    const made: DatasetRow = {};
    for (let at = 0; at < names.length; at++) made[names[at]!] = values[at]!(row);
    return made;
  };
}
