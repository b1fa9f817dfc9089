/** What may be forecast from the end of a day, by name. */

/** A name of {@linkcode TARGETS}. */
export type TargetName = "volatility" | "realised_volatility" | "price" | "return";

/**
 * Days that moved by less count as this volatile, and nothing below it is forecast: logarithms and QLIKE stay in bounds.
 * A day with one price only is none of them: nobody knows how far it would have moved, so it has no volatility.
 */
export const LEAST_VOLATILITY = 1e-4;

/** A quantity of a day that is forecast `horizon` days ahead. */
export interface Target {
  /** The column of rows that holds the same quantity of the row's own day: `target[i]` is its value `horizon` days on. */
  today: string;
  /** Volatilities and prices are above zero and compared by ratios, returns by differences. */
  scale: "volatility" | "price" | "return";
  meaning: string;
  /** Of the target and of errors. */
  unit: string;
}

/** The targets. Each is one column of the rows, moved by the horizon, so that "as today" is a forecast of it. */
export const TARGETS: Readonly<Record<TargetName, Target>> = {
  volatility: {
    today: "vol_1",
    scale: "volatility",
    meaning:
      "Parkinson's volatility of the day, from its high and low: 0.03 is 3 %; none where they are one.",
    unit: "volatility a day",
  },
  realised_volatility: {
    today: "vol_1",
    scale: "volatility",
    meaning: "Root of the sum of squared 5-minute log returns of the day: 0.03 is 3 %.",
    unit: "volatility a day",
  },
  price: { today: "close", scale: "price", meaning: "Close of the day.", unit: "USD" },
  return: {
    today: "past_return",
    scale: "return",
    meaning: "ln(close / close of `horizon` days before): 0.01 is about 1 %.",
    unit: "log return",
  },
};

/** Names of {@linkcode TARGETS}. */
export const TARGET_NAMES = Object.keys(TARGETS) as TargetName[];
