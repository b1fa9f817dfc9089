/**
 * The lake's tables: one definition for their location, columns and partitions. The names and columns are a
 * contract with the readers of the lake (SQL, notebooks, Athena), so a change here is a change of the product.
 */

/** Column types, in Athena's words. */
export type ColumnType = "string" | "int" | "bigint" | "double" | "date" | "timestamp";

/**
 * How Athena works out the values of a partition column by itself, so that no partition is ever registered
 * (`MSCK REPAIR`): what lies outside of a range is not read, and nothing says so. {@linkcode checkProjection} does.
 */
export type Projection =
  /** Whole numbers, in the key with `digits` digits where that is given. */
  | { type: "integer"; from: number; to: number; digits?: number }
  /** Days from `from` to the day on which the query runs. */
  | { type: "date"; from: string }
  /** Words; a lake's own further ones (a symbol, a source) are added from its keys. */
  | { type: "enum"; values: readonly string[] };

/** A table over objects of the lake. */
export interface TableDefinition {
  /** `crypto_analytics` is the technical layer, `crypto_gold` the business layer, `lakebook` what runs say of themselves. */
  database: "crypto_analytics" | "crypto_gold" | "lakebook";
  name: string;
  /** Columns inside the objects, in order. */
  columns: Readonly<Record<string, ColumnType>>;
  /** Columns that come from the key (`year=2026/…`), in order. */
  partitions: Readonly<Record<string, ColumnType>>;
  /** For each partition column, the values that Athena looks for. */
  projection: Readonly<Record<string, Projection>>;
  format: "parquet" | "ndjson" | "json" | "csv";
  /** Of Parquet. */
  compression?: "snappy" | "gzip";
  /** Key prefix of the objects, with a slash at its end. */
  prefix: string;
  /** One line for `--help` and error hints. */
  about: string;
}

const CANDLE_PRICES = { open: "double", high: "double", low: "double", close: "double" } as const;

const HOUR_PARTITIONS = { year: "int", month: "int", day: "int", hour: "int" } as const;

/** Bitcoin has prices since 2009, what Lakebook itself asks for exists since it does. */
const CANDLE_YEARS = { type: "integer", from: 2009, to: 2035 } as const;
const SNAPSHOT_YEARS = { type: "integer", from: 2020, to: 2035 } as const;
const MONTHS = { type: "integer", from: 1, to: 12, digits: 2 } as const;
const DAYS = { type: "integer", from: 1, to: 31, digits: 2 } as const;
const HOURS = { type: "integer", from: 0, to: 23, digits: 2 } as const;
const SYMBOLS = { type: "enum", values: ["BTCUSD"] } as const;
const SOURCES = {
  type: "enum",
  values: ["binance", "bitstamp", "coinbase", "csv", "demo", "kraken"],
} as const;
const TIMEFRAME_WORDS = {
  type: "enum",
  values: ["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"],
} as const;

const DAY_PROJECTION = { year: SNAPSHOT_YEARS, month: MONTHS, day: DAYS } as const;
const HOUR_PROJECTION = { ...DAY_PROJECTION, hour: HOURS } as const;

/** Raw candle files: exact copies of what came in, in the column order of the reference (close before high). */
export const BTCUSD_RAW = {
  database: "crypto_analytics",
  name: "btcusd_raw",
  columns: {
    time: "bigint",
    open: "double",
    close: "double",
    high: "double",
    low: "double",
    volume: "double",
  },
  partitions: { symbol: "string", source: "string", timeframe: "string" },
  projection: { symbol: SYMBOLS, source: SOURCES, timeframe: TIMEFRAME_WORDS },
  format: "csv",
  prefix: "raw/ohlcv/",
  about: "candles as they came in: time in epoch ms, volume in the base coin",
} as const satisfies TableDefinition;

/** Price samples (not candles): what CoinGecko's market chart gives. */
export const PRICE_HISTORY = {
  database: "crypto_analytics",
  name: "price_history",
  columns: { epoch_ms: "bigint", iso_ts: "string", price_usd: "double", source: "string" },
  partitions: { symbol: "string", year: "int" },
  projection: { symbol: SYMBOLS, year: CANDLE_YEARS },
  format: "ndjson",
  prefix: "processed/price_history/",
  about: "single price samples, for example one a day from CoinGecko's market chart",
} as const satisfies TableDefinition;

/** Single prices as they were asked for, one file a minute: what streaming leaves. */
export const STREAM_TICKS = {
  database: "crypto_analytics",
  name: "stream_ticks",
  columns: { epoch_ms: "bigint", iso_ts: "string", price_usd: "double", source: "string" },
  partitions: { year: "int", month: "int", day: "int" },
  projection: DAY_PROJECTION,
  format: "csv",
  prefix: "raw/stream/",
  about: "Bitcoin ticks as they came in, one file a minute, repeats included",
} as const satisfies TableDefinition;

/** The ticks of a day, cleaned: what the daily conversion makes of {@linkcode STREAM_TICKS}. */
export const PRICE_TICKS = {
  database: "crypto_analytics",
  name: "price_ticks",
  columns: { epoch_ms: "bigint", iso_ts: "string", price_usd: "double", source: "string" },
  partitions: { symbol: "string", year: "int", month: "int", day: "int" },
  projection: { symbol: SYMBOLS, ...DAY_PROJECTION },
  format: "ndjson",
  prefix: "processed/price_ticks/",
  about: "ticks of a UTC day: sorted, one an instant",
} as const satisfies TableDefinition;

const SNAPSHOT_COLUMNS = {
  id: "string",
  symbol: "string",
  name: "string",
  current_price: "double",
  market_cap: "bigint",
  market_cap_rank: "int",
  volume_24h: "bigint",
  price_change_pct_1h: "double",
  price_change_pct_24h: "double",
  price_change_pct_7d: "double",
  timestamp: "bigint",
  source: "string",
} as const;

/** Market snapshots: 250 coins a slot of five minutes. */
export const PROCESSED_PRICES = {
  database: "crypto_analytics",
  name: "processed_prices",
  columns: SNAPSHOT_COLUMNS,
  partitions: HOUR_PARTITIONS,
  projection: HOUR_PROJECTION,
  format: "ndjson",
  prefix: "processed/market_prices/",
  about: "market snapshots, one row a coin and slot",
} as const satisfies TableDefinition;

/**
 * The same objects with every column as text, exactly as it stands there: what a cast is tried on, where a number that
 * came as something else must neither fail a query nor be lost.
 */
export const PROCESSED_PRICES_RAW = {
  ...PROCESSED_PRICES,
  name: "processed_prices_raw",
  columns: {
    id: "string",
    symbol: "string",
    name: "string",
    current_price: "string",
    market_cap: "string",
    market_cap_rank: "string",
    volume_24h: "string",
    price_change_pct_1h: "string",
    price_change_pct_24h: "string",
    price_change_pct_7d: "string",
    timestamp: "string",
    source: "string",
  },
  about: "the same market snapshots, every column as text",
} as const satisfies TableDefinition;

/** Market snapshots in columns: what an hour's materialization makes of {@linkcode PROCESSED_PRICES_RAW}. */
export const ANALYTICS_PRICES = {
  database: "crypto_gold",
  name: "analytics_prices",
  columns: SNAPSHOT_COLUMNS,
  partitions: HOUR_PARTITIONS,
  projection: HOUR_PROJECTION,
  format: "parquet",
  compression: "gzip",
  prefix: "analytics/market_prices/",
  about: "market snapshots as Parquet, one object an hour",
} as const satisfies TableDefinition;

/** Values that the stable tables have no column for, kept where the lake's contract says `evolve`: one row a value. */
export const EXTRA_VALUES = {
  database: "crypto_analytics",
  name: "extra_values",
  columns: {
    id: "string",
    source: "string",
    timestamp_ms: "bigint",
    column_name: "string",
    value: "string",
    origin: "string",
  },
  partitions: { entity: "string", year: "int" },
  projection: { entity: { type: "enum", values: ["candles", "snapshots"] }, year: CANDLE_YEARS },
  format: "ndjson",
  prefix: "processed/extra_values/",
  about:
    "values of columns and fields that were not there before: of candles by symbol, of snapshots by coin",
} as const satisfies TableDefinition;

/** Silver minutes: of each hour those of one source, and those that another one filled in. */
export const OHLCV_MINUTE = {
  database: "crypto_analytics",
  name: "ohlcv_minute",
  columns: { minute_start: "timestamp", ...CANDLE_PRICES, volume: "double", source: "string" },
  partitions: { symbol: "string", year: "int", month: "int" },
  projection: { symbol: SYMBOLS, year: CANDLE_YEARS, month: MONTHS },
  format: "parquet",
  compression: "snappy",
  prefix: "processed/ohlcv_minute/",
  about: "minute candles, each minute once; a minute without trades has no row",
} as const satisfies TableDefinition;

/** Silver bars of lengths other than a minute and an hour. */
export const OHLCV_BARS = {
  database: "crypto_analytics",
  name: "ohlcv_bars",
  columns: { bar_start: "timestamp", ...CANDLE_PRICES, volume: "double", source: "string" },
  partitions: { symbol: "string", timeframe: "string", year: "int" },
  projection: { symbol: SYMBOLS, timeframe: TIMEFRAME_WORDS, year: CANDLE_YEARS },
  format: "parquet",
  compression: "snappy",
  prefix: "processed/ohlcv_bars/",
  about: "candles of other lengths (3m to 30m, 2h to 1d), each bar once",
} as const satisfies TableDefinition;

/** Silver candles. */
export const OHLCV_HOURLY = {
  database: "crypto_analytics",
  name: "ohlcv_hourly",
  columns: { hour_start: "timestamp", ...CANDLE_PRICES, volume: "double", source: "string" },
  partitions: { symbol: "string", year: "int", month: "int" },
  projection: { symbol: SYMBOLS, year: CANDLE_YEARS, month: MONTHS },
  format: "parquet",
  compression: "snappy",
  prefix: "processed/ohlcv_hourly/",
  about: "hourly candles, from minute or hourly input",
} as const satisfies TableDefinition;

/** Gold candles. */
export const OHLCV_DAILY = {
  database: "crypto_gold",
  name: "ohlcv_daily",
  columns: { day: "date", ...CANDLE_PRICES, volume: "double", source: "string" },
  partitions: { symbol: "string", year: "int" },
  projection: { symbol: SYMBOLS, year: CANDLE_YEARS },
  format: "parquet",
  compression: "snappy",
  prefix: "analytics/ohlcv_daily/",
  about: "daily candles, from the hourly ones where they exist",
} as const satisfies TableDefinition;

/** The reference's daily table: mean of close, lowest low, highest high of each UTC day. */
export const PROCESSED_PARTITIONED = {
  database: "crypto_gold",
  name: "processed_partitioned",
  columns: { day: "date", avg_price_usd: "double", min_price_usd: "double", max_price_usd: "double" },
  partitions: { year: "int" },
  projection: { year: CANDLE_YEARS },
  format: "parquet",
  compression: "snappy",
  prefix: "analytics/daily_prices/",
  about: "Bitcoin per UTC day: mean close, lowest low, highest high",
} as const satisfies TableDefinition;

/** What ran, when, from what and with which result. */
export const RUNS = {
  database: "lakebook",
  name: "runs",
  columns: {
    run_id: "string",
    command: "string",
    step: "string",
    unit: "string",
    status: "string",
    started_at: "timestamp",
    ended_at: "timestamp",
    requests: "int",
    rows_in: "bigint",
    rows_out: "bigint",
    detail: "string",
    inputs: "string",
    outputs: "string",
  },
  partitions: { day: "date" },
  projection: { day: { type: "date", from: "2020-01-01" } },
  format: "json",
  prefix: "_ledger/runs/",
  about: "the run log: one row a unit of work; inputs and outputs as JSON with their hashes",
} as const satisfies TableDefinition;

/** Rows of silver that a late or corrected file has replaced, as they were. */
export const REPLACED = {
  database: "lakebook",
  name: "replaced",
  columns: {
    bar_start: "timestamp",
    ...CANDLE_PRICES,
    volume: "double",
    source: "string",
    replaced_at: "timestamp",
    run_id: "string",
  },
  partitions: { table_name: "string", symbol: "string" },
  projection: {
    table_name: { type: "enum", values: ["ohlcv_minute", "ohlcv_bars", "ohlcv_hourly", "ohlcv_daily"] },
    symbol: SYMBOLS,
  },
  format: "parquet",
  compression: "snappy",
  prefix: "processed/replaced/",
  about: "candles that were published once and that later data replaced, as they were",
} as const satisfies TableDefinition;

/** The completeness ledger: every run of bars that are not there, and why. */
export const GAPS = {
  database: "lakebook",
  name: "gaps",
  columns: {
    gap_from: "timestamp",
    gap_to: "timestamp",
    missing: "bigint",
    cause: "string",
    evidence: "string",
  },
  partitions: { symbol: "string", timeframe: "string" },
  projection: { symbol: SYMBOLS, timeframe: TIMEFRAME_WORDS },
  format: "parquet",
  compression: "snappy",
  prefix: "processed/completeness/gaps/",
  about: "bars that are not there, from gap_from to before gap_to, with cause and evidence",
} as const satisfies TableDefinition;

/** The completeness ledger by day: expected is present, filled and absent together. */
export const COMPLETENESS = {
  database: "lakebook",
  name: "completeness",
  columns: { day: "date", expected: "int", present: "int", filled: "int", absent: "int" },
  partitions: { symbol: "string", timeframe: "string" },
  projection: { symbol: SYMBOLS, timeframe: TIMEFRAME_WORDS },
  format: "parquet",
  compression: "snappy",
  prefix: "processed/completeness/days/",
  about: "bars per stream and UTC day: expected, present, filled from another source, absent",
} as const satisfies TableDefinition;

/** Tables of single prices, from which days without candles are filled. */
export const PRICE_SAMPLES = [PRICE_HISTORY, PRICE_TICKS] as const;

/** Every table, in data-flow order. */
export const TABLES: readonly TableDefinition[] = [
  BTCUSD_RAW,
  PRICE_HISTORY,
  STREAM_TICKS,
  PRICE_TICKS,
  PROCESSED_PRICES_RAW,
  PROCESSED_PRICES,
  EXTRA_VALUES,
  OHLCV_MINUTE,
  OHLCV_BARS,
  OHLCV_HOURLY,
  OHLCV_DAILY,
  PROCESSED_PARTITIONED,
  ANALYTICS_PRICES,
  REPLACED,
  GAPS,
  COMPLETENESS,
  RUNS,
];
