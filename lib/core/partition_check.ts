/** Whether a lake's keys lie, and will go on lying, within what Athena looks for. */
import type { Projection, TableDefinition } from "./tables.ts";

/** A range is about to end when less than this is left of it. */
const YEARS_LEFT = 1;

/** Something that Athena would not read, or soon will not. */
export interface PartitionWarning {
  /** `fail` where rows are out of reach already. */
  status: "warn" | "fail";
  detail: string;
}

/**
 * The partition columns of a key, or null where its folders are not the table's.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { OHLCV_DAILY } from "./tables.ts";
 * const key = "analytics/ohlcv_daily/symbol=BTCUSD/year=2026/part-0.parquet";
 * assertEquals(partitionOf(OHLCV_DAILY, key), { symbol: "BTCUSD", year: "2026" });
 * assertEquals(partitionOf(OHLCV_DAILY, "analytics/ohlcv_daily/year=2026/part-0.parquet"), null);
 * ```
 */
export function partitionOf(table: TableDefinition, key: string): Record<string, string> | null {
  const names = Object.keys(table.partitions);
  const folders = key.slice(table.prefix.length).split("/").slice(0, -1);
  if (!key.startsWith(table.prefix) || folders.length !== names.length) return null;
  if (!folders.every((folder, at) => folder.startsWith(`${names[at]}=`))) return null;
  return Object.fromEntries(folders.map((folder, at) => [names[at]!, folder.slice(names[at]!.length + 1)]));
}

/**
 * Compares the keys of a table's objects, and the clock, with the ranges that Athena projects. What lies outside of a
 * range Athena leaves out of its answers without a word.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { PROCESSED_PARTITIONED } from "./tables.ts";
 * const key = (year: number) => `analytics/daily_prices/year=${year}/part-0.parquet`;
 * const look = (year: number, now: string) => checkProjection(PROCESSED_PARTITIONED, [key(year)], new Date(now));
 * assertEquals(look(2026, "2026-01-01"), []);
 * assertEquals(look(2026, "2035-02-01").map(({ status }) => status), ["warn"]);
 * assertEquals(look(2008, "2026-01-01").map(({ status }) => status), ["fail"]);
 * ```
 */
export function checkProjection(
  table: TableDefinition,
  keys: readonly string[],
  now: Date,
): PartitionWarning[] {
  const name = `${table.database}.${table.name}`;
  const outside = keys.filter((key) => {
    const values = partitionOf(table, key);
    return values === null ||
      !Object.entries(table.projection).every(([column, projection]) => holds(projection, values[column]!));
  });
  const warnings: PartitionWarning[] = [];
  if (outside.length > 0) {
    warnings.push({
      status: "fail",
      detail: `${name}: ${outside.length} ${
        outside.length === 1 ? "object lies" : "objects lie"
      } outside of its partitions, so Athena leaves them out; the first is ${outside[0]}`,
    });
  }
  const { year } = table.projection;
  if (year?.type === "integer" && now.getUTCFullYear() + YEARS_LEFT > year.to) {
    const over = now.getUTCFullYear() > year.to;
    warnings.push({
      status: over ? "fail" : "warn",
      detail: `${name}: its years ${over ? "ended" : "end"} with ${year.to}`,
    });
  }
  return warnings;
}

/** The words in a lake's keys for partition columns that are words, by column. */
export function partitionWords(
  table: TableDefinition,
  keys: readonly string[],
): Record<string, string[]> {
  const found: Record<string, Set<string>> = {};
  for (const key of keys) {
    for (const [column, value] of Object.entries(partitionOf(table, key) ?? {})) {
      if (table.projection[column]?.type === "enum") (found[column] ??= new Set()).add(value);
    }
  }
  return Object.fromEntries(Object.entries(found).map(([column, words]) => [column, [...words].sort()]));
}

function holds(projection: Projection, value: string): boolean {
  switch (projection.type) {
    case "integer": {
      const { from, to, digits = 1 } = projection;
      const number = Number(value);
      return /^\d+$/.test(value) && number >= from && number <= to &&
        value === String(number).padStart(digits, "0");
    }
    case "date":
      return /^\d{4}-\d\d-\d\d$/.test(value) && value >= projection.from;
    case "enum":
      // A lake's own words are added to the table's.
      return /^[A-Za-z0-9_.+-]+$/.test(value);
  }
}
