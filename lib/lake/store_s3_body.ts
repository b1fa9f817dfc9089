/** What is going to be written, with its hash and a name for the write. */
import { createHash } from "node:crypto";

/** Bytes to be written, in memory or in a local file. */
export type S3Body =
  & { sha256: string; size: number; write: string }
  & ({ bytes: Uint8Array } | { path: string });

/** Bytes, or a text's. */
export function bodyOf(content: Uint8Array | string): S3Body & { bytes: Uint8Array } {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { bytes, size: bytes.length, sha256, write: crypto.randomUUID() };
}

/** A local file's bytes, which are read piece by piece. */
export async function bodyOfFile(path: string): Promise<S3Body> {
  const hash = createHash("sha256");
  const piece = new Uint8Array(1 << 20);
  using file = await Deno.open(path);
  let size = 0;
  for (let read = await file.read(piece); read !== null; read = await file.read(piece)) {
    hash.update(piece.subarray(0, read));
    size += read;
  }
  return { path, size, sha256: hash.digest("hex"), write: crypto.randomUUID() };
}
