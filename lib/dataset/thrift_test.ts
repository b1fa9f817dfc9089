import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { LakeError } from "../core/errors.ts";
import { readThrift, THRIFT, type ThriftStruct, type ThriftValue, writeThrift } from "./thrift.ts";

/** A value of any type, nested a few times. */
const { value } = fc.letrec<{ value: ThriftValue; struct: ThriftStruct }>((tie) => {
  const integer = (type: number, bits: number) => {
    const max = (1n << BigInt(bits - 1)) - 1n;
    return fc.bigInt({ min: -max - 1n, max }).map((data): ThriftValue => ({ type, data }));
  };
  const scalar = fc.oneof(
    fc.boolean().map((data): ThriftValue => ({ type: data ? THRIFT.true : THRIFT.false, data })),
    integer(THRIFT.byte, 8),
    integer(THRIFT.i16, 16),
    integer(THRIFT.i32, 32),
    integer(THRIFT.i64, 64),
    fc.uint8Array({ minLength: 8, maxLength: 8 }).map((data): ThriftValue => ({ type: THRIFT.double, data })),
    fc.uint8Array({ maxLength: 300 }).map((data): ThriftValue => ({ type: THRIFT.binary, data })),
  );
  const list = fc.tuple(scalar, fc.nat(40)).map(([{ type, data }, count]): ThriftValue => {
    const item = type === THRIFT.false ? THRIFT.true : type;
    return { type: THRIFT.list, data: { type: item, items: Array(count).fill(data) } };
  });
  const struct = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 200 }), tie("value")), {
    selector: ([id]) => id,
    maxLength: 5,
  }).map((fields): ThriftStruct => new Map([...fields].sort(([a], [b]) => a - b)));
  return {
    struct,
    value: fc.oneof(
      { depthSize: "small" },
      scalar,
      list,
      struct.map((data): ThriftValue => ({ type: THRIFT.struct, data })),
    ),
  };
});

Deno.test("readThrift() gives what writeThrift() was given, of any type", () => {
  fc.assert(
    fc.property(value, (value) => {
      const struct: ThriftStruct = new Map([[3, value], [300, value]]);
      assertEquals(readThrift(writeThrift(struct)), struct);
    }),
    { seed: 1, numRuns: 500 },
  );
});

Deno.test("readThrift() refuses bytes that are cut off, foreign or too deep", () => {
  const struct: ThriftStruct = new Map([[1, {
    type: THRIFT.list,
    data: { type: THRIFT.i64, items: [1n, 300n] },
  }]]);
  const bytes = writeThrift(struct);
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => readThrift(bytes.subarray(0, length)), LakeError, "in the middle");
  }
  assertThrows(() => readThrift(Uint8Array.of(0x1b, 0)), LakeError, "a value of type 11");
  assertThrows(() => readThrift(new Uint8Array(100).fill(0x1c)), LakeError, "nests deeper than 32");
  assertThrows(
    () => readThrift(Uint8Array.of(0x19, 0xf5, 0xff, 0xff, 0x7f)),
    LakeError,
    "a list of 2097151 items",
  );
  assertThrows(() => readThrift(new Uint8Array(20).fill(0xff)), LakeError);
});
