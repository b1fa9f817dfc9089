/** Pictures as arrays, and the bytes of PNG files. JPEG loses detail and is refused. */
import { decode, encode } from "fast-png";
import { LakeError } from "../core/errors.ts";
import type { NdArray } from "./npy.ts";

/**
 * A picture of shape (height, width) or (height, width, 3), of `uint8` or `uint16`, as PNG.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import type { NdArray } from "./npy.ts";
 * const red: NdArray = { dtype: "uint8", shape: [1, 2, 3], data: Uint8Array.of(255, 0, 0, 128, 0, 0) };
 * assertEquals(decodePng(encodePng(red)), red);
 * ```
 */
export function encodePng({ dtype, shape, data }: NdArray): Uint8Array<ArrayBuffer> {
  const [height, width, channels = 1] = shape;
  const depth = dtype === "uint8" ? 8 : dtype === "uint16" ? 16 : null;
  const flat = shape.length === 2 || shape.length === 3 && channels === 3;
  if (depth === null || !flat || !height || !width) {
    throw new TypeError(
      `Cannot encode a picture: it is ${dtype} of shape (${shape}), use uint8 or uint16 of (height, width) or (height, width, 3)`,
    );
  }
  return new Uint8Array(encode({ width, height, channels, depth, data: data as Uint8Array | Uint16Array }));
}

/**
 * The picture in a PNG file's bytes.
 *
 * @throws {LakeError} where they are none, or it has a palette or transparency.
 */
export function decodePng(file: Uint8Array): NdArray {
  const picture = decoded(file);
  const { width, height, channels, depth, palette } = picture;
  if (palette || (channels !== 1 && channels !== 3) || (depth !== 8 && depth !== 16)) {
    throw new LakeError(
      `Cannot decode a picture: it is PNG with ${
        palette ? "a palette" : `${channels} channels of ${depth} bits`
      }, ` +
        `save it as grey or RGB with 8 or 16 bits`,
    );
  }
  const shape = channels === 1 ? [height, width] : [height, width, 3];
  // Copies: fast-png's arrays may be views of larger buffers, or of one class for both depths.
  return depth === 8
    ? { dtype: "uint8", shape, data: new Uint8Array(picture.data) }
    : { dtype: "uint16", shape, data: new Uint16Array(picture.data) };
}

function decoded(file: Uint8Array): ReturnType<typeof decode> {
  try {
    return decode(file, { checkCrc: true });
  } catch (cause) {
    throw new LakeError(
      `Cannot decode a picture: ${(cause as Error).message}, see that the file is a whole PNG`,
      { cause },
    );
  }
}
