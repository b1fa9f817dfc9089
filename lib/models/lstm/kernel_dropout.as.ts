// @ts-nocheck: this is AssemblyScript, see kernel.as.ts
// deno-fmt-ignore-file: the formatter drops decorators of functions
/** Dropout with masks that a counter tells: see `fused_dropout.ts`, which gives the same bits. */

/** Where dropout reads and writes; `training_step.ts` writes these fields in this order, four bytes each. */
// deno-lint-ignore no-unused-vars -- a type of the function below
@unmanaged class Drop {
  source: usize;
  target: usize;
  /** Numbers; up to three more are written behind them. */
  count: i32;
  /** The counter before the first number. */
  counter: i32;
  /** 31 bits above this are kept. */
  last: i32;
  /** 1 / (1 − rate). */
  scale: f32;
}

/** Numbers a part, in which threads share the work. */
const DROP_PART: i32 = 1024;
const GOLDEN: i32 = <i32> 0x9e3779b9;

/** The finaliser of MurmurHash3, four times. */
@inline function mix(bits: v128): v128 {
  let h = bits;
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 16)), i32x4.splat(<i32> 0x85ebca6b));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 13)), i32x4.splat(<i32> 0xc2b2ae35));
  return v128.xor(h, i32x4.shr_u(h, 16));
}

/** Parts `from` to, not including, `to`. */
export function dropout(p: Drop, from: i32, to: i32): void {
  const last = i32x4.splat(p.last), scale = f32x4.splat(p.scale), four = i32x4.splat(4 * GOLDEN);
  const first = from * DROP_PART;
  let counter = i32x4.add(
    i32x4.splat(p.counter + first * GOLDEN),
    i32x4(GOLDEN, 2 * GOLDEN, 3 * GOLDEN, 4 * GOLDEN),
  );
  const end = <usize> min(to * DROP_PART, p.count) << 2;
  for (let at = <usize> first << 2; at < end; at += 16) {
    const kept = v128.and(i32x4.gt_s(i32x4.shr_u(mix(counter), 1), last), scale);
    v128.store(p.target + at, f32x4.mul(v128.load(p.source + at), kept));
    counter = i32x4.add(counter, four);
  }
}
