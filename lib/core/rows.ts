/** Row types that cross rooms. Column names are the table's own, in snake_case. */

/** One OHLCV bar. Prices in USD, volume in the base coin; `time` is the bar's start in epoch milliseconds. */
export interface Candle {
  time: number;
  open: number;
  close: number;
  high: number;
  low: number;
  volume: number;
}

/** Bars as columns of equal length, in order of time; a value that is missing is NaN. */
export type BarColumns = Readonly<Record<keyof Candle, Float64Array>>;

/** A row of `crypto_gold.processed_partitioned`: one UTC day of one market, prices in USD. */
export interface DailyPrice {
  /** `YYYY-MM-DD`, UTC. */
  day: string;
  avg_price_usd: number;
  min_price_usd: number;
  max_price_usd: number;
}

/** A row of `crypto_analytics.processed_prices`: one coin in one market snapshot. Any number may be unknown. */
export interface MarketPrice {
  id: string;
  symbol: string;
  name: string;
  current_price: number | null;
  /** A `bigint` beyond 2^53. */
  market_cap: number | bigint | null;
  market_cap_rank: number | null;
  volume_24h: number | bigint | null;
  price_change_pct_1h: number | null;
  price_change_pct_24h: number | null;
  price_change_pct_7d: number | null;
  /** Epoch seconds of the snapshot's slot. */
  timestamp: number;
  /** Where the row comes from: `coingecko` or `demo`. */
  source: string;
}

/** The same with every number as a double, for charts and checks. */
export type MarketPriceDoubles = { [Column in keyof MarketPrice]: Exclude<MarketPrice[Column], bigint> };

/** Something that was refused and kept aside, with the reason. */
export interface Reject {
  /** Line of the file (1 = header) or index in the response, where known. */
  line: number | null;
  /** A short, stable word: `not_a_number`, `high_below_low`, … */
  reason: string;
  /** A sentence for a person. */
  detail: string;
  /** The offending text, exactly as it came. */
  raw: string;
}
