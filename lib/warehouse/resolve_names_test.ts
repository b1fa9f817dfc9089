import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import fc from "fast-check";
import { SqlError } from "../core/errors.ts";
import { TABLES } from "../core/tables.ts";
import { databaseOf, mentionedViews, VIEWS } from "./catalog.ts";
import { isReading, resolveNames } from "./resolve_names.ts";

Deno.test("resolveNames() puts a database in front of the lake's names where a table stands, and nowhere else", async () => {
  const table: [sql: string, resolved: string][] = [
    ["SELECT * FROM runs", "SELECT * FROM lakebook.runs"],
    ["SELECT * FROM RUNS AS r, gaps g", "SELECT * FROM lakebook.RUNS AS r, lakebook.gaps g"],
    ['SELECT * FROM "runs"', 'SELECT * FROM lakebook."runs"'],
    ["SELECT * FROM lakebook.runs", "SELECT * FROM lakebook.runs"],
    [
      "SELECT runs.step, 'FROM runs' FROM runs -- FROM runs",
      "SELECT runs.step, 'FROM runs' FROM lakebook.runs -- FROM runs",
    ],
    ["SELECT runs FROM (SELECT 1 AS runs)", "SELECT runs FROM (SELECT 1 AS runs)"],
    [
      "SELECT * FROM (SELECT * FROM runs), gaps",
      "SELECT * FROM (SELECT * FROM lakebook.runs), lakebook.gaps",
    ],
    ["SELECT * FROM (runs CROSS JOIN gaps)", "SELECT * FROM (lakebook.runs CROSS JOIN lakebook.gaps)"],
    ["WITH runs AS (SELECT 1) SELECT * FROM runs", "WITH runs AS (SELECT 1) SELECT * FROM runs"],
    [
      "WITH a (x) AS (SELECT step FROM runs), gaps AS (SELECT 1) SELECT * FROM a, gaps, replaced",
      "WITH a (x) AS (SELECT step FROM lakebook.runs), gaps AS (SELECT 1) SELECT * FROM a, gaps, lakebook.replaced",
    ],
    [
      "SELECT a FROM runs JOIN gaps ON runs.x = gaps.x, replaced WHERE a IN (1, runs) ORDER BY gaps, runs",
      "SELECT a FROM lakebook.runs JOIN lakebook.gaps ON runs.x = gaps.x, lakebook.replaced WHERE a IN (1, runs) " +
      "ORDER BY gaps, runs",
    ],
    ["SELECT 1 IS DISTINCT FROM 2, runs FROM gaps", "SELECT 1 IS DISTINCT FROM 2, runs FROM lakebook.gaps"],
    ["SELECT '😀', step FROM runs", "SELECT '😀', step FROM lakebook.runs"],
    ["DESCRIBE v_top_100", "DESCRIBE crypto_gold.v_top_100"],
    [
      "SELECT 1 FROM runs UNION SELECT 2 FROM gaps",
      "SELECT 1 FROM lakebook.runs UNION SELECT 2 FROM lakebook.gaps",
    ],
    [
      "SELECT * FROM runs CROSS JOIN UNNEST(gaps) AS t (x)",
      "SELECT * FROM lakebook.runs CROSS JOIN UNNEST(gaps) AS t (x)",
    ],
    [
      "SELECT count(*), max(step) FROM runs GROUP BY 1, runs",
      "SELECT count(*), max(step) FROM lakebook.runs GROUP BY 1, runs",
    ],
    [
      "SELECT '(', ')', \"from\", runs, 'FROM' FROM runs",
      "SELECT '(', ')', \"from\", runs, 'FROM' FROM lakebook.runs",
    ],
    ["SHOW TABLES", "SHOW TABLES"],
  ];
  for (const [sql, resolved] of table) assertEquals((await resolveNames(sql)).sql, resolved);
});

Deno.test("resolveNames() names what stands for a table and is none of the lake's", async () => {
  const table: [sql: string, unknown: string[]][] = [
    ["SELECT * FROM v_top_10", ["v_top_10"]],
    ["SELECT * FROM mine.v_top_10 ORDER BY a DESC NULLS FIRST, b", []],
    ["WITH a AS (SELECT 1) SELECT * FROM a, b", ["b"]],
  ];
  for (const [sql, unknown] of table) assertEquals((await resolveNames(sql)).unknown, unknown);
});

Deno.test("resolveNames() leads places in the resolved text back to the given one", async () => {
  const sql = "SELECT a\nFROM runs, gaps WHERE x";
  const resolved = await resolveNames(sql);
  for (const word of ["SELECT", "a", "FROM", "runs", "gaps", "WHERE", "x"]) {
    const place = (text: string) => {
      const lines = text.slice(0, text.search(new RegExp(`\\b${word}\\b`))).split("\n");
      return { line: lines.length, column: lines.at(-1)!.length + 1 };
    };
    const { line, column } = place(resolved.sql);
    assertEquals([word, resolved.toOriginal(line, column)], [word, place(sql)]);
  }
  // Athena points at the database, which the reader did not write.
  assertEquals(resolved.toOriginal(2, 6), { line: 2, column: 6 });
  assertEquals(resolved.toOriginal(2, 10), { line: 2, column: 6 });
});

Deno.test("resolveNames() only adds databases, whatever the text is, and every place leads back into it", async () => {
  const word = fc.constantFrom(
    ...[
      "SELECT",
      "FROM",
      "JOIN",
      "WITH",
      "AS",
      "(",
      ")",
      ",",
      ".",
      "runs",
      "gaps",
      "x",
      "'runs'",
      '"gaps"',
      "\n",
      "-- a\n",
    ],
    ...["UNION", "WHERE", "é", "'😀'", "1", "DESC", "TABLE", "/* b */", "lakebook", "ON", "=", ";"],
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 25 }), async (words) => {
      const sql = words.join(" ");
      const { sql: resolved, toOriginal } = await resolveNames(sql);
      const once = (text: string) => text.replaceAll(/\blakebook\.(?=\S)/g, "");
      assertEquals(once(resolved), once(sql));
      const lines = resolved.split("\n"), own = sql.split("\n");
      for (const [at, line] of lines.entries()) {
        const { line: back, column } = toOriginal(at + 1, [...line].length + 1);
        assertEquals([back, column], [at + 1, [...own[at]!].length + 1]);
      }
    }),
    { seed: 5, numRuns: 500 },
  );
});

Deno.test("resolveNames() says where a text cannot be cut into words", async () => {
  await assertRejects(
    () => resolveNames("SELECT 'abc"),
    SqlError,
    "Unterminated string\n\nLINE 1: SELECT 'abc",
  );
});

Deno.test("isReading() lets nothing through that could write", () => {
  const reading = [
    "SELECT 1",
    " ( SELECT 1 )",
    "with a as (select 1) select * from a",
    "VALUES 1",
    "TABLE runs",
    "SHOW TABLES",
    "describe runs",
    "DESC runs",
    "/* x */ -- y\n SELECT 1",
    "EXPLAIN (TYPE DISTRIBUTED) SELECT 1",
    "EXPLAIN ANALYZE VERBOSE SELECT 1",
  ];
  const writing = [
    "",
    "-- SELECT 1",
    "INSERT INTO t SELECT 1",
    "CREATE TABLE t AS SELECT 1",
    "CREATE OR REPLACE VIEW v AS SELECT 1",
    "DROP TABLE t",
    "ALTER TABLE t ADD COLUMNS (a int)",
    "MSCK REPAIR TABLE t",
    "UNLOAD (SELECT 1) TO 's3://b/p' WITH (format = 'PARQUET')",
    "EXECUTE p",
    "PREPARE p FROM SELECT 1",
    "DELETE FROM t",
    "MERGE INTO t USING s ON true",
    "VACUUM t",
    "EXPLAIN ANALYZE INSERT INTO t SELECT 1",
    "EXPLAIN ANALYZE EXPLAIN ANALYZE DELETE FROM t",
    "/* SELECT */ DROP TABLE t",
    "selective",
  ];
  for (const sql of reading) assertEquals([sql, isReading(sql)], [sql, true]);
  for (const sql of writing) assertEquals([sql, isReading(sql)], [sql, false]);
});

Deno.test("databaseOf() knows the database in which each view is made, and every name is a plain word", async () => {
  for (const { name, sql } of await mentionedViews(VIEWS.join(" "))) {
    assertMatch(sql, new RegExp(`^CREATE OR REPLACE VIEW ${databaseOf(name)}\\.${name} AS$`, "m"));
  }
  for (const name of [...VIEWS, ...TABLES.map((table) => table.name)]) {
    const sql = `${databaseOf(name)}.${name}`;
    assertEquals((await resolveNames(`SELECT 1 FROM ${name}`)).sql, `SELECT 1 FROM ${sql}`);
  }
});
