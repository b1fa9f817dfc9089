import type { Forecaster } from "./forecaster.ts";
import { r2 } from "./metrics.ts";
import { seededRandom } from "./seeded_random.ts";

/** How much a model leans on one feature. */
export interface FeatureImportance {
  /** Fall of R² when the feature's values are shuffled among the rows; 0 means that the model does not use it. */
  mean: number;
  /** Standard deviation over the repeats. */
  std: number;
}

/**
 * Permutation importance (Breiman 2001, section 10) of any fitted model: each feature in turn is shuffled among rows
 * that the model has not seen, and R² falls by what the model knew from it. Features that say the same share it.
 *
 * @param x rows that the model was not trained on.
 * @param y their labels.
 * @returns one importance a feature, in their order.
 * @throws {RangeError} if `repeats` is not a whole number from 1, or there are no rows.
 *
 * @example The label is the first feature, the second is noise
 * ```ts
 * import { assert } from "@std/assert";
 * const x = Array.from({ length: 50 }, (_, i) => [i, Math.sin(i)]);
 * const model = { name: "first", fit() {}, predict: (rows: readonly (readonly number[])[]) => Float64Array.from(rows, (row) => row[0]!) };
 * const [first, second] = permutationImportance(model, x, Float64Array.from(x, (row) => row[0]!), { seed: 1 });
 * assert(first!.mean > 1 && second!.mean === 0);
 * ```
 */
export function permutationImportance(
  model: Pick<Forecaster, "predict">,
  x: readonly (readonly number[])[],
  y: Float64Array,
  { seed, repeats = 5 }: { seed: number; repeats?: number },
): FeatureImportance[] {
  if (!(Number.isInteger(repeats) && repeats >= 1)) {
    throw new RangeError(`Cannot shuffle features: repeats is ${repeats}, give a whole number from 1`);
  }
  const whole = r2(y, model.predict(x));
  return Array.from(x[0]!, (_, column) => {
    const random = seededRandom(seed, column);
    const falls = Array.from({ length: repeats }, () => {
      const order = shuffled(x.length, random);
      const rows = x.map((row, at) => row.with(column, x[order[at]!]![column]!));
      return whole - r2(y, model.predict(rows));
    });
    const mean = falls.reduce((sum, fall) => sum + fall, 0) / repeats;
    const variance = falls.reduce((sum, fall) => sum + (fall - mean) ** 2, 0) / repeats;
    return { mean, std: Math.sqrt(variance) };
  });
}

/** Whole numbers below `count` in random order (Fisher & Yates). */
function shuffled(count: number, random: () => number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, at) => at);
  for (let at = count - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    const value = order[at]!;
    order[at] = order[other]!;
    order[other] = value;
  }
  return order;
}
