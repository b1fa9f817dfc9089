/** Losses of a training, epoch by epoch: which was the best, and when to stop. */
import type { LstmSettings } from "./settings.ts";

/** How an epoch went. Losses are mean squared errors of scaled targets. */
export interface EpochReport {
  /** From 1. */
  epoch: number;
  epochs: number;
  /** On the windows trained on, while the weights change and dropout drops. */
  loss: number;
  /** On the windows kept for validation; null without any. */
  validation_loss: number | null;
  /** Whether it is the best epoch so far. */
  improved: boolean;
  /** Whether training stops early after it. */
  stopped: boolean;
  /** Of this epoch; 0 without a clock. */
  seconds: number;
  /** Seconds to the last epoch if none stops early. */
  eta_seconds: number;
}

/** Losses of an epoch; validation is null without such windows. */
export interface EpochLosses {
  train: number;
  validation: number | null;
}

/**
 * Keras's `EarlyStopping`: training ends where the validation loss has not fallen for `patience` epochs.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const log = new LossLog({ epochs: 9, patience: 2, minDelta: 0 });
 * const improved = [0.3, 0.2, 0.4, 0.3].map((validation) => log.add({ train: 0, validation }));
 * assertEquals([improved, log.best_epoch, log.done], [[true, true, false, false], 2, true]);
 * ```
 */
export class LossLog {
  losses: EpochLosses[] = [];
  /** From 1; 0 before the first. */
  best_epoch = 0;
  readonly #settings: Pick<LstmSettings, "epochs" | "patience" | "minDelta">;

  constructor(settings: Pick<LstmSettings, "epochs" | "patience" | "minDelta">) {
    this.#settings = settings;
  }

  /** Epochs so far. */
  get epoch(): number {
    return this.losses.length;
  }

  /** Whether there is no epoch left, or training has stopped early. */
  get done(): boolean {
    const { epochs, patience } = this.#settings;
    const validated = this.losses.at(-1)?.validation != null;
    return this.epoch >= epochs || (validated && this.epoch - this.best_epoch >= patience);
  }

  /** Adds an epoch; whether it is the best one so far. Without validation the newest one is. */
  add(losses: EpochLosses): boolean {
    const best = this.losses[this.best_epoch - 1]?.validation;
    this.losses.push(losses);
    const improved = best == null || losses.validation! < best - this.#settings.minDelta;
    if (improved) this.best_epoch = this.epoch;
    return improved;
  }

  /** The newest epoch in words; times in seconds, `began` after the first `skipped` epochs. */
  report(
    improved: boolean,
    { now, start, began, skipped }: { now: number; start: number; began: number; skipped: number },
  ): EpochReport {
    const { epochs } = this.#settings, { train, validation } = this.losses.at(-1)!;
    return {
      epoch: this.epoch,
      epochs,
      loss: train,
      validation_loss: validation,
      improved,
      stopped: this.done && this.epoch < epochs,
      seconds: now - start,
      eta_seconds: this.done ? 0 : (now - began) / (this.epoch - skipped) * (epochs - this.epoch),
    };
  }
}
