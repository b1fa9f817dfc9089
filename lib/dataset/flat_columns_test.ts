import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type DataType,
  DateDay,
  Field,
  Float32,
  Float64,
  Int16,
  Int32,
  Int64,
  makeData,
  type RecordBatch,
  Schema,
  Table,
  tableToIPC,
  TimeMicrosecond,
  TimeMillisecond,
  TimestampMicrosecond,
  TimestampMillisecond,
  Uint32,
  Uint64,
} from "apache-arrow";
import fc from "fast-check";
import {
  Compression,
  Encoding,
  Table as WasmTable,
  writeParquet,
  WriterPropertiesBuilder,
  WriterVersion,
} from "parquet-wasm";
import { digestOf } from "../lake/digest.ts";
import { numberedRows, parquetOf } from "./_test_datasets.ts";
import { batchOfData } from "./column_builder.ts";
import { decodeRowGroup, decodeSchema, numberWidths } from "./decode_row_group.ts";
import { flatChunks } from "./flat_pages.ts";

const TYPES: readonly DataType[] = [
  new Int32(),
  new Int64(),
  new Uint32(),
  new Uint64(),
  new Float32(),
  new Float64(),
  new DateDay(),
  new TimeMillisecond(),
  new TimeMicrosecond(),
  new TimestampMillisecond(),
  new TimestampMicrosecond("UTC"),
];

const folder = new URL("./testdata/", import.meta.url);

/** By the general decoder, which reads what no widths are known of. */
const decodedElsewhere = (file: Uint8Array, rows: number) => decodeRowGroup(file, rows, new Schema([]));

/** All that a batch's columns say: types, places of nulls, and the bits of the other values. */
function contentOf(batch: RecordBatch) {
  return batch.schema.fields.map(({ name }) => {
    const data = batch.getChild(name)!.data[0]!;
    const { type, length, nullCount, values } = data;
    const valid = Array.from({ length }, (_, row) => data.getValid(row));
    const bits = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
    const width = bits.length / length;
    for (const [row, there] of valid.entries()) if (!there) bits.fill(0, row * width, (row + 1) * width);
    return { name, type: `${type}`, array: values.constructor.name, length, nullCount, valid, bits };
  });
}

/** Numbers as columns have them: all the same, counting, in runs, of a few kinds, or any. */
const numbers = (rows: number) =>
  fc.oneof(
    fc.tuple(fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n }), fc.constantFrom(0n, 1n, 60n, -7n, 60_000n))
      .map(
        ([first, step]) => Array.from({ length: rows }, (_, row) => first + step * BigInt(row)),
      ),
    fc.tuple(fc.nat(20), fc.integer({ min: 1, max: 3000 })).map(([kinds, run]) =>
      Array.from({ length: rows }, (_, row) => BigInt(Math.floor(row / run) * 7919 % (kinds + 1)))
    ),
    fc.nat().map((seed) =>
      Array.from(
        { length: rows },
        (_, row) => BigInt(Math.imul(row + seed, 0x9e3779b1)) * 0x9e3779b97f4a7c15n,
      )
    ),
  );

/** Which rows are null. */
const nulls = fc.oneof(
  fc.constant(() => false),
  fc.constant(() => true),
  fc.integer({ min: 1, max: 2500 }).map((run) => (row: number) => Math.floor(row / run) % 2 === 1),
  fc.nat().map((seed) => (row: number) => (Math.imul(row + seed, 0x85ebca6b) >>> 29) === 0),
);

const column = (rows: number) =>
  fc.record({
    type: fc.constantFrom(...TYPES),
    numbers: numbers(rows),
    isNull: fc.option(nulls, { nil: null }),
  });
const table = fc.oneof(fc.nat(20), fc.nat(9000)).chain((rows) =>
  fc.record({
    rows: fc.constant(rows),
    columns: fc.array(column(rows), { minLength: 1, maxLength: 4 }),
  })
);
type Column = Pick<Field, "type"> & { numbers: bigint[]; isNull: ((row: number) => boolean) | null };

const writing = fc.record({
  compression: fc.constantFrom(Compression.SNAPPY, Compression.UNCOMPRESSED),
  dictionary: fc.boolean(),
  dictionaryBytes: fc.constantFrom(200, 20_000),
  pageBytes: fc.constantFrom(64, 4000, 1 << 20),
});

function batchOfNumbers(columns: readonly Column[], rows: number): RecordBatch {
  const fields = columns.map(({ type, isNull }, at) => new Field(`c${at}`, type, isNull !== null));
  const children = columns.map(({ type, numbers, isNull }) => {
    const bytes = new BigInt64Array(numbers), wide = new type.ArrayType(0).BYTES_PER_ELEMENT === 8;
    const data = new Uint8Array(
      wide
        ? bytes.buffer
        : Int32Array.from(new Int32Array(bytes.buffer).filter((_, at) => at % 2 === 0)).buffer,
    );
    const nullBitmap = new Uint8Array(Math.ceil(rows / 8));
    let nullCount = 0;
    for (let row = 0; row < rows; row++) {
      if (isNull?.(row)) nullCount++;
      else nullBitmap[row >> 3]! |= 1 << (row & 7);
    }
    return makeData({ type, length: rows, nullCount, nullBitmap, data });
  });
  return batchOfData(new Schema(fields), children, rows);
}

function fileOf(batch: RecordBatch, writing: WriterPropertiesBuilder): Uint8Array {
  return writeParquet(WasmTable.fromIPCStream(tableToIPC(new Table(batch), "stream")), writing.build());
}

Deno.test("decodeRowGroup() gives of flat numbers, bit by bit, what the general decoder gives", () => {
  fc.assert(
    fc.property(
      table,
      writing,
      ({ rows, columns }, { compression, dictionary, dictionaryBytes, pageBytes }) => {
        const settings = new WriterPropertiesBuilder().setCompression(compression)
          .setDictionaryEnabled(dictionary).setDictionaryPageSizeLimit(dictionaryBytes)
          .setDataPageSizeLimit(pageBytes).setWriteBatchSize(100);
        const file = fileOf(batchOfNumbers(columns, rows), settings), schema = decodeSchema(file);
        if (rows === 0) return;
        assert(flatChunks(file, rows, numberWidths(schema)), "the kernel does not take it");
        assertEquals(contentOf(decodeRowGroup(file, rows, schema)), contentOf(decodedElsewhere(file, rows)));
      },
    ),
    { numRuns: 150 },
  );
});

for (const kind of ["snappy", "plain"]) {
  Deno.test(`decodeRowGroup() reads the numbers that pyarrow reads: ${kind}`, async () => {
    const file = await Deno.readFile(new URL(`flat_columns_${kind}.parquet`, folder));
    const { rows, files } = JSON.parse(await Deno.readTextFile(new URL("flat_columns.json", folder)));
    const schema = decodeSchema(file);
    assert(flatChunks(file, rows, numberWidths(schema)));
    const found = contentOf(decodeRowGroup(file, rows, schema)).map(({ name, nullCount, valid, bits }) => {
      const { sha256 } = digestOf(Uint8Array.from([...bits, ...valid.map(Number)]));
      return [name, { nulls: nullCount, sha256 }];
    });
    assertEquals(Object.fromEntries(found), files[kind]);
    assertEquals(contentOf(decodeRowGroup(file, rows, schema)), contentOf(decodedElsewhere(file, rows)));
  });
}

Deno.test("flatChunks() leaves to the general decoder what the kernel does not know", () => {
  const whole = { numbers: [1n, 2n, 3n], isNull: null };
  const int64 = { type: new Int64(), ...whole };
  const taken = (columns: Column[], set: (writing: WriterPropertiesBuilder) => WriterPropertiesBuilder) => {
    const file = fileOf(batchOfNumbers(columns, 3), set(new WriterPropertiesBuilder())),
      schema = decodeSchema(file);
    const batch = decodeRowGroup(file, 3, schema);
    assertEquals(contentOf(batch), contentOf(decodedElsewhere(file, 3)));
    return flatChunks(file, 3, numberWidths(schema)) !== null;
  };
  assert(taken([int64], (writing) => writing.setCompression(Compression.SNAPPY)));
  assert(!taken([int64], (writing) => writing.setCompression(Compression.ZSTD)));
  assert(!taken([int64], (writing) => writing.setWriterVersion(WriterVersion.V2)));
  assert(
    !taken(
      [int64],
      (writing) => writing.setDictionaryEnabled(false).setEncoding(Encoding.DELTA_BINARY_PACKED),
    ),
  );
  assert(!taken([int64, { type: new Int16(), ...whole }], (writing) => writing));
});

Deno.test("decodeRowGroup() refuses damaged pages by a word, and reads the next file as ever", () => {
  const rows = 3000, good = parquetOf(numberedRows(0, rows)), schema = decodeSchema(good);
  const expected = contentOf(decodeRowGroup(good, rows, schema));
  const footer = new DataView(good.buffer, good.byteOffset).getUint32(good.length - 8, true);
  const harm = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 });
  let refused = 0;
  fc.assert(
    fc.property(harm, (harm) => {
      const bad = good.slice();
      for (const [at, byte] of harm) bad[4 + at % (good.length - footer - 12)] = byte;
      try {
        // Values may differ where only they were harmed: pages need no checksum.
        assertEquals(decodeRowGroup(bad, rows, schema).numRows, rows);
      } catch (error) {
        assert(error instanceof Error && error.message.length > 0);
        refused++;
      }
    }),
    { numRuns: 300 },
  );
  assert(refused > 10, `${refused}`);
  assertEquals(contentOf(decodeRowGroup(good, rows, schema)), expected);
  assertThrows(() => decodeRowGroup(good, rows + 1, schema));
  assertThrows(() => decodeRowGroup(good, rows - 1, schema), Error, "values came of");
});
