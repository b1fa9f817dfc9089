/** Petastorm's schema of a dataset: fields with numpy types, shapes and codecs. */
import { z } from "zod";
import {
  type Codec,
  CompressedImageCodec,
  CompressedNdarrayCodec,
  NdarrayCodec,
  ScalarCodec,
  SPARK_TYPES,
} from "./codecs.ts";
import { NUMPY_DTYPES, type NumpyDtype } from "./numpy_dtypes.ts";

/** What a field has beside its name and type. */
export interface UnischemaFieldOptions {
  /** Lengths of the dimensions, null where they vary; empty for a single value. */
  shape?: readonly (number | null)[];
  /** How values lie in Parquet; null keeps them as they are. */
  codec?: Codec | null;
  /** Whether a row may lack the value. */
  nullable?: boolean;
}

/**
 * One field of a dataset.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { NdarrayCodec } from "./codecs.ts";
 * const points = new UnischemaField("points", "float32", { shape: [null, 3], codec: new NdarrayCodec() });
 * assertEquals([points.name, points.dtype, points.shape, points.nullable], ["points", "float32", [null, 3], false]);
 * ```
 */
export class UnischemaField {
  readonly shape: readonly (number | null)[];
  readonly codec: Codec | null;
  readonly nullable: boolean;

  /** @throws {TypeError} where type, shape and codec do not go together. */
  constructor(
    readonly name: string,
    readonly dtype: NumpyDtype,
    { shape = [], codec = null, nullable = false }: UnischemaFieldOptions = {},
  ) {
    this.shape = shape;
    this.codec = codec;
    this.nullable = nullable;
    const problem = fieldProblem(this);
    if (problem) throw new TypeError(`Cannot make field "${name}": ${problem}`);
  }
}

/** What is wrong with a field, or null. */
function fieldProblem({ name, dtype, shape, codec }: UnischemaField): string | null {
  if (name === "") return "it has no name, give it one";
  if (!(NUMPY_DTYPES as readonly string[]).includes(dtype)) {
    return `its type is "${dtype}", use one of ${NUMPY_DTYPES.join(", ")}`;
  }
  if (!shape.every((length) => length === null || Number.isInteger(length) && length >= 0)) {
    return `its shape is (${shape}), use whole numbers, and null for a length that varies`;
  }
  if (codec === null) {
    if (dtype === "decimal") return "a decimal needs a ScalarCodec that says how many digits it has";
    if (shape.length > 1 || typeof shape[0] === "number") {
      return "an array of that shape needs a NdarrayCodec; without codec only a list (shape [null]) or a single value goes";
    }
    return null;
  }
  if (codec.kind === "scalar") {
    if (shape.length > 0) return "a ScalarCodec is for single values, use a NdarrayCodec or an empty shape";
    if (dtype === "decimal" !== (typeof codec.sparkType === "object")) {
      return "a decimal and Spark's decimal type need each other, change one of both";
    }
    return null;
  }
  if (dtype === "decimal" || dtype === "datetime64") {
    return `a ${dtype} cannot be in an array with this codec, use a ScalarCodec`;
  }
  return null;
}

/** A field by its name, by a pattern that its whole name matches, or itself. */
export type FieldSelector = string | RegExp | UnischemaField;

/**
 * A dataset's schema: a name, and fields in their order.
 *
 * @example A view by name and by pattern
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const schema = new Unischema("Ticks", [
 *   new UnischemaField("timestamp", "int64"),
 *   new UnischemaField("price_usd", "float32"),
 *   new UnischemaField("price_eur", "float32"),
 * ]);
 * const view = schema.createSchemaView(["timestamp", /price_(usd|eur)/]);
 * assertEquals([...view.fields.keys()], ["timestamp", "price_usd", "price_eur"]);
 * ```
 */
export class Unischema {
  /** Fields by their names, in order. */
  readonly fields: ReadonlyMap<string, UnischemaField>;

  /** @throws {TypeError} where two fields share a name. */
  constructor(readonly name: string, fields: Iterable<UnischemaField>) {
    const byName = new Map<string, UnischemaField>();
    for (const field of fields) {
      if (byName.has(field.name)) {
        throw new TypeError(
          `Cannot make schema "${name}": two fields are called "${field.name}", rename one`,
        );
      }
      byName.set(field.name, field);
    }
    this.fields = byName;
  }

  /**
   * A schema of some of the fields, in this schema's order.
   *
   * @throws {RangeError} where a name, a field or a pattern fits no field.
   */
  createSchemaView(selectors: readonly FieldSelector[]): Unischema {
    const chosen = new Set<string>();
    for (const selector of selectors) {
      const names = [...this.fields.keys()].filter((name) => selects(selector, name));
      if (names.length === 0) {
        const what = selector instanceof UnischemaField ? selector.name : String(selector);
        throw new RangeError(
          `Cannot select "${what}": schema "${this.name}" has the fields ${
            [...this.fields.keys()].join(", ")
          }`,
        );
      }
      for (const name of names) chosen.add(name);
    }
    return new Unischema(
      `${this.name}_view`,
      [...this.fields.values()].filter((field) => chosen.has(field.name)),
    );
  }

  /** The schema as JSON: our own form, kept in a dataset under `lakebook.schema.v1`. */
  toJSON(): UnischemaJson {
    return { version: 1, name: this.name, fields: [...this.fields.values()].map(fieldJson) };
  }
}

/** Whether a selector means a name; a pattern must fit all of it. */
export function selects(selector: FieldSelector, name: string): boolean {
  if (typeof selector === "string") return selector === name;
  if (selector instanceof UnischemaField) return selector.name === name;
  return new RegExp(`^(?:${selector.source})$`, selector.flags.replace(/[gy]/g, "")).test(name);
}

const CODEC_JSON = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("scalar"),
    spark_type: z.union([
      z.enum(SPARK_TYPES),
      z.object({ precision: z.int(), scale: z.int() }),
    ]),
  }),
  z.object({ kind: z.literal("ndarray") }),
  z.object({ kind: z.literal("compressed_ndarray") }),
  z.object({ kind: z.literal("compressed_image"), format: z.enum(["png", "jpeg"]), quality: z.number() }),
]);

const UNISCHEMA_JSON = z.object({
  version: z.literal(1),
  name: z.string(),
  fields: z.array(z.object({
    name: z.string(),
    dtype: z.enum(NUMPY_DTYPES),
    shape: z.array(z.int().nonnegative().nullable()),
    nullable: z.boolean(),
    codec: CODEC_JSON.nullable(),
  })),
});

/** A schema as JSON. */
export type UnischemaJson = z.infer<typeof UNISCHEMA_JSON>;

function fieldJson({ name, dtype, shape, nullable, codec }: UnischemaField): UnischemaJson["fields"][number] {
  return { name, dtype, shape: [...shape], nullable, codec: codec && codecJson(codec) };
}

function codecJson(codec: Codec): z.infer<typeof CODEC_JSON> {
  switch (codec.kind) {
    case "scalar":
      return { kind: codec.kind, spark_type: codec.sparkType };
    case "compressed_image":
      return { kind: codec.kind, format: codec.format, quality: codec.quality };
    default:
      return { kind: codec.kind };
  }
}

function codecFromJson(json: z.infer<typeof CODEC_JSON>): Codec {
  switch (json.kind) {
    case "scalar":
      return new ScalarCodec(json.spark_type);
    case "ndarray":
      return new NdarrayCodec();
    case "compressed_ndarray":
      return new CompressedNdarrayCodec();
    case "compressed_image":
      return new CompressedImageCodec(json.format, json.quality);
  }
}

/**
 * A schema from its JSON form.
 *
 * @throws {TypeError} where it is not one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const text = JSON.stringify(BitcoinSchema);
 * assertEquals(unischemaFromJson(JSON.parse(text)), BitcoinSchema);
 * ```
 */
export function unischemaFromJson(json: unknown): Unischema {
  const parsed = UNISCHEMA_JSON.safeParse(json);
  if (!parsed.success) {
    throw new TypeError(`Cannot read a schema from JSON: ${z.prettifyError(parsed.error)}`);
  }
  const { name, fields } = parsed.data;
  return new Unischema(
    name,
    fields.map(({ name, dtype, shape, nullable, codec }) =>
      new UnischemaField(name, dtype, { shape, nullable, codec: codec && codecFromJson(codec) })
    ),
  );
}

/** Bitcoin's price in time: seconds since 1970 and US dollars. */
export const BitcoinSchema: Unischema = new Unischema("BitcoinSchema", [
  new UnischemaField("timestamp", "int64", { codec: new ScalarCodec("LongType") }),
  new UnischemaField("price", "float32", { codec: new ScalarCodec("FloatType") }),
]);
