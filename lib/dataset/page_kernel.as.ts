// @ts-nocheck: this is AssemblyScript, TypeScript's syntax for WebAssembly; `deno task kernel` compiles it
// deno-fmt-ignore-file: the formatter drops decorators of functions
/**
 * What Parquet's pages of numbers are made of: Snappy, runs of small integers, and the places of nulls
 * (https://github.com/google/snappy/blob/main/format_description.txt,
 * https://parquet.apache.org/docs/file-format/data-pages/encodings/). Where things lie is the caller's business
 * (`flat_columns.ts`).
 *
 * Bytes are moved by eights and sixteens. So up to 16 bytes behind each input are read, and behind each output written, that are
 * nobody's: the caller leaves them free. Inputs are not trusted: what does not add up ends a function with `false`.
 */

/** `count` bits from the lowest on; up to 63 of them. */
@inline function low(count: u32): u64 {
  return (<u64> 1 << count) - 1;
}

/** The last eight bytes of `last`, followed by the first `count` (1 to 8) of `next`. */
@inline function append(last: u64, next: u64, count: usize): u64 {
  return ((last >> 1) >> (8 * count - 1)) | (next << (64 - 8 * count));
}

/** A number of eight bytes of which the lowest is new: a literal of one byte (here 0) and seven from eight before. */
const LOWEST_BYTE: u32 = 0x080d0000;

/**
 * Snappy: literals and copies of what came before → `length` bytes.
 *
 * Numbers that differ from their neighbours in a byte or two are written as a literal of these and a copy from eight
 * bytes before, over and over. Three things make that fast. The last eight bytes are kept in a register, because a load
 * of bytes that were stored a moment ago in other pieces waits for them. A short literal is loaded together with the tag
 * behind it. And the most frequent pair has a branch of its own, so that the processor need not wait for a length to
 * know where the next tag is.
 */
export function snappy(src: usize, srcEnd: usize, out: usize, length: usize): bool {
  let stated: u64 = 0, byte: u64, shift: u64 = 0;
  do {
    if (src >= srcEnd || shift > 28) return false;
    byte = load<u8>(src++);
    stated |= (byte & 127) << shift;
    shift += 7;
  } while (byte > 127);
  if (stated != <u64> length) return false;

  const start = out, end = out + length;
  let last: u64 = 0;
  while (src < srcEnd) {
    let word = load<u64>(src);
    if ((<u32> word & 0xffff00ff) == LOWEST_BYTE && srcEnd - src >= 4 && end - out >= 8 && out - start >= 8) {
      last = (last & ~0xff) | (word >> 8 & 0xff);
      store<u64>(out, last);
      src += 4;
      out += 8;
      continue;
    }
    let kind = <u32> word & 3;
    if (kind == 0) {
      let count = <usize> (<u32> word >> 2 & 63) + 1;
      if (count <= 4 && srcEnd - src > 7 && end - out >= 4) {
        const literal = word >> 8;
        store<u64>(out, literal);
        last = append(last, literal, count);
        out += count;
        src += count + 1;
        word >>= 8 * (count + 1);
        kind = <u32> word & 3;
        // Of copies behind a literal those with two bytes of offset at most are in the word.
        if (kind == 0 || kind == 3) continue;
      } else {
        src++;
        if (count > 60) {
          const bytes = count - 60;
          count = <usize> (word >> 8 & low(8 * <u32> bytes)) + 1;
          src += bytes;
        }
        if (src > srcEnd || count - 1 >= srcEnd - src || count > end - out) return false;
        if (count > 64) memory.copy(out, src, count);
        else for (let at: usize = 0; at < count; at += 16) v128.store(out + at, v128.load(src + at));
        src += count;
        out += count;
        last = count < 8 ? append(last, load<u64>(src - count), count) : load<u64>(src - 8);
        continue;
      }
    }
    let count: usize, offset: usize;
    if (kind == 1) {
      count = <usize> (<u32> word >> 2 & 7) + 4;
      offset = <usize> ((<u32> word & 0xe0) << 3 | <u32> word >> 8 & 0xff);
      src += 2;
    } else {
      count = <usize> (<u32> word >> 2 & 63) + 1;
      offset = <usize> (word >> 8 & low(kind == 2 ? 16 : 32));
      src += kind == 2 ? 3 : 5;
    }
    if (count > end - out || offset > out - start || offset == 0) return false;
    if (offset == 8) {
      for (let at: usize = 0; at < count; at += 8) store<u64>(out + at, last);
      last = rotr<u64>(last, 8 * (count & 7));
      out += count;
    } else if (offset > 8) {
      const from = out - offset, first = load<u64>(from);
      store<u64>(out, first);
      for (let at: usize = 8; at < count; at += 8) store<u64>(out + at, load<u64>(from + at));
      out += count;
      last = count <= 8 ? append(last, first, count) : load<u64>(out - 8);
    } else {
      for (let at: usize = 0; at < count; at++) store<u8>(out + at, load<u8>(out + at - offset));
      out += count;
      last = load<u64>(out - 8);
    }
  }
  return out == end && src == srcEnd;
}

/** What {@link nextRun} found: the run's values, whether they are packed or all the same, and where they start. */
let runLength: u32 = 0;
let runPacked: bool = false;
let runStart: usize = 0;

/** Reads the head of a run in Parquet's hybrid of run lengths and packed bits; false where there is none. */
@inline function nextRun(src: usize, srcEnd: usize): bool {
  let head: u64 = 0, byte: u64, shift: u64 = 0;
  do {
    if (src >= srcEnd || shift > 28) return false;
    byte = load<u8>(src++);
    head |= (byte & 127) << shift;
    shift += 7;
  } while (byte > 127);
  runStart = src;
  runPacked = (head & 1) != 0;
  const length = runPacked ? (head >> 1) * 8 : head >> 1;
  if (length == 0 || length > 0x7fffffff) return false;
  runLength = <u32> length;
  return true;
}

/** Bytes of a run. */
@inline function runBytes(width: u32): usize {
  return runPacked ? <usize> (<u64> runLength * width >> 3) : <usize> (width + 7 >> 3);
}

/** `count` indices, `width` bits each, into a dictionary of `size` values → the values. */
@inline function lookUp<T>(src: usize, srcEnd: usize, width: u32, count: u32, values: usize, size: u32, out: usize): bool {
  if (width > 32) return false;
  const mask = low(width), step = sizeof<T>();
  // Indices are looked at when all are done. Until then an index that is too large fetches what lies elsewhere, and one
  // so large that nothing lies there ends the program, which the caller hears of.
  let most: u32 = 0;
  while (count > 0) {
    if (!nextRun(src, srcEnd)) return false;
    src = runStart;
    let left = min(count, runLength);
    count -= left;
    if (!runPacked) {
      if (runBytes(width) > srcEnd - src) return false;
      const index = <u32> (load<u32>(src) & mask), value = load<T>(values + <usize> index * step);
      most = max(most, index);
      for (const end = out + <usize> left * step; out < end; out += step) store<T>(out, value);
      src += runBytes(width);
      continue;
    }
    // The last run may be cut where its last value ends.
    if (<u64> left * width + 7 >> 3 > <u64> (srcEnd - src)) return false;
    let bit: u64 = 0;
    if (width <= 14) {
      for (; left >= 4; left -= 4, out += 4 * step, bit += 4 * width) {
        const word = load<u64>(src + <usize> (bit >> 3)) >> (bit & 7);
        const a = <u32> (word & mask), b = <u32> (word >> width & mask);
        const c = <u32> (word >> 2 * width & mask), d = <u32> (word >> 3 * width & mask);
        most = max(most, max(max(a, b), max(c, d)));
        store<T>(out, load<T>(values + <usize> a * step));
        store<T>(out + step, load<T>(values + <usize> b * step));
        store<T>(out + 2 * step, load<T>(values + <usize> c * step));
        store<T>(out + 3 * step, load<T>(values + <usize> d * step));
      }
    }
    for (; left > 0; left--, out += step, bit += width) {
      const index = <u32> (load<u64>(src + <usize> (bit >> 3)) >> (bit & 7) & mask);
      most = max(most, index);
      store<T>(out, load<T>(values + <usize> index * step));
    }
    src += runBytes(width);
  }
  return most < size;
}

/** {@link lookUp} of values of four bytes. */
export function lookUp4(src: usize, srcEnd: usize, width: u32, count: u32, values: usize, size: u32, out: usize): bool {
  return lookUp<u32>(src, srcEnd, width, count, values, size, out);
}

/** {@link lookUp} of values of eight bytes. */
export function lookUp8(src: usize, srcEnd: usize, width: u32, count: u32, values: usize, size: u32, out: usize): bool {
  return lookUp<u64>(src, srcEnd, width, count, values, size, out);
}

/**
 * Definition levels 0 (null) and 1 of `count` values → bits of `bitmap` from bit `first` on, which are 0 before. Gives
 * how many are 1, or -1 for damage.
 */
export function validity(src: usize, srcEnd: usize, count: u32, bitmap: usize, first: u32): i32 {
  let valid: i32 = 0;
  let at = first;
  while (count > 0) {
    if (!nextRun(src, srcEnd)) return -1;
    src = runStart;
    const left = min(count, runLength);
    count -= left;
    if (<usize> (runPacked ? left + 7 >> 3 : 1) > srcEnd - src) return -1;
    const end = at + left;
    if (!runPacked && load<u8>(src) == 1) {
      valid += left;
      for (; at < end && (at & 7) != 0; at++) setBit(bitmap, at, 1);
      const bytes = end - at >> 3;
      memory.fill(bitmap + (at >> 3), 0xff, bytes);
      for (at += bytes << 3; at < end; at++) setBit(bitmap, at, 1);
    } else if (runPacked) {
      for (let bit: u32 = 0; at < end; at++, bit++) {
        const level = <u32> load<u8>(src + (bit >> 3)) >> (bit & 7) & 1;
        setBit(bitmap, at, level);
        valid += level;
      }
    } else if (load<u8>(src) != 0) return -1;
    at = end;
    src += runBytes(1);
  }
  return valid;
}

@inline function setBit(bitmap: usize, at: u32, bit: u32): void {
  const byte = bitmap + (at >> 3);
  store<u8>(byte, <u32> load<u8>(byte) | bit << (at & 7));
}

/** Values without gaps → `count` values with zeros where `bitmap` has them, from its bit `first` on. */
@inline function spread<T>(values: usize, bitmap: usize, first: u32, count: u32, out: usize): void {
  for (let at: u32 = first; at < first + count; at++, out += sizeof<T>()) {
    const valid = <u32> load<u8>(bitmap + (at >> 3)) >> (at & 7) & 1;
    store<T>(out, valid ? load<T>(values) : 0);
    values += valid * sizeof<T>();
  }
}

/** {@link spread} of values of four bytes. */
export function spread4(values: usize, bitmap: usize, first: u32, count: u32, out: usize): void {
  spread<u32>(values, bitmap, first, count, out);
}

/** {@link spread} of values of eight bytes. */
export function spread8(values: usize, bitmap: usize, first: u32, count: u32, out: usize): void {
  spread<u64>(values, bitmap, first, count, out);
}
