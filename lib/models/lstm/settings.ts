/** What a person may choose about the network and its training. */
import type { ScalerKind } from "../../features/scaler.ts";

/** Settings of an LSTM; in brackets what Keras calls them. */
export interface LstmSettings {
  /** Rows of a window: what the network sees before it forecasts. */
  lookBack: number;
  /** Width of each of the two LSTM layers (`units`). */
  units: number;
  /** Share of the values that each dropout layer drops in training, from 0, below 1 (`rate`). */
  dropout: number;
  /** Adam's step (`learning_rate`). */
  learningRate: number;
  /** Windows of a step (`batch_size`). */
  batchSize: number;
  /** Most passes over the windows (`epochs`). */
  epochs: number;
  /** Passes without a lower validation loss before training stops early (`EarlyStopping(patience)`). */
  patience: number;
  /** How much lower counts as lower (`EarlyStopping(min_delta)`). */
  minDelta: number;
  /** Share of the windows, the newest ones, that are kept for validation; 0: none, and training never stops early. */
  validationShare: number;
  /** How columns and target are scaled, by statistics of the rows trained on. */
  scaler: ScalerKind;
  /**
   * 32-bit whole number; the same seed, settings and rows give the same weights bit for bit on one kind of
   * processor (WebAssembly leaves it to the processor how often a fused multiply-add rounds).
   */
  seed: number;
}

/** The network of the course: LSTM(50) → Dropout(0.2) → LSTM(50) → Dropout(0.2) → Dense(1), look-back 60. */
export const LSTM_DEFAULTS: LstmSettings = {
  lookBack: 60,
  units: 50,
  dropout: 0.2,
  learningRate: 0.001,
  batchSize: 32,
  epochs: 50,
  patience: 10,
  minDelta: 0,
  validationShare: 0.1,
  scaler: "min_max",
  seed: 1,
};

/**
 * The settings in force.
 *
 * @throws {RangeError} if one is out of its range.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * assertEquals(lstmSettings({ units: 8 }).lookBack, 60);
 * assertThrows(() => lstmSettings({ lookBack: 0 }), RangeError, "Cannot set lookBack: 0");
 * ```
 */
export function lstmSettings(chosen: Partial<LstmSettings> = {}): LstmSettings {
  const settings = { ...LSTM_DEFAULTS, ...chosen };
  const check = (name: keyof LstmSettings, allowed: boolean, range: string) => {
    if (!allowed) throw new RangeError(`Cannot set ${name}: ${settings[name]} is not ${range}`);
  };
  for (const name of ["lookBack", "units", "batchSize", "epochs", "patience"] as const) {
    check(name, Number.isInteger(settings[name]) && settings[name] >= 1, "a whole number from 1");
  }
  const { dropout, learningRate, minDelta, validationShare, scaler, seed } = settings;
  check("dropout", dropout >= 0 && dropout < 1, "from 0, below 1");
  check("learningRate", learningRate > 0 && learningRate < Infinity, "above 0");
  check("minDelta", minDelta >= 0 && minDelta < Infinity, "from 0");
  check("validationShare", validationShare >= 0 && validationShare < 1, "from 0, below 1");
  check("scaler", scaler === "min_max" || scaler === "standard", "min_max or standard");
  check("seed", seed === (seed | 0), "a 32-bit whole number");
  return settings;
}
