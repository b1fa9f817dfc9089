/** Paths of the served market, and patterns of them in fault plans. */

/** The paths that the market serves; `*` is a coin. */
export const MARKET_PATHS = [
  "/ping",
  "/simple/price",
  "/coins/markets",
  "/coins/*/market_chart",
  "/coins/*/ohlc",
] as const;

/** Those whose answers are rows. */
export const ROW_PATHS: readonly string[] = ["/coins/markets", "/coins/*/market_chart", "/coins/*/ohlc"];

/** Columns of `/coins/markets` that hold numbers, and the others. */
const NUMBER_COLUMNS =
  "current_price market_cap market_cap_rank fully_diluted_valuation total_volume high_24h low_24h " +
  "price_change_24h price_change_percentage_24h market_cap_change_24h market_cap_change_percentage_24h " +
  "circulating_supply total_supply max_supply ath ath_change_percentage atl atl_change_percentage " +
  "price_change_percentage_1h_in_currency price_change_percentage_24h_in_currency " +
  "price_change_percentage_7d_in_currency";
const OTHER_COLUMNS = "id symbol name image ath_date atl_date roi last_updated";

/** Columns of `/coins/markets` by what they hold. */
export const MARKET_COLUMNS: { numbers: readonly string[]; all: readonly string[] } = {
  numbers: NUMBER_COLUMNS.split(" "),
  all: `${NUMBER_COLUMNS} ${OTHER_COLUMNS}`.split(" "),
};

/**
 * Whether two paths can mean the same call; `*` alone is any path, `*` between slashes any one part.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * assert(overlap("/coins/*", "/coins/markets") && overlap("*", "/ping"));
 * assert(!overlap("/coins/*", "/coins/bitcoin/ohlc"));
 * ```
 */
export function overlap(a: string, b: string): boolean {
  if (a === "*" || b === "*") return true;
  const [left, right] = [a.split("/"), b.split("/")];
  return left.length === right.length &&
    left.every((part, i) => part === right[i] || part === "*" || right[i] === "*");
}
