/**
 * Filters in disjunctive normal form, as PyArrow and Petastorm have them: `[["price", ">", 100]]` is one condition,
 * several are joined by "and", and `[[…], […]]`, lists of lists, are joined by "or". A null fulfils no condition.
 */
import { DataType, type RecordBatch, type Schema } from "apache-arrow";
import type { ColumnChunk } from "hyparquet";
import { type HiveColumn, hiveValue } from "./hive_columns.ts";
import type { RowGroupPiece } from "./row_group_file.ts";

/** What a condition compares with. Dates stand for timestamps. */
export type FilterValue = number | bigint | string | boolean | Date;

/** One condition: column, operator, value (a list for `in` and `not in`). */
export type Condition =
  | readonly [column: string, op: "=" | "==" | "!=" | "<" | ">" | "<=" | ">=", value: FilterValue]
  | readonly [column: string, op: "in" | "not in", values: readonly FilterValue[]];

/** Conditions joined by "and", or lists of them joined by "or". */
export type Filters = readonly Condition[] | readonly (readonly Condition[])[];

const OPERATORS = ["=", "==", "!=", "<", ">", "<=", ">=", "in", "not in"];

/** Filters as a list of alternatives. */
export type Alternatives = readonly (readonly Condition[])[];

/**
 * Filters in their full form, checked against a schema.
 *
 * @throws {TypeError} where a condition is malformed or compares a column with another type.
 * @throws {RangeError} where it names a column that is not there.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Field, Int32, Schema } from "apache-arrow";
 * const schema = new Schema([new Field("year", new Int32())]);
 * assertEquals(checkedFilters([["year", ">=", 2020]], schema), [[["year", ">=", 2020]]]);
 * ```
 */
export function checkedFilters(filters: Filters, schema: Schema): Alternatives {
  const flat = filters.length > 0 && typeof filters[0]![0] === "string";
  const alternatives = (flat ? [filters] : filters) as Alternatives;
  for (const condition of alternatives.flat()) checkCondition(condition, schema);
  return alternatives;
}

function checkCondition(condition: Condition, schema: Schema): void {
  const fail = (why: string) =>
    new TypeError(`Cannot filter by ${JSON.stringify(condition, printable)}: ${why}`);
  if (!Array.isArray(condition) || condition.length !== 3) throw fail("give [column, operator, value]");
  const [column, op, value] = condition as Condition;
  if (!OPERATORS.includes(op)) throw fail(`"${op}" is no operator, use one of ${OPERATORS.join(" ")}`);
  const field = schema.fields.find(({ name }) => name === column);
  if (!field) {
    throw new RangeError(
      `Cannot filter by "${column}": the dataset has the columns ${
        schema.fields.map(({ name }) => name).join(", ")
      }`,
    );
  }
  const listed = op === "in" || op === "not in";
  if (listed !== Array.isArray(value)) throw fail(listed ? "give a list of values" : "give one value");
  const wanted = kindOf(field.type);
  if (wanted === null) throw fail(`a column of type ${field.type} cannot be compared, use a predicate`);
  for (const one of (listed ? value : [value]) as FilterValue[]) {
    const kind = typeof one === "bigint" || one instanceof Date ? "number" : typeof one;
    if (kind !== wanted) throw fail(`the column has type ${field.type}, compare it with a ${wanted}`);
    if (Number.isNaN(Number(one)) && kind === "number") throw fail("nothing equals NaN, leave it out");
  }
}

function printable(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

function kindOf(type: DataType): "number" | "string" | "boolean" | null {
  if (DataType.isDictionary(type)) return kindOf(type.dictionary as DataType);
  if (DataType.isInt(type) || DataType.isFloat(type) || DataType.isTimestamp(type) || DataType.isDate(type)) {
    return "number";
  }
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return "string";
  return DataType.isBool(type) ? "boolean" : null;
}

/** Whether a row group may hold a row that the filters let through, by partition values and statistics. */
export function mayMatch(
  alternatives: Alternatives,
  piece: RowGroupPiece,
  hive: readonly HiveColumn[],
): boolean {
  return alternatives.some((conditions) =>
    conditions.every((condition) => {
      const column = hive.find(({ name }) => name === condition[0]);
      if (column) return holds(condition, hiveValue(column, piece.file));
      const chunk = piece.group.columns.find(({ meta_data }) =>
        meta_data?.path_in_schema.length === 1 && meta_data.path_in_schema[0] === condition[0]
      );
      return !chunk || mayHold(condition, chunk, piece.rows);
    })
  );
}

function mayHold(condition: Condition, { meta_data }: ColumnChunk, rows: number): boolean {
  const { statistics: found, type } = meta_data!;
  if (!found) return true;
  if (found.null_count !== undefined && Number(found.null_count) === rows) return false;
  if (found.is_min_value_exact === false || found.is_max_value_exact === false) return true;
  // The older two are in the order of signed bytes, which is wrong for text.
  const signed = type !== "BYTE_ARRAY" && type !== "FIXED_LEN_BYTE_ARRAY";
  const min = plain(found.min_value ?? (signed ? found.min : undefined));
  const max = plain(found.max_value ?? (signed ? found.max : undefined));
  if (min === null || max === null || Number.isNaN(min) || Number.isNaN(max)) return true;
  const [, op, value] = condition;
  switch (op) {
    case "=":
    case "==":
      return !(less(value, min) || less(max, value));
    case "<":
      return less(min, value);
    case "<=":
      return !less(value, min);
    case ">":
      return less(value, max);
    case ">=":
      return !less(max, value);
    case "in":
      return value.some((one) => !(less(one, min) || less(max, one)));
    default:
      // "not": a NaN, which no statistics count, fulfils it.
      return true;
  }
}

/** A value of statistics that can be compared, or null. */
function plain(value: unknown): FilterValue | null {
  const known = ["number", "bigint", "string", "boolean"].includes(typeof value) || value instanceof Date;
  return known ? value as FilterValue : null;
}

function less(a: FilterValue, b: FilterValue): boolean {
  return a < b;
}

/** Whether one value fulfils a condition. */
export function holds([, op, value]: Condition, found: FilterValue | null): boolean {
  if (found === null) return false;
  const same = (one: FilterValue) => found >= one && found <= one;
  switch (op) {
    case "=":
    case "==":
      return same(value);
    case "!=":
      return !same(value);
    case "<":
      return found < value;
    case "<=":
      return found <= value;
    case ">":
      return found > value;
    case ">=":
      return found >= value;
    case "in":
      return value.some(same);
    case "not in":
      return !value.some(same);
  }
}

/** The rows of a batch that the filters let through. */
export function matchingRows(alternatives: Alternatives, batch: RecordBatch): Uint32Array {
  const columns = new Map(
    [...new Set(alternatives.flat().map(([column]) => column))].map((name) => [name, batch.getChild(name)!]),
  );
  const kept = new Uint32Array(batch.numRows);
  let count = 0;
  for (let row = 0; row < kept.length; row++) {
    const matches = alternatives.some((conditions) =>
      conditions.every((condition) => holds(condition, columns.get(condition[0])!.get(row)))
    );
    if (matches) kept[count++] = row;
  }
  return kept.subarray(0, count);
}
