/**
 * Every key that CoinGecko documents for a record of `/coins/markets`: the schema of its OpenAPI file
 * (github.com/coingecko/coingecko-api-oas, `demo-api.json`) with its example, and the replies that were recorded.
 * A key that is not here was not there before, and the lake's contract says what becomes of it.
 */
export const MARKET_KEYS: ReadonlySet<string> = new Set([
  "id",
  "symbol",
  "name",
  "image",
  "current_price",
  "market_cap",
  "market_cap_rank",
  "market_cap_rank_with_rehypothecated",
  "fully_diluted_valuation",
  "total_volume",
  "high_24h",
  "low_24h",
  "price_change_24h",
  "price_change_percentage_24h",
  "market_cap_change_24h",
  "market_cap_change_percentage_24h",
  "circulating_supply",
  "total_supply",
  "max_supply",
  "ath",
  "ath_change_percentage",
  "ath_date",
  "atl",
  "atl_change_percentage",
  "atl_date",
  "roi",
  "last_updated",
  "sparkline_in_7d",
  ...["1h", "24h", "7d", "14d", "30d", "200d", "1y"].map((span) =>
    `price_change_percentage_${span}_in_currency`
  ),
]);
