/** A dataset's schema as Arrow has it, and the other way round. */
import {
  Binary,
  Bool,
  DataType,
  DateDay,
  Decimal,
  Field,
  Float32,
  Float64,
  Int16,
  Int32,
  Int64,
  Int8,
  List,
  Precision,
  Schema,
  TimestampMicrosecond,
  Type,
  Utf8,
} from "apache-arrow";
import { ScalarCodec, type SparkType } from "./codecs.ts";
import { arrowTypeOfDtype, type NumpyDtype } from "./numpy_dtypes.ts";
import { Unischema, UnischemaField } from "./unischema.ts";

/**
 * The Arrow schema of a dataset's Parquet files: the columns as they are stored, before any decoding. Arrays and
 * pictures are `Binary`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { BitcoinSchema } from "./unischema.ts";
 * assertEquals(String(arrowSchemaOf(BitcoinSchema)), "Schema<{ 0: timestamp: Int64, 1: price: Float32 }>");
 * ```
 */
export function arrowSchemaOf(schema: Unischema): Schema {
  return new Schema(
    [...schema.fields.values()].map((field) => new Field(field.name, storedArrowType(field), field.nullable)),
  );
}

/** The Arrow type in which a field is stored. */
export function storedArrowType(field: UnischemaField): DataType {
  const { codec, dtype, shape } = field;
  if (codec?.kind === "scalar") return arrowTypeOfSpark(codec.sparkType);
  if (codec) return new Binary();
  const single = arrowTypeOfDtype(dtype);
  if (!single) throw new TypeError(`Cannot store field "${field.name}": a ${dtype} needs a ScalarCodec`);
  return shape.length === 0 ? single : new List(new Field("element", single, true));
}

function arrowTypeOfSpark(type: SparkType): DataType {
  if (typeof type === "object") return new Decimal(type.scale, type.precision, 128);
  switch (type) {
    case "ByteType":
      return new Int8();
    case "ShortType":
      return new Int16();
    case "IntegerType":
      return new Int32();
    case "LongType":
      return new Int64();
    case "FloatType":
      return new Float32();
    case "DoubleType":
      return new Float64();
    case "BooleanType":
      return new Bool();
    case "StringType":
      return new Utf8();
    case "BinaryType":
      return new Binary();
    case "DateType":
      return new DateDay();
    case "TimestampType":
      return new TimestampMicrosecond("UTC");
  }
}

/**
 * A schema for Parquet files that have none of Petastorm's: single values and lists, as they are stored.
 *
 * @throws {TypeError} where a column's type has no numpy type (structs, maps, lists of lists, times of day).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Field, Float64, Schema } from "apache-arrow";
 * const schema = unischemaFromArrow("Prices", new Schema([new Field("close", new Float64(), true)]));
 * const { dtype, shape, nullable } = schema.fields.get("close")!;
 * assertEquals([dtype, shape, nullable], ["float64", [], true]);
 * ```
 */
export function unischemaFromArrow(name: string, schema: Schema): Unischema {
  return new Unischema(
    name,
    schema.fields.map((field) => {
      const list = DataType.isList(field.type);
      const type = list ? (field.type as List).children[0]!.type : field.type;
      if (DataType.isDecimal(type) && !list) {
        const codec = new ScalarCodec({ precision: type.precision, scale: type.scale });
        return new UnischemaField(field.name, "decimal", { codec, nullable: field.nullable });
      }
      const dtype = dtypeOfArrow(type);
      if (!dtype) {
        throw new TypeError(
          `Cannot describe column "${field.name}": its type ${field.type} has no numpy type, leave the column out`,
        );
      }
      return new UnischemaField(field.name, dtype, { shape: list ? [null] : [], nullable: field.nullable });
    }),
  );
}

/** The numpy type of an Arrow type's single values, or null. */
function dtypeOfArrow(type: DataType): NumpyDtype | null {
  if (DataType.isInt(type)) return `${type.isSigned ? "int" : "uint"}${type.bitWidth}` as NumpyDtype;
  if (DataType.isFloat(type)) {
    if (type.precision === Precision.HALF) return null;
    return type.precision === Precision.SINGLE ? "float32" : "float64";
  }
  if (DataType.isBool(type)) return "bool";
  if (DataType.isDictionary(type)) return dtypeOfArrow(type.dictionary as DataType);
  if (DataType.isDate(type) || DataType.isTimestamp(type)) return "datetime64";
  switch (type.typeId) {
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Utf8View:
      return "str";
    case Type.Binary:
    case Type.LargeBinary:
    case Type.BinaryView:
    case Type.FixedSizeBinary:
      return "bytes";
    default:
      return null;
  }
}
