/** A lake's contract with candle files: columns that are not a layout's own, and cells of a wrong type. */
import type { Contract, ContractMode } from "../core/contract.ts";
import { QualityError } from "../core/errors.ts";
import type { Reject } from "../core/rows.ts";
import { type CandleLayout, LAYOUTS, SYMBOL_COLUMNS, symbolInName } from "./candle_layout.ts";
import type { RowCheck } from "./candles_csv.ts";

/** A column that is not one of its layout's own. */
export interface FurtherColumn {
  /** Its name in the header, lower case, or `column_7` where it has none. */
  name: string;
  /** Its number, from 0. */
  at: number;
  /** Start of its first value; empty where the first rows have none. */
  example: string;
}

/**
 * The columns of a header that are not one of its layout's own. One without a name counts where it has a value:
 * separators at the end of each line do no harm.
 *
 * @param rows cells of the first rows, for the examples.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const names = ["time", "open", "close", "high", "low", "volume", "symbol", "funding_rate", ""];
 * const rows = [["0", "1", "1", "1", "1", "5", "BTCUSD", "0.0001", ""]];
 * assertEquals(furtherColumns(names, "lakebook", rows), [{ name: "funding_rate", at: 7, example: "0.0001" }]);
 * ```
 */
export function furtherColumns(
  names: readonly string[],
  layoutName: CandleLayout["name"],
  rows: readonly (readonly string[])[],
): FurtherColumn[] {
  const layout = LAYOUTS.find(({ name }) => name === layoutName);
  if (!layout || layout.header === "never") return [];
  const known = (name: string) =>
    layout.columns.includes(name) || SYMBOL_COLUMNS.includes(name) || layout.also?.test(name) === true;
  const first = (at: number) => rows.map((cells) => cells[at] ?? "").find((cell) => cell !== "") ?? "";
  return names.map((name, at) => ({
    name: name === "" ? `column_${at + 1}` : name,
    at,
    example: first(at).slice(0, 40),
  })).filter(({ at, example }) => {
    const name = names[at]!;
    if (name === "") return example !== "";
    return !known(name.replace(/\s+/g, "_")) || names.indexOf(name) !== at;
  });
}

/**
 * Refuses a file with further columns where the contract says so.
 *
 * @throws {QualityError} which names the first of them.
 */
export function refuseFurther(
  path: string,
  further: readonly FurtherColumn[],
  { columns }: Contract,
): void {
  const [first] = further;
  if (columns !== "freeze" || !first) return;
  const more = further.length > 1 ? ` (and ${further.length - 1} more)` : "";
  throw new QualityError(
    `Cannot use "${path}": its column ${
      first.at + 1
    }, "${first.name}"${more}, was not there before and the contract ` +
      `says freeze; take it out, or set contract.candles.columns in _quality.json to another word; nothing of it was kept`,
  );
}

/** Reasons that speak of a cell's type; the others speak of its value, or of the row. */
const TYPE_REASONS: readonly string[] = ["not_a_number", "not_a_time"];

/**
 * Refuses a file with a cell of a wrong type where the contract says so.
 *
 * @throws {QualityError} which names the first of them.
 */
export function refuseTypes(path: string, rejects: readonly Reject[], { data_type }: Contract): void {
  if (data_type !== "freeze") return;
  const first = rejects.find(({ reason }) => TYPE_REASONS.includes(reason));
  if (!first) return;
  throw new QualityError(
    `Cannot use "${path}": on line ${first.line} ${first.detail} (${first.reason}) and the contract says freeze; ` +
      `mend it, or set contract.candles.data_type in _quality.json to discard_row; nothing of it was kept`,
  );
}

/** Values in further columns of a row. */
export function furtherValues(
  cells: readonly string[],
  further: readonly FurtherColumn[],
): { column_name: string; value: string }[] {
  return further.filter(({ at }) => cells[at] !== undefined && cells[at] !== "")
    .map(({ name, at }) => ({ column_name: name, value: cells[at]! }));
}

/** Why a row with values in further columns is refused, where the contract says so. */
export function furtherFault(
  values: readonly { column_name: string; value: string }[],
): { reason: string; detail: string } | null {
  const [first] = values;
  return first
    ? {
      reason: "unknown_column",
      detail: `column ${first.column_name} was not there before and holds "${first.value.slice(0, 40)}"`,
    }
    : null;
}

/**
 * Remembers the market that a file's rows name.
 *
 * @throws {QualityError} by the function, at the first row of another market.
 */
export function oneMarket(name: string): (cell: string, line: number) => void {
  let market: { name: string; line: number } | null = null;
  return (cell, line) => {
    market ??= { name: cell, line };
    if (market.name === cell) return;
    throw new QualityError(
      `Cannot read "${name}": it holds two markets, ${market.name.slice(0, 40)} (line ${market.line}) and ${
        cell.slice(0, 40)
      } (line ${line}); give each one as a file of its own`,
    );
  };
}

/**
 * The check of rows in the lake's own layout that the engine does not make: one market, the one that the file is taken
 * for, and no value in further columns where the contract refuses such rows. Null where a file needs no such check.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * const columns = ["time", "open", "close", "high", "low", "volume", "symbol"];
 * const check = rowCheck({ path: "a.csv", columns, further: [] }, { symbol: "BTCUSD", mode: "discard_value" })!;
 * const row = (market: string) => ["0", "1", "1", "1", "1", "5", market];
 * assertEquals(check(row("BTC/USD"), 2), null);
 * assertThrows(() => check(row("ETHUSD"), 3), Error, "two markets, BTC/USD (line 2) and ETHUSD (line 3)");
 * ```
 */
export function rowCheck(
  { path, columns, further }: {
    path: string;
    columns: readonly string[];
    further: readonly FurtherColumn[];
  },
  { symbol, mode }: { symbol: string; mode: ContractMode },
): RowCheck | null {
  const marketAt = columns.findIndex((name) => SYMBOL_COLUMNS.includes(name));
  const refused = mode === "discard_row" ? further : [];
  if (marketAt === -1 && refused.length === 0) return null;
  const checkMarket = oneMarket(path);
  return (cells, line) => {
    const market = cells[marketAt] ?? "";
    if (market !== "") {
      checkMarket(market, line);
      requireMarket(path, market, symbol);
    }
    return furtherFault(furtherValues(cells, refused));
  };
}

/**
 * Refuses a file that is named after another market than the one it is taken for, where no column names one.
 *
 * @throws {QualityError} which says how to take it.
 */
export function requireMarketInName(path: string, columns: readonly string[], symbol: string): void {
  if (columns.some((name) => SYMBOL_COLUMNS.includes(name))) return;
  requireMarket(path, symbolInName(path) ?? "", symbol);
}

/**
 * Refuses a file that names another market than the one it is taken for; words that name none are no matter.
 *
 * @throws {QualityError} which says how to take it.
 */
export function requireMarket(path: string, told: string, symbol: string): void {
  const market = symbolInName(told.replaceAll(/[-_/:]/g, ""));
  if (market === null || market === symbol) return;
  throw new QualityError(
    `Cannot use "${path}": it is about ${market}, not ${symbol}; name it with --symbol ${market} to ` +
      `\`deno task backfill\``,
  );
}
