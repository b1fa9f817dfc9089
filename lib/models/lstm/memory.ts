/** How much memory a training takes, said before it starts. */
import { ModelError } from "../../core/errors.ts";
import type { LstmSettings } from "./settings.ts";

/** WebAssembly's memory, which the fast layers compute in, cannot grow beyond this. */
const MOST_BYTES = 4 * 2 ** 30;

/**
 * Bytes that a training takes at its peak, to within a third: the series, and for each step of the look-back the gates,
 * states and gradients of both layers for one batch; weights with their gradients, moments and best values.
 *
 * @param size rows and features of the series.
 */
export function trainingBytes(
  { lookBack, units, batchSize }: LstmSettings,
  { rows, features }: { rows: number; features: number },
): number {
  const layer = (inputs: number) => {
    // Inputs, gates, cell, its tanh, output, their gradients; each for every step of the look-back.
    const activations = lookBack * batchSize * (2 * inputs + 4 * units + 5 * units);
    const weights = 4 * units * (inputs + units + 1);
    return activations + 8 * weights;
  };
  return 4 * (2 * rows * features + layer(features) + layer(units));
}

/**
 * Refuses a training that would not fit.
 *
 * @param available bytes that may be taken; default: what WebAssembly can have.
 * @throws {ModelError} with the estimate, and what to lower.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { lstmSettings } from "./settings.ts";
 * const settings = lstmSettings({ lookBack: 100_000, batchSize: 4096 });
 * assertThrows(() => checkMemory(settings, { rows: 1e6, features: 1 }), Error, "GiB");
 * ```
 */
export function checkMemory(
  settings: LstmSettings,
  size: { rows: number; features: number },
  available: number = MOST_BYTES,
): void {
  const needed = trainingBytes(settings, size), most = Math.min(available, MOST_BYTES);
  if (needed <= most) return;
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toPrecision(3)} GiB`;
  throw new ModelError(
    `Cannot train an LSTM: look-back ${settings.lookBack}, ${settings.units} units and batches of ${settings.batchSize} ` +
      `take about ${gib(needed)} and ${gib(most)} are there, lower one of them`,
  );
}
