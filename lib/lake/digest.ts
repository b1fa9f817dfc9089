/** Size and hash of bytes that need not fit into memory. */
import { createHash } from "node:crypto";

/** What tells whether two objects hold the same bytes. */
export interface Digest {
  /** Bytes. */
  size: number;
  /** SHA-256 in hexadecimal. */
  sha256: string;
}

/** Fresh memory costs more than another read: most objects are small. */
const PIECE = 1 << 18;

/**
 * Digests a local file, piece by piece.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "abc");
 * const { size, sha256 } = await digestFile(path);
 * assertEquals([size, sha256.slice(0, 8)], [3, "ba7816bf"]);
 * await Deno.remove(path);
 * ```
 */
export async function digestFile(path: string): Promise<Digest> {
  using file = await Deno.open(path);
  const buffer = new Uint8Array(PIECE);
  return await digestPieces(async function* () {
    for (let read = await file.read(buffer); read !== null; read = await file.read(buffer)) {
      yield buffer.subarray(0, read);
    }
  }());
}

/** Digests bytes that are at hand. */
export function digestOf(bytes: Uint8Array): Digest {
  return { size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** Digests pieces in their order. A piece is done with when the next one is asked for. */
export async function digestPieces(pieces: AsyncIterable<Uint8Array>): Promise<Digest> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    size += piece.length;
  }
  return { size, sha256: hash.digest("hex") };
}
