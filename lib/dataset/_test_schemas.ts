/** For property tests: any schema, and rows that keep it. */
import fc from "fast-check";
import {
  type Codec,
  CompressedImageCodec,
  CompressedNdarrayCodec,
  NdarrayCodec,
  ScalarCodec,
} from "./codecs.ts";
import type { DatasetRow, FieldValue } from "./field_values.ts";
import { type ArrayDtype, shapeSize } from "./npy.ts";
import {
  integerRange,
  NUMBER_ARRAYS,
  type NumberDtype,
  NUMPY_DTYPES,
  type NumpyDtype,
} from "./numpy_dtypes.ts";
import { Unischema, UnischemaField } from "./unischema.ts";

/** Spark types that hold all values of a numpy type. */
const WIDE_ENOUGH: Partial<Record<NumpyDtype, ConstructorParameters<typeof ScalarCodec>[0][]>> = {
  int8: ["ByteType", "LongType"],
  uint8: ["ShortType"],
  int16: ["ShortType", "IntegerType"],
  int32: ["IntegerType"],
  int64: ["LongType"],
  float32: ["FloatType"],
  float64: ["DoubleType"],
  bool: ["BooleanType"],
  str: ["StringType"],
  bytes: ["BinaryType"],
  datetime64: ["TimestampType"],
};

const name = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(..."abcxyz_0189") }),
  fc.constantFrom(
    "naïve ☃",
    "a.b",
    "with space",
    "fields",
    "_name",
    "quote'\"",
    "back\\slash",
    "𝒳",
    "line\nfeed",
    "constructor",
  ),
);

const shape = fc.array(fc.option(fc.nat(3), { freq: 2 }), { minLength: 0, maxLength: 3 });

function field(name: string): fc.Arbitrary<UnischemaField> {
  const any = fc.record({
    dtype: fc.constantFrom(...NUMPY_DTYPES),
    nullable: fc.boolean(),
    shape,
    pick: fc.nat(99),
  });
  return any.map(({ dtype, nullable, shape, pick }) => {
    if (dtype === "decimal") {
      const codec = new ScalarCodec({ precision: 1 + pick % 38, scale: Math.min(pick % 5, pick % 38) });
      return new UnischemaField(name, dtype, { codec, nullable });
    }
    const scalar = WIDE_ENOUGH[dtype];
    if (scalar && (pick % 3 === 0 || dtype === "datetime64")) {
      return new UnischemaField(name, dtype, {
        codec: new ScalarCodec(scalar[pick % scalar.length]!),
        nullable,
      });
    }
    if (pick % 3 === 1) return new UnischemaField(name, dtype, { nullable, shape: pick % 2 ? [null] : [] });
    if (dtype === "uint8" && pick % 2 === 0) {
      const codec = new CompressedImageCodec("png", pick);
      return new UnischemaField(name, dtype, { shape: pick % 4 ? [null, 2, 3] : [2, null], codec, nullable });
    }
    const codec: Codec = pick % 2 ? new NdarrayCodec() : new CompressedNdarrayCodec();
    return new UnischemaField(name, dtype, { shape, codec, nullable });
  });
}

/** Which schemas. */
export interface SchemaOptions {
  /** Names of schemas and fields. */
  names?: fc.Arbitrary<string>;
  /** Which fields may occur. */
  fields?: (field: UnischemaField) => boolean;
}

/** Schemas of one to six fields. */
export function anySchema(
  { names = name, fields = () => true }: SchemaOptions = {},
): fc.Arbitrary<Unischema> {
  return fc.tuple(names, fc.uniqueArray(names, { minLength: 1, maxLength: 6 }))
    .chain(([title, names]) =>
      fc.tuple(...names.map((name) => field(name).filter(fields))).map((found) => new Unischema(title, found))
    );
}

function scalar(dtype: NumpyDtype): fc.Arbitrary<Exclude<FieldValue, null>> {
  const range = integerRange(dtype);
  if (range) return fc.bigInt(range).map((value) => dtype.endsWith("64") ? value : Number(value));
  switch (dtype) {
    case "float32":
      return fc.float();
    case "float64":
      return fc.double();
    case "bool":
      return fc.boolean();
    case "bytes":
      return fc.uint8Array({ maxLength: 6 }).map((bytes) => new Uint8Array(bytes));
    case "datetime64":
      return fc.date({ min: new Date("1900-01-01"), max: new Date("2200-01-01"), noInvalidDate: true });
    default:
      return fc.string({ maxLength: 6, unit: "grapheme" });
  }
}

function value({ dtype, shape, codec }: UnischemaField): fc.Arbitrary<Exclude<FieldValue, null>> {
  if (codec?.kind === "scalar" && typeof codec.sparkType === "object") {
    const { precision, scale } = codec.sparkType;
    const most = 10n ** BigInt(precision) - 1n;
    return fc.bigInt({ min: -most, max: most }).map((unscaled) => {
      const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
      const split = digits.length - scale;
      return `${unscaled < 0n ? "-" : ""}${digits.slice(0, split)}${
        scale > 0 ? `.${digits.slice(split)}` : ""
      }`;
    });
  }
  if (shape.length === 0 && (!codec || codec.kind === "scalar")) return scalar(dtype);
  const least = codec?.kind === "compressed_image" ? 1 : 0;
  const lengths = fc.tuple(
    ...shape.map((length) => length === null ? fc.integer({ min: least, max: 3 }) : fc.constant(length)),
  );
  // Numpy's texts and bytes cannot end with zeros: it fills with them.
  const item = scalar(dtype).filter((item) =>
    !(typeof item === "string" && item.endsWith("\0")) && !(item instanceof Uint8Array && item.at(-1) === 0)
  );
  return lengths.chain((lengths) => {
    const size = shapeSize(lengths);
    return fc.array(item, { minLength: size, maxLength: size }).map((items) => ({
      dtype: dtype as ArrayDtype,
      shape: lengths,
      data: dtype in NUMBER_ARRAYS
        ? (NUMBER_ARRAYS[dtype as NumberDtype] as { from(items: unknown[]): Float32Array }).from(items)
        : dtype === "bool"
        ? Uint8Array.from(items as boolean[], Number)
        : items as string[],
    }));
  });
}

/** A schema, and rows that keep it. */
export function anyRows(
  { maxRows, ...options }: SchemaOptions & { maxRows: number },
): fc.Arbitrary<{ schema: Unischema; rows: DatasetRow[] }> {
  return anySchema(options).chain((schema) => {
    const row = fc.record(
      Object.fromEntries(
        [...schema.fields.values()].map((field) => [
          field.name,
          field.nullable ? fc.option(value(field), { freq: 3 }) : value(field),
        ]),
      ),
      { noNullPrototype: true },
    ) as fc.Arbitrary<DatasetRow>;
    return fc.array(row, { minLength: 1, maxLength: maxRows }).map((rows) => ({ schema, rows }));
  });
}
