/** Numpy's `.npz` files with one array in them: a zip archive that holds `arr.npy`. */
import { crc32, deflateRawSync, inflateRawSync } from "node:zlib";
import { LakeError } from "../core/errors.ts";
import { decodeNpy, encodeNpy, type NdArray } from "./npy.ts";

const NAME = new TextEncoder().encode("arr.npy");
/** Larger arrays are refused rather than unpacked: a few bytes of zip may stand for any number. */
const LARGEST_BYTES = 1 << 30;

/**
 * An array as `numpy.savez_compressed(file, arr=array)` keeps it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import type { NdArray } from "./npy.ts";
 * const array: NdArray = { dtype: "int64", shape: [3], data: BigInt64Array.of(1n, 2n, 3n) };
 * assertEquals(decodeNpz(encodeNpz(array)), array);
 * ```
 */
export function encodeNpz(array: NdArray): Uint8Array<ArrayBuffer> {
  const plain = encodeNpy(array);
  const packed = deflateRawSync(plain);
  // From "version needed" to "length of the extra field": the same in a file's own header and in the directory.
  const facts = new DataView(new ArrayBuffer(26));
  facts.setUint16(0, 20, true);
  facts.setUint16(4, 8, true);
  // Zip's first day: the same array gives the same bytes whenever it is written.
  facts.setUint16(8, 0x21, true);
  facts.setUint32(10, crc32(plain), true);
  facts.setUint32(14, packed.length, true);
  facts.setUint32(18, plain.length, true);
  facts.setUint16(22, NAME.length, true);
  const fact = new Uint8Array(facts.buffer);
  const local = [signature(0x04034b50), fact, NAME, packed];
  const directory = [signature(0x02014b50), Uint8Array.of(20, 0), fact, new Uint8Array(14), NAME];
  const end = new DataView(new ArrayBuffer(18));
  end.setUint16(4, 1, true);
  end.setUint16(6, 1, true);
  end.setUint32(8, sizeOf(directory), true);
  end.setUint32(12, sizeOf(local), true);
  return joined([...local, ...directory, signature(0x06054b50), new Uint8Array(end.buffer)]);
}

/**
 * The array in an `.npz` file's bytes.
 *
 * @throws {LakeError} where they are no such file.
 */
export function decodeNpz(file: Uint8Array): NdArray {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const end = file.length - 22;
  if (end < 0 || view.getUint32(end, true) !== 0x06054b50) throw damaged("it is no zip archive");
  const entry = view.getUint32(end + 16, true);
  if (entry + 46 > file.length || view.getUint32(entry, true) !== 0x02014b50) {
    throw damaged("it has no files");
  }
  const name = new TextDecoder().decode(
    file.subarray(entry + 46, entry + 46 + view.getUint16(entry + 28, true)),
  );
  if (name !== "arr.npy" || view.getUint16(end + 10, true) !== 1) {
    throw damaged(`it holds ${JSON.stringify(name)}, not just arr.npy`);
  }
  const method = view.getUint16(entry + 10, true);
  const packedSize = view.getUint32(entry + 20, true), plainSize = view.getUint32(entry + 24, true);
  const local = view.getUint32(entry + 42, true);
  if (local + 30 > file.length) throw damaged("it is cut off");
  const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  const packed = file.subarray(start, start + packedSize);
  if (packed.length !== packedSize || plainSize > LARGEST_BYTES) {
    throw damaged("it is cut off or far too large");
  }
  return decodeNpy(method === 0 ? packed : unpack(packed, plainSize));
}

function unpack(packed: Uint8Array, size: number): Uint8Array {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(size, 1) });
  } catch (cause) {
    throw damaged("its packed bytes are damaged", cause);
  }
}

function signature(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value, true);
  return new Uint8Array(view.buffer);
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((size, piece) => size + piece.length, 0);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeOf(pieces));
  let used = 0;
  for (const piece of pieces) {
    bytes.set(piece, used);
    used += piece.length;
  }
  return bytes;
}

function damaged(state: string, cause?: unknown): LakeError {
  return new LakeError(
    `Cannot decode a compressed numpy array: ${state}; write it again with numpy.savez_compressed(file, arr=array)`,
    { cause },
  );
}
