/**
 * What happens to data that is not as it was: the words and their meaning are those of dlt's schema contracts
 * (https://dlthub.com/docs/general-usage/schema-contracts), for two kinds of data and two kinds of change.
 */

/**
 * `evolve`: the value is kept, in `crypto_analytics.extra_values`. `freeze`: the file or page is refused as a whole.
 * `discard_row`: the row is refused and waits among the dead letters. `discard_value`: the value alone is dropped.
 */
export const CONTRACT_MODES = ["evolve", "freeze", "discard_row", "discard_value"] as const;

/** One of the four words. */
export type ContractMode = typeof CONTRACT_MODES[number];

/** What holds for one kind of data. */
export interface Contract {
  /** For values of a column, or field, that was not there before. */
  columns: ContractMode;
  /** For values that are not of their column's type. */
  data_type: ContractMode;
}

/** Kinds of data that have a contract: candle files, and CoinGecko's market pages. */
export type ContractEntity = "candles" | "snapshots";

/** What holds where a lake says nothing else. */
export const DEFAULT_CONTRACT = {
  candles: { columns: "discard_value", data_type: "discard_row" },
  snapshots: { columns: "discard_value", data_type: "discard_row" },
} as const satisfies Record<ContractEntity, Contract>;

/** A row of `crypto_analytics.extra_values`: a value that no column of the stable tables has. */
export interface ExtraValue {
  /** The market of a candle (`BTCUSD`), or a coin's id (`bitcoin`). */
  id: string;
  source: string;
  /** Start of the bar, or of the snapshot's slot, in epoch milliseconds. */
  timestamp_ms: number;
  column_name: string;
  /** The text of a file's cell; a text of a page as it is, another value as JSON. */
  value: string;
  /** Key of the raw object that holds it. */
  origin: string;
}

/** A column, or a type, that was not there before. */
export interface Drift {
  kind: keyof Contract;
  column: string;
  /** Start of the first value; empty where the first rows have none. */
  example: string;
}

/** A drift, and where it was seen first. */
export interface SeenDrift extends Drift {
  /** Key of the raw object. */
  origin: string;
  /** What the contract said then. */
  mode: ContractMode;
}
