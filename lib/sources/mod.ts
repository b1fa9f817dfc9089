/**
 * Sources: where data come from. CoinGecko (exact response bytes, then typed rows), candle files, and the demo market,
 * which is simulated. The network comes in through effects; nothing here writes to a lake.
 *
 * @module
 */
export * from "./candle_pieces.ts";
export * from "./candle_rows.ts";
export * from "./candle_server.ts";
export * from "./candle_file_bytes.ts";
export * from "./candles_csv.ts";
export * from "./coingecko_parse.ts";
export * from "./coingecko_settings.ts";
export * from "./demo_market.ts";
export * from "./plant_faults.ts";
