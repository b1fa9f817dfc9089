// @ts-nocheck: this is AssemblyScript, see kernel.as.ts
// deno-fmt-ignore-file: the formatter drops decorators of functions
/** From windows one after the other to blocks of eight, side by side, and back. */

/** Windows a block. */
export const LANES: i32 = 8;
/** Bytes of a row of a block, and of half of it, which is one SIMD register. */
export const ROW: usize = 32;
export const HALF: usize = 16;

/** Four rows of four floats, `fromStride` bytes apart → their columns, `toStride` bytes apart. */
@inline function transpose(from: usize, fromStride: usize, to: usize, toStride: usize): void {
  const a = v128.load(from), b = v128.load(from + fromStride);
  const c = v128.load(from + 2 * fromStride), d = v128.load(from + 3 * fromStride);
  const ab01 = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd01 = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const ab23 = v128.shuffle<f32>(a, b, 2, 6, 3, 7), cd23 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(ab01, cd01, 0, 1, 4, 5));
  v128.store(to + toStride, v128.shuffle<f32>(ab01, cd01, 2, 3, 6, 7));
  v128.store(to + 2 * toStride, v128.shuffle<f32>(ab23, cd23, 0, 1, 4, 5));
  v128.store(to + 3 * toStride, v128.shuffle<f32>(ab23, cd23, 2, 3, 6, 7));
}

/**
 * A block's windows, `count` floats each, the first at `from`, the next `stride` bytes on → [count][LANES].
 */
export function gather(from: usize, stride: usize, present: i32, count: i32, block: usize): void {
  const fours = present == LANES ? count & ~3 : 0;
  for (let i = 0; i < fours; i += 4) {
    const column = from + (<usize> i << 2), row = block + <usize> i * ROW;
    transpose(column, stride, row, ROW);
    transpose(column + 4 * stride, stride, row + HALF, ROW);
  }
  if (present < LANES) memory.fill(block, 0, <usize> count * ROW);
  for (let i = fours; i < count; i++) {
    for (let lane = 0; lane < present; lane++) {
      const value = load<f32>(from + <usize> lane * stride + (<usize> i << 2));
      store<f32>(block + <usize> i * ROW + (<usize> lane << 2), value);
    }
  }
}

/** [count][LANES] → windows, as in `gather`. */
export function scatter(block: usize, count: i32, to: usize, stride: usize, present: i32): void {
  const fours = present == LANES ? count & ~3 : 0;
  for (let i = 0; i < fours; i += 4) {
    const column = to + (<usize> i << 2), row = block + <usize> i * ROW;
    transpose(row, ROW, column, stride);
    transpose(row + HALF, ROW, column + 4 * stride, stride);
  }
  for (let i = fours; i < count; i++) {
    for (let lane = 0; lane < present; lane++) {
      const value = load<f32>(block + <usize> i * ROW + (<usize> lane << 2));
      store<f32>(to + <usize> lane * stride + (<usize> i << 2), value);
    }
  }
}
