/** How much memory a training takes, said before it starts. */
import { ModelError } from "../../core/errors.ts";
import { CHUNK_BYTES, LANES, MOST_PAGES, PAGE } from "./kernel_limits.ts";
import type { LstmSettings } from "./settings.ts";

const KERNEL_BYTES = MOST_PAGES * PAGE;

/** Bytes in the kernel's memory, and those in all. */
export interface TrainingBytes {
  kernel: number;
  total: number;
}

/**
 * What a training takes at its peak, to within a third: in the kernel for each step of the look-back the gates, states
 * and gradients of a batch, or of a chunk of it; beside it the series, a batch of it, and the weights with gradients,
 * moments and best values.
 *
 * @param size rows and features of the series.
 */
export function trainingBytes(
  { lookBack, units, batchSize }: LstmSettings,
  { rows, features }: { rows: number; features: number },
): TrainingBytes {
  const weightsOf = (inputs: number) => 4 * units * (inputs + units + 1);
  const layer = (inputs: number) => {
    const window = 4 * lookBack * (2 * inputs + 7 * units + (units + inputs + 1));
    const whole = Math.ceil(batchSize / LANES) * LANES * window;
    return Math.max(Math.min(whole, CHUNK_BYTES), LANES * window) + 4 * 6 * weightsOf(inputs);
  };
  const kernel = layer(features) + layer(units);
  const batch = 4 * batchSize * (lookBack * features + 3 * units);
  const weights = 4 * 6 * (weightsOf(features) + weightsOf(units));
  return { kernel, total: kernel + 2 * 4 * rows * features + batch + weights };
}

/**
 * Refuses a training that would not fit.
 *
 * @param available bytes that may be taken; without it only the kernel's own limit counts.
 * @throws {ModelError} with the estimate, and what to lower.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { lstmSettings } from "./settings.ts";
 * const settings = lstmSettings({ lookBack: 100_000 });
 * assertThrows(() => checkMemory(settings, { rows: 1e6, features: 1 }), Error, "take about");
 * ```
 */
export function checkMemory(
  settings: LstmSettings,
  size: { rows: number; features: number },
  available = Infinity,
): void {
  const { kernel, total } = trainingBytes(settings, size);
  const [needed, most] = kernel > KERNEL_BYTES ? [kernel, KERNEL_BYTES] : [total, available];
  if (needed <= most) return;
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toPrecision(3)} GiB`;
  throw new ModelError(
    `Cannot train an LSTM: look-back ${settings.lookBack}, ${settings.units} units and batches of ${settings.batchSize} ` +
      `take about ${gib(needed)} and ${gib(most)} are there, lower one of them`,
  );
}
