/** tfjs rounds a product of matrices to floats after every so many terms; what is summed as it does has its bits. */
const BLOCK = 48;

/** What the last layer adds up over the windows of a batch, or of a chunk of it. */
export interface HeadGradients {
  kernel: Float32Array<ArrayBuffer>;
  bias: Float32Array<ArrayBuffer>;
}

/**
 * The last layer of the network and the loss: forecasts `p = h k + b` of windows, their squared errors, and the
 * derivatives of the mean squared error of a batch by `h`, which take the place of `h`, and by the layer's weights.
 *
 * @param h `windows × units`, row-major.
 * @param targets one a window.
 * @param batch windows that the loss is the mean of.
 * @returns the sum of the squared errors, and the derivatives by the weights.
 *
 * @example p = 1 · 2 + 1 = 3, off by 2 from the target
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const h = Float32Array.of(1), weights = { kernel: Float32Array.of(2), bias: Float32Array.of(1) };
 * const { squares, kernel, bias } = denseHead(h, weights, Float32Array.of(1), 1);
 * assertEquals([squares, kernel[0], bias[0], h[0]], [4, 4, 4, 8]);
 * ```
 */
export function denseHead(
  h: Float32Array,
  { kernel, bias }: HeadGradients,
  targets: Float32Array,
  batch: number,
): HeadGradients & { squares: number } {
  const units = kernel.length, windows = targets.length, each = Math.fround(1 / batch);
  const dKernel = new Float32Array(units), dBias = new Float32Array(1);
  const derivatives = new Float32Array(windows);
  let squares = 0, sum = 0;
  for (let window = 0; window < windows; window++) {
    const row = window * units;
    let product = 0;
    for (let from = 0; from < units; from += BLOCK) {
      let part = 0;
      const to = Math.min(from + BLOCK, units);
      for (let unit = from; unit < to; unit++) part += h[row + unit]! * kernel[unit]!;
      product = Math.fround(product + part);
    }
    const error = Math.fround(product + bias[0]!) - targets[window]!;
    squares += Math.fround(error * error);
    sum += derivatives[window] = Math.fround(each * Math.fround(2 * Math.fround(error)));
  }
  dBias[0] = sum;
  for (let from = 0; from < windows; from += BLOCK) {
    const to = Math.min(from + BLOCK, windows);
    for (let unit = 0; unit < units; unit++) {
      let part = 0;
      for (let window = from; window < to; window++) part += h[window * units + unit]! * derivatives[window]!;
      dKernel[unit]! += part;
    }
  }
  for (let window = 0; window < windows; window++) {
    for (let unit = 0; unit < units; unit++) h[window * units + unit] = derivatives[window]! * kernel[unit]!;
  }
  return { squares, kernel: dKernel, bias: dBias };
}
