/** What is going to be written, with its hash and a name for the write. */
import { type Digest, digestFile, digestOf } from "./digest.ts";

/** Bytes to be written, in memory or in a local file. */
export type S3Body =
  & Digest
  & { write: string }
  & ({ bytes: Uint8Array } | { path: string });

/** Bytes, or a text's. */
export function bodyOf(content: Uint8Array | string): S3Body & { bytes: Uint8Array } {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return { bytes, ...digestOf(bytes), write: crypto.randomUUID() };
}

/** A local file's bytes, which are read piece by piece. */
export async function bodyOfFile(path: string): Promise<S3Body> {
  return { path, ...await digestFile(path), write: crypto.randomUUID() };
}
