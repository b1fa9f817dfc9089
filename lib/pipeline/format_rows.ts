/** Query results as text: a table for people, JSON and CSV for programs. */
import { plainValue } from "../warehouse/plain_value.ts";
import type { QueryResult } from "../warehouse/sql_engine.ts";

/** How rows are printed. */
export type RowFormat = "table" | "json" | "csv";

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
  const values = rows.map((row) => row.map((value, i) => plainValue(value, columns[i]!.type)));
  const names = columns.map(({ name }) => name);
  if (format === "json") {
    return `${
      JSON.stringify(values.map((row) => Object.fromEntries(row.map((value, i) => [names[i]!, value]))))
    }\n`;
  }
  if (format === "csv") {
    return [names, ...values].map((row) => `${row.map((value) => csvCell(asText(value))).join(",")}\n`).join(
      "",
    );
  }
  return textTable(names, values);
}

function asText(value: unknown): string {
  return value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function textTable(names: string[], values: unknown[][]): string {
  const cells = values.map((row) => row.map((value) => (value === null ? "–" : oneLine(asText(value)))));
  const numeric = names.map((_, i) => values.some((row) => typeof row[i] === "number"));
  const width = names.map((name, i) => Math.max(name.length, ...cells.map((row) => [...row[i]!].length)));
  const line = (row: string[]) =>
    row.map((text, i) => {
      const gap = " ".repeat(Math.max(0, width[i]! - [...text].length));
      return numeric[i] ? gap + text : text + gap;
    }).join("  ").trimEnd();
  const count = `${values.length} ${values.length === 1 ? "row" : "rows"}`;
  return [line(names), width.map((n) => "─".repeat(n)).join("  "), ...cells.map(line), count].join("\n") +
    "\n";
}

function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters of a coin's name must not reach a terminal
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "·");
}
