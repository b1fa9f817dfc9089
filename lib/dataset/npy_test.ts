import { assertEquals, assertThrows } from "@std/assert";
import { LakeError } from "../core/errors.ts";
import { decodeNpy, encodeNpy, type NdArray } from "./npy.ts";
import { decodeNpz, encodeNpz } from "./npz.ts";

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
/** A header of numpy's, padded with spaces as numpy pads it. */
const npy = (header: string, body: number[] = []) =>
  Uint8Array.of(...bytesOf(btoa(`\x93NUMPY\x01\x00\x76\x00${header.padEnd(117)}\n`)), ...body);

/** Written by numpy 1.26: `numpy.save`. */
const SAVED: [name: string, header: string, body: number[], array: NdArray][] = [
  [
    "float32",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
    [...new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer)],
    { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  ],
  [
    "no dimension",
    "{'descr': '<i8', 'fortran_order': False, 'shape': (), }",
    [7, 0, 0, 0, 0, 0, 0, 0],
    { dtype: "int64", shape: [], data: BigInt64Array.of(7n) },
  ],
  [
    "nothing",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 3), }",
    [],
    { dtype: "float64", shape: [0, 3], data: new Float64Array() },
  ],
  [
    "texts",
    "{'descr': '<U3', 'fortran_order': False, 'shape': (3,), }",
    [...new Uint8Array(Uint32Array.of(0x61, 0, 0, 0x62, 0x63, 0x64, 0x2603, 0, 0).buffer)],
    { dtype: "str", shape: [3], data: ["a", "bcd", "☃"] },
  ],
  [
    "bytes",
    "{'descr': '|S2', 'fortran_order': False, 'shape': (2,), }",
    [0x78, 0, 0x79, 0x7a],
    { dtype: "bytes", shape: [2], data: [Uint8Array.of(0x78), Uint8Array.of(0x79, 0x7a)] },
  ],
  [
    "truths",
    "{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }",
    [1, 0],
    { dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) },
  ],
];

for (const [name, header, body, array] of SAVED) {
  Deno.test(`encodeNpy() and decodeNpy() keep numpy's bytes: ${name}`, () => {
    assertEquals(encodeNpy(array), npy(header, body));
    assertEquals(decodeNpy(npy(header, body)), array);
  });
}

Deno.test("decodeNpy() reads first dimension first, highest byte first, and Python 2's long numbers", () => {
  const fortran = npy("{'descr': '<i2', 'fortran_order': True, 'shape': (2L, 3L), }", [
    1,
    0,
    4,
    0,
    2,
    0,
    5,
    0,
    3,
    0,
    6,
    0,
  ]);
  assertEquals(decodeNpy(fortran), { dtype: "int16", shape: [2, 3], data: Int16Array.of(1, 2, 3, 4, 5, 6) });
  const big = npy("{'descr': '>i4', 'fortran_order': False, 'shape': (2,), }", [
    0,
    0,
    0,
    1,
    255,
    255,
    255,
    254,
  ]);
  assertEquals(decodeNpy(big), { dtype: "int32", shape: [2], data: Int32Array.of(1, -2) });
});

Deno.test("decodeNpy() refuses Python objects, other types, and files that are cut off", () => {
  const of = (descr: string, shape = "(1,)") =>
    npy(`{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`);
  const table: [Uint8Array, string][] = [
    [of("|O"), "its header is"],
    [of("<c8"), 'of numpy\'s type "c8"'],
    [of("<f2"), 'of numpy\'s type "f2"'],
    [of("<f4"), "it ends after 128 of 132 bytes"],
    [of("<f4", "(999999999, 999999999)"), "it ends after 128 of"],
    [npy("__import__('os').system('x')"), "its header is"],
    [new Uint8Array(3), "it does not start as"],
    [Uint8Array.of(...bytesOf(btoa("\x93NUMPY\x01\x00\xff\xff"))), "it does not start as"],
  ];
  for (const [file, text] of table) assertThrows(() => decodeNpy(file), LakeError, text);
});

Deno.test("decodeNpz() reads what numpy.savez_compressed writes", () => {
  const file = bytesOf(
    "UEsDBBQAAAAIAAAAIQAFlQ9uUgAAAIwAAAAHABQAYXJyLm5weQEAEACMAAAAAAAAAFIAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgblNqpK6j" +
      "oJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjoKxpo6CrUKZAMuBgZGBiYGZgYWBlYGAFBLAQIUAxQAAAAIAAAAIQAFlQ9uUgAAAIwAAAAH" +
      "AAAAAAAAAAAAAACAAQAAAABhcnIubnB5UEsFBgAAAAABAAEANQAAAIsAAAAAAA==",
  );
  assertEquals(decodeNpz(file), { dtype: "uint16", shape: [2, 3], data: Uint16Array.of(0, 1, 2, 3, 4, 5) });
});

Deno.test("decodeNpz() refuses other archives, wherever they are cut off or harmed", () => {
  const file = encodeNpz({ dtype: "int32", shape: [100], data: new Int32Array(100).map((_, i) => i) });
  for (let length = 0; length < file.length; length++) {
    assertThrows(() => decodeNpz(file.subarray(0, length)), LakeError);
  }
  const renamed = file.slice();
  renamed[renamed.length - 22 - 1] = 0x78;
  assertThrows(() => decodeNpz(renamed), LakeError, 'it holds "arr.npx", not just arr.npy');
});
