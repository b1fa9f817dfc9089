/** What an exchange is asked for, and where the ledger keeps what came of it. */
import type { ExchangeClient } from "../../sources/exchange.ts";
import { BACKFILL_RECORDS } from "../../warehouse/backfill_records.ts";

/** A stretch of history of one market. */
export interface HistoryQuestion {
  client: ExchangeClient;
  /** As the exchange has it, `BTC/USD`. */
  symbol: string;
  /** As the lake has it, `BTCUSD`. */
  lake_symbol: string;
  timeframe: string;
  since_ms: number;
  /** Not included; may lie in the future. */
  until_ms: number;
}

/** The ledger's records of this history start with it. */
export function historyRecords({ client, lake_symbol, timeframe }: HistoryQuestion): string {
  return `${BACKFILL_RECORDS}${client.name}/${lake_symbol}/${timeframe}/`;
}

/** How a person names it: `bitstamp BTC/USD 1m`. */
export function historyName({ client, symbol, timeframe }: HistoryQuestion): string {
  return `${client.name} ${symbol} ${timeframe}`;
}
