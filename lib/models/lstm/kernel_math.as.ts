// @ts-nocheck: this is AssemblyScript, see kernel.as.ts
// deno-fmt-ignore-file: the formatter drops decorators of functions
/** Arithmetic on four floats: the two activations, and what products of matrices need. */

/** a · b + c, rounded once: a fused multiply-add where the processor has one. */
@inline export function madd(a: v128, b: v128, c: v128): v128 {
  return f32x4.relaxed_madd(a, b, c);
}

/** c − a · b */
@inline export function nmadd(a: v128, b: v128, c: v128): v128 {
  return f32x4.relaxed_nmadd(a, b, c);
}

/** One weight of four, in all lanes. */
@inline export function lane0(w: v128): v128 { return v128.shuffle<f32>(w, w, 0, 0, 0, 0); }
@inline export function lane1(w: v128): v128 { return v128.shuffle<f32>(w, w, 1, 1, 1, 1); }
@inline export function lane2(w: v128): v128 { return v128.shuffle<f32>(w, w, 2, 2, 2, 2); }
@inline export function lane3(w: v128): v128 { return v128.shuffle<f32>(w, w, 3, 3, 3, 3); }

/** In pairs: the order is part of the result. */
@inline export function sumOfLanes(a: v128): f32 {
  return (f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 1)) +
    (f32x4.extract_lane(a, 2) + f32x4.extract_lane(a, 3));
}

// Constants lie in memory: V8 loads one with one instruction, where a constant in the code takes five.
export const ONE: usize = memory.data<f32>([1, 1, 1, 1], 16);
const MINUS_LOG2E: usize = memory.data<f32>([-1.44269504, -1.44269504, -1.44269504, -1.44269504], 16);
const MINUS_2_LOG2E: usize = memory.data<f32>([-2.88539008, -2.88539008, -2.88539008, -2.88539008], 16);
const MOST: usize = memory.data<f32>([60, 60, 60, 60], 16);
const LEAST: usize = memory.data<f32>([-60, -60, -60, -60], 16);
const ROUND: usize = memory.data<f32>([12582912, 12582912, 12582912, 12582912], 16); // 1.5 · 2²³
/** Of 2^r: from the sixth power down to the first. */
const POLYNOMIAL: usize = memory.data<f32>([
  1.535336188319500e-4, 1.535336188319500e-4, 1.535336188319500e-4, 1.535336188319500e-4,
  1.339887440266574e-3, 1.339887440266574e-3, 1.339887440266574e-3, 1.339887440266574e-3,
  9.618437357674640e-3, 9.618437357674640e-3, 9.618437357674640e-3, 9.618437357674640e-3,
  5.550332471162809e-2, 5.550332471162809e-2, 5.550332471162809e-2, 5.550332471162809e-2,
  2.402264791363012e-1, 2.402264791363012e-1, 2.402264791363012e-1, 2.402264791363012e-1,
  6.931472028550421e-1, 6.931472028550421e-1, 6.931472028550421e-1, 6.931472028550421e-1,
], 16);

/**
 * 1 + 2^(x · scale). The exponent, kept within ±60, is a whole number n plus r in [−½, ½]: adding `ROUND`
 * rounds it, n is then in the sum's low bits, and 23 places to the left it is a float's exponent. 2^r is the
 * polynomial of Cephes' `exp2f`, with a relative error below 1e-7. `pmin(a, b)` is `b < a ? b : a`, so NaN
 * passes.
 */
@inline function onePlusExp2(x: v128, scale: usize): v128 {
  const one = v128.load(ONE), round = v128.load(ROUND);
  const y = f32x4.pmax(f32x4.pmin(f32x4.mul(x, v128.load(scale)), v128.load(MOST)), v128.load(LEAST));
  const n = f32x4.add(y, round);
  const r = f32x4.sub(y, f32x4.sub(n, round));
  let power = madd(v128.load(POLYNOMIAL), r, v128.load(POLYNOMIAL, 16));
  power = madd(power, r, v128.load(POLYNOMIAL, 32));
  power = madd(power, r, v128.load(POLYNOMIAL, 48));
  power = madd(power, r, v128.load(POLYNOMIAL, 64));
  power = madd(power, r, v128.load(POLYNOMIAL, 80));
  power = madd(power, r, one);
  return madd(power, i32x4.add(i32x4.shl(n, 23), one), one);
}

/** σ(x) = 1 / (1 + e^−x) */
@inline export function sigmoid(x: v128): v128 {
  return f32x4.div(v128.load(ONE), onePlusExp2(x, MINUS_LOG2E));
}

/** tanh x = 2σ(2x) − 1 */
@inline export function tanh(x: v128): v128 {
  const one = v128.load(ONE);
  const half = f32x4.div(one, onePlusExp2(x, MINUS_2_LOG2E));
  return f32x4.sub(f32x4.add(half, half), one);
}
