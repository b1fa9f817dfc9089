/** The text of a candle file as bytes, whatever it is packed in: plain, gzip, or the one .csv of a zip archive. */
import { createReadStream } from "node:fs";
import { crc32, createInflateRaw } from "node:zlib";
import { LakeError, QualityError, SourceError } from "../core/errors.ts";
import { openCandles } from "./candle_file_bytes.ts";

/** How a file's text is packed. */
export type Packing =
  | { kind: "plain" }
  | { kind: "gzip" }
  | { kind: "zip"; entry: ZipEntry };

/** One file of a zip archive, as its directory tells. */
export interface ZipEntry {
  name: string;
  method: number;
  crc: number;
  /** Bytes in the archive, and unpacked. */
  packed: number;
  size: number;
  /** Where its local header begins. */
  offset: number;
}

/**
 * Looks at a file's first bytes (and, for a zip archive, its directory).
 *
 * @throws {SourceError} where the file is missing, a folder, unreadable or empty.
 * @throws {QualityError} where a zip archive does not hold exactly one .csv that can be unpacked.
 * @throws {LakeError} where an archive is damaged.
 */
export async function packingOf(path: string): Promise<Packing> {
  const info = await Deno.stat(path).catch((error) => {
    throw unreadable(path, error);
  });
  if (!info.isFile) {
    throw new SourceError(`Cannot read "${path}": it is not a file, name a .csv, .csv.gz or .zip file`);
  }
  if (info.size === 0) {
    throw new SourceError(`Cannot read "${path}": the file is empty, name one that holds candles`);
  }
  using file = await Deno.open(path).catch((error) => {
    throw unreadable(path, error);
  });
  const magic = await readAt(file, 0, Math.min(4, info.size));
  if (magic[0] === 0x1f && magic[1] === 0x8b || path.endsWith(".gz")) return { kind: "gzip" };
  const zip = magic[0] === 0x50 && magic[1] === 0x4b && (magic[2] === 3 || magic[2] === 5);
  if (!zip && !path.toLowerCase().endsWith(".zip")) return { kind: "plain" };
  return { kind: "zip", entry: await onlyCsv(file, { path, size: info.size }) };
}

/**
 * The unpacked bytes. A gzip file or an archive that is cut or damaged raises a {@linkcode LakeError}, at the
 * latest behind its last byte: what was given before is only good when the end is reached.
 */
export async function* openPacked(
  path: string,
  packing: Packing,
  { chunkBytes = 1 << 20 }: { chunkBytes?: number } = {},
): AsyncGenerator<Uint8Array> {
  if (packing.kind === "zip") yield* openZip(path, packing.entry, chunkBytes);
  else yield* openCandles(path, packing.kind === "gzip", { chunkBytes });
}

/** Whether the last line of a plain file has its line end. */
export async function lastLineEnds(path: string): Promise<boolean> {
  using file = await Deno.open(path).catch((error) => {
    throw unreadable(path, error);
  });
  const { size } = await file.stat();
  return size > 0 && (await readAt(file, size - 1, 1))[0] === 10;
}

async function* openZip(path: string, entry: ZipEntry, chunkBytes: number): AsyncGenerator<Uint8Array> {
  const start = await dataStart(path, entry);
  const source = entry.packed === 0
    ? null
    : createReadStream(path, { start, end: start + entry.packed - 1, highWaterMark: 1 << 19 });
  const inflate = entry.method === 8 ? createInflateRaw({ chunkSize: chunkBytes }) : null;
  let size = 0, crc = 0;
  try {
    if (source && inflate) source.on("error", (error) => inflate.destroy(error));
    for await (
      const chunk of (source && inflate ? source.pipe(inflate) : source ?? []) as AsyncIterable<Uint8Array>
    ) {
      size += chunk.length;
      if (size > entry.size) {
        throw new RangeError(`it unpacks to more than the ${entry.size} bytes it speaks of`);
      }
      crc = crc32(chunk, crc);
      yield chunk;
    }
    if (size !== entry.size) throw new RangeError(`it unpacks to ${size} bytes, not to ${entry.size}`);
    if (crc !== entry.crc) throw new RangeError("its checksum does not match");
    if (inflate && inflate.bytesWritten !== entry.packed) {
      throw new RangeError(`${entry.packed - inflate.bytesWritten} bytes stand behind the end of the data`);
    }
  } catch (error) {
    throw damaged(path, (error as Error).message, error);
  } finally {
    source?.destroy();
    inflate?.destroy();
  }
}

const END = 0x06054b50, END64 = 0x06064b50, LOCATOR64 = 0x07064b50, CENTRAL = 0x02014b50, LOCAL = 0x04034b50;
/** More entries than a data file ever has; the directory of such an archive is not read. */
const DIRECTORY_BYTES = 1 << 20;

async function onlyCsv(file: Deno.FsFile, { path, size }: { path: string; size: number }): Promise<ZipEntry> {
  const { offset, length } = await findDirectory(file, { path, size });
  if (length > DIRECTORY_BYTES) {
    throw new QualityError(
      `Cannot read "${path}": the archive's directory takes ${length} bytes, give an archive of one .csv`,
    );
  }
  if (offset + length > size) throw damaged(path, "its directory lies behind the end of the file");
  const entries = directoryEntries(await readAt(file, offset, length), path);
  const csvs = entries.filter(({ name }) => /\.csv$/i.test(name) && !/(^|\/)(__MACOSX\/|\._)/.test(name));
  const [csv] = csvs;
  if (!csv || csvs.length > 1) {
    const names = (csvs.length > 1 ? csvs : entries).slice(0, 5).map(({ name }) => name.slice(0, 80)).join(
      ", ",
    );
    throw new QualityError(
      `Cannot read "${path}": the archive holds ${
        csvs.length === 0 ? "no .csv" : `${csvs.length} .csv files`
      } (${names || "nothing"}), give an archive of one .csv, or unpack it`,
    );
  }
  if (csv.encrypted) {
    throw new QualityError(
      `Cannot read "${path}": ${csv.name} is encrypted, unpack it with its password first`,
    );
  }
  if (csv.method !== 0 && csv.method !== 8) {
    throw new QualityError(
      `Cannot read "${path}": ${csv.name} is packed with method ${csv.method}, unpack it first or pack it with deflate`,
    );
  }
  return csv;
}

/** Where the directory stands: the end record's word, or the zip64 one's where the numbers do not fit there. */
async function findDirectory(
  file: Deno.FsFile,
  { path, size }: { path: string; size: number },
): Promise<{ offset: number; length: number }> {
  const from = Math.max(0, size - 22 - 0xffff);
  const tail = view(await readAt(file, from, size - from));
  let at = tail.byteLength - 22;
  while (
    at >= 0 &&
    !(tail.getUint32(at, true) === END && at + 22 + tail.getUint16(at + 20, true) <= tail.byteLength)
  ) {
    at -= 1;
  }
  if (at < 0) throw damaged(path, "its end is missing");
  if (tail.getUint16(at + 4, true) !== 0 && tail.getUint16(at + 4, true) !== 0xffff) {
    throw new QualityError(`Cannot read "${path}": it is one part of a split archive, join the parts first`);
  }
  const length = tail.getUint32(at + 12, true), offset = tail.getUint32(at + 16, true);
  const full = length === 0xffffffff || offset === 0xffffffff || tail.getUint16(at + 10, true) === 0xffff;
  if (!full || at < 20 || tail.getUint32(at - 20, true) !== LOCATOR64) return { offset, length };
  const where = big(tail, at - 12);
  if (where + 56 > size) throw damaged(path, "its zip64 record lies behind the end of the file");
  const record = view(await readAt(file, where, 56));
  if (record.getUint32(0, true) !== END64) throw damaged(path, "its zip64 record is missing");
  return { length: big(record, 40), offset: big(record, 48) };
}

function directoryEntries(bytes: Uint8Array, path: string): (ZipEntry & { encrypted: boolean })[] {
  const directory = view(bytes), entries = [];
  for (let at = 0; at + 46 <= bytes.length;) {
    if (directory.getUint32(at, true) !== CENTRAL) throw damaged(path, "its directory is damaged");
    const nameLength = directory.getUint16(at + 28, true), extraLength = directory.getUint16(at + 30, true);
    const extraAt = at + 46 + nameLength, next = extraAt + extraLength + directory.getUint16(at + 32, true);
    if (next > bytes.length) throw damaged(path, "its directory is damaged");
    const [size, packed, offset] = wide(directory, { from: extraAt, to: extraAt + extraLength }, [
      directory.getUint32(at + 24, true),
      directory.getUint32(at + 20, true),
      directory.getUint32(at + 42, true),
    ], path);
    entries.push({
      name: new TextDecoder().decode(bytes.subarray(at + 46, extraAt)),
      encrypted: (directory.getUint16(at + 8, true) & 1) === 1,
      method: directory.getUint16(at + 10, true),
      crc: directory.getUint32(at + 16, true),
      packed: packed!,
      size: size!,
      offset: offset!,
    });
    at = next;
  }
  return entries;
}

/** Numbers that do not fit into 32 bits stand in the extra field 1, in this order, and only they. */
function wide(
  data: DataView,
  { from, to }: { from: number; to: number },
  values: number[],
  path: string,
): number[] {
  if (values.every((value) => value !== 0xffffffff)) return values;
  for (let at = from; at + 4 <= to; at += 4 + data.getUint16(at + 2, true)) {
    if (data.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    return values.map((value) => {
      if (value !== 0xffffffff) return value;
      if (next + 8 > to) throw damaged(path, "its directory is damaged");
      next += 8;
      return big(data, next - 8);
    });
  }
  throw damaged(path, "its directory lacks the sizes of a large file");
}

async function dataStart(path: string, { name, offset, packed }: ZipEntry): Promise<number> {
  using file = await Deno.open(path).catch((error) => {
    throw unreadable(path, error);
  });
  const { size } = await file.stat();
  if (offset + 30 > size) throw damaged(path, `${name} lies behind the end of the file`);
  const local = view(await readAt(file, offset, 30));
  if (local.getUint32(0, true) !== LOCAL) throw damaged(path, `${name} is not where the directory says`);
  const start = offset + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  if (start + packed > size) throw damaged(path, `${name} is cut short`);
  return start;
}

async function readAt(file: Deno.FsFile, offset: number, length: number): Promise<Uint8Array> {
  await file.seek(offset, Deno.SeekMode.Start);
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const count = await file.read(bytes.subarray(at));
    if (count === null) break;
    at += count;
  }
  return bytes.subarray(0, at);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function big(data: DataView, at: number): number {
  return Number(data.getBigUint64(at, true));
}

function damaged(path: string, what: string, cause?: unknown): LakeError {
  return new LakeError(
    `Cannot read "${path}": the zip archive is damaged or cut short (${what}), ` +
      `copy or download the file again; nothing of it was kept`,
    { cause },
  );
}

/** An error of the file system in the grammar of the others. */
export function unreadable(path: string, error: unknown): SourceError {
  if (error instanceof Deno.errors.NotFound) {
    return new SourceError(`Cannot read "${path}": there is no such file, check the path after --ohlcv`, {
      cause: error,
    });
  }
  const text = error instanceof Error ? error.message : String(error);
  return new SourceError(`Cannot read "${path}": ${text}, make the file readable`, { cause: error });
}
