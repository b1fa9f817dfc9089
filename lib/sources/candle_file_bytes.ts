/** The bytes of candle files: decompressed, in lines of a bounded length, with errors that say what to do. */
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { LakeError, QualityError, SourceError } from "../core/errors.ts";

/** No line of a candle file is longer than this. */
export const LINE_CHARS = 1 << 16;

/**
 * The file's bytes, decompressed. A gzip file that is cut, damaged or followed by rubbish raises a
 * {@linkcode LakeError}; several members in a row are fine.
 *
 * @param options.lines whether the bytes have to be lines of at most about 64 KiB: whoever collects a line that never
 * ends runs out of memory. Otherwise a {@linkcode QualityError} is raised.
 */
export async function* openCandles(
  path: string,
  gzip: boolean,
  { chunkBytes = 4 << 20, lines = false, called = path }: {
    chunkBytes?: number;
    lines?: boolean;
    called?: string | undefined;
  } = {},
): AsyncGenerator<Uint8Array> {
  const bytes = packedBytes(path, { gzip, chunkBytes, called });
  yield* lines ? wholeLines(called, bytes) : bytes;
}

async function* packedBytes(
  path: string,
  { gzip, chunkBytes, called }: { gzip: boolean; chunkBytes: number; called: string },
): AsyncGenerator<Uint8Array> {
  const source = createReadStream(path, { highWaterMark: 1 << 19 });
  if (!gzip) {
    try {
      yield* source;
    } catch (error) {
      throw unreadable(called, error);
    }
    return;
  }
  const gunzip = createGunzip({ chunkSize: chunkBytes });
  source.on("error", (error) => gunzip.destroy(error));
  try {
    yield* source.pipe(gunzip);
    // The decompressor ends quietly at a zero byte behind a member, whatever comes after it.
    const unread = source.bytesRead - gunzip.bytesWritten;
    if (unread > 0) throw new RangeError(`${unread} bytes stand behind the end of the data`);
  } catch (error) {
    throw new LakeError(
      `Cannot read "${called}": the gzip data is damaged or cut short (${(error as Error).message}), ` +
        `copy or download the file again; nothing of it was kept`,
      { cause: error },
    );
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

/**
 * Passes bytes on as long as there is a line's end in each 64 KiB of them. It looks for the last one of each, and hops
 * on from there.
 */
async function* wholeLines(path: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let before = 0, since = 0;
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length;) {
      const until = Math.min(chunk.length, at + LINE_CHARS - since);
      const end = chunk.subarray(at, until).lastIndexOf(10);
      since = end < 0 ? since + until - at : until - (at + end + 1);
      if (since >= LINE_CHARS) throw lineTooLong(path, before + until - since);
      at = until;
    }
    before += chunk.length;
    yield chunk;
  }
}

function lineTooLong(path: string, at: number): QualityError {
  return new QualityError(
    `Cannot read "${path}": a line near byte ${at} is longer than ${LINE_CHARS / 1024} KiB, ` +
      `name a file of candle lines; nothing of it was kept`,
  );
}

/**
 * Refuses a plain file with a line longer than 64 KiB, such as one of binary data: the engine would read it into memory,
 * or leave it out without a word. It reads a little of each 64 KiB, so that a long file costs next to nothing.
 */
export async function requireLines(path: string): Promise<void> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  const near = new Uint8Array(1 << 10), whole = new Uint8Array(LINE_CHARS);
  for (let at = 0; at + LINE_CHARS <= size; at += LINE_CHARS) {
    if (!endsIn(file, near, at + LINE_CHARS - near.length) && !endsIn(file, whole, at)) {
      throw lineTooLong(path, at);
    }
  }
}

function endsIn(file: Deno.FsFile, bytes: Uint8Array, at: number): boolean {
  file.seekSync(at, Deno.SeekMode.Start);
  let length = 0;
  for (let read: number | null = 1; read && length < bytes.length; length += read ?? 0) {
    read = file.readSync(bytes.subarray(length));
  }
  return bytes.subarray(0, length).includes(10);
}

/** Lines of text, without their ends. */
export async function* textLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield line.replace(/\r$/, "");
  }
  rest += decoder.decode();
  if (rest !== "") yield rest.replace(/\r$/, "");
}

/**
 * Whether a file is gzipped, by its first bytes or its name.
 *
 * @throws {SourceError} where it cannot be read.
 */
export async function startsLikeGzip(path: string): Promise<boolean> {
  try {
    using file = await Deno.open(path);
    const magic = new Uint8Array(2);
    await file.read(magic);
    return (magic[0] === 0x1f && magic[1] === 0x8b) || path.endsWith(".gz");
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Why a file cannot be read, in plain words. */
export function unreadable(path: string, error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  const code = (error as { code?: string }).code;
  if (error instanceof Deno.errors.NotFound || code === "ENOENT") {
    return new SourceError(`Cannot read "${path}": there is no such file, check the path after --ohlcv`, {
      cause: error,
    });
  }
  const text = error instanceof Error ? error.message : String(error);
  return new SourceError(`Cannot read "${path}": ${text}, make the file readable`, { cause: error });
}
