import { createHash } from "node:crypto";

/** SHA-256 of a file, in hexadecimal; memory stays small. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(1 << 20);
  using file = await Deno.open(path);
  while (true) {
    const read = await file.read(buffer);
    if (read === null) return hash.digest("hex");
    hash.update(buffer.subarray(0, read));
  }
}
