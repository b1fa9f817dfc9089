/**
 * Parquet's footers to be written again: what stands at the end of a file, and, alone, in a dataset's summary files. They
 * are kept as the tree that they are, so that what is not touched comes out byte by byte (see `file_metadata.ts` for
 * reading).
 */
import { LakeError } from "../core/errors.ts";
import type { ObjectStore } from "../lake/store.ts";
import { readTail } from "./parquet_tail.ts";
import {
  readThrift,
  THRIFT,
  type ThriftList,
  type ThriftStruct,
  thriftStructs,
  writeThrift,
} from "./thrift.ts";

/** Numbers of the fields that are used here, as parquet.thrift gives them. */
export const FOOTER = { schema: 2, rows: 3, rowGroups: 4, keyValues: 5 } as const;
export const ROW_GROUP = { columns: 1, rows: 3, fileOffset: 5, compressedBytes: 6, ordinal: 7 } as const;
export const CHUNK = { filePath: 1, fileOffset: 2, metadata: 3, indexes: [4, 5, 6, 7] } as const;
export const COLUMN = {
  compressedBytes: 7,
  dataPage: 9,
  indexPage: 10,
  dictionaryPage: 11,
  bloom: 14,
} as const;

const MAGIC = new TextEncoder().encode("PAR1");

/** The footer of a file's bytes, which may lack its beginning. */
export function footerOf(bytes: Uint8Array, name = "a Parquet file"): ThriftStruct {
  const tail = bytes.subarray(-8);
  if (tail.length < 8 || !MAGIC.every((byte, i) => tail[4 + i] === byte)) {
    throw new LakeError(
      `Cannot read "${name}": it does not end as Parquet files do, it may be cut off; write it again`,
    );
  }
  const length = new DataView(tail.buffer, tail.byteOffset, 4).getUint32(0, true);
  if (length + 8 > bytes.length) {
    throw new LakeError(
      `Cannot read "${name}": its footer has ${length} bytes, and ${
        bytes.length - 8
      } are there; write it again`,
    );
  }
  // A copy, so that who keeps the footer does not keep the whole file in memory.
  return readThrift(bytes.slice(bytes.length - 8 - length, bytes.length - 8));
}

/**
 * The footer of an object, with two range reads at most; null where there is no object.
 *
 * @throws {LakeError} where it is no whole Parquet file.
 */
export async function readFooter(store: ObjectStore, key: string): Promise<ThriftStruct | null> {
  const info = await store.head(key);
  if (!info) return null;
  return footerOf(await readTail(store, info), store.locate(key));
}

/** A file that is nothing but a footer. */
export function footerFile(footer: ThriftStruct): Uint8Array<ArrayBuffer> {
  const end = footerEnd(footer);
  const file = new Uint8Array(MAGIC.length + end.length);
  file.set(MAGIC);
  file.set(end, MAGIC.length);
  return file;
}

/** What follows a file's data: footer, its length, magic. */
export function footerEnd(footer: ThriftStruct): Uint8Array<ArrayBuffer> {
  const struct = writeThrift(footer);
  const end = new Uint8Array(struct.length + 8);
  end.set(struct);
  new DataView(end.buffer).setUint32(struct.length, struct.length, true);
  end.set(MAGIC, struct.length + 4);
  return end;
}

/** What a file begins with. */
export const FILE_START: Uint8Array = MAGIC;

/** Structs in a list of a struct; none where it has no such list. */
export function structsIn(struct: ThriftStruct, field: number): ThriftStruct[] {
  const data = struct.get(field)?.data;
  return data === undefined ? [] : (data as ThriftList).items as ThriftStruct[];
}

/** A number of a struct, or null. */
export function numberIn(struct: ThriftStruct, field: number): bigint | null {
  const data = struct.get(field)?.data;
  return typeof data === "bigint" ? data : null;
}

/** The footer's key-value pairs. Values are bytes: Petastorm keeps binary pickles in them. */
export function keyValuesOf(footer: ThriftStruct): Map<string, Uint8Array> {
  const pairs = structsIn(footer, FOOTER.keyValues);
  return new Map(
    pairs.map((pair) => [
      new TextDecoder().decode(pair.get(1)?.data as Uint8Array),
      pair.get(2)?.data as Uint8Array | undefined ?? new Uint8Array(),
    ]),
  );
}

/** A footer with other row groups and key-value pairs, and all else as it is. */
export function footerWith(
  footer: ThriftStruct,
  { rowGroups, keyValues }: {
    rowGroups: readonly ThriftStruct[];
    keyValues: ReadonlyMap<string, Uint8Array>;
  },
): ThriftStruct {
  const rows = rowGroups.reduce((sum, group) => sum + numberIn(group, ROW_GROUP.rows)!, 0n);
  const pairs = [...keyValues].map(([key, value]): ThriftStruct =>
    new Map([
      [1, { type: THRIFT.binary, data: new TextEncoder().encode(key) }],
      [2, { type: THRIFT.binary, data: value }],
    ])
  );
  return new Map(footer)
    .set(FOOTER.rows, { type: THRIFT.i64, data: rows })
    .set(FOOTER.rowGroups, thriftStructs([...rowGroups]))
    .set(FOOTER.keyValues, thriftStructs(pairs));
}
