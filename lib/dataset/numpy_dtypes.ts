/** The numpy types that a field may have, and what each is in JavaScript and in Arrow. */
import {
  Binary,
  Bool,
  type DataType,
  Float32,
  Float64,
  Int16,
  Int32,
  Int64,
  Int8,
  TimestampMicrosecond,
  Uint16,
  Uint32,
  Uint64,
  Uint8,
  Utf8,
} from "apache-arrow";

/** Types of numbers: an array of them is one typed array. */
export const NUMBER_DTYPES = [
  "int8",
  "uint8",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "int64",
  "uint64",
  "float32",
  "float64",
] as const;

/** Name of a numeric numpy type. */
export type NumberDtype = (typeof NUMBER_DTYPES)[number];

/** All types of fields. `str` is numpy's `str_`, `bytes` its `bytes_`, `decimal` Python's `Decimal`. */
export const NUMPY_DTYPES = [...NUMBER_DTYPES, "bool", "str", "bytes", "datetime64", "decimal"] as const;

/** Name of a numpy type, as a field has it. */
export type NumpyDtype = (typeof NUMPY_DTYPES)[number];

/** Arrays of numbers. 64-bit integers are `bigint`. */
export type NumberArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** The typed array that holds values of a numeric type. */
export const NUMBER_ARRAYS = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** Whole numbers from `min` to `max` fit into the type. */
export interface IntegerRange {
  min: bigint;
  max: bigint;
}

/**
 * The range of an integer type, or null for others.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(integerRange("uint8"), { min: 0n, max: 255n });
 * assertEquals(integerRange("float32"), null);
 * ```
 */
export function integerRange(dtype: NumpyDtype): IntegerRange | null {
  return INTEGER_RANGES.get(dtype) ?? null;
}

const INTEGER_RANGES: ReadonlyMap<string, IntegerRange> = new Map(
  [8n, 16n, 32n, 64n].flatMap((bits): [string, IntegerRange][] => [
    [`int${bits}`, { min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n }],
    [`uint${bits}`, { min: 0n, max: (1n << bits) - 1n }],
  ]),
);

/** Whether an array of this type is one typed array of numbers. */
export function isNumberDtype(dtype: NumpyDtype): dtype is NumberDtype {
  return (NUMBER_DTYPES as readonly string[]).includes(dtype);
}

/** The Arrow type of single values of a numpy type; null for `decimal`, whose digits only a codec knows. */
export function arrowTypeOfDtype(dtype: NumpyDtype): DataType | null {
  switch (dtype) {
    case "int8":
      return new Int8();
    case "uint8":
      return new Uint8();
    case "int16":
      return new Int16();
    case "uint16":
      return new Uint16();
    case "int32":
      return new Int32();
    case "uint32":
      return new Uint32();
    case "int64":
      return new Int64();
    case "uint64":
      return new Uint64();
    case "float32":
      return new Float32();
    case "float64":
      return new Float64();
    case "bool":
      return new Bool();
    case "str":
      return new Utf8();
    case "bytes":
      return new Binary();
    case "datetime64":
      return new TimestampMicrosecond();
    case "decimal":
      return null;
  }
}
