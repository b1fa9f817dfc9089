/**
 * Thrift's compact protocol, in which Parquet keeps its footers, as a tree that loses nothing: each value keeps the
 * type that it was written with. So a footer can be taken apart, changed in one place and put together again, with
 * all that a newer or older writer had put into the rest.
 *
 * @module
 */
import { LakeError } from "../core/errors.ts";

/** Numbers of the compact protocol's types. */
export const THRIFT = {
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  struct: 12,
} as const;

/** A list, all of one type. */
export interface ThriftList {
  type: number;
  items: ThriftData[];
}

/** Fields by their numbers. */
export type ThriftStruct = Map<number, ThriftValue>;

/** A value without its type. Integers of all widths are `bigint`, doubles are their 8 bytes. */
export type ThriftData = boolean | bigint | Uint8Array | ThriftList | ThriftStruct;

/** A field's value with its type. */
export interface ThriftValue {
  type: number;
  data: ThriftData;
}

/** Structs and lists within each other, at most. Parquet's footers have seven. */
const DEEPEST = 32;

/**
 * The struct in some bytes.
 *
 * @throws {LakeError} where they are none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const struct = new Map([[1, thriftText("part-0.parquet")], [4, thriftNumber("i64", 7)]]);
 * assertEquals(readThrift(writeThrift(struct)), struct);
 * ```
 */
export function readThrift(bytes: Uint8Array): ThriftStruct {
  const reader = new Reader(bytes);
  return reader.struct(0);
}

class Reader {
  #position = 0;
  constructor(private readonly bytes: Uint8Array) {}

  struct(depth: number): ThriftStruct {
    if (depth > DEEPEST) throw damaged(`it nests deeper than ${DEEPEST}`);
    const fields: ThriftStruct = new Map();
    let id = 0;
    while (true) {
      const head = this.#byte();
      const type = head & 0x0f;
      if (type === 0) return fields;
      id = head >> 4 ? id + (head >> 4) : Number(this.#zigzag());
      const data = type === THRIFT.true || type === THRIFT.false
        ? type === THRIFT.true
        : this.#value(type, depth + 1);
      fields.set(id, { type, data });
    }
  }

  #value(type: number, depth: number): ThriftData {
    switch (type) {
      // In a list a boolean is a byte.
      case THRIFT.true:
      case THRIFT.false:
        return this.#byte() === THRIFT.true;
      case THRIFT.byte:
        return BigInt.asIntN(8, BigInt(this.#byte()));
      case THRIFT.i16:
      case THRIFT.i32:
      case THRIFT.i64:
        return this.#zigzag();
      case THRIFT.double:
        return this.#take(8);
      case THRIFT.binary:
        return this.#take(Number(this.#varint()));
      case THRIFT.list:
      case THRIFT.set:
        return this.#list(depth);
      case THRIFT.struct:
        return this.struct(depth);
      default:
        throw damaged(`it has a value of type ${type}`);
    }
  }

  #list(depth: number): ThriftList {
    if (depth > DEEPEST) throw damaged(`it nests deeper than ${DEEPEST}`);
    const head = this.#byte();
    const count = head >> 4 === 15 ? Number(this.#varint()) : head >> 4;
    if (count > this.bytes.length) {
      throw damaged(`it has a list of ${count} items in ${this.bytes.length} bytes`);
    }
    const type = head & 0x0f;
    return { type, items: Array.from({ length: count }, () => this.#value(type, depth + 1)) };
  }

  #byte(): number {
    return this.#take(1)[0]!;
  }

  #take(count: number): Uint8Array {
    const start = this.#position;
    if (start + count > this.bytes.length) {
      throw damaged(`it ends after ${this.bytes.length} bytes, in the middle`);
    }
    this.#position += count;
    return this.bytes.subarray(start, start + count);
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw damaged("it has a number of more than 10 bytes");
  }

  #zigzag(): bigint {
    const value = this.#varint();
    return value >> 1n ^ -(value & 1n);
  }
}

function damaged(state: string): LakeError {
  return new LakeError(`Cannot read a Parquet footer: ${state}; the file is damaged, write it again`);
}

/** A struct's bytes. */
export function writeThrift(struct: ThriftStruct): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  writer.struct(struct);
  return writer.bytes();
}

class Writer {
  #buffer = new Uint8Array(1 << 12);
  #used = 0;

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.#used);
  }

  struct(fields: ThriftStruct): void {
    let last = 0;
    for (const [id, { type, data }] of [...fields].sort(([a], [b]) => a - b)) {
      const head = typeof data === "boolean" ? (data ? THRIFT.true : THRIFT.false) : type;
      if (id > last && id - last < 16) {
        this.#byte((id - last) << 4 | head);
      } else {
        this.#byte(head);
        this.#zigzag(BigInt(id));
      }
      if (typeof data !== "boolean") this.#value(type, data);
      last = id;
    }
    this.#byte(0);
  }

  #value(type: number, data: ThriftData): void {
    if (typeof data === "boolean") this.#byte(data ? THRIFT.true : THRIFT.false);
    else if (typeof data === "bigint") {
      type === THRIFT.byte ? this.#byte(Number(data & 0xffn)) : this.#zigzag(data);
    } else if (data instanceof Uint8Array) {
      if (type === THRIFT.binary) this.#varint(BigInt(data.length));
      this.#append(data);
    } else if (data instanceof Map) this.struct(data);
    else {
      const { type: itemType, items } = data;
      this.#byte(Math.min(items.length, 15) << 4 | itemType);
      if (items.length > 14) this.#varint(BigInt(items.length));
      for (const item of items) this.#value(itemType, item);
    }
  }

  #byte(value: number): void {
    this.#append(Uint8Array.of(value));
  }

  #varint(value: bigint): void {
    let rest = value;
    while (rest > 0x7fn) {
      this.#byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.#byte(Number(rest));
  }

  #zigzag(value: bigint): void {
    this.#varint(value < 0n ? -value * 2n - 1n : value * 2n);
  }

  #append(bytes: Uint8Array): void {
    if (this.#used + bytes.length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#used + bytes.length));
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }
}

/** A text as a field's value. */
export function thriftText(text: string): ThriftValue {
  return { type: THRIFT.binary, data: new TextEncoder().encode(text) };
}

/** A whole number as a field's value. */
export function thriftNumber(type: "i16" | "i32" | "i64", value: number | bigint): ThriftValue {
  return { type: THRIFT[type], data: BigInt(value) };
}

/** Structs as a field's value. */
export function thriftStructs(items: ThriftStruct[]): ThriftValue {
  return { type: THRIFT.list, data: { type: THRIFT.struct, items } };
}
