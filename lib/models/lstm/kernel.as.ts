// @ts-nocheck: this is AssemblyScript, TypeScript's syntax for WebAssembly; `deno task kernel` compiles it
// deno-fmt-ignore-file: the formatter drops decorators of functions
/**
 * An LSTM over whole windows, forward and backward through time, eight windows at once.
 *
 * Forward, for t = 1 … T (Hochreiter & Schmidhuber 1997, with the forget gate of Gers, Schmidhuber & Cummins
 * 2000; letters as in Graves 2012, chapter 4, without peepholes; gates in Keras' order i, f, c, o):
 *
 *     v(t) = [ h(t−1), x(t), 1 ]                           what the cell sees, as one row
 *     z(t) = v(t) A          A = [ U ; W ; b ]             recurrent kernel, kernel, bias, one below the other
 *     i = σ(z_i)   f = σ(z_f)   g = tanh(z_c)   o = σ(z_o)
 *     c(t) = f · c(t−1) + i · g                            (1)
 *     h(t) = o · tanh c(t)                                 (2)
 *
 * Backward, for t = T … 1 (backpropagation through time: Werbos 1990, "What it does and how to do it"). δ is
 * the derivative of the loss, and the chain rule goes through (2), (1) and the activations, σ' = σ(1 − σ) and
 * tanh' = 1 − tanh²:
 *
 *     δh = δout(t) + h's share of δv(t+1)                  from the layer above, and from the next step
 *     δc = δc(t+1) · f(t+1) + δh · o · (1 − tanh² c(t))    (3)
 *     δz_i = δc · g · i(1 − i)
 *     δz_f = δc · c(t−1) · f(1 − f)
 *     δz_c = δc · i · (1 − g²)
 *     δz_o = δh · tanh c(t) · o(1 − o)                     (4)
 *     δv(t) = δz(t) Aᵀ                                     holds δh(t−1), which goes on, and δx(t)
 *     δA = Σ v(t)ᵀ δz(t)                                   (5), over steps and windows
 *
 * So each pass is one product of matrices a step; around it stand a few operations a number.
 *
 * Layout. A block is eight windows side by side: a number of each is a row of eight floats, two SIMD
 * registers. No operation mixes lanes but the last sum of (5), so a window's result depends neither on its
 * neighbours nor on who computes it; and (5) is split by rows of A, never by windows. So any number of
 * threads gives the same bits.
 */
import { gather, HALF, LANES, ROW, scatter } from "./kernel_blocks.as.ts";
import { dropout } from "./kernel_dropout.as.ts";
import { lane0, lane1, lane2, lane3, madd, nmadd, ONE, sigmoid, sumOfLanes, tanh } from "./kernel_math.as.ts";

export { dropout };

/** Sizes and addresses of a pass; `pass_buffers.ts` writes these fields in this order, four bytes each. */
// deno-lint-ignore no-unused-vars -- a type of the functions below
@unmanaged class Pass {
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

  // What comes and goes, as in Keras: x [windows][steps][features], W [features][4 units],
  // U [units][4 units], b [4 units], out [windows][steps or 1][units]; and derivatives, of the same shapes.
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

  // A twice, as the two passes read it: [units][rows][4 gates] and [rows / 4][units][4 gates][4 rows].
  forwardA: usize;
  backwardA: usize;

  // By step and block, rows of eight floats: v [steps + 1][blocks][rows], z [steps][blocks][units][4 gates]
  // (the gates' activations, which `backward` replaces by δz), c [steps + 1][blocks][units],
  // tanhC [steps][blocks][units].
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

/** Steps that `weightGradients` adds to a tile in one go: their v and δz stay in the processor's cache. */
const STEPS_A_TILE: i32 = 4;

@inline function blocksOf(p: Pass): i32 {
  return (p.windows + LANES - 1) / LANES;
}

/** Rows of A and v: units, features and the bias, up to a multiple of four. */
@inline function rowsOf(p: Pass): i32 {
  return (p.units + p.features + 1 + 3) & ~3;
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
  const units = p.units, steps = p.steps, blocks = blocksOf(p), used = units + p.features + 1;
  const vBytes = <usize> rowsOf(p) * ROW, unitBytes = <usize> units * ROW, zBytes = unitBytes * 4;
  memory.fill(p.c + <usize> from * unitBytes, 0, <usize> (to - from) * unitBytes); // c(0) = 0
  for (let t = 0; t < steps; t++) {
    for (let block = from; block < to; block++) {
      const at = <usize> (t * blocks + block), kept = p.keep ? at : <usize> block;
      const v = p.v + at * vBytes, h = v + <usize> blocks * vBytes; // h(t) is the first part of v(t + 1)
      const z = p.z + kept * zBytes, tanhC = p.tanhC + kept * unitBytes;
      const c = p.c + kept * unitBytes, cNext = p.keep ? c + <usize> blocks * unitBytes : c;
      if (t == 0) memory.fill(v, 0, unitBytes); // h(0) = 0
      loadInput(p, t, block, v + unitBytes);
      forwardStep(v, used, units, p.forwardA, z, c, cNext, tanhC, h);
      const out = outOf(p, p.out, t, block);
      if (out) scatter(h, units, out, outStride(p), presentIn(p, block));
    }
  }
}

/** Bytes from one window's x to the next one's. */
@inline function xStride(p: Pass): usize {
  return <usize> (p.steps * p.features) << 2;
}

/** Bytes from one window's out to the next one's. */
@inline function outStride(p: Pass): usize {
  return <usize> ((p.sequences ? p.steps : 1) * p.units) << 2;
}

/** Where the array `x` (or dX) has step t of a block. */
@inline function xOf(p: Pass, x: usize, t: i32, block: i32): usize {
  return x + <usize> (block * LANES) * xStride(p) + (<usize> (t * p.features) << 2);
}

/** Where the array `out` (or dOut) has step t of a block, or 0 if that step does not go out. */
@inline function outOf(p: Pass, out: usize, t: i32, block: i32): usize {
  const step = p.sequences ? t : t - (p.steps - 1);
  return step < 0 ? 0 : out + <usize> (block * LANES) * outStride(p) + (<usize> (step * p.units) << 2);
}

/** The rest of v(t) behind h(t−1): x(t), 1, and zeros up to a multiple of four rows. */
function loadInput(p: Pass, t: i32, block: i32, rows: usize): void {
  const one = rows + <usize> p.features * ROW, end = rows + <usize> (rowsOf(p) - p.units) * ROW;
  gather(xOf(p, p.x, t, block), xStride(p), presentIn(p, block), p.features, rows);
  v128.store(one, v128.load(ONE));
  v128.store(one, v128.load(ONE), HALF);
  memory.fill(one + ROW, 0, end - one - ROW);
}

/** z = v A, unit by unit, and then the cell. */
function forwardStep(
  v: usize, used: i32, units: i32, weights: usize, z: usize, c: usize, cNext: usize, tanhC: usize, h: usize,
): void {
  const end = v + <usize> used * ROW;
  for (let unit = 0; unit < units; unit++) {
    let i0 = f32x4.splat(0), f0 = i0, g0 = i0, o0 = i0, i1 = i0, f1 = i0, g1 = i0, o1 = i0;
    for (let row = v; row < end; row += ROW, weights += HALF) {
      const a0 = v128.load(row), a1 = v128.load(row, HALF), four = v128.load(weights);
      let w = lane0(four); i0 = madd(a0, w, i0); i1 = madd(a1, w, i1);
      w = lane1(four); f0 = madd(a0, w, f0); f1 = madd(a1, w, f1);
      w = lane2(four); g0 = madd(a0, w, g0); g1 = madd(a1, w, g1);
      w = lane3(four); o0 = madd(a0, w, o0); o1 = madd(a1, w, o1);
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
  zi: v128, zf: v128, zc: v128, zo: v128, z: usize, c: usize, cNext: usize, tanhC: usize, h: usize,
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
  const units = p.units, features = p.features, blocks = blocksOf(p);
  const vBytes = <usize> rowsOf(p) * ROW, unitBytes = <usize> units * ROW, zBytes = unitBytes * 4;
  memory.fill(p.dV + <usize> from * vBytes, 0, <usize> (to - from) * vBytes); // nothing follows the last step
  memory.fill(p.dC + <usize> from * unitBytes, 0, <usize> (to - from) * unitBytes);
  for (let t = p.steps - 1; t >= 0; t--) {
    for (let block = from; block < to; block++) {
      const at = <usize> (t * blocks + block), present = presentIn(p, block);
      const z = p.z + at * zBytes, c = p.c + at * unitBytes, tanhC = p.tanhC + at * unitBytes;
      const dH = p.dH + <usize> block * unitBytes, dC = p.dC + <usize> block * unitBytes;
      const dV = p.dV + <usize> block * vBytes, dOut = outOf(p, p.dOut, t, block);
      if (dOut) gather(dOut, outStride(p), present, units, dH);
      else memory.fill(dH, 0, unitBytes);
      backwardCells(z, c, tanhC, dH, dV, dC, unitBytes);
      backwardStep(z, zBytes, p.backwardA, dV, units + features);
      scatter(dV + unitBytes, features, xOf(p, p.dX, t, block), xStride(p), present);
    }
  }
}

/** Equations (3) and (4) for all units of a block. */
function backwardCells(
  z: usize, c: usize, tanhC: usize, dH: usize, dV: usize, dC: usize, unitBytes: usize,
): void {
  for (let at: usize = 0; at < unitBytes; at += ROW, z += 4 * ROW) {
    const on = at + HALF;
    backwardCell(z, c + at, tanhC + at, dH + at, dV + at, dC + at);
    backwardCell(z + HALF, c + on, tanhC + on, dH + on, dV + on, dC + on);
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
      let w = lane0(four); a0 = madd(z0, w, a0); a1 = madd(z1, w, a1);
      w = lane1(four); b0 = madd(z0, w, b0); b1 = madd(z1, w, b1);
      w = lane2(four); c0 = madd(z0, w, c0); c1 = madd(z1, w, c1);
      w = lane3(four); d0 = madd(z0, w, d0); d1 = madd(z1, w, d1);
    }
    v128.store(dV, a0); v128.store(dV, a1, 16);
    v128.store(dV, b0, 32); v128.store(dV, b1, 48);
    v128.store(dV, c0, 64); v128.store(dV, c1, 80);
    v128.store(dV, d0, 96); v128.store(dV, d1, 112);
  }
}

/** Equation (5) for rows 4 · `from` to, not including, 4 · `to` of A, over all steps and blocks. */
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
    let x = v128.load(v); a0 = madd(x, z0, a0); a1 = madd(x, z1, a1);
    x = v128.load(v, 32); b0 = madd(x, z0, b0); b1 = madd(x, z1, b1);
    x = v128.load(v, 64); c0 = madd(x, z0, c0); c1 = madd(x, z1, c1);
    x = v128.load(v, 96); d0 = madd(x, z0, d0); d1 = madd(x, z1, d1);
    z0 = v128.load(z, 16); z1 = v128.load(z, 48);
    x = v128.load(v, 16); a0 = madd(x, z0, a0); a1 = madd(x, z1, a1);
    x = v128.load(v, 48); b0 = madd(x, z0, b0); b1 = madd(x, z1, b1);
    x = v128.load(v, 80); c0 = madd(x, z0, c0); c1 = madd(x, z1, c1);
    x = v128.load(v, 112); d0 = madd(x, z0, d0); d1 = madd(x, z1, d1);
  }
  v128.store(tile, a0); v128.store(tile, a1, 16);
  v128.store(tile, b0, 32); v128.store(tile, b1, 48);
  v128.store(tile, c0, 64); v128.store(tile, c1, 80);
  v128.store(tile, d0, 96); v128.store(tile, d1, 112);
}

/** Sums the lanes of the tiles and writes them where Keras has them: the one place where windows meet. */
function unpackGradients(p: Pass, from: i32, to: i32): void {
  const units = p.units, columns = units * 4, last = min(to * 4, units + p.features + 1);
  for (let row = from * 4; row < last; row++) {
    const target = rowOfA(p, row, p.dU, p.dW, p.db);
    for (let column = 0; column < columns; column++) {
      const register = ((row >> 2) * (columns >> 1) + (column >> 1)) * 8 + (row & 3) * 2 + (column & 1);
      const gate = column & 3, unit = column >> 2;
      const sum = sumOfLanes(v128.load(p.tiles + (<usize> register << 4)));
      store<f32>(target + (<usize> (gate * units + unit) << 2), sum);
    }
  }
}
