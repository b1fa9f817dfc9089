/** Query results as text: a table for people, JSON and CSV for programs. */
import { plainValue } from "../warehouse/plain_value.ts";
import type { QueryPages, QueryResult } from "../warehouse/sql_engine.ts";

/** How rows are printed. */
export type RowFormat = "table" | "json" | "csv";

/** Letters of a value that a table shows; JSON and CSV have it whole. */
const LONGEST = 120;

/** Lines of a table that are printed at once. */
const LINES = 2_000;

/**
 * Prints a result. In JSON and CSV, 64-bit integers that JavaScript cannot hold exactly are strings, dates are
 * `YYYY-MM-DD`, timestamps ISO 8601 with Z.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const result = { columns: [{ name: "n", type: "BIGINT" }], rows: [[9007199254740993n]] };
 * assertEquals(formatRows(result, "json"), '[{"n":"9007199254740993"}]\n');
 * assertEquals(formatRows(result, "csv"), "n\n9007199254740993\n");
 * ```
 */
export function formatRows({ columns, rows }: QueryResult, format: RowFormat): string {
  return [...formatPages({ columns, pages: [rows] }, format)].join("");
}

/** The same piece by piece: JSON and CSV need no more memory than a page, a table as much as its texts. */
export function formatPages({ columns, pages }: QueryPages, format: RowFormat): Generator<string> {
  const names = columns.map(({ name }) => name);
  const values = plainPages(columns, pages);
  if (format === "json") return jsonPieces(names, values);
  return format === "csv" ? csvPieces(names, values) : tablePieces(names, values);
}

function* plainPages(columns: QueryPages["columns"], pages: QueryPages["pages"]): Generator<unknown[][]> {
  for (const rows of pages) {
    yield rows.map((row) => row.map((value, i) => plainValue(value, columns[i]!.type)));
  }
}

function* jsonPieces(names: readonly string[], pages: Iterable<unknown[][]>): Generator<string> {
  // Of columns with the same name an object keeps the last.
  const kept = names.map((name, i) => names.lastIndexOf(name) === i);
  const keys = names.map((name) => `${JSON.stringify(name)}:`);
  const object = (row: unknown[]) =>
    `{${row.map((value, i) => kept[i] ? keys[i] + JSON.stringify(value) : "").filter(Boolean).join(",")}}`;
  let before = "[";
  for (const rows of pages) {
    if (rows.length === 0) continue;
    yield before + rows.map(object).join(",");
    before = ",";
  }
  yield before === "[" ? "[]\n" : "]\n";
}

function* csvPieces(names: readonly string[], pages: Iterable<unknown[][]>): Generator<string> {
  const line = (row: readonly unknown[]) => `${row.map((value) => csvCell(asText(value))).join(",")}\n`;
  yield line(names);
  for (const rows of pages) yield rows.map(line).join("");
}

function asText(value: unknown): string {
  return value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function* tablePieces(names: readonly string[], pages: Iterable<unknown[][]>): Generator<string> {
  const cells: string[][] = [];
  let cut = 0;
  const shown = (value: unknown) => {
    const text = oneLine(asText(value)), letters = lengthOf(text) > LONGEST ? [...text] : [];
    if (letters.length === 0) return text;
    cut += 1;
    return `${letters.slice(0, LONGEST - 1).join("")}…`;
  };
  const numeric = names.map(() => false), width = names.map(lengthOf);
  for (const rows of pages) {
    for (const row of rows) {
      const texts = row.map((value) => (value === null ? "–" : shown(value)));
      for (const [i, text] of texts.entries()) {
        width[i] = Math.max(width[i]!, lengthOf(text));
        if (typeof row[i] === "number") numeric[i] = true;
      }
      cells.push(texts);
    }
  }
  const line = (row: readonly string[]) => {
    const padded = row.map((text, i) => {
      const gap = " ".repeat(width[i]! - lengthOf(text));
      return numeric[i] ? gap + text : text + gap;
    });
    return `${padded.join("  ").trimEnd()}\n`;
  };
  yield line(names) + `${width.map((n) => "─".repeat(n)).join("  ")}\n`;
  for (let from = 0; from < cells.length; from += LINES) {
    yield cells.slice(from, from + LINES).map(line).join("");
  }
  const whole = cut === 0
    ? ""
    : `; ${cut} longer ${cut === 1 ? "value is" : "values are"} cut, --format json has all of it`;
  yield `${cells.length} ${cells.length === 1 ? "row" : "rows"}${whole}\n`;
}

/** Letters, where one may be two of JavaScript's units. */
function lengthOf(text: string): number {
  // deno-lint-ignore no-control-regex -- ASCII, which is nearly everything, is counted at once
  return /^[\u0000-\u007f]*$/.test(text) ? text.length : [...text].length;
}

function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters of a coin's name must not reach a terminal
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "·");
}
