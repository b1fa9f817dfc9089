// @ts-nocheck: this is AssemblyScript, TypeScript's syntax for WebAssembly; `deno task kernel` compiles it
// deno-fmt-ignore-file: the formatter drops decorators of functions
/**
 * An LSTM over whole windows, forward and backward through time, eight windows at once.
 *
 * Forward, for t = 1 … T (Hochreiter & Schmidhuber 1997, with the forget gate of Gers, Schmidhuber & Cummins 2000; the
 * letters are Graves' 2012, chapter 4, without peepholes; gates in Keras' order i, f, c, o):
 *
 *     v(t) = [ h(t−1), x(t), 1 ]                              what the cell sees, as one row
 *     z(t) = v(t) A                  A = [ U ; W ; b ]        recurrent kernel, kernel and bias, one above the other
 *     i = σ(z_i)   f = σ(z_f)   g = tanh(z_c)   o = σ(z_o)
 *     c(t) = f · c(t−1) + i · g                               (1)
 *     h(t) = o · tanh c(t)                                    (2)
 *
 * Backward, for t = T … 1. With δ = the derivative of the loss by what follows it, and the chain rule through (2), (1)
 * and the activations (σ' = σ(1 − σ), tanh' = 1 − tanh²):
 *
 *     δh = δout(t) + h's share of δv(t+1)                     from the layer above, and from the next step
 *     δc = δc(t+1) · f(t+1) + δh · o · (1 − tanh² c(t))       (3)
 *     δz_i = δc · g · i(1 − i)
 *     δz_f = δc · c(t−1) · f(1 − f)
 *     δz_c = δc · i · (1 − g²)
 *     δz_o = δh · tanh c(t) · o(1 − o)                        (4)
 *     δv(t) = δz(t) Aᵀ                                        holds δh(t−1), which goes on, and δx(t), which goes out
 *     δA = Σ v(t)ᵀ δz(t)   over steps and windows             (5)
 *
 * So each pass is one product of matrices a step; around it stand a few operations a number.
 *
 * Layout. A block is LANES windows side by side: a number of a block is a row of eight floats, two SIMD registers. No
 * operation mixes lanes but the last sum of (5), so a window's result depends neither on its neighbours nor on who computes
 * it; and (5) is split by rows of A, never by windows. Therefore any number of threads gives the same bits.
 */

/** Sizes and addresses of one pass; `workspace.ts` writes the same fields in the same order, four bytes each. */
@unmanaged
export class Pass {
  windows: i32;
  steps: i32;
  features: i32;
  units: i32;
  /** 1: h of every step goes out; 0: that of the last step. */
  sequences: i32;
  /** 1: steps are kept for the way back; 0: each overwrites the one before (inference). */
  keep: i32;
  /** 1: (5) goes on from the windows before; 0: it starts at zero. */
  accumulate: i32;

  // What comes and goes, in Keras' order of rows: x [windows][steps][features], W [features][4 units],
  // U [units][4 units], b [4 units], out and dOut [windows][steps or 1][units]; gradients are shaped as their values.
  x: usize;
  W: usize;
  U: usize;
  b: usize;
  out: usize;
  dOut: usize;
  dX: usize;
  dW: usize;
  dU: usize;
  db: usize;

  // A twice, in the order in which the two passes read it: [units][rows][4 gates] and [rows / 4][units][4 gates][4 rows].
  forwardA: usize;
  backwardA: usize;

  // By step and block, rows of LANES floats: v [steps + 1][blocks][rows], z [steps][blocks][units][4 gates] (the gates'
  // activations, which backward replaces by δz), c [steps + 1][blocks][units], tanhC [steps][blocks][units].
  v: usize;
  z: usize;
  c: usize;
  tanhC: usize;

  // By block: dH [blocks][units], dV [blocks][rows], dC [blocks][units].
  dH: usize;
  dV: usize;
  dC: usize;

  /** Sums of (5), by 4 rows × 2 columns: [rows / 4][2 units][4][2][4 lanes]. */
  tiles: usize;
}

/** Windows a block. */
const LANES: i32 = 8;
/** Bytes of a row of a block, and of half of it, which is one SIMD register. */
const ROW: usize = 32;
const HALF: usize = 16;
/** Steps that `weightGradients` adds to a tile while v and δz of those steps are still in the processor's cache. */
const STEPS_A_TILE: i32 = 4;

@inline function blocksOf(p: Pass): i32 {
  return (p.windows + LANES - 1) / LANES;
}

/** Rows of A and v: units, features and the bias, up to a multiple of four. */
@inline function rowsOf(p: Pass): i32 {
  return (p.units + p.features + 1 + 3) & ~3;
}

/** a · b + c, rounded once: a fused multiply-add where the processor has one. */
@inline function madd(a: v128, b: v128, c: v128): v128 {
  return f32x4.relaxed_madd(a, b, c);
}

/** c − a · b */
@inline function nmadd(a: v128, b: v128, c: v128): v128 {
  return f32x4.relaxed_nmadd(a, b, c);
}

/** One weight of four, in all lanes. */
@inline function lane0(w: v128): v128 {
  return v128.shuffle<f32>(w, w, 0, 0, 0, 0);
}

@inline function lane1(w: v128): v128 {
  return v128.shuffle<f32>(w, w, 1, 1, 1, 1);
}

@inline function lane2(w: v128): v128 {
  return v128.shuffle<f32>(w, w, 2, 2, 2, 2);
}

@inline function lane3(w: v128): v128 {
  return v128.shuffle<f32>(w, w, 3, 3, 3, 3);
}

// Constants lie in memory: V8 loads one with one instruction, where a constant in the code takes five.
const CONSTANTS: usize = memory.data<f32>([
  // deno-fmt-ignore
  -1.44269504,
  -1.44269504,
  -1.44269504,
  -1.44269504,
  -2.88539008,
  -2.88539008,
  -2.88539008,
  -2.88539008,
  60,
  60,
  60,
  60,
  -60,
  -60,
  -60,
  -60,
  12582912,
  12582912,
  12582912,
  12582912,
  1.535336188319500e-4,
  1.535336188319500e-4,
  1.535336188319500e-4,
  1.535336188319500e-4,
  1.339887440266574e-3,
  1.339887440266574e-3,
  1.339887440266574e-3,
  1.339887440266574e-3,
  9.618437357674640e-3,
  9.618437357674640e-3,
  9.618437357674640e-3,
  9.618437357674640e-3,
  5.550332471162809e-2,
  5.550332471162809e-2,
  5.550332471162809e-2,
  5.550332471162809e-2,
  2.402264791363012e-1,
  2.402264791363012e-1,
  2.402264791363012e-1,
  2.402264791363012e-1,
  6.931472028550421e-1,
  6.931472028550421e-1,
  6.931472028550421e-1,
  6.931472028550421e-1,
  1,
  1,
  1,
  1,
], 16);
const MINUS_LOG2E: usize = CONSTANTS;
const MINUS_2_LOG2E: usize = CONSTANTS + 16;
const MOST: usize = CONSTANTS + 32;
const LEAST: usize = CONSTANTS + 48;
const ROUND: usize = CONSTANTS + 64;
const POLYNOMIAL: usize = CONSTANTS + 80;
const ONE: usize = CONSTANTS + 176;

/**
 * 1 + 2^(x · scale): the exponent, kept within ±60, is a whole number n plus r in [−½, ½]. Adding 1.5 · 2²³ rounds (n is
 * then in the sum's low bits, and 23 places to the left it is a float's exponent); 2^r is a polynomial (Cephes' exp2f,
 * relative error below 1e-7). `pmin(a, b)` is `b < a ? b : a`, so NaN passes.
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
@inline function sigmoid(x: v128): v128 {
  return f32x4.div(v128.load(ONE), onePlusExp2(x, MINUS_LOG2E));
}

/** tanh x = 2σ(2x) − 1 */
@inline function tanh(x: v128): v128 {
  const one = v128.load(ONE);
  const half = f32x4.div(one, onePlusExp2(x, MINUS_2_LOG2E));
  return f32x4.sub(f32x4.add(half, half), one);
}

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

/** Windows of a block, `count` floats each, the first at `from`, the next `stride` bytes on → [count][LANES]. */
function gather(from: usize, stride: usize, present: i32, count: i32, block: usize): void {
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
function scatter(block: usize, count: i32, to: usize, stride: usize, present: i32): void {
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

/** Windows that a block really holds: the last one may be filled up with zeros. */
@inline function presentIn(p: Pass, block: i32): i32 {
  return min(LANES, p.windows - block * LANES);
}

/** Where W, U and b keep row `row` of A: 4 · units floats. */
function rowOfA(p: Pass, row: i32, U: usize, W: usize, b: usize): usize {
  const bytes = <usize> p.units << 4;
  if (row < p.units) return U + <usize> row * bytes;
  if (row < p.units + p.features) return W + <usize> (row - p.units) * bytes;
  return b;
}

/** Writes A in the two orders that the passes read. */
export function packWeights(p: Pass): void {
  const units = p.units, used = units + p.features + 1, rows = rowsOf(p);
  for (let row = 0; row < rows; row++) {
    const source = rowOfA(p, row, p.U, p.W, p.b);
    for (let unit = 0; unit < units; unit++) {
      for (let gate = 0; gate < 4; gate++) {
        const weight: f32 = row < used ? load<f32>(source + (<usize> (gate * units + unit) << 2)) : 0;
        const column = unit * 4 + gate;
        if (row < used) store<f32>(p.forwardA + (<usize> ((unit * used + row) * 4 + gate) << 2), weight);
        store<f32>(p.backwardA + (<usize> (((row >> 2) * units * 4 + column) * 4 + (row & 3)) << 2), weight);
      }
    }
  }
}

/** All steps of the blocks `from` to, not including, `to`. */
export function forward(p: Pass, from: i32, to: i32): void {
  const units = p.units, features = p.features, steps = p.steps, sequences = p.sequences;
  const blocks = blocksOf(p), used = units + features + 1, rows = rowsOf(p);
  const vBytes = <usize> rows * ROW, unitBytes = <usize> units * ROW, zBytes = unitBytes * 4;
  const xStride = <usize> (steps * features) << 2, hBytes = <usize> units << 2;
  const outSteps = sequences ? steps : 1, outStride = <usize> outSteps * hBytes;

  memory.fill(p.c + <usize> from * unitBytes, 0, <usize> (to - from) * unitBytes); // c(0) = 0
  for (let t = 0; t < steps; t++) {
    for (let block = from; block < to; block++) {
      const present = presentIn(p, block), first = <usize> (block * LANES);
      const at = <usize> (t * blocks + block), kept = p.keep ? at : <usize> block;
      const v = p.v + at * vBytes, hNext = v + <usize> blocks * vBytes;
      if (t == 0) memory.fill(v, 0, unitBytes); // h(0) = 0
      gather(
        p.x + first * xStride + (<usize> (t * features) << 2),
        xStride,
        present,
        features,
        v + unitBytes,
      );
      memory.fill(v + <usize> used * ROW, 0, <usize> (rows - used) * ROW);
      v128.store(v + <usize> (used - 1) * ROW, v128.load(ONE));
      v128.store(v + <usize> (used - 1) * ROW, v128.load(ONE), HALF);

      const c = p.c + kept * unitBytes, cNext = p.keep ? c + <usize> blocks * unitBytes : c;
      forwardStep(
        v,
        used,
        units,
        p.forwardA,
        p.z + kept * zBytes,
        c,
        cNext,
        p.tanhC + kept * unitBytes,
        hNext,
      );

      const outStep = sequences ? t : t - (steps - 1);
      if (outStep >= 0) {
        scatter(hNext, units, p.out + first * outStride + <usize> outStep * hBytes, outStride, present);
      }
    }
  }
}

/** z = v A, unit by unit, and then the cell. */
function forwardStep(
  v: usize,
  used: i32,
  units: i32,
  weights: usize,
  z: usize,
  c: usize,
  cNext: usize,
  tanhC: usize,
  h: usize,
): void {
  const end = v + <usize> used * ROW;
  for (let unit = 0; unit < units; unit++) {
    let i0 = f32x4.splat(0), f0 = i0, g0 = i0, o0 = i0, i1 = i0, f1 = i0, g1 = i0, o1 = i0;
    for (let row = v; row < end; row += ROW, weights += HALF) {
      const a0 = v128.load(row), a1 = v128.load(row, HALF), four = v128.load(weights);
      let w = lane0(four);
      i0 = madd(a0, w, i0);
      i1 = madd(a1, w, i1);
      w = lane1(four);
      f0 = madd(a0, w, f0);
      f1 = madd(a1, w, f1);
      w = lane2(four);
      g0 = madd(a0, w, g0);
      g1 = madd(a1, w, g1);
      w = lane3(four);
      o0 = madd(a0, w, o0);
      o1 = madd(a1, w, o1);
    }
    cell(i0, f0, g0, o0, z, c, cNext, tanhC, h);
    cell(i1, f1, g1, o1, z + HALF, c + HALF, cNext + HALF, tanhC + HALF, h + HALF);
    z += 4 * ROW;
    c += ROW;
    cNext += ROW;
    tanhC += ROW;
    h += ROW;
  }
}

/** Equations (1) and (2) for four windows. */
@inline function cell(
  zi: v128,
  zf: v128,
  zc: v128,
  zo: v128,
  z: usize,
  c: usize,
  cNext: usize,
  tanhC: usize,
  h: usize,
): void {
  const i = sigmoid(zi), f = sigmoid(zf), g = tanh(zc), o = sigmoid(zo);
  v128.store(z, i);
  v128.store(z, f, 32);
  v128.store(z, g, 64);
  v128.store(z, o, 96);
  const state = madd(f, v128.load(c), f32x4.mul(i, g));
  v128.store(cNext, state);
  const squashed = tanh(state);
  v128.store(tanhC, squashed);
  v128.store(h, f32x4.mul(o, squashed));
}

/** All steps, the last one first, of the blocks `from` to, not including, `to`: δz takes the place of z. */
export function backward(p: Pass, from: i32, to: i32): void {
  const units = p.units, features = p.features, steps = p.steps, sequences = p.sequences;
  const blocks = blocksOf(p), rows = rowsOf(p);
  const vBytes = <usize> rows * ROW, unitBytes = <usize> units * ROW, zBytes = unitBytes * 4;
  const xStride = <usize> (steps * features) << 2, hBytes = <usize> units << 2;
  const outSteps = sequences ? steps : 1, outStride = <usize> outSteps * hBytes;

  memory.fill(p.dV + <usize> from * vBytes, 0, <usize> (to - from) * vBytes); // nothing follows the last step
  memory.fill(p.dC + <usize> from * unitBytes, 0, <usize> (to - from) * unitBytes);
  for (let t = steps - 1; t >= 0; t--) {
    for (let block = from; block < to; block++) {
      const present = presentIn(p, block), first = <usize> (block * LANES), at = <usize> (t * blocks + block);
      const dH = p.dH + <usize> block * unitBytes, dV = p.dV + <usize> block * vBytes;
      const outStep = sequences ? t : t - (steps - 1);
      if (outStep >= 0) {
        gather(p.dOut + first * outStride + <usize> outStep * hBytes, outStride, present, units, dH);
      } else memory.fill(dH, 0, unitBytes);

      const z = p.z + at * zBytes, dC = p.dC + <usize> block * unitBytes;
      backwardCells(z, p.c + at * unitBytes, p.tanhC + at * unitBytes, dH, dV, dC, unitBytes);
      backwardStep(z, zBytes, p.backwardA, dV, units + features);
      scatter(
        dV + unitBytes,
        features,
        p.dX + first * xStride + (<usize> (t * features) << 2),
        xStride,
        present,
      );
    }
  }
}

/** Equations (3) and (4) for all units of a block. */
function backwardCells(
  z: usize,
  c: usize,
  tanhC: usize,
  dH: usize,
  dV: usize,
  dC: usize,
  unitBytes: usize,
): void {
  for (let unit: usize = 0; unit < unitBytes; unit += ROW, z += 4 * ROW) {
    backwardCell(z, c + unit, tanhC + unit, dH + unit, dV + unit, dC + unit);
    backwardCell(
      z + HALF,
      c + unit + HALF,
      tanhC + unit + HALF,
      dH + unit + HALF,
      dV + unit + HALF,
      dC + unit + HALF,
    );
  }
}

/** Equations (3) and (4) for four windows; `c` is c(t−1), `dV` starts with the next step's share of δh. */
@inline function backwardCell(z: usize, c: usize, tanhC: usize, dH: usize, dV: usize, dC: usize): void {
  const i = v128.load(z), f = v128.load(z, 32), g = v128.load(z, 64), o = v128.load(z, 96);
  const squashed = v128.load(tanhC), one = v128.load(ONE);
  const dh = f32x4.add(v128.load(dH), v128.load(dV));
  const dc = madd(f32x4.mul(dh, o), nmadd(squashed, squashed, one), v128.load(dC));
  v128.store(dC, f32x4.mul(dc, f)); // as step t−1 sees it
  v128.store(z, f32x4.mul(f32x4.mul(dc, g), f32x4.mul(i, f32x4.sub(one, i))));
  v128.store(z, f32x4.mul(f32x4.mul(dc, v128.load(c)), f32x4.mul(f, f32x4.sub(one, f))), 32);
  v128.store(z, f32x4.mul(f32x4.mul(dc, i), nmadd(g, g, one)), 64);
  v128.store(z, f32x4.mul(f32x4.mul(dh, squashed), f32x4.mul(o, f32x4.sub(one, o))), 96);
}

/** δv = δz Aᵀ, four rows at once. */
function backwardStep(z: usize, zBytes: usize, weights: usize, dV: usize, used: i32): void {
  const end = z + zBytes;
  for (let row = 0; row < used; row += 4, dV += 4 * ROW) {
    let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
    for (let column = z; column < end; column += ROW, weights += HALF) {
      const z0 = v128.load(column), z1 = v128.load(column, HALF), four = v128.load(weights);
      let w = lane0(four);
      a0 = madd(z0, w, a0);
      a1 = madd(z1, w, a1);
      w = lane1(four);
      b0 = madd(z0, w, b0);
      b1 = madd(z1, w, b1);
      w = lane2(four);
      c0 = madd(z0, w, c0);
      c1 = madd(z1, w, c1);
      w = lane3(four);
      d0 = madd(z0, w, d0);
      d1 = madd(z1, w, d1);
    }
    v128.store(dV, a0);
    v128.store(dV, a1, 16);
    v128.store(dV, b0, 32);
    v128.store(dV, b1, 48);
    v128.store(dV, c0, 64);
    v128.store(dV, c1, 80);
    v128.store(dV, d0, 96);
    v128.store(dV, d1, 112);
  }
}

/** Equation (5) for rows 4 · `from` to, not including, 4 · `to` of A, over all steps and blocks; into dU, dW and db. */
export function weightGradients(p: Pass, from: i32, to: i32): void {
  const units = p.units, steps = p.steps, blocks = blocksOf(p), rows = rowsOf(p);
  const vBytes = <usize> rows * ROW, zBytes = <usize> units * 4 * ROW;
  const tileBytes = <usize> units << 8; // of four rows of A: 2 · units tiles of eight registers
  const tiles = p.tiles + <usize> from * tileBytes;
  if (!p.accumulate) memory.fill(tiles, 0, <usize> (to - from) * tileBytes);
  for (let t = 0; t < steps; t += STEPS_A_TILE) {
    const count = min(STEPS_A_TILE, steps - t) * blocks, at = <usize> (t * blocks);
    let tile = tiles;
    for (let four = from; four < to; four++) {
      const v = p.v + at * vBytes + <usize> four * (4 * ROW);
      for (let pair: usize = 0; pair < zBytes; pair += 2 * ROW, tile += 128) {
        addTile(tile, v, vBytes, p.z + at * zBytes + pair, zBytes, count);
      }
    }
  }
  unpackGradients(p, from, to);
}

/** Adds Σ v δz of four rows and two columns over `count` blocks to the eight sums of a tile. */
function addTile(tile: usize, v: usize, vBytes: usize, z: usize, zBytes: usize, count: i32): void {
  let a0 = v128.load(tile), a1 = v128.load(tile, 16), b0 = v128.load(tile, 32), b1 = v128.load(tile, 48);
  let c0 = v128.load(tile, 64), c1 = v128.load(tile, 80), d0 = v128.load(tile, 96), d1 = v128.load(tile, 112);
  for (; count > 0; count--, v += vBytes, z += zBytes) {
    let z0 = v128.load(z), z1 = v128.load(z, 32);
    let x = v128.load(v);
    a0 = madd(x, z0, a0);
    a1 = madd(x, z1, a1);
    x = v128.load(v, 32);
    b0 = madd(x, z0, b0);
    b1 = madd(x, z1, b1);
    x = v128.load(v, 64);
    c0 = madd(x, z0, c0);
    c1 = madd(x, z1, c1);
    x = v128.load(v, 96);
    d0 = madd(x, z0, d0);
    d1 = madd(x, z1, d1);
    z0 = v128.load(z, 16);
    z1 = v128.load(z, 48);
    x = v128.load(v, 16);
    a0 = madd(x, z0, a0);
    a1 = madd(x, z1, a1);
    x = v128.load(v, 48);
    b0 = madd(x, z0, b0);
    b1 = madd(x, z1, b1);
    x = v128.load(v, 80);
    c0 = madd(x, z0, c0);
    c1 = madd(x, z1, c1);
    x = v128.load(v, 112);
    d0 = madd(x, z0, d0);
    d1 = madd(x, z1, d1);
  }
  v128.store(tile, a0);
  v128.store(tile, a1, 16);
  v128.store(tile, b0, 32);
  v128.store(tile, b1, 48);
  v128.store(tile, c0, 64);
  v128.store(tile, c1, 80);
  v128.store(tile, d0, 96);
  v128.store(tile, d1, 112);
}

/** Sums the lanes of the tiles and writes them where Keras has them: the one place where windows meet. */
function unpackGradients(p: Pass, from: i32, to: i32): void {
  const units = p.units, columns = units * 4, last = min(to * 4, units + p.features + 1);
  for (let row = from * 4; row < last; row++) {
    const target = rowOfA(p, row, p.dU, p.dW, p.db);
    for (let column = 0; column < columns; column++) {
      const register = ((row >> 2) * (columns >> 1) + (column >> 1)) * 8 + (row & 3) * 2 + (column & 1);
      const sum = v128.load(p.tiles + (<usize> register << 4));
      const gate = column & 3, unit = column >> 2;
      store<f32>(
        target + (<usize> (gate * units + unit) << 2),
        (f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1)) +
          (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3)),
      );
    }
  }
}
