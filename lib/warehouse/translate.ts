/**
 * Athena SQL into DuckDB SQL. The repository's own `.sql` files are translated ahead of time into
 * `translated.json`, because the translator (WebAssembly) takes a third of a second to wake; `deno task
 * translate` writes that file anew and a test fails when it is stale. Anything else is translated on the spot.
 */
import { createHash } from "node:crypto";
import { SqlError } from "../core/errors.ts";
import translated from "./translated.json" with { type: "json" };

const AHEAD_OF_TIME: Readonly<Record<string, string>> = translated;

/** The name under which a statement's translation is kept. */
export function statementKey(sql: string): string {
  return createHash("sha256").update(sql).digest("hex").slice(0, 16);
}

/**
 * Translates one statement from Athena's dialect (Trino) to DuckDB's.
 *
 * @throws {SqlError} where the SQL cannot be parsed or is not exactly one statement.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(await translate("SELECT max_by(close, time) FROM t"), "SELECT ARG_MAX_NULL(close, time) FROM t");
 * ```
 */
export async function translate(sql: string): Promise<string> {
  return AHEAD_OF_TIME[statementKey(sql)] ?? await translateNow(sql);
}

/**
 * Fills a template's places, such as `${year}`, with whole numbers: nothing else can get into the statement.
 *
 * @throws {RangeError} where a value is missing, or is no whole number.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * const template = "SELECT * FROM t WHERE year = ${year}";
 * assertEquals(fillTemplate(template, { year: 2026 }), "SELECT * FROM t WHERE year = 2026");
 * assertThrows(() => fillTemplate(template, {}), RangeError, "no whole number");
 * ```
 */
export function fillTemplate(sql: string, values: Readonly<Record<string, number>>): string {
  return sql.replaceAll(/\$\{(\w+)\}/g, (place, name: string) => {
    const value = values[name];
    if (Number.isSafeInteger(value)) return String(value);
    throw new RangeError(`Cannot fill "${place}": ${value} is no whole number, give one for ${name}`);
  });
}

/** The same as {@linkcode translate}, without the translations made ahead of time. A template's places stay. */
export async function translateNow(sql: string): Promise<string> {
  // The translator takes EXPLAIN for DESCRIBE.
  const [explain = ""] = /^\s*EXPLAIN(\s+ANALYZE)?\s(?!\s*\()/i.exec(sql) ?? [];
  if (explain !== "") return `${explain.trim()} ${await translate(sql.slice(explain.length))}`;
  const { Dialect, transpile } = await import("@polyglot-sql/sdk");
  // A place is no SQL; in double quotes it is a name, and names are left alone.
  const quoted = sql.replaceAll(/\$\{\w+\}/g, '"$&"');
  const { sql: translated, ...result } = transpile(quoted, Dialect.Athena, Dialect.DuckDB);
  if (!result.success || !translated) {
    throw new SqlError(
      withPosition(
        sql,
        `Cannot parse SQL: ${result.error ?? "unknown error"}`,
        result.errorLine,
        result.errorColumn,
      ),
    );
  }
  const statements = translated.filter((statement) => statement.trim() !== "")
    .map((statement) => statement.replaceAll(/"(\$\{\w+\})"/g, "$1"));
  if (statements.length !== 1) {
    throw new SqlError(
      `Cannot run "${sql.slice(0, 60)}": it holds ${statements.length} statements, give exactly one`,
    );
  }
  return statements[0]!;
}

/** Adds the offending line with a caret beneath it. Lines and columns count from 1. */
export function withPosition(sql: string, message: string, line?: number, column?: number): string {
  if (!line || !column) return message;
  const text = sql.split("\n")[line - 1] ?? "";
  return `${message}\n\nLINE ${line}: ${text}\n${" ".repeat(`LINE ${line}: `.length + column - 1)}^`;
}
