/** Numpy arrays in JavaScript, and the bytes of numpy's `.npy` files. */
import { LakeError } from "../core/errors.ts";
import { NUMBER_ARRAYS, type NumberArray, type NumberDtype } from "./numpy_dtypes.ts";

/** Types of values that an array may hold. */
export type ArrayDtype = NumberDtype | "bool" | "str" | "bytes";

/**
 * An array of any number of dimensions. `data` is flat, last dimension fastest (C order): a typed array for numbers,
 * zeros and ones for `bool`, and a plain array for `str` and `bytes`.
 */
export interface NdArray {
  dtype: ArrayDtype;
  shape: readonly number[];
  data: NumberArray | readonly string[] | readonly Uint8Array[];
}

/** Number of values of a shape: the product of its lengths. */
export function shapeSize(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

const MAGIC = "\x93NUMPY";
/** Numpy's letter and width of each type; strings have their length in place of the width. */
const DESCRS: Readonly<Record<ArrayDtype, string>> = {
  int8: "|i1",
  uint8: "|u1",
  int16: "<i2",
  uint16: "<u2",
  int32: "<i4",
  uint32: "<u4",
  int64: "<i8",
  uint64: "<u8",
  float32: "<f4",
  float64: "<f8",
  bool: "|b1",
  str: "<U",
  bytes: "|S",
};

/**
 * An array as the bytes of a `.npy` file of version 1.0, as `numpy.save` writes them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const array: NdArray = { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };
 * assertEquals(decodeNpy(encodeNpy(array)), array);
 * ```
 */
export function encodeNpy({ dtype, shape, data }: NdArray): Uint8Array<ArrayBuffer> {
  const { descr, bytes } = bodyOf(dtype, data);
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // The body starts at a multiple of 64, and a line feed ends the header.
  const room = Math.ceil((10 + header.length + 1) / 64) * 64;
  const file = new Uint8Array(room + bytes.length);
  const preamble = `${MAGIC}\x01\x00`;
  for (let i = 0; i < preamble.length; i++) file[i] = preamble.charCodeAt(i);
  new DataView(file.buffer).setUint16(8, room - 10, true);
  file.set(new TextEncoder().encode(`${header.padEnd(room - 11)}\n`), 10);
  file.set(bytes, room);
  return file;
}

function bodyOf(dtype: ArrayDtype, data: NdArray["data"]): { descr: string; bytes: Uint8Array } {
  if (dtype !== "str" && dtype !== "bytes") {
    const { buffer, byteOffset, byteLength } = data as NumberArray;
    return { descr: DESCRS[dtype], bytes: new Uint8Array(buffer, byteOffset, byteLength) };
  }
  const texts = data as readonly (string | Uint8Array)[];
  const units = texts.map((text) =>
    typeof text === "string" ? [...text].map((c) => c.codePointAt(0)!) : text
  );
  const width = Math.max(1, ...units.map(({ length }) => length));
  const flat = new (dtype === "str" ? Uint32Array : Uint8Array)(units.length * width);
  units.forEach((unit, i) => flat.set(unit, i * width));
  return { descr: `${DESCRS[dtype]}${width}`, bytes: new Uint8Array(flat.buffer) };
}

// What numpy.save writes; Python 2 adds an "L" to long numbers.
const HEADER =
  /^\{'descr': '([<>|=])([a-zA-Z])(\d+)', 'fortran_order': (True|False), 'shape': \(((?:\d+L?, ?)*(?:\d+L?)?)\), \}\s*$/;

/**
 * The array in the bytes of a `.npy` file.
 *
 * @throws {LakeError} where they are no such file, or hold Python objects or a type without a counterpart.
 */
export function decodeNpy(file: Uint8Array): NdArray {
  const { header, start } = splitHeader(file);
  const match = HEADER.exec(header);
  if (!match) throw damaged(`its header is ${JSON.stringify(header.slice(0, 100).trim())}`);
  const [, order, letter, width, fortran, lengths] = match;
  const shape = lengths!.split(",").filter((text) => text.trim() !== "").map((text) => parseInt(text));
  const kind = dtypeOf(letter!, Number(width));
  if (!kind) throw damaged(`its values are of numpy's type "${letter}${width}"`);
  const size = shapeSize(shape);
  const unitBytes = kind === "str" ? 4 : kind === "bytes" ? 1 : Number(width);
  const units = kind === "str" || kind === "bytes" ? size * Number(width) : size;
  if (start + units * unitBytes > file.length) {
    throw damaged(`it ends after ${file.length} of ${start + units * unitBytes} bytes`);
  }
  // A copy (which slice() of a Buffer is not): values start at an address that fits their width, and outlive the file.
  const bytes = new Uint8Array(file.subarray(start, start + units * unitBytes));
  if (order === ">") swapBytes(bytes, unitBytes);
  const data = valuesOf(kind, bytes, Number(width));
  return { dtype: kind, shape, data: fortran === "True" ? inCOrder(data, shape) : data };
}

function splitHeader(file: Uint8Array): { header: string; start: number } {
  const magic = String.fromCharCode(...file.subarray(0, 6));
  if (magic !== MAGIC || file.length < 12) throw damaged("it does not start as numpy's .npy files do");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const first = file[6] === 1 ? 10 : 12;
  const start = first + (first === 10 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (start > file.length) throw damaged("its header is cut off");
  return { header: new TextDecoder().decode(file.subarray(first, start)), start };
}

function dtypeOf(letter: string, width: number): ArrayDtype | null {
  if (letter === "U") return "str";
  if (letter === "S") return "bytes";
  const descr = `${letter}${width}`;
  const found = Object.entries(DESCRS).find(([, known]) => known.slice(1) === descr);
  return found ? found[0] as ArrayDtype : null;
}

function valuesOf(dtype: ArrayDtype, bytes: Uint8Array<ArrayBuffer>, width: number): NdArray["data"] {
  if (dtype === "bool") return bytes;
  if (dtype !== "str" && dtype !== "bytes") return new NUMBER_ARRAYS[dtype as NumberDtype](bytes.buffer);
  const units = dtype === "str" ? new Uint32Array(bytes.buffer) : bytes;
  const count = width === 0 ? 0 : units.length / width;
  const texts = Array.from({ length: count }, (_, i) => {
    const unit = units.subarray(i * width, (i + 1) * width);
    // Numpy fills short texts with zeros.
    return unit.subarray(0, unit.findLastIndex((value: number) => value !== 0) + 1);
  });
  return dtype === "bytes"
    ? texts as Uint8Array[]
    : texts.map((unit) => Array.from(unit, (code) => String.fromCodePoint(code)).join(""));
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let start = 0; start < bytes.length; start += width) bytes.subarray(start, start + width).reverse();
}

/** Flat values whose first dimension is fastest, in the order in which the last is. */
function inCOrder(data: NdArray["data"], shape: readonly number[]): NdArray["data"] {
  const strides = shape.map((_, d) => shapeSize(shape.slice(0, d)));
  const from = (flat: number) => {
    let rest = flat, position = 0;
    for (let d = shape.length - 1; d >= 0; d--) {
      position += rest % shape[d]! * strides[d]!;
      rest = Math.floor(rest / shape[d]!);
    }
    return position;
  };
  const ordered = data.slice() as unknown[];
  for (let flat = 0; flat < data.length; flat++) ordered[flat] = data[from(flat)];
  return ordered as unknown as NdArray["data"];
}

function damaged(state: string): LakeError {
  return new LakeError(
    `Cannot decode a numpy array: ${state}; write it again with numpy.save, with values of a fixed type`,
  );
}
