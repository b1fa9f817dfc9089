/** Where the pages of flat number columns lie, in a Parquet file of one row group. */
import type { ColumnMetaData, SchemaElement } from "hyparquet";
import { deserializeTCompactProtocol } from "hyparquet/src/thrift.js";
import { parsedFooter } from "./file_metadata.ts";

/** A page in a file: its bytes as they are stored, and how many they are without compression. */
export interface Page {
  start: number;
  end: number;
  bytes: number;
  /** Values, nulls included. */
  count: number;
}

/** A page of values, or of indices into the dictionary. */
export interface DataPage extends Page {
  indexed: boolean;
}

/** A column's pages. */
export interface FlatChunk {
  name: string;
  /** Bytes of a value. */
  width: 4 | 8;
  optional: boolean;
  snappy: boolean;
  dictionary: Page | null;
  pages: DataPage[];
}

const WIDTHS: Partial<Record<string, 4 | 8>> = { INT32: 4, FLOAT: 4, INT64: 8, DOUBLE: 8 };
/** Numbers of page types and encodings, as parquet.thrift gives them. */
const PAGE = { data: 0, dictionary: 2 } as const;
const ENCODING = { plain: 0, plainDictionary: 2, rle: 3, rleDictionary: 8 } as const;

/** What is used here of a page's header, by the numbers of its fields in parquet.thrift. */
interface PageHeader {
  field_1?: number;
  field_2?: number;
  field_3?: number;
  /** Of a data page: values, their encoding, that of definition levels. */
  field_5?: { field_1?: number; field_2?: number; field_3?: number };
  /** Of a dictionary: values, their encoding. */
  field_7?: { field_1?: number; field_2?: number };
}

/** Bytes of a value, by the names of the columns that Arrow keeps as Parquet does: as numbers of four or eight bytes. */
export type NumberWidths = Readonly<Record<string, 4 | 8>>;

/**
 * The pages of all columns, or null where not all of them are of the common kind: such numbers, not nested, plain or by
 * dictionary, Snappy or uncompressed, in pages of the first version.
 *
 * @throws {Error} where headers are damaged or contradict the footer.
 */
export function flatChunks(file: Uint8Array, rows: number, widths: NumberWidths): FlatChunk[] | null {
  const { schema, row_groups: [group, another] } = parsedFooter(file);
  if (!group || another || schema.length !== group.columns.length + 1) return null;
  const chunks: FlatChunk[] = [];
  for (const [at, { meta_data }] of group.columns.entries()) {
    const chunk = flatChunk(file, rows, schema[at + 1]!, meta_data!);
    if (chunk === null || chunk.width !== widths[chunk.name]) return null;
    chunks.push(chunk);
  }
  return chunks;
}

function flatChunk(
  file: Uint8Array,
  rows: number,
  { name, repetition_type }: SchemaElement,
  { type, codec, data_page_offset, dictionary_page_offset, total_compressed_size }: ColumnMetaData,
): FlatChunk | null {
  const width = WIDTHS[type];
  if (!width || repetition_type === "REPEATED" || (codec !== "SNAPPY" && codec !== "UNCOMPRESSED")) {
    return null;
  }
  const optional = repetition_type === "OPTIONAL";
  const chunk: FlatChunk = { name, width, optional, snappy: codec === "SNAPPY", dictionary: null, pages: [] };
  // The first chunk of a file without a beginning has its dictionary at byte 0.
  const start = Number(dictionary_page_offset ?? data_page_offset);
  const reader = {
    view: new DataView(file.buffer, file.byteOffset, start + Number(total_compressed_size)),
    offset: start,
  };
  let values = 0;
  while (values < rows) {
    const header = deserializeTCompactProtocol(reader) as PageHeader;
    const { field_1: kind, field_2: bytes, field_3: stored, field_5: data, field_7: dictionary } = header;
    const page = { start: reader.offset, end: reader.offset + size(stored), bytes: size(bytes) };
    if (page.end > reader.view.byteLength) throw new Error("a page is longer than its column");
    if (!chunk.snappy && page.end - page.start !== page.bytes) throw new Error("a page's sizes differ");
    reader.offset = page.end;
    if (kind === PAGE.data && data) {
      const { field_1: count, field_2: encoding, field_3: levels } = data;
      const indexed = encoding === ENCODING.rleDictionary || encoding === ENCODING.plainDictionary;
      if ((!indexed && encoding !== ENCODING.plain) || (optional && levels !== ENCODING.rle)) return null;
      values += size(count);
      chunk.pages.push({ ...page, count: size(count), indexed });
    } else if (kind === PAGE.dictionary && dictionary && chunk.dictionary === null) {
      const count = size(dictionary.field_1);
      if (page.bytes !== count * width) throw new Error("a dictionary is not as long as its values");
      chunk.dictionary = { ...page, count };
    } else {
      return null;
    }
  }
  if (values !== rows) throw new Error(`${values} values came of ${rows} rows`);
  return chunk;
}

/** A size or count of a header. */
function size(number: number | undefined): number {
  if (number === undefined || !(number >= 0)) throw new Error("a page's header lacks a size");
  return number;
}
