/** Values of rows: from JavaScript to what Parquet stores, and back. */
import { LakeError, QualityError } from "../core/errors.ts";
import type { Codec, SparkType } from "./codecs.ts";
import { decodePng, encodePng } from "./images.ts";
import { decodeNpy, encodeNpy, type NdArray, shapeSize } from "./npy.ts";
import { decodeNpz, encodeNpz } from "./npz.ts";
import { integerRange, NUMBER_ARRAYS, type NumberDtype, type NumpyDtype } from "./numpy_dtypes.ts";
import type { UnischemaField } from "./unischema.ts";

/** A single value: 64-bit integers are `bigint`, decimals text such as `"12.50"`. */
export type ScalarValue = number | bigint | boolean | string | Uint8Array | Date;

/** A value of a row. */
export type FieldValue = ScalarValue | NdArray | null;

/** A row: values by the names of fields. */
export type DatasetRow = Record<string, FieldValue>;

/** What Parquet keeps of a value: itself, its bytes, or a list. */
export type StoredValue = ScalarValue | readonly (ScalarValue | null)[] | null;

const SPARK_DTYPES: Partial<Record<SparkType & string, NumpyDtype>> = {
  ByteType: "int8",
  ShortType: "int16",
  IntegerType: "int32",
  LongType: "int64",
  FloatType: "float32",
  DoubleType: "float64",
  BooleanType: "bool",
  StringType: "str",
  BinaryType: "bytes",
  DateType: "datetime64",
  TimestampType: "datetime64",
};

/**
 * What to store of a row's value.
 *
 * @throws {QualityError} where it is not of the field's type and shape, or is null and may not be.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { QualityError } from "../core/errors.ts";
 * import { BitcoinSchema } from "./unischema.ts";
 * const timestamp = BitcoinSchema.fields.get("timestamp")!;
 * assertEquals(encodeValue(timestamp, 1_700_000_000), 1_700_000_000n);
 * assertThrows(() => encodeValue(timestamp, NaN), QualityError, 'Cannot store NaN in field "timestamp"');
 * ```
 */
export function encodeValue(field: UnischemaField, value: unknown): StoredValue {
  if (value === null || value === undefined) {
    if (field.nullable) return null;
    throw refused(field, "null", "the field is not nullable, fill the value in or make the field nullable");
  }
  const { codec, dtype, shape } = field;
  if (codec && codec.kind !== "scalar") return encodeArray(field, codec, arrayOf(field, value));
  if (shape.length > 0) {
    const { data } = arrayOf(field, value);
    return Array.from<ScalarValue, ScalarValue>(data, (item) => scalarOf(field, dtype, item));
  }
  const checked = scalarOf(field, dtype, value);
  if (!codec || typeof codec.sparkType === "object") return decimalOf(field, checked);
  // A field may be wider than what it is stored in.
  return scalarOf(field, SPARK_DTYPES[codec.sparkType]!, checked);
}

/** The value as the type has it, where it fits. */
function scalarOf(field: UnischemaField, dtype: NumpyDtype, value: unknown): ScalarValue {
  const range = integerRange(dtype);
  if (range) {
    if (typeof value !== "bigint" && !Number.isSafeInteger(value)) {
      throw refused(field, value, `${dtype} takes whole numbers`);
    }
    const whole = BigInt(value as number | bigint);
    if (whole < range.min || whole > range.max) {
      throw refused(field, value, `${dtype} ends at ${range.min} and ${range.max}, choose a wider type`);
    }
    return dtype.endsWith("64") ? whole : Number(whole);
  }
  switch (dtype) {
    case "float32":
    case "float64":
      if (typeof value === "number" && (dtype === "float64" || fitsFloat32(value))) return value;
      throw refused(field, value, `${dtype} takes numbers in its range`);
    case "bool":
      if (typeof value === "boolean") return value;
      if (value === 0 || value === 1) return value === 1;
      throw refused(field, value, "bool takes true and false");
    case "str":
      if (typeof value === "string") return value;
      throw refused(field, value, "str takes text");
    case "bytes":
      if (value instanceof Uint8Array) return value;
      throw refused(field, value, "bytes takes a Uint8Array");
    case "datetime64":
      if (value instanceof Date && !Number.isNaN(value.getTime())) return value;
      throw refused(field, value, "datetime64 takes a valid Date, and columns of whole milliseconds");
    default:
      if (typeof value === "string") return value;
      throw refused(field, value, 'decimal takes text such as "12.50"');
  }
}

function fitsFloat32(value: number): boolean {
  return Number.isFinite(Math.fround(value)) || !Number.isFinite(value);
}

/** Decimals with as many digits after the point as the codec says; other values as they are. */
function decimalOf(field: UnischemaField, value: ScalarValue): ScalarValue {
  const type = field.codec?.kind === "scalar" ? field.codec.sparkType : null;
  if (type === null || typeof type !== "object") return value;
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(value as string);
  const fraction = match?.[3] ?? "";
  if (!match || fraction.slice(type.scale).replace(/0+$/, "") !== "") {
    throw refused(
      field,
      value,
      `decimal(${type.precision}, ${type.scale}) takes text with ${type.scale} decimals`,
    );
  }
  const unscaled = BigInt(match[2]! + fraction.slice(0, type.scale).padEnd(type.scale, "0"));
  if (String(unscaled).length > type.precision) {
    throw refused(
      field,
      value,
      `decimal(${type.precision}, ${type.scale}) has ${type.precision} digits in all`,
    );
  }
  return decimalText(match[1] === "-" ? -unscaled : unscaled, type.scale);
}

/**
 * A decimal as text, from its digits without point.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals([decimalText(1250n, 2), decimalText(-5n, 3), decimalText(7n, 0)], ["12.50", "-0.005", "7"]);
 * ```
 */
export function decimalText(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? "-" : "";
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  return sign + digits.slice(0, digits.length - scale) + (scale > 0 ? `.${digits.slice(-scale)}` : "");
}

/** The array in a value: an {@linkcode NdArray}, or, for one dimension, any list. */
function arrayOf(field: UnischemaField, value: unknown): NdArray {
  const array = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
    ? listOf(field, value as ArrayLike<unknown>)
    : value as NdArray;
  if (typeof array !== "object" || !Array.isArray(array.shape) || array.data === undefined) {
    throw refused(field, value, "it takes an array {dtype, shape, data}");
  }
  if (array.dtype !== field.dtype) {
    throw refused(field, `an array of ${array.dtype}`, `it takes ${field.dtype}`);
  }
  const fits = array.shape.length === field.shape.length &&
    field.shape.every((length, i) => length === null || length === array.shape[i]);
  if (!fits || shapeSize(array.shape) !== array.data.length) {
    throw refused(
      field,
      `${array.data.length} values of shape (${array.shape})`,
      `its shape is (${field.shape.map((length) => length ?? "any")})`,
    );
  }
  return array;
}

function listOf(field: UnischemaField, list: ArrayLike<unknown>): NdArray {
  const { dtype } = field;
  const values = Array.from(list, (item) => scalarOf(field, dtype, item));
  const data = dtype in NUMBER_ARRAYS
    ? numbersOf(dtype as NumberDtype, values)
    : dtype === "bool"
    ? Uint8Array.from(values, Number)
    : values as string[];
  return { dtype: dtype as NdArray["dtype"], shape: [values.length], data };
}

function numbersOf(dtype: NumberDtype, values: readonly ScalarValue[]): NdArray["data"] {
  return (NUMBER_ARRAYS[dtype] as { from(values: readonly unknown[]): NdArray["data"] }).from(values);
}

function encodeArray(
  field: UnischemaField,
  codec: Exclude<Codec, { kind: "scalar" }>,
  array: NdArray,
): Uint8Array {
  switch (codec.kind) {
    case "ndarray":
      return encodeNpy(array);
    case "compressed_ndarray":
      return encodeNpz(array);
    case "compressed_image":
      if (codec.format === "png") return encodePng(array);
      throw unsupportedImage(field);
  }
}

/**
 * The value of a row, from what Parquet stores.
 *
 * @throws {LakeError} where the stored bytes are damaged, or of a codec that is not supported (JPEG).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { BitcoinSchema } from "./unischema.ts";
 * assertEquals(decodeValue(BitcoinSchema.fields.get("timestamp")!, 1_700_000_000n), 1_700_000_000n);
 * ```
 */
export function decodeValue(field: UnischemaField, stored: StoredValue | undefined): FieldValue {
  if (stored === null || stored === undefined) return null;
  const { codec, dtype, shape } = field;
  if (codec && codec.kind !== "scalar") return decodeArray(field, codec, stored as Uint8Array);
  if (dtype === "decimal") return decimalFrom(codec, stored);
  if (shape.length === 0) return valueOf(dtype, stored as ScalarValue);
  const values = Array.from(stored as ArrayLike<ScalarValue>, (item) => valueOf(dtype, item));
  return listOf(field, values);
}

function decodeArray(
  field: UnischemaField,
  codec: Exclude<Codec, { kind: "scalar" }>,
  bytes: Uint8Array,
): NdArray {
  try {
    if (codec.kind === "ndarray") return decodeNpy(bytes);
    if (codec.kind === "compressed_ndarray") return decodeNpz(bytes);
    if (codec.format === "png") return decodePng(bytes);
  } catch (cause) {
    throw new LakeError(`Cannot decode field "${field.name}": ${(cause as Error).message}`, { cause });
  }
  throw unsupportedImage(field);
}

/** A decimal as text, from Arrow's 128 bits in four words, a reader's number, or text. */
function decimalFrom(codec: Codec | null, stored: unknown): string {
  const type = codec?.kind === "scalar" ? codec.sparkType : null;
  const scale = type !== null && typeof type === "object" ? type.scale : 0;
  if (typeof stored === "number") return stored.toFixed(scale);
  return stored instanceof Uint32Array ? decimalOfWords(stored, scale) : String(stored);
}

/** A decimal as text, from words of 32 bits as Arrow keeps it, the lowest first. */
export function decimalOfWords(words: Uint32Array, scale: number): string {
  const digits = words.reduceRight<bigint>((value, word) => value << 32n | BigInt(word), 0n);
  return decimalText(BigInt.asIntN(32 * words.length, digits), scale);
}

/** A stored value in the field's own type, which may be another than the stored one. */
function valueOf(dtype: NumpyDtype, stored: ScalarValue): ScalarValue {
  if (dtype === "int64" || dtype === "uint64") return BigInt(stored as number | bigint);
  if (/^u?int|^float/.test(dtype)) return Number(stored);
  if (dtype === "bool") return Boolean(stored);
  // Old writers store text without saying that it is text.
  if (dtype === "str") {
    return stored instanceof Uint8Array ? new TextDecoder().decode(stored) : String(stored);
  }
  if (dtype === "bytes" && typeof stored === "string") return new TextEncoder().encode(stored);
  if (dtype === "datetime64") return stored instanceof Date ? stored : new Date(Number(stored));
  return stored;
}

function unsupportedImage(field: UnischemaField): LakeError {
  return new LakeError(
    `Cannot use field "${field.name}": it holds JPEG pictures, which are not supported; leave the field out, or write it as PNG`,
  );
}

function refused(field: UnischemaField, value: unknown, reason: string): QualityError {
  const shown = typeof value === "string" || typeof value === "number" || typeof value === "bigint"
    ? String(value).slice(0, 60)
    : value instanceof Date
    ? String(value)
    : value === true || value === false
    ? String(value)
    : `a ${(value as object)?.constructor?.name ?? "value"}`;
  return new QualityError(`Cannot store ${shown} in field "${field.name}": ${reason}`);
}
