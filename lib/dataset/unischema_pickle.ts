/** Petastorm keeps its schema as a Python pickle: here it is read as data, and written as text. */
import { LakeError } from "../core/errors.ts";
import {
  type Codec,
  CompressedImageCodec,
  CompressedNdarrayCodec,
  NdarrayCodec,
  ScalarCodec,
  SPARK_TYPES,
  type SparkType,
} from "./codecs.ts";
import { NUMBER_DTYPES, type NumpyDtype } from "./numpy_dtypes.ts";
import { parsePickle } from "./pickle.ts";
import { PickleClass, PickleDict, PickleObject, pickleRefusal, type PickleValue } from "./pickle_values.ts";
import { Unischema, UnischemaField } from "./unischema.ts";

/** Petastorm's package, today's name first. */
const PACKAGES = ["petastorm", "av.ml.dataset_toolkit", "av.experimental.deepdrive.dataset_toolkit"];
const CODECS = ["ScalarCodec", "NdarrayCodec", "CompressedNdarrayCodec", "CompressedImageCodec"];

/** Names of numpy's types in pickles; some are of versions that are gone. */
const DTYPES: ReadonlyMap<string, NumpyDtype> = new Map<string, NumpyDtype>([
  ...NUMBER_DTYPES.map((name) => [`numpy.${name}`, name] as const),
  ["numpy.bool_", "bool"],
  ["numpy.bool", "bool"],
  ["numpy.str_", "str"],
  ["numpy.unicode_", "str"],
  ["numpy.bytes_", "bytes"],
  ["numpy.string_", "bytes"],
  ["numpy.datetime64", "datetime64"],
  ["decimal.Decimal", "decimal"],
]);

const BUILTINS = ["__builtin__", "builtins"];

/** Every class that a schema's pickle may name. */
const CLASSES: ReadonlySet<string> = new Set([
  ...PACKAGES.flatMap((name) => [`${name}.unischema.Unischema`, `${name}.unischema.UnischemaField`]),
  ...PACKAGES.flatMap((name) => CODECS.map((codec) => `${name}.codecs.${codec}`)),
  ...[...SPARK_TYPES, "DecimalType"].map((type) => `pyspark.sql.types.${type}`),
  ...DTYPES.keys(),
  ...BUILTINS.flatMap((name) => [`${name}.object`, `${name}.tuple`]),
  "collections.OrderedDict",
  "copy_reg._reconstructor",
  "copyreg._reconstructor",
  "pyspark.serializers._restore",
]);

/**
 * The schema in a pickle of Petastorm's (the value of `dataset-toolkit.unischema.v1`).
 *
 * @throws {LakeError} where it is damaged, hostile, or describes what this project has no counterpart for.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { BitcoinSchema } from "./unischema.ts";
 * const pickle = new TextEncoder().encode(unischemaToPickle(BitcoinSchema));
 * assertEquals(unischemaFromPickle(pickle), BitcoinSchema);
 * ```
 */
export function unischemaFromPickle(pickle: Uint8Array): Unischema {
  const { cls, state } = described(parsePickle(pickle, { classes: CLASSES }));
  if (cls !== "Unischema") throw pickleRefusal(`it holds a ${cls}, not a Unischema`);
  const name = state.get("_name"), fields = state.get("_fields");
  if (typeof name !== "string" || !(fields instanceof PickleObject)) {
    throw pickleRefusal("its Unischema has no name or no fields");
  }
  try {
    return new Unischema(name, pairsOf(fields).map(([, field]) => fieldOf(field)));
  } catch (cause) {
    if (cause instanceof LakeError) throw cause;
    throw new LakeError(`Cannot use schema "${name}": ${(cause as Error).message}`, { cause });
  }
}

/** An object by its class's short name, with what it is made of. */
interface Described {
  cls: string;
  args: readonly PickleValue[];
  state: ReadonlyMap<string, PickleValue>;
}

function described(value: PickleValue | undefined): Described {
  if (!(value instanceof PickleObject)) throw pickleRefusal("it has something else where an object is due");
  const { made_by, args } = value;
  const state = new Map(
    (value.state instanceof PickleDict ? value.state.entries : []).map(([key, item]) => [String(key), item]),
  );
  if (made_by.name === "_reconstructor") {
    const [cls, base, tuple] = args;
    if (!(cls instanceof PickleClass) || !(base instanceof PickleClass)) {
      throw pickleRefusal("it makes an object of no class");
    }
    return { cls: cls.name, args: base.name === "tuple" && Array.isArray(tuple) ? tuple : [], state };
  }
  if (made_by.name === "_restore") {
    // PySpark's way with named tuples: the name, the fields' names, their values.
    const [cls, , values] = args;
    return { cls: String(cls), args: Array.isArray(values) ? values : [], state };
  }
  return { cls: made_by.name, args, state };
}

/** Pairs of an ordered dictionary: those that it is made of, and those that are set afterwards. */
function pairsOf(dict: PickleObject): [PickleValue, PickleValue][] {
  if (dict.made_by.name !== "OrderedDict") throw pickleRefusal("its fields are in no OrderedDict");
  const given = dict.args[0] ?? [];
  if (!Array.isArray(given)) throw pickleRefusal("its OrderedDict is made of no list");
  const pairs = given.map((pair): [PickleValue, PickleValue] => {
    if (!Array.isArray(pair) || pair.length !== 2) throw pickleRefusal("its OrderedDict is made of no pairs");
    return [pair[0]!, pair[1]!];
  });
  return [...pairs, ...dict.items.entries];
}

function fieldOf(value: PickleValue): UnischemaField {
  const { cls, args } = described(value);
  const [name, type, shape, codec = null, nullable = false] = args;
  if (cls !== "UnischemaField" || typeof name !== "string") throw pickleRefusal("a field of it has no name");
  const dtype = type instanceof PickleClass ? DTYPES.get(type.path) : undefined;
  if (!dtype) throw pickleRefusal(`field "${name}" has no numpy type`);
  if (!isShape(shape)) throw pickleRefusal(`field "${name}" has a shape that is none`);
  return new UnischemaField(name, dtype, {
    shape,
    codec: codec === null ? null : codecOf(codec),
    nullable: nullable === true || nullable === 1,
  });
}

function isShape(value: PickleValue | undefined): value is (number | null)[] {
  return Array.isArray(value) && value.every((length) => length === null || typeof length === "number");
}

function codecOf(value: PickleValue): Codec {
  const { cls, state } = described(value);
  switch (cls) {
    case "ScalarCodec":
      return new ScalarCodec(sparkTypeOf(state.get("_spark_type")));
    case "NdarrayCodec":
      return new NdarrayCodec();
    case "CompressedNdarrayCodec":
      return new CompressedNdarrayCodec();
    case "CompressedImageCodec":
      return imageCodecOf(state);
    default:
      throw pickleRefusal(`a codec of it is a ${cls}`);
  }
}

function imageCodecOf(state: ReadonlyMap<string, PickleValue>): CompressedImageCodec {
  const format = String(state.get("_image_codec")).replace(/^\./, "").replace(/^jpg$/, "jpeg");
  const quality = state.get("_quality") ?? 80;
  if ((format !== "png" && format !== "jpeg") || typeof quality !== "number") {
    throw pickleRefusal(
      `its pictures are in the format "${format.slice(0, 20)}", and png and jpeg are known`,
    );
  }
  return new CompressedImageCodec(format, quality);
}

function sparkTypeOf(value: PickleValue | undefined): SparkType {
  const { cls, state } = described(value);
  if ((SPARK_TYPES as readonly string[]).includes(cls)) return cls as SparkType;
  // With its defaults, decimal(10, 0), Spark's type has no state.
  const precision = state.get("precision") ?? 10, scale = state.get("scale") ?? 0;
  if (cls !== "DecimalType" || typeof precision !== "number" || typeof scale !== "number") {
    throw pickleRefusal(`a ScalarCodec of it is of the type ${cls}`);
  }
  return { precision, scale };
}

/** Names that a Unischema object has anyway; a field of such a name is reached through `fields` only. */
const OWN_NAMES = ["_name", "_fields", "fields", "create_schema_view", "as_spark_schema", "make_namedtuple"];

/**
 * The schema as a pickle that Petastorm's restricted unpickler accepts: protocol 0, ASCII, with the names of classes
 * that Python 2 and 3 and numpy 1 and 2 know.
 */
export function unischemaToPickle(schema: Unischema): string {
  const fields = [...schema.fields.values()];
  // Each field stands in the memo once: the dictionary keeps it, and the schema's attribute is the same object.
  const items = fields.map((field, i) => `${text(field.name)}${fieldPickle(field)}p${i}\ns`).join("");
  const attributes = fields.map(({ name }, i) => OWN_NAMES.includes(name) ? "" : `${text(name)}g${i}\ns`)
    .join("");
  const state =
    `(d${text("_name")}${text(schema.name)}s${text("_fields")}ccollections\nOrderedDict\n(tR${items}s` +
    attributes;
  return `${object("petastorm.unischema", "Unischema")}${state}b.`;
}

function fieldPickle({ name, dtype, shape, codec, nullable }: UnischemaField): string {
  const lengths = shape.map((length) => length === null ? "N" : `I${length}\n`).join("");
  const values = `(${text(name)}${dtypePickle(dtype)}(${lengths}t${codec ? codecPickle(codec) : "N"}${
    flag(nullable)
  }t`;
  return `ccopy_reg\n_reconstructor\n(cpetastorm.unischema\nUnischemaField\nc__builtin__\ntuple\n${values}tR`;
}

function dtypePickle(dtype: NumpyDtype): string {
  if (dtype === "decimal") return "cdecimal\nDecimal\n";
  return `cnumpy\n${dtype === "bool" || dtype === "str" || dtype === "bytes" ? `${dtype}_` : dtype}\n`;
}

function codecPickle(codec: Codec): string {
  switch (codec.kind) {
    case "scalar":
      return `${object("petastorm.codecs", "ScalarCodec")}(d${text("_spark_type")}${
        sparkPickle(codec.sparkType)
      }sb`;
    case "ndarray":
      return object("petastorm.codecs", "NdarrayCodec");
    case "compressed_ndarray":
      return object("petastorm.codecs", "CompressedNdarrayCodec");
    case "compressed_image":
      return `${object("petastorm.codecs", "CompressedImageCodec")}(d${text("_image_codec")}${
        text(`.${codec.format}`)
      }s${text("_quality")}I${codec.quality}\nsb`;
  }
}

function sparkPickle(type: SparkType): string {
  if (typeof type === "string") return object("pyspark.sql.types", type);
  return `${object("pyspark.sql.types", "DecimalType")}(d${text("precision")}I${type.precision}\ns` +
    `${text("scale")}I${type.scale}\ns${text("hasPrecisionInfo")}${flag(true)}sb`;
}

/** An object that is made without calling its constructor. */
function object(module: string, name: string): string {
  return `ccopy_reg\n_reconstructor\n(c${module}\n${name}\nc__builtin__\nobject\nNtR`;
}

function flag(value: boolean): string {
  return `I0${value ? 1 : 0}\n`;
}

function text(value: string): string {
  const escaped = Array.from(value, (letter) => {
    const code = letter.codePointAt(0)!;
    if (code >= 0x20 && code < 0x7f && letter !== "\\") return letter;
    const hex = code.toString(16);
    return code > 0xffff ? `\\U${hex.padStart(8, "0")}` : `\\u${hex.padStart(4, "0")}`;
  });
  return `V${escaped.join("")}\n`;
}
