/** Where training starts: Keras's initial weights, drawn from a seed that repeats them bit for bit on any machine. */
import { seededRandom } from "../seeded_random.ts";

/**
 * Weights of LSTM → LSTM → Dense(1) in the order of Keras's `get_weights`: kernel, recurrent kernel and bias of each
 * LSTM (gates i, f, c, o), kernel and bias of the last layer. Kernels are Glorot's uniform ones, recurrent kernels have
 * orthogonal rows, biases are 0 but for the forget gate's, which is 1 (Jozefowicz et al. 2015).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const weights = initialWeights({ features: 1, units: 2, seed: 1 });
 * assertEquals(weights.map(({ length }) => length), [8, 16, 8, 16, 16, 8, 2, 1]);
 * assertEquals([...weights[2]!], [0, 0, 1, 1, 0, 0, 0, 0]);
 * ```
 */
export function initialWeights(
  { features, units, seed }: { features: number; units: number; seed: number },
): Float32Array<ArrayBuffer>[] {
  const random = seededRandom(seed, -1);
  const lstm = (inputs: number) => [
    glorotUniform(inputs, 4 * units, random),
    orthogonalRows(units, 4 * units, random),
    new Float32Array(4 * units).fill(1, units, 2 * units),
  ];
  return [...lstm(features), ...lstm(units), glorotUniform(units, 1, random), new Float32Array(1)];
}

function glorotUniform(rows: number, columns: number, random: () => number): Float32Array<ArrayBuffer> {
  const limit = Math.sqrt(6 / (rows + columns));
  return Float32Array.from({ length: rows * columns }, () => limit * (2 * random() - 1));
}

/** Rows of length 1 at right angles to each other: normal draws, orthogonalised in turn (modified Gram–Schmidt). */
function orthogonalRows(rows: number, columns: number, random: () => number): Float32Array<ArrayBuffer> {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const made: Float64Array[] = [];
  for (let row = 0; row < rows; row++) {
    const vector = Float64Array.from({ length: columns }, normal);
    for (const other of made) {
      const along = vector.reduce((sum, value, i) => sum + value * other[i]!, 0);
      for (let i = 0; i < columns; i++) vector[i]! -= along * other[i]!;
    }
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    made.push(vector.map((value) => value / length));
  }
  const matrix = new Float32Array(rows * columns);
  for (const [row, vector] of made.entries()) matrix.set(vector, row * columns);
  return matrix;
}
