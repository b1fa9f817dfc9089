/** Row groups on their way: written to one scratch file as they come, cut into parts when their number is known. */
import type { RecordBatch, Schema } from "apache-arrow";
import { FILE_START, footerEnd, footerWith, keyValuesOf } from "./parquet_footer.ts";
import { encodeRowGroup, movedRowGroup } from "./row_group_bytes.ts";
import type { ThriftStruct } from "./thrift.ts";

/** A row group in a scratch file. */
interface SpooledGroup {
  /** Where its pages start, and how many bytes they are. */
  start: number;
  length: number;
  rows: number;
  /** What a footer says of it, with offsets from `start`. */
  struct: ThriftStruct;
}

/** A part that is still pieces of a scratch file. */
export interface SpooledPart {
  /** The folder of its partition. */
  folder: string;
  /** Its place among the folder's parts. */
  index: number;
  rows: number;
  groups: readonly SpooledGroup[];
  /** Footer of a file of this schema, whatever its row groups. */
  footer: ThriftStruct;
  /** The scratch file. */
  path: string;
}

/** The row groups of one folder. */
export class PartSpool {
  readonly #groups: SpooledGroup[] = [];
  #footer: ThriftStruct = new Map();
  #used = 0;

  constructor(
    private readonly folder: string,
    private readonly schema: Schema,
    private readonly path: string,
  ) {}

  get rowGroups(): number {
    return this.#groups.length;
  }

  /** Encodes rows as a row group and writes it behind the others. */
  async add(batches: readonly RecordBatch[]): Promise<void> {
    const { pages, rows, struct, footer } = encodeRowGroup(this.schema, batches);
    await Deno.writeFile(this.path, pages, { append: true });
    this.#groups.push({ start: this.#used, length: pages.length, rows, struct });
    this.#used += pages.length;
    this.#footer = footer;
  }

  /** Cuts the row groups, in their order, into `files` parts, or as many as there are row groups. */
  parts(files: number): SpooledPart[] {
    const count = Math.min(files, this.#groups.length);
    return Array.from({ length: count }, (_, index) => {
      const from = Math.floor(index * this.#groups.length / count);
      const groups = this.#groups.slice(from, Math.floor((index + 1) * this.#groups.length / count));
      const rows = groups.reduce((sum, group) => sum + group.rows, 0);
      return { folder: this.folder, index, rows, groups, footer: this.#footer, path: this.path };
    });
  }
}

/** What the footer of a part says of its row groups; in a summary file, with the part's key. */
export function rowGroupsOf({ groups }: SpooledPart, filePath?: string): ThriftStruct[] {
  let offset = FILE_START.length;
  return groups.map(({ struct, length }, ordinal) => {
    const moved = movedRowGroup(struct, offset, filePath === undefined ? { ordinal } : { filePath });
    offset += length;
    return moved;
  });
}

const PIECE = 1 << 20;

/** Writes a part as a Parquet file. */
export async function fileOf(part: SpooledPart, path: string): Promise<void> {
  using from = await Deno.open(part.path);
  using to = await Deno.open(path, { write: true, create: true, truncate: true });
  await writeAll(to, FILE_START);
  const buffer = new Uint8Array(PIECE);
  // The part's row groups lie one behind the other.
  await from.seek(part.groups[0]!.start, Deno.SeekMode.Start);
  let left = part.groups.reduce((sum, { length }) => sum + length, 0);
  while (left > 0) {
    const read = await from.read(buffer.subarray(0, Math.min(left, PIECE)));
    if (read === null) throw new Error(`"${part.path}" is shorter than what was written to it`);
    await writeAll(to, buffer.subarray(0, read));
    left -= read;
  }
  const { footer } = part;
  await writeAll(
    to,
    footerEnd(footerWith(footer, { rowGroups: rowGroupsOf(part), keyValues: keyValuesOf(footer) })),
  );
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
}
