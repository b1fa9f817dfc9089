/** For tests: rows whose target is tomorrow's value of a wave with noise. */
import type { SeriesRows } from "../../features/series_rows.ts";
import { seededRandom } from "../seeded_random.ts";

/** A column `v`, and another one that says nothing. */
export function waveRows(count: number, { seed = 1, horizon = 1 } = {}): SeriesRows {
  const random = seededRandom(seed);
  const v = Float64Array.from({ length: count }, (_, i) => 10 + 3 * Math.sin(i / 4) + 0.2 * (random() - 0.5));
  const noise = Float64Array.from(v, () => random());
  const days = Array.from(v, (_, i) => new Date(86_400_000 * i).toISOString().slice(0, 10));
  return { days, columns: { v, noise }, target: v.map((_, i) => v[i + horizon] ?? NaN), horizon };
}

/** A network that trains in a blink. */
export const SMALL = { lookBack: 7, units: 5, epochs: 4, batchSize: 16, learningRate: 0.01, patience: 3 };
