import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { kernel, kernelMemory, PAGE, SLACK } from "./page_kernel.ts";

/** A piece of a Snappy stream: new bytes, or a copy of earlier ones; `wide` where it is written longer than need be. */
type Piece = ({ literal: Uint8Array } | { count: number; back: number }) & { wide?: boolean };

/** Little-endian. */
function bytesOf(number: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => Math.floor(number / 2 ** (8 * at)) & 0xff);
}

function varint(number: number): number[] {
  return number < 128 ? [number] : [number & 127 | 128, ...varint(number >>> 7)];
}

/** A Snappy stream of pieces, and the bytes that it stands for, as the format's description says. */
function snappyOf(pieces: readonly Piece[]): { stored: Uint8Array; plain: Uint8Array } {
  const stored: number[] = [], plain: number[] = [];
  for (const piece of pieces) {
    const { wide = false } = piece;
    if ("literal" in piece) {
      const { literal } = piece, size = literal.length - 1;
      const extra = size < 60 && !wide ? 0 : size < 2 ** 8 ? 1 : size < 2 ** 16 ? 2 : 3;
      stored.push((extra === 0 ? size : 59 + extra) << 2, ...bytesOf(size, extra), ...literal);
      plain.push(...literal);
    } else if (plain.length > 0) {
      const back = 1 + piece.back % plain.length, { count } = piece;
      if (count >= 4 && count <= 11 && back < 2 ** 11 && !wide) {
        stored.push((back >> 8) << 5 | (count - 4) << 2 | 1, back & 0xff);
      } else {
        stored.push((count - 1) << 2 | (wide ? 3 : 2), ...bytesOf(back, wide ? 4 : 2));
      }
      for (let at = 0; at < count; at++) plain.push(plain[plain.length - back]!);
    }
  }
  return { stored: Uint8Array.from([...varint(plain.length), ...stored]), plain: Uint8Array.from(plain) };
}

/** What the kernel makes of a stream, or null; what lies around the output must stay as it is. */
function unsnappy(stored: Uint8Array, length: number): Uint8Array | null {
  const out = PAGE + stored.length + SLACK;
  const heap = kernelMemory(out + length + 2 * SLACK);
  heap.fill(0xaa, PAGE);
  heap.set(stored, PAGE);
  const sound = kernel.snappy(PAGE, PAGE + stored.length, out, length);
  const behind = heap.subarray(out + length + SLACK, out + length + 2 * SLACK);
  assert([...heap.subarray(out - SLACK, out), ...behind].every((byte) => byte === 0xaa));
  return sound ? heap.slice(out, out + length) : null;
}

const wide = fc.boolean();
const literal = (maxLength: number) =>
  fc.record({ literal: fc.uint8Array({ minLength: 1, maxLength }), wide });
const copy = (count: fc.Arbitrary<number>, back: fc.Arbitrary<number>) => fc.record({ count, back, wide });
const pieces = fc.array(
  fc.oneof(
    literal(6),
    literal(400),
    copy(fc.integer({ min: 1, max: 64 }), fc.nat(3000)),
    copy(fc.integer({ min: 4, max: 11 }), fc.constantFrom(0, 1, 2, 3, 6, 7, 8, 11, 15)),
    // Numbers that count: a new lowest byte, the others as they were.
    fc.record({ literal: fc.uint8Array({ minLength: 1, maxLength: 1 }) }),
    fc.constant({ count: 7, back: 7 }),
  ),
  { maxLength: 60 },
);

Deno.test("snappy() gives back what any stream of literals and copies stands for", () => {
  fc.assert(
    fc.property(pieces, (pieces) => {
      const { stored, plain } = snappyOf(pieces);
      assertEquals(unsnappy(stored, plain.length), plain);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("snappy() copies from farther back than 64 KiB", () => {
  const far = Uint8Array.from({ length: 70_000 }, (_, at) => Math.imul(at, 0x9e3779b1) >>> 24);
  for (let length = 1; length <= 9; length++) {
    const between = { literal: new Uint8Array(length) };
    const { stored, plain } = snappyOf([{ literal: far }, between, { count: 20, back: 69_000, wide: true }]);
    assertEquals(unsnappy(stored, plain.length), plain);
  }
});

Deno.test("snappy() refuses streams that are cut, too long, or copy from before their start", () => {
  const { stored, plain } = snappyOf([{ literal: new Uint8Array(100) }, { count: 60, back: 50 }]);
  for (let length = 0; length < stored.length; length++) {
    assertEquals(unsnappy(stored.subarray(0, length), plain.length), null);
  }
  for (const length of [0, plain.length - 1, plain.length + 1]) assertEquals(unsnappy(stored, length), null);
  assertEquals(unsnappy(Uint8Array.of(5, 0, 7, 1, 2), 5), null);
  assertEquals(unsnappy(Uint8Array.of(5, 0, 7, 1, 0), 5), null);
  assertEquals(unsnappy(new Uint8Array(20).fill(0xff), 5), null);
});

Deno.test("snappy() ends on damaged streams and writes nowhere else", () => {
  fc.assert(
    fc.property(pieces, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1 }), (pieces, harm) => {
      const { stored, plain } = snappyOf(pieces);
      for (const [at, byte] of harm) stored[at % stored.length] = byte;
      const found = unsnappy(stored, plain.length);
      assert(found === null || found.length === plain.length);
    }),
  );
});

/** A run of equal numbers, or of packed ones. */
type Run = { value: number; length: number } | number[];

/** Parquet's hybrid of run lengths and packed bits, and the numbers that it stands for. */
function hybridOf(runs: readonly Run[], width: number): { bytes: Uint8Array; numbers: number[] } {
  const bytes: number[] = [], numbers: number[] = [], most = 2 ** width;
  for (const run of runs) {
    if (!Array.isArray(run)) {
      bytes.push(...varint(run.length << 1), ...bytesOf(run.value % most, Math.ceil(width / 8)));
      for (let at = 0; at < run.length; at++) numbers.push(run.value % most);
      continue;
    }
    let packed = 0n;
    for (const [at, value] of run.entries()) packed |= BigInt(value % most) << BigInt(at * width);
    bytes.push(...varint(run.length / 8 << 1 | 1));
    for (let at = 0; at < run.length * width / 8; at++) {
      bytes.push(Number(packed >> BigInt(8 * at) & 0xffn));
    }
    numbers.push(...run.map((value) => value % most));
  }
  return { bytes: Uint8Array.from(bytes), numbers };
}

const runs = fc.array(
  fc.oneof(
    fc.record({ value: fc.nat(), length: fc.integer({ min: 1, max: 200 }) }),
    fc.integer({ min: 1, max: 6 }).chain((eights) =>
      fc.array(fc.nat(), { minLength: 8 * eights, maxLength: 8 * eights })
    ),
  ),
  { minLength: 1, maxLength: 12 },
);

/** Values of a hybrid by a dictionary in which number n stands for 1000 n + 1; null where it is refused. */
function lookedUp(
  bytes: Uint8Array,
  width: number,
  count: number,
  size: number,
  wide: boolean,
): number[] | null {
  const dictionary = PAGE + Math.ceil((bytes.length + SLACK) / 8) * 8, out = dictionary + 8 * size + SLACK;
  const heap = kernelMemory(out + 8 * count + SLACK);
  heap.set(bytes, PAGE);
  const view = new DataView(heap.buffer);
  for (let at = 0; at < size; at++) {
    if (wide) view.setBigInt64(dictionary + 8 * at, BigInt(1000 * at + 1), true);
    else view.setInt32(dictionary + 4 * at, 1000 * at + 1, true);
  }
  const lookUp = wide ? kernel.lookUp8 : kernel.lookUp4;
  if (!lookUp(PAGE, PAGE + bytes.length, width, count, dictionary, size, out)) return null;
  return Array.from(
    { length: count },
    (_, at) => wide ? Number(view.getBigInt64(out + 8 * at, true)) : view.getInt32(out + 4 * at, true),
  );
}

Deno.test("lookUp4() and lookUp8() give the values of runs and packed indices of any width", () => {
  fc.assert(
    fc.property(runs, fc.integer({ min: 0, max: 16 }), fc.boolean(), fc.nat(7), (runs, width, wide, less) => {
      const { bytes, numbers } = hybridOf(runs, width);
      // The last run may be longer than the page.
      const count = Math.max(1, numbers.length - less), indices = numbers.slice(0, count);
      const expected = indices.map((index) => 1000 * index + 1);
      assertEquals(lookedUp(bytes, width, count, 2 ** width, wide), expected);
      assertEquals(lookedUp(bytes, width, count, Math.max(...indices), wide), null);
      assertEquals(lookedUp(bytes, width, numbers.length + 1, 2 ** width, wide), null);
    }),
    { numRuns: 500 },
  );
});

Deno.test("validity() and spread put nulls where definition levels have them", () => {
  fc.assert(
    fc.property(runs, fc.nat(20), fc.boolean(), (runs, first, wide) => {
      const { bytes, numbers } = hybridOf(runs, 1), count = numbers.length, width = wide ? 8 : 4;
      const bitmap = PAGE + bytes.length + SLACK, bits = Math.ceil((first + count) / 8);
      const values = Math.ceil((bitmap + bits + SLACK) / 8) * 8, out = values + 8 * count + SLACK;
      const heap = kernelMemory(out + 8 * count + SLACK);
      heap.fill(0, bitmap, out);
      heap.set(bytes, PAGE);
      const valid = numbers.filter((level) => level === 1).length;
      assertEquals(kernel.validity(PAGE, PAGE + bytes.length, count, bitmap, first), valid);
      const bit = (at: number) => heap[bitmap + (at >> 3)]! >> (at & 7) & 1;
      assertEquals(numbers.map((_, at) => bit(first + at)), numbers);
      assertEquals(Array.from({ length: first }, (_, at) => bit(at)), new Array(first).fill(0));

      const view = new DataView(heap.buffer);
      for (let at = 0; at < valid; at++) view.setInt32(values + width * at, at + 1, true);
      (wide ? kernel.spread8 : kernel.spread4)(values, bitmap, first, count, out);
      let seen = 0;
      const expected = numbers.map((level) => level === 1 ? ++seen : 0);
      assertEquals(expected.map((_, at) => view.getInt32(out + width * at, true)), expected);
    }),
  );
  assertEquals(kernel.validity(PAGE, PAGE, 1, PAGE + 100, 0), -1);
});
