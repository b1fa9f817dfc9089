/** Park and Miller's generator, which `testdata/trees_sklearn.py` draws from, too: exact in doubles. */
export function uniforms(seed: number): () => number {
  return () => (seed = seed * 48271 % 2147483647) / 2147483647;
}

/** Friedman 1991's first test function, with noise of variance 1: the same numbers as in `testdata/trees_sklearn.py`. */
export function friedman(rows: number, columns: number, seed: number): { x: number[][]; y: Float64Array } {
  const draw = uniforms(seed);
  const x = Array.from({ length: rows }, () => Array.from({ length: columns }, draw));
  const y = Float64Array.from(x, ([a, b, c, d, e]) => {
    const noise = Array.from({ length: 12 }, draw).reduce((sum, value) => sum + value) - 6;
    return 10 * Math.sin(Math.PI * a! * b!) + 20 * (c! - 0.5) ** 2 + 10 * d! + 5 * e! + noise;
  });
  return { x, y };
}
