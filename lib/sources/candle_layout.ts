/**
 * Layouts of candle files that the world writes, one small object each: how it is known, where its six values
 * stand, what its time and its volume mean. {@linkcode detectLayout} (candle_layout_detect.ts) chooses one.
 */
import type { EpochUnit } from "./candle_layout_time.ts";

/** The values of a bar, in the lake's order. */
export const FIELDS = ["time", "open", "close", "high", "low", "volume"] as const;

/** Where the values stand in a line, by column number from 0. */
export interface Places {
  time: number;
  open: number;
  close: number;
  high: number;
  low: number;
  volume: number;
  /** The column that names the market, where there is one. */
  symbol: number | null;
  /** How the time column is written: epoch numbers, stamps in UTC, or stamps that may be local. */
  stamp: "epoch" | "utc" | "local";
}

/** A way to write candles as text. */
export interface CandleLayout {
  /** What `--layout` takes. */
  name: string;
  /** A sentence for `--help` and for the error that lists what was looked for. */
  about: string;
  /** What a number in the volume column counts. */
  volume_unit: string;
  /** Column names: in the file's order where there may be no header, as usual elsewhere. */
  columns: readonly string[];
  /** Other names that columns of the layout have in some files. */
  also?: RegExp;
  /** Whether a line of names stands over the rows. */
  header: "always" | "never" | "either";
  /** Whether one line of other text may stand over the header. */
  banner: boolean;
  /** Units that epoch times may have; one file keeps to one of them. */
  units: readonly EpochUnit[];
  /** The bar length that the layout promises, where it does. */
  timeframe: string | null;
  /**
   * Finds the values by the header's names (lower case, `_` for blanks), or says which names are missing.
   * `symbol` is the market of the first row, where a column names it.
   */
  places(names: readonly string[], symbol: string | null): Places | { missing: string[] };
}

type Wanted = Record<typeof FIELDS[number], string | number>;

function byName(
  names: readonly string[],
  wanted: Wanted,
  stamp: Places["stamp"],
): Places | { missing: string[] } {
  const at = (name: string | number) => typeof name === "number" ? name : names.indexOf(name);
  const missing = FIELDS.map((field) => wanted[field]).filter((name) => at(name) === -1).map(String);
  if (missing.length > 0) return { missing };
  const symbol = names.findIndex((name) => SYMBOL_COLUMNS.includes(name));
  return {
    time: at(wanted.time),
    open: at(wanted.open),
    close: at(wanted.close),
    high: at(wanted.high),
    low: at(wanted.low),
    volume: at(wanted.volume),
    symbol: symbol === -1 ? null : symbol,
    stamp,
  };
}

/** Columns that name the market, in any layout. */
export const SYMBOL_COLUMNS: readonly string[] = ["symbol", "ticker", "pair", "market"];
const OHLC = { open: "open", high: "high", low: "low", close: "close" };

/** The layout of the lake's own files. */
const lakebook: CandleLayout = {
  name: "lakebook",
  about:
    "a header that names time, open, close, high, low and volume in any order; time in epoch milliseconds",
  volume_unit: "base coin",
  columns: FIELDS,
  header: "always",
  banner: false,
  units: ["milliseconds"],
  timeframe: null,
  places: (names) => byName(names, { time: "time", ...OHLC, volume: "volume" }, "epoch"),
};

const cryptodatadownload: CandleLayout = {
  name: "cryptodatadownload",
  about:
    "CryptoDataDownload: a banner, a header with Date (UTC, such as 2019-06-04 12-AM), Symbol, Open, High, " +
    "Low, Close, Volume BTC, Volume USD; newest first",
  volume_unit: "base coin",
  columns: ["date", "symbol", "open", "high", "low", "close", "volume_btc", "volume_usd"],
  also: /^(unix|unix_timestamp|volume_\w+|tradecount)$/,
  header: "always",
  banner: true,
  units: ["seconds", "milliseconds"],
  timeframe: null,
  places(names, symbol) {
    const market = symbol?.toUpperCase() ?? "";
    const coins = names.filter((name) => name.startsWith("volume_")).map((name) => name.slice(7));
    const base = coins.find((coin) => market.startsWith(coin.toUpperCase())) ??
      coins.find((coin) => !market.endsWith(coin.toUpperCase()));
    const unix = ["unix_timestamp", "unix"].find((name) => names.includes(name));
    const found = byName(
      names,
      { time: unix ?? "date", ...OHLC, volume: base === undefined ? "volume_<coin>" : `volume_${base}` },
      unix === undefined ? "utc" : "epoch",
    );
    if ("missing" in found) return found;
    return found.symbol === null ? { missing: ["symbol"] } : found;
  },
};

const BINANCE = [
  "open_time",
  "open",
  "high",
  "low",
  "close",
  "volume",
  "close_time",
  "quote_volume",
  "count",
  "taker_buy_volume",
  "taker_buy_quote_volume",
  "ignore",
] as const;

const binance: CandleLayout = {
  name: "binance",
  about:
    "Binance bulk data: 12 columns from open_time to ignore, with or without a header; epoch milliseconds, " +
    "microseconds since 2025",
  volume_unit: "base coin",
  columns: BINANCE,
  also: /^(quote_asset_volume|number_of_trades|taker_buy_(base|quote)_asset_volume)$/,
  header: "either",
  banner: false,
  units: ["milliseconds", "microseconds"],
  timeframe: null,
  places(names) {
    const found = byName(names, { time: "open_time", ...OHLC, volume: "volume" }, "epoch");
    return "missing" in found || names.includes("close_time") ? found : { missing: ["close_time"] };
  },
};

const unixTimestamp: CandleLayout = {
  name: "unix_timestamp",
  about:
    "a header that names unix_timestamp (epoch seconds or milliseconds), open, close, high, low and volume, " +
    "with a readable timestamp beside it",
  volume_unit: "base coin",
  columns: ["timestamp", "open", "close", "volume", "unix_timestamp", "high", "low"],
  header: "always",
  banner: false,
  units: ["seconds", "milliseconds"],
  timeframe: null,
  places: (names) => byName(names, { time: "unix_timestamp", ...OHLC, volume: "volume" }, "epoch"),
};

const hiveDaily: CandleLayout = {
  name: "hive_daily",
  about:
    "a header that names date, open, high, low, close and volume: days whose stamps are 00:00 UTC, or local " +
    "time of the zone that --timezone names",
  volume_unit: "base coin",
  columns: ["date", "open", "high", "low", "close", "volume"],
  header: "always",
  banner: false,
  units: [],
  timeframe: "1d",
  places: (names) => byName(names, { time: "date", ...OHLC, volume: "volume" }, "local"),
};

const bitfinex: CandleLayout = {
  name: "bitfinex",
  about: "Bitfinex: no header, six columns: epoch milliseconds, open, close, high, low, volume",
  volume_unit: "base coin",
  columns: FIELDS,
  header: "never",
  banner: false,
  units: ["milliseconds"],
  timeframe: null,
  places: (names) => byName(names, { time: 0, open: 1, close: 2, high: 3, low: 4, volume: 5 }, "epoch"),
};

/** All layouts, in the order in which detection tries them. */
export const LAYOUTS: readonly CandleLayout[] = [
  lakebook,
  cryptodatadownload,
  binance,
  unixTimestamp,
  hiveDaily,
  bitfinex,
];

const QUOTES = ["USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USD", "EUR", "GBP", "BTC", "ETH", "BNB"];

/** A market's base coin and quote, such as `["BTC", "USDT"]`, or null where its name does not end with a known quote. */
export function splitSymbol(symbol: string): [base: string, quote: string] | null {
  const plain = symbol.toUpperCase().replace(/[-_/:]/g, "");
  const quote = QUOTES.find((name) => plain.endsWith(name) && plain.length - name.length >= 2);
  return quote === undefined ? null : [plain.slice(0, -quote.length), quote];
}

/**
 * The market that a file is named after, or null.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(symbolInName("data/BTCUSDT-1m-2025-01.zip"), "BTCUSDT");
 * assertEquals(symbolInName("Coinbase_BTCUSD_1h.csv"), "BTCUSD");
 * assertEquals(symbolInName("prices.csv"), null);
 * ```
 */
export function symbolInName(name: string): string | null {
  const words = name.slice(name.lastIndexOf("/") + 1).split(/[^A-Za-z0-9]+/);
  for (const word of words) {
    const market = word.replace(/^t(?=[A-Z]{6,}$)/, "");
    if (market.length >= 5 && market.length <= 14 && splitSymbol(market)) return market.toUpperCase();
  }
  return null;
}
