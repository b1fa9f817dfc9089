/** Rows as a table in a notebook. */
import { plainValue } from "../warehouse/plain_value.ts";
import { escapeHtml, plainText, UNKNOWN } from "./format.ts";
import type { MimeBundle } from "./chart.ts";

const DISPLAY = Symbol.for("Jupyter.display");

/** How a {@linkcode Table} shows itself. */
export interface TableOptions {
  /** A line above the table. */
  caption?: string;
  /** Rows that are shown; the rest is counted below. Default 10. */
  limit?: number;
}

/** What an SQL engine gives: columns with their types, and rows of values in column order. */
export interface TableResult {
  columns: readonly { name: string; type: string }[];
  rows: readonly (readonly unknown[])[];
}

/**
 * Rows that show themselves in a notebook, as HTML and as text. Every cell is escaped. Numbers are shown with two
 * decimals (four below 10, four significant digits below 1), whole numbers as they are; `rows` keeps every digit.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const table = new Table([{ day: "2024-02-14", avg_price_usd: 67250.2873 }]);
 * assertEquals(table.toString(), "day         avg_price_usd\n2024-02-14       67250.29");
 * ```
 */
export class Table<Row extends object = Record<string, unknown>> {
  /** The rows, all of them. */
  readonly rows: readonly Row[];
  readonly #caption: string;
  readonly #limit: number;

  constructor(rows: readonly Row[], { caption = "", limit = 10 }: TableOptions = {}) {
    this.rows = rows;
    this.#caption = caption;
    this.#limit = limit;
  }

  /**
   * The rows of a query. Dates become `YYYY-MM-DD`, timestamps ISO 8601, 64-bit integers numbers (text where a
   * number cannot hold them). The caller says with `Row` which columns the query has.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * const columns = [{ name: "day", type: "DATE" }, { name: "bars", type: "BIGINT" }];
   * const { rows } = Table.of({ columns, rows: [[new Date("2024-02-14"), 1432n]] });
   * assertEquals(rows, [{ day: "2024-02-14", bars: 1432 }]);
   * ```
   */
  static of<Row extends object = Record<string, unknown>>(
    { columns, rows }: TableResult,
    options: TableOptions = {},
  ): Table<Row> {
    const records = rows.map((row) =>
      Object.fromEntries(columns.map(({ name, type }, i) => [name, plainValue(row[i], type)])) as Row
    );
    return new Table(records, options);
  }

  /** Column names: those of every row, in the order in which they first appear. */
  get columns(): string[] {
    return [...new Set(this.rows.flatMap((row) => Object.keys(row)))];
  }

  /** The table in letters of equal width, without a frame. */
  toString(): string {
    const { columns, cells, numeric } = this.#cells();
    const lines = [columns, ...cells];
    const width = columns.map((_, i) => Math.max(...lines.map((line) => [...line[i]!].length)));
    const text = lines.map((line) =>
      line.map((cell, i) => {
        const gap = " ".repeat(width[i]! - [...cell].length);
        return numeric[i] ? gap + cell : cell + gap;
      }).join("  ").trimEnd()
    );
    return [this.#caption, ...text, this.#rest()].filter((line) => line !== "").join("\n");
  }

  /** The table as HTML, safe to put into a page. */
  toHtml(): string {
    const { columns, cells, numeric } = this.#cells();
    const row = (tag: string, line: readonly string[]) =>
      `<tr>${
        line.map((cell, i) =>
          `<${tag} style="text-align:${numeric[i] ? "right" : "left"}">${escapeHtml(cell)}</${tag}>`
        ).join("")
      }</tr>`;
    const caption = this.#caption === "" ? "" : `<p>${escapeHtml(this.#caption)}</p>`;
    const rest = this.#rest() === "" ? "" : `<p>${this.#rest()}</p>`;
    return `${caption}<table><thead>${row("th", columns)}</thead><tbody>${
      cells.map((line) => row("td", line)).join("")
    }</tbody></table>${rest}`;
  }

  /** The MIME bundle for Jupyter. */
  [DISPLAY](): MimeBundle {
    return { "text/html": this.toHtml(), "text/plain": this.toString() };
  }

  #cells(): { columns: string[]; cells: string[][]; numeric: boolean[] } {
    const columns = this.columns;
    const shown = this.rows.slice(0, this.#limit).map((row) =>
      columns.map((name) => (row as Record<string, unknown>)[name])
    );
    return {
      columns: columns.map(plainText),
      cells: shown.map((row) => row.map(asText)),
      numeric: columns.map((_, i) => shown.some((row) => typeof row[i] === "number")),
    };
  }

  #rest(): string {
    const hidden = this.rows.length - this.#limit;
    return hidden > 0 ? `… and ${hidden} more ${hidden === 1 ? "row" : "rows"}` : "";
  }
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (typeof value !== "number") {
    return plainText(typeof value === "object" ? JSON.stringify(value) : String(value));
  }
  if (!Number.isFinite(value)) return UNKNOWN;
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return size >= 1 ? value.toFixed(size >= 10 ? 2 : 4) : String(Number(value.toPrecision(4)));
}
