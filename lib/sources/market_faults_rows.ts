/** Faults within the data: the market's JSON with numbers, rows or columns that are not what they should be. */
import type { FaultRule } from "./market_faults.ts";

type Row = Record<string, unknown> | unknown[];

/** Stands around text that is to be in the JSON as it is, without the quotes of a string. */
const RAW = "\u0001";
/** 2^53 + 1: the first whole number that a double cannot hold. */
const BEYOND_DOUBLE = "9007199254740993";

/**
 * The body with the rule's fault in it.
 *
 * @param body JSON of a market page, a chart or candles.
 * @param random uniform in (0, 1): decides which rows and fields are hit.
 * @returns null where nothing is changed: the rule is not about data, or the body has no rows or not that column.
 */
export function faultRows(rule: FaultRule, body: string, random: () => number): string | null {
  const data: unknown = JSON.parse(body);
  const lists = listsOf(data);
  const rows = lists[0];
  if (rows === undefined || rows.length === 0 || !change(rule, { lists, rows, random })) return null;
  return JSON.stringify(data).replaceAll(/"\\u0001(.*?)\\u0001"/g, "$1");
}

/** A page or candles are one list, a chart is three. */
function listsOf(data: unknown): Row[][] {
  if (Array.isArray(data)) return [data];
  return Object.values(data as Record<string, Row[]>).filter(Array.isArray);
}

interface Data {
  lists: Row[][];
  /** The first list, in place. */
  rows: Row[];
  random: () => number;
}

/** Changes the data in place; whether the rule is one that does. */
function change(rule: FaultRule, { lists, rows, random }: Data): boolean {
  switch (rule.fault) {
    case "not_json":
      return setNumber(pick(rows, 1, random)[0]!, rule.column, () => raw("NaN"));
    case "huge_number":
      return setNumber(pick(rows, 1, random)[0]!, rule.column, () => raw("1e400"));
    case "big_market_cap":
      return setNumber(pick(rows, 1, random)[0]!, "market_cap", () => raw(BEYOND_DOUBLE));
    case "numbers_as_text":
      eachField(
        lists,
        (value) => typeof value === "number" && random() < rule.field_share ? `${value}` : value,
      );
      return true;
    case "null_fields":
      eachField(lists, (value) => random() < rule.field_share ? null : value);
      return true;
    case "all_null_coin":
      for (const row of pick(rows, rule.coins, random)) {
        for (const key of keysOf(row)) {
          if (!["id", "symbol", "name"].includes(key)) set(row, key, null);
        }
      }
      return true;
    case "duplicates":
      for (const row of pick(rows, rule.coins, random)) {
        const copy = structuredClone(row);
        if (rule.conflicting) setNumber(copy, "current_price", (value) => value * 1.01);
        rows.push(copy);
      }
      return true;
    case "missing_ids":
      for (const [i, row] of pick(rows, rule.coins, random).entries()) {
        if (i % 3 === 0) delete (row as Record<string, unknown>).id;
        else set(row, "id", i % 3 === 1 ? null : "");
      }
      return true;
    case "out_of_order":
      for (const list of lists) list.splice(0, list.length, ...shuffled(list, random));
      return true;
    case "drift":
      return drift(rows, rule);
    default:
      return false;
  }
}

/** Puts a page into the new schema; whether that made a difference. */
function drift(rows: Row[], rule: FaultRule & { fault: "drift" }): boolean {
  const before = JSON.stringify(rows);
  rows.splice(0, rows.length, ...rows.map((row, i) => drifted(row, rule, i)));
  return JSON.stringify(rows) !== before;
}

/** The record in the new schema, its columns in the old order. */
function drifted(row: Row, rule: FaultRule & { fault: "drift" }, index: number): Row {
  const { change } = rule;
  if (change === "column_added") {
    return { ...row, [rule.column ?? "liquidity_score"]: (index * 37 % 1000) / 10 };
  }
  const column = rule.column ?? (change === "int_to_float" ? "market_cap" : "current_price");
  const fields = Object.entries(row).flatMap(([key, value]): [string, unknown][] => {
    if (key !== column) return [[key, value]];
    switch (change) {
      case "column_removed":
        return [];
      case "column_renamed":
        return [[rule.to ?? `${column}_usd`, value]];
      case "int_to_float":
        return [[key, Number.isInteger(value) ? raw(`${value}.25`) : value]];
      case "to_string":
        return [[key, value === null ? null : String(value)]];
      case "nested":
        return [[key, { usd: value }]];
      case "case_change":
        return [[column.replaceAll(/(^|_)[a-z]/g, (start) => start.toUpperCase()), value]];
    }
  });
  return Object.fromEntries(fields);
}

/** Text that stands in the JSON without quotes. */
function raw(text: string): string {
  return `${RAW}${text}${RAW}`;
}

function keysOf(row: Row): string[] {
  return Object.keys(row);
}

function get(row: Row, key: string): unknown {
  return (row as Record<string, unknown>)[key];
}

function set(row: Row, key: string, value: unknown): void {
  (row as Record<string, unknown>)[key] = value;
}

/** Changes a record's column, or the last number of a list; whether there is one. */
function setNumber(row: Row, column: string, change: (value: number) => unknown): boolean {
  const key = Array.isArray(row) ? String(row.length - 1) : column;
  if (!Object.hasOwn(row, key)) return false;
  set(row, key, change(Number(get(row, key))));
  return true;
}

/** Every value but ids and times. */
function eachField(lists: Row[][], change: (value: unknown) => unknown): void {
  for (const list of lists) {
    for (const row of list) {
      for (const key of keysOf(row)) {
        if (key !== (Array.isArray(row) ? "0" : "id")) set(row, key, change(get(row, key)));
      }
    }
  }
}

/** Some rows, in the order in which they stand. */
function pick(rows: readonly Row[], count: number, random: () => number): Row[] {
  const chosen = new Set(shuffled(rows.map((_, i) => i), random).slice(0, count));
  return rows.filter((_, i) => chosen.has(i));
}

/** Fisher and Yates. */
function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const result = [...values];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}
