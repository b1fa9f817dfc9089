import { assertEquals, assertThrows } from "@std/assert";
import { Field, Int32, Schema, Struct } from "apache-arrow";
import { arrowSchemaOf, unischemaFromArrow } from "./arrow_schema.ts";
import {
  CompressedImageCodec,
  CompressedNdarrayCodec,
  NdarrayCodec,
  ScalarCodec,
  SPARK_TYPES,
} from "./codecs.ts";
import { NUMPY_DTYPES } from "./numpy_dtypes.ts";
import { BitcoinSchema, Unischema, UnischemaField, unischemaFromJson } from "./unischema.ts";

const SCHEMA = new Unischema("All", [
  new UnischemaField("id", "int64"),
  new UnischemaField("id_2", "int32", { codec: new ScalarCodec("ShortType") }),
  new UnischemaField("price", "decimal", {
    codec: new ScalarCodec({ precision: 10, scale: 2 }),
    nullable: true,
  }),
  new UnischemaField("points", "float32", { shape: [null, 3], codec: new NdarrayCodec() }),
  new UnischemaField("mask", "bool", { shape: [2, 2], codec: new CompressedNdarrayCodec() }),
  new UnischemaField("picture", "uint8", {
    shape: [null, null, 3],
    codec: new CompressedImageCodec("jpeg", 75),
  }),
  new UnischemaField("tags", "str", { shape: [null] }),
  new UnischemaField("seen", "datetime64", { codec: new ScalarCodec("TimestampType") }),
]);

Deno.test("createSchemaView() takes names, fields and patterns, and keeps the schema's order", () => {
  const names = (...selectors: Parameters<Unischema["createSchemaView"]>[0]) => [
    ...SCHEMA.createSchemaView(selectors).fields.keys(),
  ];
  assertEquals(names("price", "id"), ["id", "price"]);
  assertEquals(names(/id.*/), ["id", "id_2"]);
  assertEquals(names(/id/, /ID_\d/i, "id"), ["id", "id_2"]);
  assertEquals(names(SCHEMA.fields.get("tags")!, /p.*/g), ["price", "points", "picture", "tags"]);
  assertEquals(names(), []);
  assertThrows(
    () => names("prices"),
    RangeError,
    'Cannot select "prices": schema "All" has the fields id, id_2',
  );
  assertThrows(() => names(/pric/), RangeError, 'Cannot select "/pric/"');
});

Deno.test("Unischema and UnischemaField refuse what does not go together", () => {
  const field = (options: ConstructorParameters<typeof UnischemaField>[2], dtype = "float32") => () =>
    new UnischemaField("x", dtype as "float32", options);
  const table: [() => unknown, string][] = [
    [field({ shape: [2] }), "an array of that shape needs a NdarrayCodec"],
    [field({ shape: [null, null] }), "an array of that shape needs a NdarrayCodec"],
    [field({ shape: [-1], codec: new NdarrayCodec() }), "its shape is (-1)"],
    [field({ shape: [null], codec: new ScalarCodec("FloatType") }), "a ScalarCodec is for single values"],
    [field({}, "float16"), 'its type is "float16", use one of int8'],
    [field({}, "decimal"), "a decimal needs a ScalarCodec"],
    [field({ codec: new ScalarCodec("LongType") }, "decimal"), "need each other"],
    [field({ shape: [null], codec: new NdarrayCodec() }, "datetime64"), "cannot be in an array"],
    [
      () => new Unischema("S", [new UnischemaField("a", "int8"), new UnischemaField("a", "str")]),
      "two fields",
    ],
  ];
  for (const [make, text] of table) assertThrows(make, TypeError, text);
  assertThrows(() => new ScalarCodec({ precision: 39, scale: 0 }), RangeError, "precision is 1 to 38");
  assertThrows(() => new CompressedImageCodec("png", 0.5), RangeError, "a whole number from 0 to 100");
});

Deno.test("a schema comes back from its JSON", () => {
  for (const schema of [SCHEMA, BitcoinSchema]) {
    assertEquals(unischemaFromJson(JSON.parse(JSON.stringify(schema))), schema);
  }
  for (
    const json of [null, {}, { version: 2, name: "x", fields: [] }, {
      ...SCHEMA.toJSON(),
      fields: [{ name: "x" }],
    }]
  ) {
    assertThrows(() => unischemaFromJson(json), TypeError, "Cannot read a schema from JSON");
  }
});

Deno.test("arrowSchemaOf() and unischemaFromArrow() agree on single values and lists", () => {
  const plain = NUMPY_DTYPES.filter((dtype) => dtype !== "decimal")
    .flatMap((dtype) => [
      new UnischemaField(dtype, dtype, { nullable: dtype.length % 2 === 0 }),
      new UnischemaField(`${dtype}s`, dtype, { shape: [null] }),
    ]);
  const decimal = new UnischemaField("d", "decimal", { codec: new ScalarCodec({ precision: 38, scale: 9 }) });
  const schema = new Unischema("Plain", [...plain, decimal]);
  assertEquals(unischemaFromArrow("Plain", arrowSchemaOf(schema)), schema);
});

Deno.test("arrowSchemaOf() stores arrays and pictures as bytes, and scalars as Spark's types", () => {
  assertEquals(
    arrowSchemaOf(SCHEMA).fields.map(({ name, type, nullable }) => `${name} ${type}${nullable ? "?" : ""}`),
    [
      "id Int64",
      "id_2 Int16",
      "price Decimal[10e+2]?",
      "points Binary",
      "mask Binary",
      "picture Binary",
      "tags List<Utf8>",
      "seen Timestamp<MICROSECOND, UTC>",
    ],
  );
  const types = SPARK_TYPES.map((type) =>
    String(
      arrowSchemaOf(
        new Unischema("S", [new UnischemaField("x", "float64", { codec: new ScalarCodec(type) })]),
      ).fields[0]!.type,
    )
  );
  assertEquals(
    types.join(" "),
    "Int8 Int16 Int32 Int64 Float32 Float64 Bool Utf8 Binary Date32<DAY> Timestamp<MICROSECOND, UTC>",
  );
});

Deno.test("unischemaFromArrow() names a column that it cannot describe", () => {
  const struct = new Schema([new Field("pair", new Struct([new Field("a", new Int32())]))]);
  assertThrows(() => unischemaFromArrow("S", struct), TypeError, 'Cannot describe column "pair"');
});
