import { assertEquals, assertRejects } from "@std/assert";
import { SqlError } from "../core/errors.ts";
import { openDuckDb } from "./engine_duckdb.ts";
import { locateSqlError } from "./sql_position.ts";

const engineError = (line: string, caretUnder: string) =>
  new SqlError(`Binder Error: no\n\nLINE 1: ${line}\n${" ".repeat(8 + line.indexOf(caretUnder))}^`);

Deno.test("locateSqlError() points into the reader's own text", () => {
  const table: [sql: string, error: SqlError, located: string][] = [
    [
      "SELECT\n  closee\nFROM t",
      engineError("SELECT closee FROM t", "closee"),
      "Binder Error: no (line 2, column 3)\n\nLINE 2:   closee\n          ^",
    ],
    [
      "SELECT a FROM Nowhere",
      engineError("SELECT a FROM nowhere", "nowhere"),
      "Binder Error: no (line 1, column 15)\n\nLINE 1: SELECT a FROM Nowhere\n                      ^",
    ],
    [
      "SELECT aa, a.b FROM t",
      engineError("SELECT aa, a.b FROM t", "a.b"),
      "Binder Error: no (line 1, column 12)\n\nLINE 1: SELECT aa, a.b FROM t\n                   ^",
    ],
  ];
  for (const [sql, error, located] of table) assertEquals(locateSqlError(sql, error), located);
});

Deno.test("locateSqlError() leaves a message alone that points nowhere, or to a word of the translation", () => {
  const table: [sql: string, error: SqlError][] = [
    ["SELECT 1", new SqlError("Binder Error: no position")],
    ["SELECT 1", new SqlError("")],
    ["SELECT max_by(a, b)", engineError("SELECT ARG_MAX_NULL(a, b)", "ARG_MAX_NULL")],
    ["SELECT 1", engineError("SELECT (1)", "(1)")],
  ];
  for (const [sql, error] of table) assertEquals(locateSqlError(sql, error), error.message);
});

Deno.test("locateSqlError() finds a wrong column behind a function that the translation renames", async () => {
  using engine = await openDuckDb();
  const sql = "SELECT\n  max_by(a, b),\n  wrong\nFROM (SELECT 1 AS a, 2 AS b)";
  const error = await assertRejects(() => engine.query(sql), SqlError);
  assertEquals(locateSqlError(sql, error).split("\n\n").at(-1), "LINE 3:   wrong\n          ^");
});
