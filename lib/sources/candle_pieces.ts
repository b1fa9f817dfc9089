/** A gzipped candle file as plain pieces on disk, decompressed beside the thread that reads them. */
import { LakeError } from "../core/errors.ts";

/** A file of whole lines; the first one begins with the header. */
export interface CandlePiece {
  path: string;
  first: boolean;
}

/** What the worker is asked, and what it answers. */
export interface PiecesRequest {
  path: string;
  folder: string;
  size: number;
}
export type PiecesReply = { piece: CandlePiece } | { error: string; damaged: boolean } | { done: true };

/**
 * Decompresses a file in a worker and gives its pieces as they get ready. The worker has a core of its own, so the
 * reader may block meanwhile (loading a database takes a tenth of a second).
 *
 * @throws {LakeError} where the gzip data is damaged or cut short.
 * @throws {Error} where a piece cannot be written, with the operating system's words.
 */
export async function* gunzipPieces(request: PiecesRequest): AsyncGenerator<CandlePiece> {
  const worker = new Worker(import.meta.resolve("./candle_pieces_worker.ts"), { type: "module" });
  const replies: PiecesReply[] = [];
  let wake = () => {};
  worker.onmessage = ({ data }: MessageEvent<PiecesReply>) => {
    replies.push(data);
    wake();
  };
  worker.onerror = (event) => {
    event.preventDefault();
    replies.push({ error: event.message, damaged: false });
    wake();
  };
  worker.postMessage(request);
  try {
    while (true) {
      const reply = replies.shift();
      if (!reply) await new Promise<void>((resolve) => wake = resolve);
      else if ("piece" in reply) yield reply.piece;
      else if ("error" in reply) throw reply.damaged ? new LakeError(reply.error) : new Error(reply.error);
      else return;
    }
  } finally {
    worker.terminate();
  }
}

/** Writes a byte stream into files of about `size` bytes, each of which ends at a line's end. */
export async function* linePieces(
  bytes: AsyncIterable<Uint8Array>,
  { folder, size }: { folder: string; size: number },
): AsyncGenerator<CandlePiece> {
  let count = 0, length = 0;
  const path = () => `${folder}/piece-${count}.csv`;
  const open = () => Deno.open(path(), { write: true, create: true, truncate: true });
  let file = await open();
  try {
    for await (const chunk of bytes) {
      const cut = length + chunk.length >= size ? chunk.lastIndexOf(10) + 1 : 0;
      await writeAll(file, cut > 0 ? chunk.subarray(0, cut) : chunk);
      length += chunk.length;
      if (cut === 0) continue;
      file.close();
      yield { path: path(), first: count === 0 };
      count += 1;
      file = await open();
      await writeAll(file, chunk.subarray(cut));
      length = chunk.length - cut;
    }
  } finally {
    file.close();
  }
  if (length > 0) yield { path: path(), first: count === 0 };
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}
