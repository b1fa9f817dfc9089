import { assert, assertEquals, assertRejects } from "@std/assert";
import { SqlError } from "../core/errors.ts";
import { type DuckDb, openDuckDb, quote } from "./engine_duckdb.ts";

Deno.test("query() answers as Athena does: UTC, truncating division, epoch times", async () => {
  using engine = await openDuckDb();
  const table: [sql: string, value: unknown][] = [
    ["7 / 2", 3],
    ["-7 / 2", -3],
    ["7 % 3", 1],
    ["-7 % 3", -1],
    ["7.0 / 2", 3.5],
    ["CAST(from_unixtime(0) AS varchar)", "1970-01-01 00:00:00+00"],
    ["CAST(from_unixtime(86399) AS date)", new Date(0)],
    ["CAST(from_unixtime(86400) AS date)", new Date(86_400_000)],
    [
      "CAST(from_unixtime((1583020799999 - 1583020799999 % 86400000) / 1000) AS date)",
      new Date("2020-02-29"),
    ],
    ["CAST(CAST(from_unixtime(1512086460000 / 1000) AS timestamp) AS varchar)", "2017-12-01 00:01:00"],
    ["year(from_unixtime(1514764799))", 2017n],
    ["date_diff('day', date '2020-02-28', date '2020-03-01')", 2n],
    ["max_by(x, y)", "b"],
    ["approx_percentile(y, 0.5)", 2],
  ];
  for (const [expression, value] of table) {
    const sql = `SELECT ${expression} FROM (VALUES ('a', 1), ('c', 2), ('b', 3)) AS t (x, y)`;
    const { rows } = await engine.query(sql);
    assertEquals([expression, rows[0]![0]], [expression, value]);
  }
});

Deno.test("query() gives column names, types and rows in order", async () => {
  using engine = await openDuckDb();
  const result = await engine.query("SELECT 1 AS a, 'x' AS b, CAST(NULL AS double) AS c");
  assertEquals(result.columns, [
    { name: "a", type: "INTEGER" },
    { name: "b", type: "VARCHAR" },
    { name: "c", type: "DOUBLE" },
  ]);
  assertEquals(result.rows, [[1, "x", null]]);
});

const WRITING = [
  "INSERT INTO t VALUES (2)",
  "WITH s AS (SELECT 2 AS a) INSERT INTO t SELECT a FROM s",
  "UPDATE t SET a = 2",
  "DELETE FROM t",
  "TRUNCATE TABLE t",
  "DROP TABLE t",
  "ALTER TABLE t ADD COLUMN b int",
  "CREATE TABLE u AS SELECT 1 AS a",
  "CREATE OR REPLACE VIEW t AS SELECT 2 AS a",
  "COPY t TO 'never.csv'",
  "COPY (SELECT 1) TO 'never.csv'",
  "ATTACH 'never.db'",
  "EXPORT DATABASE 'never'",
  "INSTALL httpfs",
  "LOAD httpfs",
  "SET threads = 1",
  "RESET threads",
  "PRAGMA threads = 3",
  "USE main",
  "BEGIN TRANSACTION",
  "PREPARE p AS SELECT 1",
  "VACUUM",
  "EXPLAIN ANALYZE INSERT INTO t VALUES (2)",
  "EXPLAIN ANALYZE DELETE FROM t",
  "EXPLAIN EXPLAIN ANALYZE DELETE FROM t",
  "EXPLAIN (ANALYZE) DELETE FROM t",
  "/* a comment */ EXPLAIN ANALYZE DELETE FROM t",
  "SELECT 1 INTO u",
  "SELECT 1; DROP TABLE t",
];

Deno.test("query() refuses whatever would write or change a setting, and nothing has changed", async () => {
  using engine = await openDuckDb();
  await engine.run("CREATE TABLE t AS SELECT 1 AS a");
  for (const sql of WRITING) {
    const error = await assertRejects(() => engine.query(sql), SqlError);
    assert(error.message !== "", sql);
  }
  assertEquals((await engine.read("SELECT * FROM t")).rows, [[1]]);
  const { rows } = await engine.read("SELECT table_name FROM duckdb_tables()");
  assertEquals(rows, [["t"]]);
  assertEquals(await Deno.stat("never.csv").catch(() => null), null);
});

Deno.test("query() says why it refuses, and that it takes exactly one statement", async () => {
  using engine = await openDuckDb();
  const table: [sql: string, text: string][] = [
    [
      "CREATE TABLE u AS SELECT 1",
      'Cannot run "CREATE TABLE u AS SELECT 1": it would change something, only reading',
    ],
    ["SELECT 1; SELECT 2", "it holds 2 statements, give exactly one"],
    ["", "it holds 0 statements, give exactly one"],
    ["-- a comment", "it holds 0 statements"],
    ["SELECT nothing FROM nowhere", "Catalog Error"],
  ];
  for (const [sql, text] of table) await assertRejects(() => engine.query(sql), SqlError, text);
});

Deno.test("query() reads with or without a semicolon, and the statements that only describe", async () => {
  using engine = await openDuckDb();
  for (const sql of ["SELECT 1;", "VALUES (1)", "WITH a AS (SELECT 1) SELECT * FROM a", "(SELECT 1)"]) {
    assertEquals([sql, (await engine.query(sql)).rows.length], [sql, 1]);
  }
  for (const sql of ["SHOW TABLES", "DESCRIBE SELECT 1 AS a"]) {
    assert((await engine.query(sql)).columns.length > 0, sql);
  }
});

Deno.test("openDuckDb() sees both databases of the lake without naming them, in every session", async () => {
  using engine = await openDuckDb({ threads: 1 });
  await engine.run(
    "CREATE TABLE crypto_analytics.a AS SELECT 1 AS x; CREATE TABLE crypto_gold.g AS SELECT 2 AS x",
  );
  using fork = await engine.fork();
  for (const session of [engine, fork]) {
    assertEquals((await session.query("SELECT a.x + g.x FROM a, g")).rows, [[3]]);
    assertEquals((await session.query("SELECT CAST(from_unixtime(0) AS varchar), 7 / 2")).rows, [[
      "1970-01-01 00:00:00+00",
      3,
    ]]);
  }
});

Deno.test("openDuckDb() engines do not see each other", async () => {
  using one = await openDuckDb();
  using two = await openDuckDb();
  await one.run("CREATE TABLE only_here AS SELECT 1");
  await assertRejects(() => two.read("SELECT * FROM only_here"), SqlError);
});

Deno.test("run() keeps the engine's error and its SQL as the cause", async () => {
  using engine = await openDuckDb();
  const error = await assertRejects(() => engine.run("SELEKT 1"), SqlError, "Parser Error");
  assertEquals((error.cause as { sql: string }).sql, "SELEKT 1");
});

Deno.test("transaction() tells why its COMMIT failed, and the session goes on", async () => {
  using engine = await openDuckDb();
  using other = await engine.fork();
  await engine.run("CREATE TABLE t (i INTEGER PRIMARY KEY)");
  const insert = (session: DuckDb) => session.run("INSERT INTO t VALUES (1)");
  await assertRejects(
    () =>
      engine.transaction(async () => {
        await insert(engine);
        await insert(other);
      }),
    SqlError,
    "duplicate key",
  );
  assertEquals((await engine.read("SELECT count(*)::INTEGER FROM t")).rows, [[1]]);
});

Deno.test("columns() gives every row in order with NaN for null, also to a caller that is slow", async () => {
  using engine = await openDuckDb();
  const rows = 10_000;
  const sql =
    `SELECT i, CASE WHEN i % 77 = 5 THEN NULL ELSE i / 2.0 END AS half FROM range(${rows}) AS t (i)`;
  let at = 0;
  for await (const [i, half] of engine.columns(sql)) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    for (const [k, value] of i!.entries()) {
      assertEquals([value, half![k]], [at, at % 77 === 5 ? NaN : at / 2]);
      at++;
    }
  }
  assertEquals(at, rows);
});

Deno.test("columns() tells of a fault where the rows before it end, and lets a caller stop", async () => {
  using engine = await openDuckDb();
  const sql =
    "SELECT CASE WHEN i < 5000 THEN i::VARCHAR ELSE 'none' END::INTEGER AS i FROM range(9000) AS t (i)";
  await assertRejects(
    async () => {
      for await (const _ of engine.columns(sql)) await new Promise((resolve) => setTimeout(resolve, 2));
    },
    SqlError,
    "Conversion Error",
  );
  for await (const [i] of engine.columns("SELECT i FROM range(1000000) AS t (i)")) {
    assertEquals(i![1], 1);
    break;
  }
  assertEquals((await engine.read("SELECT 1")).rows, [[1]]);
});

Deno.test("quote() makes any text a literal that reads back", async () => {
  using engine = await openDuckDb();
  for (const text of ["", "it's", "''; DROP TABLE t; --", 'a"b\\n\n', "ünï 中"]) {
    assertEquals((await engine.read(`SELECT ${quote(text)}`)).rows, [[text]]);
  }
});
