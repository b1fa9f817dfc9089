/** Student's t distribution, as far as a test needs it. */
import { logGamma } from "../core/log_gamma.ts";

/**
 * The chance that a t-distributed number lies further from zero than `t`, on either side: `I_x(ν/2, 1/2)` with
 * `x = ν / (ν + t²)`, the incomplete beta function by Lentz's continued fraction (Press et al., *Numerical Recipes*, §6.4).
 *
 * @param degrees Degrees of freedom, above 0.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * assertEquals(twoSidedT(0, 10), 1);
 * assertAlmostEquals(twoSidedT(2.228138852, 10), 0.05, 1e-9);
 * ```
 */
export function twoSidedT(t: number, degrees: number): number {
  const x = degrees / (degrees + t * t);
  return incompleteBeta(x, degrees / 2, 0.5);
}

function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b));
  return x < (a + 1) / (a + b + 2) ? front * fraction(x, a, b) / a : 1 - front * fraction(1 - x, b, a) / b;
}

function fraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const safe = (value: number) => Math.abs(value) < tiny ? tiny : value;
  let c = 1, d = 1 / safe(1 - (a + b) * x / (a + 1)), result = d;
  for (let m = 1; m < 10_000; m++) {
    const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / safe(1 + even * d);
    c = safe(1 + even / c);
    result *= d * c;
    const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / safe(1 + odd * d);
    c = safe(1 + odd / c);
    result *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return result;
}
