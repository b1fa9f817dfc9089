/** Datasets that Petastorm itself wrote, on Spark, years ago: every field, beside what Petastorm reads of them. */
import { assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { LakeError } from "../core/errors.ts";
import { makeBatchReader } from "./batch_reader.ts";
import { openDataset } from "./dataset_folder.ts";
import { readDatasetSchema } from "./dataset_metadata.ts";
import type { FieldValue } from "./field_values.ts";
import { inPseudorandomSplit, inSet } from "./predicates.ts";
import { makeReader } from "./row_reader.ts";
import type { UnischemaField } from "./unischema.ts";

const DATA = new URL("../../../shared/data/petastorm_legacy/", import.meta.url);
const here = await Deno.stat(DATA).then(() => true, () => false);
/** Made by `testdata/petastorm_legacy.py`. */
const DIGESTS: Record<string, Record<string, string>> = JSON.parse(
  await Deno.readTextFile(new URL("testdata/petastorm_legacy.json", import.meta.url)),
);

function legacyTest(name: string, fn: (version: string) => Promise<void>): void {
  for (const version of Object.keys(DIGESTS)) {
    const title = `${name} (Petastorm ${version})${here ? "" : " (skipped: ../shared/data is absent)"}`;
    Deno.test({ name: title, ignore: !here, fn: () => fn(version) });
  }
}

function md5(content: string | Uint8Array): string {
  return createHash("md5").update(content).digest("hex");
}

function text(value: FieldValue): string {
  if (value === null || typeof value !== "object" || !("shape" in value)) return String(value);
  const { shape, data } = value;
  if (ArrayBuffer.isView(data)) {
    return `${shape}:${md5(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))}`;
  }
  const hex = (item: string | Uint8Array) =>
    (typeof item === "string" ? new TextEncoder().encode(item) : item).toHex();
  return `${shape}:${data.map(hex).join(",")}`;
}

legacyTest("makeReader() reads every field as Petastorm does", async (version) => {
  await using reader = await makeReader(new URL(version, DATA));
  const rows = await Array.fromAsync(reader);
  rows.sort((a, b) => Number(a.id as bigint) - Number(b.id as bigint));
  const fields = [...reader.schema.fields.keys()].sort();
  const digests = fields.map((field) => [field, md5(rows.map((row) => text(row[field]!)).join("\n"))]);
  assertEquals(Object.fromEntries(digests), DIGESTS[version]);
});

legacyTest("makeBatchReader() reads the columns as they are stored", async (version) => {
  await using reader = await makeBatchReader(new URL(version, DATA), {
    schemaFields: ["id", /partition.*/],
    filters: [["partition_key", "in", ["p_3", "p_4"]]],
  });
  const batches = await Array.fromAsync(reader);
  assertEquals(reader.diagnostics.row_groups_read, 2);
  const ids = batches.flatMap((batch) => [...batch.getChild("id")!]).map(Number).sort((a, b) => a - b);
  assertEquals(ids.length, 20);
  assertEquals(
    new Set(batches.map((batch) => batch.getChild("partition_key")!.get(0))),
    new Set(["p_3", "p_4"]),
  );
});

legacyTest("predicates see decoded values", async (version) => {
  const ids = async (predicate: ReturnType<typeof inSet>) => {
    await using reader = await makeReader(new URL(version, DATA), { schemaFields: ["id"], predicate });
    return (await Array.fromAsync(reader, ({ id }) => Number(id))).sort((a, b) => a - b);
  };
  assertEquals((await ids(inSet(["p_7"], "partition_key"))).length, 10);
  const parts = await Promise.all([0, 1].map((part) => ids(inPseudorandomSplit([0.3, 0.7], part, "id"))));
  assertEquals(parts.flat().sort((a, b) => a - b), Array.from({ length: 100 }, (_, id) => id));
});

legacyTest("makeReader() names a damaged picture", async (version) => {
  const copy = await Deno.makeTempDir();
  for (const file of ["_common_metadata", "partition_key=p_0"]) {
    await new Deno.Command("cp", { args: ["-r", new URL(`${version}/${file}`, DATA).pathname, copy] })
      .output();
  }
  const part = [...Deno.readDirSync(`${copy}/partition_key=p_0`)].find(({ name }) =>
    name.endsWith(".parquet")
  )!;
  const path = `${copy}/partition_key=p_0/${part.name}`;
  const bytes = await Deno.readFile(path);
  // The first picture's header.
  const at = bytes.findIndex((byte, i) => byte === 0x89 && bytes[i + 1] === 0x50 && bytes[i + 2] === 0x4e);
  bytes[at + 12]! ^= 0xff;
  await Deno.writeFile(path, bytes);
  await using reader = await makeReader(copy, { schemaFields: ["image_png"] });
  await assertRejects(() => Array.fromAsync(reader), LakeError, 'Cannot decode field "image_png"');
  await Deno.remove(copy, { recursive: true });
});

/** A line a field: name, type, shape, codec. */
const SCHEMAS: Record<string, string[]> = {
  "0.4.0": [
    "decimal decimal () scalar decimal(10,9)",
    "empty_matrix_string bytes (any) ndarray",
    "id int64 () scalar LongType",
    "id2 int32 () scalar ShortType",
    "image_png uint8 (32,16,3) compressed_image png 80",
    "matrix float32 (32,16,3) ndarray",
    "matrix_nullable? uint16 (32,16,3) ndarray",
    "matrix_string bytes (any) ndarray",
    "matrix_uint16 uint16 (32,16,3) ndarray",
    "partition_key str () scalar StringType",
    "python_primitive_uint8 uint8 () scalar ShortType",
    "sensor_name str (1) ndarray",
    "string_array_nullable? str (any) ndarray",
  ],
  "0.7.6": [
    "decimal decimal () scalar decimal(10,9)",
    "empty_matrix_string bytes (any) ndarray",
    "id int64 () scalar LongType",
    "id2 int32 () scalar ShortType",
    "id_float float64 () scalar DoubleType",
    "id_odd bool () scalar BooleanType",
    "image_png uint8 (32,16,3) compressed_image png 80",
    "integer_nullable? int32 () scalar ShortType",
    "matrix float32 (32,16,3) ndarray",
    "matrix_nullable? uint16 (32,16,3) ndarray",
    "matrix_string bytes (any,any) ndarray",
    "matrix_uint16 uint16 (32,16,3) ndarray",
    "matrix_uint32 uint32 (32,16,3) ndarray",
    "partition_key str () scalar StringType",
    "python_primitive_uint8 uint8 () scalar ShortType",
    "sensor_name str (1) ndarray",
    "string_array_nullable? str (any) ndarray",
  ],
};

legacyTest("the schema is read from its pickle, every field", async (version) => {
  const store = await openDataset(new URL(version, DATA).href);
  const schema = (await readDatasetSchema(store))!;
  assertEquals(schema.name, "TestSchema");
  assertEquals([...schema.fields.values()].map(inWords), SCHEMAS[version]!);
  await store.close();
});

function inWords({ name, dtype, shape, nullable, codec }: UnischemaField): string {
  const lengths = shape.map((length) => length ?? "any");
  const details = codec?.kind === "scalar"
    ? typeof codec.sparkType === "string"
      ? [codec.sparkType]
      : [`decimal(${codec.sparkType.precision},${codec.sparkType.scale})`]
    : codec?.kind === "compressed_image"
    ? [codec.format, codec.quality]
    : [];
  return [`${name}${nullable ? "?" : ""}`, dtype, `(${lengths})`, codec?.kind, ...details].join(" ");
}
