/** Losses of a training, epoch by epoch: which was the best, and when to stop. */
import { ModelError } from "../../core/errors.ts";
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

/** What decides when a training ends, and what to lower where it leads nowhere. */
type LossSettings = Pick<LstmSettings, "epochs" | "patience" | "minDelta" | "learningRate">;

/**
 * Keras's `EarlyStopping`: training ends where the validation loss has not fallen for `patience` epochs.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * const log = new LossLog({ epochs: 9, patience: 2, minDelta: 0, learningRate: 0.5 });
 * const improved = [0.3, 0.2, 0.4, 0.3].map((validation) => log.add({ train: 0, validation }));
 * assertEquals([improved, log.best_epoch, log.done], [[true, true, false, false], 2, true]);
 * assertThrows(() => log.add({ train: 0.1, validation: NaN }), Error, "the validation loss of epoch 5 is NaN, lower");
 * ```
 */
export class LossLog {
  losses: EpochLosses[];
  /** From 1; 0 before the first. */
  best_epoch: number;
  readonly #settings: LossSettings;

  /** @param past of a training that goes on. */
  constructor(
    settings: LossSettings,
    past: { losses: readonly EpochLosses[]; best_epoch: number } = { losses: [], best_epoch: 0 },
  ) {
    this.#settings = settings;
    this.losses = [...past.losses];
    this.best_epoch = past.best_epoch;
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

  /**
   * Adds an epoch; whether it is the best one so far. Without validation the newest one is.
   *
   * @throws {ModelError} where a loss is no finite number.
   */
  add(losses: EpochLosses): boolean {
    this.#checkFinite("loss", losses.train);
    if (losses.validation !== null) this.#checkFinite("validation loss", losses.validation);
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

  #checkFinite(name: string, loss: number): void {
    if (Number.isFinite(loss)) return;
    throw new ModelError(
      `Cannot go on training: the ${name} of epoch ${this.epoch + 1} is ${loss}, lower learningRate ` +
        `(${this.#settings.learningRate} now)`,
    );
  }
}
