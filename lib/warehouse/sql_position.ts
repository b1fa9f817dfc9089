/** Where in the reader's own SQL an error lies, although the engine saw its translation. */
import type { SqlError } from "../core/errors.ts";
import { withPosition } from "./translate.ts";

/**
 * The error's message with line, column and a caret in `sql`. The engine points into the translated text; the
 * word under its caret is looked for in the text that the reader wrote.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { SqlError } from "../core/errors.ts";
 * const error = new SqlError('Binder Error: column "closee" not found\n\nLINE 1: SELECT closee FROM t\n               ^');
 * assertStringIncludes(locateSqlError("SELECT\n  closee\nFROM t", error), "LINE 2:   closee\n          ^");
 * ```
 */
export function locateSqlError(sql: string, error: SqlError): string {
  const [message = "", ...rest] = error.message.split(/\n+(?=LINE \d+: )/);
  const pointed = /^LINE \d+: (.*)\n( *)\^/s.exec(rest.join("\n"));
  if (!pointed) return error.message;
  const [whole, text, blanks] = pointed;
  const prefix = whole.indexOf(text!);
  const word = /^[A-Za-z_0-9.]+/.exec(text!.slice(blanks!.length - prefix))?.[0];
  if (!word) return error.message;
  const at = sql.toLowerCase().search(new RegExp(`\\b${word.toLowerCase().replaceAll(".", "\\.")}\\b`));
  if (at < 0) return error.message;
  const before = sql.slice(0, at).split("\n");
  return withPosition(
    sql,
    `${message} (line ${before.length}, column ${before.at(-1)!.length + 1})`,
    before.length,
    before.at(-1)!.length + 1,
  );
}
