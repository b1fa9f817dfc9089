/** Row groups as bytes that can be put into a file anywhere. */
import { type RecordBatch, type Schema, Table, tableToIPC } from "apache-arrow";
import {
  Compression,
  EnabledStatistics,
  Table as WasmTable,
  writeParquet,
  WriterPropertiesBuilder,
} from "parquet-wasm";
import { CHUNK, COLUMN, FOOTER, footerOf, numberIn, ROW_GROUP, structsIn } from "./parquet_footer.ts";
import { thriftNumber, type ThriftStruct, thriftStructs, thriftText } from "./thrift.ts";

/** A row group: its pages, and what a footer says of them, with offsets from the first page's start. */
export interface RowGroupBytes {
  pages: Uint8Array;
  rows: number;
  struct: ThriftStruct;
  /** The footer of a file of this row group alone: schema, writer, key-value pairs. */
  footer: ThriftStruct;
}

/** Encodes rows as one row group, Snappy, with statistics of each column. */
export function encodeRowGroup(schema: Schema, batches: readonly RecordBatch[]): RowGroupBytes {
  const table = new Table(schema, [...batches]);
  const properties = new WriterPropertiesBuilder()
    .setMaxRowGroupSize(Math.max(1, table.numRows))
    .setCompression(Compression.SNAPPY)
    .setStatisticsEnabled(EnabledStatistics.Chunk)
    .build();
  const file = writeParquet(WasmTable.fromIPCStream(tableToIPC(table, "stream")), properties);
  const footer = footerOf(file);
  const [group] = structsIn(footer, FOOTER.rowGroups);
  const ranges = structsIn(group!, ROW_GROUP.columns).map(pagesRange);
  const start = Math.min(...ranges.map(([first]) => first)),
    end = Math.max(...ranges.map(([, last]) => last));
  return {
    pages: file.subarray(start, end),
    rows: table.numRows,
    struct: movedRowGroup(group!, -start),
    footer,
  };
}

function pagesRange(chunk: ThriftStruct): [start: number, end: number] {
  const column = chunk.get(CHUNK.metadata)!.data as ThriftStruct;
  const dataPage = Number(numberIn(column, COLUMN.dataPage));
  const start = Math.min(dataPage, Number(numberIn(column, COLUMN.dictionaryPage) ?? dataPage));
  return [start, start + Number(numberIn(column, COLUMN.compressedBytes))];
}

/**
 * A footer's row group whose pages lie elsewhere: `delta` bytes later, and, in a summary file, in another file. Page
 * indexes do not move along, so the new one has none.
 */
export function movedRowGroup(
  group: ThriftStruct,
  delta: number,
  { filePath, ordinal }: { filePath?: string; ordinal?: number } = {},
): ThriftStruct {
  const chunks = structsIn(group, ROW_GROUP.columns).map((chunk) => {
    const column = new Map(chunk.get(CHUNK.metadata)!.data as ThriftStruct);
    for (const offset of [COLUMN.dataPage, COLUMN.indexPage, COLUMN.dictionaryPage, COLUMN.bloom]) {
      move(column, offset, delta);
    }
    const moved = new Map(chunk).set(CHUNK.metadata, { ...chunk.get(CHUNK.metadata)!, data: column });
    // Where the metadata lie besides the footer: nowhere, which zero says.
    moved.set(CHUNK.fileOffset, thriftNumber("i64", 0));
    for (const index of CHUNK.indexes) moved.delete(index);
    if (filePath !== undefined) moved.set(CHUNK.filePath, thriftText(filePath));
    return moved;
  });
  const moved = new Map(group).set(ROW_GROUP.columns, thriftStructs(chunks));
  move(moved, ROW_GROUP.fileOffset, delta);
  if (ordinal !== undefined) moved.set(ROW_GROUP.ordinal, thriftNumber("i16", ordinal));
  else moved.delete(ROW_GROUP.ordinal);
  return moved;
}

function move(struct: Map<number, { type: number; data: unknown }>, field: number, delta: number): void {
  const value = struct.get(field);
  if (value) struct.set(field, { type: value.type, data: value.data as bigint + BigInt(delta) });
}
