/** A byte stream of lines as files of whole lines, so that one can be read while the next is being made. */

/** A file of whole lines; the first one begins with the header. */
export interface CandlePiece {
  path: string;
  first: boolean;
}

/** Writes a byte stream into files of about `size` bytes, each of which ends at a line's end. */
export async function* linePieces(
  bytes: AsyncIterable<Uint8Array>,
  { folder, size }: { folder: string; size: number },
): AsyncGenerator<CandlePiece> {
  let count = 0, length = 0;
  const path = () => `${folder}/piece-${count}.csv`;
  const open = () => Deno.open(path(), { write: true, create: true, truncate: true });
  let file: Deno.FsFile | null = await open();
  try {
    for await (const chunk of bytes) {
      const cut = length + chunk.length >= size ? chunk.lastIndexOf(10) + 1 : 0;
      await writeAll(file ??= await open(), cut > 0 ? chunk.subarray(0, cut) : chunk);
      length += chunk.length;
      if (cut === 0) continue;
      file.close();
      file = null;
      yield { path: path(), first: count === 0 };
      count += 1;
      file = await open();
      await writeAll(file, chunk.subarray(cut));
      length = chunk.length - cut;
    }
  } finally {
    // None is open where the reader of the pieces has stopped between two of them.
    file?.close();
  }
  if (length > 0) yield { path: path(), first: count === 0 };
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}
