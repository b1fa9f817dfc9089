/** Names of tables and views in a reader's statement: which they are, and the databases in front of them. */
import { SqlError } from "../core/errors.ts";
import type { ToOriginal } from "./athena_errors.ts";
import { databaseOf } from "./catalog.ts";
import { withPosition } from "./translate.ts";

/** A piece of a statement: a name, or a word or sign of SQL itself; what is quoted as a string is neither. */
interface Token {
  name: string | null;
  word: string;
  /** Its place, in characters. */
  start: number;
}

/** A statement as Athena runs it. */
export interface ResolvedStatement {
  sql: string;
  /** Leads a place in `sql` back to the statement that was given. */
  toOriginal: ToOriginal;
  /** Names that stand where a table's would, without a database in front, and are none of the lake's. */
  unknown: string[];
}

/** After these words comes a table. */
const BEFORE_TABLE = ["FROM", "JOIN", "TABLE"];
/** With these a list of tables ends. */
const AFTER_TABLES = [
  "WHERE",
  "GROUP",
  "ORDER",
  "HAVING",
  "LIMIT",
  "UNION",
  "EXCEPT",
  "INTERSECT",
  "SELECT",
];

/**
 * Whether a statement only reads: SELECT and what describes. The embedded engine asks its own parser; Athena would run
 * whatever it is given.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(["-- top\nSELECT 1", "explain analyze select 1", "(VALUES 1)"].map(isReading), [true, true, true]);
 * assertEquals(["DROP TABLE t", "EXPLAIN ANALYZE INSERT INTO t VALUES 1", ""].map(isReading), [false, false, false]);
 * ```
 */
export function isReading(sql: string): boolean {
  const text = sql.replace(/^(\s|--[^\n]*(\n|$)|\/\*[^]*?\*\/|\()+/, "");
  const explained = /^explain(\s+analyze)?(\s+verbose)?(\s*\([^)]*\))?\s+/i.exec(text);
  if (explained) return isReading(text.slice(explained[0].length));
  return /^(select|with|values|table|show|describe|desc)\b/i.test(text);
}

/** The error to raise for a statement that {@linkcode isReading} denies. */
export function notReading(sql: string): SqlError {
  return new SqlError(
    `Cannot run "${
      sql.trim().slice(0, 60)
    }": it would change something, only reading statements such as SELECT are allowed`,
  );
}

/**
 * Puts the database in front of the lake's tables and views that stand without one. Athena knows one default database,
 * the embedded engine looks through all of them.
 *
 * @throws {SqlError} where the text cannot be cut into words.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const { sql } = await resolveNames("SELECT id FROM v_top_100 JOIN processed_prices USING (id)");
 * assertEquals(sql, "SELECT id FROM crypto_gold.v_top_100 JOIN crypto_analytics.processed_prices USING (id)");
 * ```
 */
export async function resolveNames(sql: string): Promise<ResolvedStatement> {
  const tokens = await tokensOf(sql);
  const local = new Set(
    tokens.filter((_, at) => isCommonTable(tokens, at)).map(({ name }) => name!.toLowerCase()),
  );
  const characters = Array.from(sql);
  const inserts: { at: number; text: string }[] = [];
  const unknown: string[] = [];
  for (const { name, start } of bareTables(tokens)) {
    if (local.has(name.toLowerCase())) continue;
    const database = databaseOf(name);
    if (database === null) unknown.push(name);
    else inserts.push({ at: start, text: `${database}.` });
  }
  for (const { at, text } of inserts.toReversed()) characters.splice(at, 0, text);
  return { sql: characters.join(""), toOriginal: backThrough(sql, inserts), unknown };
}

/** Names where a table stands, with no database in front and no function's bracket behind. */
function bareTables(tokens: readonly Token[]): { name: string; start: number }[] {
  const found: { name: string; start: number }[] = [];
  // For each open bracket, whether a list of tables is being read.
  const lists = [false];
  for (const [at, { name, word, start }] of tokens.entries()) {
    const before = tokens[at - 1]?.word ?? "";
    const isTable = BEFORE_TABLE.includes(before) || ([",", "("].includes(before) && lists.at(-1)!) ||
      (at === 1 && /^DESC(RIBE)?$/.test(before));
    if (name !== null && isTable && ![".", "("].includes(tokens[at + 1]?.word ?? "")) {
      found.push({ name, start });
    }
    if (word === "(") lists.push(lists.at(-1)! && (BEFORE_TABLE.includes(before) || before === ","));
    if (word === ")" && lists.length > 1) lists.pop();
    if (word === "JOIN" || (word === "FROM" && before !== "DISTINCT")) lists[lists.length - 1] = true;
    if (AFTER_TABLES.includes(word)) lists[lists.length - 1] = false;
  }
  return found;
}

/** `name AS (` and `name (column, …) AS (`: a table of this statement only. */
function isCommonTable(tokens: readonly Token[], at: number): boolean {
  const word = (at: number) => tokens[at]?.word ?? "";
  if (tokens[at]!.name === null || !["WITH", "RECURSIVE", ","].includes(word(at - 1))) return false;
  let next = at + 1;
  if (word(next) === "(") {
    while (next < tokens.length && word(next) !== ")") next++;
    next++;
  }
  return word(next) === "AS" && word(next + 1) === "(";
}

async function tokensOf(sql: string): Promise<Token[]> {
  const { Dialect, tokenize } = await import("@polyglot-sql/sdk");
  const { success, tokens, error, errorLine, errorColumn } = tokenize(sql, Dialect.Athena);
  if (!success || !tokens) {
    throw new SqlError(
      withPosition(sql, `Cannot parse SQL: ${error ?? "unknown error"}`, errorLine, errorColumn),
    );
  }
  return tokens.map((token) => {
    // Its declaration says tokenType.
    const { token_type: kind, text, span } = token as unknown as { token_type: string } & typeof token;
    const name = kind === "VAR" || kind === "QUOTED_IDENTIFIER" ? text : null;
    return { name, word: name !== null || kind === "STRING" ? "" : text.toUpperCase(), start: span.start };
  });
}

function backThrough(sql: string, inserts: readonly { at: number; text: string }[]): ToOriginal {
  const characters = Array.from(sql);
  const places = inserts.map(({ at, text }) => {
    const before = characters.slice(0, at).join("").split("\n");
    return { line: before.length, column: [...before.at(-1)!].length + 1, length: text.length };
  });
  return (line, column) => {
    let back = column;
    for (const insert of places) {
      if (insert.line === line && back > insert.column) back = Math.max(insert.column, back - insert.length);
    }
    return { line, column: back };
  };
}
