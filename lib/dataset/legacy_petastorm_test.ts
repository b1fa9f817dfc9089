/** Datasets that Petastorm 0.4.0 and 0.7.6 wrote on Spark; what they hold was read with Petastorm 0.13.1. */
import { assertEquals } from "@std/assert";
import { sha256 } from "../lake/ledger.ts";
import { readRows } from "./_test_dataset.ts";
import { openDataset } from "./dataset_folder.ts";
import { readDatasetSchema } from "./dataset_metadata.ts";
import type { FieldValue } from "./field_values.ts";
import type { UnischemaField } from "./unischema.ts";

const LEGACY = new URL("../../../shared/data/petastorm_legacy/", import.meta.url).pathname;

/** A line a field: name, type, shape, codec; and the beginning of the SHA-256 of all its values, by id. */
const EXPECTED: Record<string, string[]> = {
  "0.4.0": [
    "decimal decimal () scalar decimal(10,9) c813fd4584f4fb57",
    "empty_matrix_string bytes (any) ndarray 2c469216266e5dff",
    "id int64 () scalar LongType 6d506216aa5bad15",
    "id2 int32 () scalar ShortType 3b3cba171ca7d941",
    "image_png uint8 (32,16,3) compressed_image png 80 24aa67e2fc9f86ed",
    "matrix float32 (32,16,3) ndarray 6c7057c3a7f3a91a",
    "matrix_nullable? uint16 (32,16,3) ndarray 18dd68b41d7ca21e",
    "matrix_string bytes (any) ndarray b3af644a55e67e26",
    "matrix_uint16 uint16 (32,16,3) ndarray 04502ecda3c12b03",
    "partition_key str () scalar StringType f01ff656ec4d4231",
    "python_primitive_uint8 uint8 () scalar ShortType 174412a5362ccfa5",
    "sensor_name str (1) ndarray 0465142e15bc6eb1",
    "string_array_nullable? str (any) ndarray 19d517a76a14d578",
  ],
  "0.7.6": [
    "decimal decimal () scalar decimal(10,9) 92028ad2c0c1a77d",
    "empty_matrix_string bytes (any) ndarray 2c469216266e5dff",
    "id int64 () scalar LongType 6d506216aa5bad15",
    "id2 int32 () scalar ShortType 3b3cba171ca7d941",
    "id_float float64 () scalar DoubleType df8192236b254cb7",
    "id_odd bool () scalar BooleanType 4fd489f0707bed1a",
    "image_png uint8 (32,16,3) compressed_image png 80 9eb8aa182383cdc3",
    "integer_nullable? int32 () scalar ShortType ffb08f1ea7a378bb",
    "matrix float32 (32,16,3) ndarray a33340e4e1e58621",
    "matrix_nullable? uint16 (32,16,3) ndarray 18dd68b41d7ca21e",
    "matrix_string bytes (any,any) ndarray ebc98950ac2d0932",
    "matrix_uint16 uint16 (32,16,3) ndarray 12b8c15d0d150d92",
    "matrix_uint32 uint32 (32,16,3) ndarray 0c797607a2860ed9",
    "partition_key str () scalar StringType f01ff656ec4d4231",
    "python_primitive_uint8 uint8 () scalar ShortType e0228a6835978213",
    "sensor_name str (1) ndarray 0465142e15bc6eb1",
    "string_array_nullable? str (any) ndarray 19d517a76a14d578",
  ],
};

for (const [version, expected] of Object.entries(EXPECTED)) {
  const here = await Deno.stat(`${LEGACY}${version}`).then(() => true, () => false);
  const name = `a dataset of Petastorm ${version} is read, every field and every value`;
  Deno.test({
    name: here ? name : `${name} (skipped: ../shared/data is absent)`,
    ignore: !here,
    fn: async () => {
      const store = await openDataset(`file://${LEGACY}${version}`);
      const schema = (await readDatasetSchema(store))!;
      const parts = (await store.list("")).map(({ key }) => key).filter((key) => key.endsWith(".parquet"));
      const rows = await readRows(`${LEGACY}${version}`, parts);
      assertEquals([schema.name, rows.length], ["TestSchema", 100]);
      rows.sort((a, b) => Number(a.id) - Number(b.id));
      const found = [...schema.fields.values()].map((field) => {
        const bytes = rows.flatMap((row) => [...bytesOf(row[field.name] ?? null, field.dtype)]);
        return `${inWords(field)} ${sha256(Uint8Array.from(bytes)).slice(0, 16)}`;
      });
      assertEquals(found, expected);
    },
  });
}

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

/** A value's bytes, as the script behind the expected hashes made them. */
function bytesOf(value: FieldValue, dtype: string): Uint8Array {
  const line = (text: string) => new TextEncoder().encode(`${text}\n`);
  if (typeof value === "number" && dtype === "float64") {
    return new Uint8Array(Float64Array.of(value).buffer);
  }
  if (value === null || typeof value !== "object") return line(String(value));
  if (!("data" in value)) throw new TypeError("bytes and dates do not occur");
  const { data } = value;
  if (dtype === "str") return line(JSON.stringify(data));
  if (dtype === "bytes") {
    return line(JSON.stringify((data as Uint8Array[]).map((item) => new TextDecoder().decode(item))));
  }
  const numbers = data as Float32Array;
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}
