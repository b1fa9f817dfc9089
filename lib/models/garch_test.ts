/** GARCH against Python's `arch`: versions and values are in `testdata/garch.json`. */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { ModelError } from "../core/errors.ts";
import { fillGaussian } from "../sources/demo_rng.ts";
import { fitGarch, garchVariances } from "./garch.ts";
import golden from "./testdata/garch.json" with { type: "json" };

Deno.test("fitGarch() gives arch's parameters, likelihood, standard errors and forecast", () => {
  for (const series of golden.series) {
    const returns = Float64Array.from(series.returns);
    const { mu, omega, alpha, beta, ...fit } = fitGarch(returns);
    for (const [i, value] of [mu, omega, alpha, beta].entries()) {
      assertAlmostEquals(value, series.params[i]!, 1e-6);
    }
    assertAlmostEquals(fit.log_likelihood, series.ll, 1e-6);
    assertAlmostEquals(fit.backcast, series.backcast, 1e-9);
    for (const [i, value] of Object.values(fit.standard_errors).entries()) {
      assertAlmostEquals(value / series.se[i]!, 1, 1e-3);
    }
    const next = garchVariances({ mu, omega, alpha, beta, backcast: fit.backcast }, returns).at(-1)!;
    assertAlmostEquals(next / series.next, 1, 1e-6);
    assert(fit.converged);
  }
});

/** Returns of a known model, after a run-up. */
function simulate(
  seed: number,
  count: number,
  { mu, omega, alpha, beta }: { mu: number; omega: number; alpha: number; beta: number },
): Float64Array {
  const runUp = 500;
  const noise = fillGaussian({ seed, purpose: 1, series: 0, index: 0 }, new Float64Array(runUp + count));
  let variance = omega / (1 - alpha - beta);
  return noise.map((z) => {
    const e = Math.sqrt(variance) * z;
    variance = omega + alpha * e * e + beta * variance;
    return mu + e;
  }).slice(runUp);
}

Deno.test("fitGarch() finds the parameters of 200 simulated series within three standard errors in 95 % of them", () => {
  const truth = { mu: 0.05, omega: 0.1, alpha: 0.1, beta: 0.8 };
  const names = ["mu", "omega", "alpha", "beta"] as const;
  const within = { mu: 0, omega: 0, alpha: 0, beta: 0 };
  for (let seed = 0; seed < 200; seed++) {
    const fit = fitGarch(simulate(seed, 3000, truth));
    for (const name of names) {
      if (Math.abs(fit[name] - truth[name]) <= 3 * fit.standard_errors[name]) within[name]++;
    }
  }
  for (const name of names) assert(within[name] >= 190, `${name}: ${within[name]} of 200`);
});

Deno.test("fitGarch() stays within its bounds where there is nothing to find, or too much", () => {
  const quiet = simulate(1, 1000, { mu: 0, omega: 1, alpha: 0, beta: 0 });
  const wild = simulate(2, 1000, { mu: 0, omega: 0.01, alpha: 0.6, beta: 0.399 });
  for (const returns of [quiet, wild, quiet.map((r) => r * 1e-3), wild.map((r) => r * 1e3)]) {
    const { omega, alpha, beta, log_likelihood } = fitGarch(returns);
    assert(omega > 0 && alpha >= 0 && beta >= 0 && alpha + beta < 1 && Number.isFinite(log_likelihood));
  }
});

Deno.test("fitGarch() refuses what has no variance to model", () => {
  assertThrows(() => fitGarch(new Float64Array(99)), ModelError, "99 returns");
  assertThrows(() => fitGarch(new Float64Array(200).fill(1)), ModelError, "nothing varies");
  assertThrows(() => fitGarch(new Float64Array(200).fill(NaN)), ModelError, "not finite");
});

Deno.test("garchVariances() sees only the returns before", () => {
  const model = { mu: 0, omega: 0.1, alpha: 0.1, beta: 0.8, backcast: 1 };
  const returns = simulate(3, 50, { mu: 0, omega: 0.1, alpha: 0.1, beta: 0.8 });
  const changed = returns.map((r, t) => t < 30 ? r : 100);
  assertEquals(garchVariances(model, changed).slice(0, 31), garchVariances(model, returns).slice(0, 31));
});
