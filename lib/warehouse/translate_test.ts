import { assert, assertEquals, assertRejects } from "@std/assert";
import { SqlError } from "../core/errors.ts";
import { statementKey, translate, translateNow, withPosition } from "./translate.ts";
import translated from "./translated.json" with { type: "json" };

async function statements(): Promise<string[]> {
  const texts: string[] = [];
  for (const folder of ["materialize", "views"]) {
    for (const { name } of Deno.readDirSync(new URL(`${folder}/`, import.meta.url))) {
      texts.push(await Deno.readTextFile(new URL(`${folder}/${name}`, import.meta.url)));
    }
  }
  return texts;
}

Deno.test("translate() takes the repository's own statements from translated.json", async () => {
  const own = await statements();
  const ahead = translated as Record<string, string>;
  assertEquals(own.map(statementKey).sort(), Object.keys(ahead).sort());
  for (const sql of own) assertEquals(await translate(sql), ahead[statementKey(sql)]!);
});

Deno.test("translate() turns Athena's words into DuckDB's", async () => {
  const table: [athena: string, duckdb: string][] = [
    ["SELECT max_by(a, b), min_by(a, b) FROM t", "SELECT ARG_MAX_NULL(a, b), ARG_MIN_NULL(a, b) FROM t"],
    ["SELECT from_unixtime(x) FROM t", "SELECT TO_TIMESTAMP(x) FROM t"],
    [
      "SELECT CAST(from_unixtime((x - x % 86400000) / 1000) AS date) FROM t",
      "SELECT CAST(TO_TIMESTAMP((x - x % 86400000) / 1000) AS DATE) FROM t",
    ],
  ];
  for (const [athena, duckdb] of table) assertEquals(await translate(athena), duckdb);
});

Deno.test("translateNow() refuses what is not exactly one statement", async () => {
  for (const [sql, count] of [["", 0], [" -- nothing", 0], ["SELECT 1; SELECT 2", 2]] as const) {
    await assertRejects(() => translateNow(sql), SqlError, `it holds ${count} statements, give exactly one`);
  }
  assertEquals(await translateNow("SELECT 1;"), "SELECT 1");
});

Deno.test("translateNow() shows where it cannot parse", async () => {
  const error = await assertRejects(
    () => translateNow("SELECT a\nFROM t WHERE ("),
    SqlError,
    "Cannot parse SQL: ",
  );
  assert(/\n\nLINE 2: FROM t WHERE \(\n +\^$/.test(error.message), error.message);
});

Deno.test("withPosition() puts a caret beneath line and column, counted from 1", () => {
  assertEquals(withPosition("ab\ncd", "no", 2, 1), "no\n\nLINE 2: cd\n        ^");
  assertEquals(withPosition("ab\ncd", "no", 1, 2), "no\n\nLINE 1: ab\n         ^");
  assertEquals(withPosition("ab", "no"), "no");
  assertEquals(withPosition("ab", "no", 5, 1), "no\n\nLINE 5: \n        ^");
});

Deno.test("statementKey() is the same for the same text only", () => {
  assertEquals(statementKey("SELECT 1"), statementKey("SELECT 1"));
  assert(statementKey("SELECT 1") !== statementKey("SELECT 1 "));
  assert(/^[0-9a-f]{16}$/.test(statementKey("")));
});

Deno.test("translate() keeps EXPLAIN, whose statement is translated", async () => {
  assertEquals(
    await translate("EXPLAIN SELECT max_by(a, b) FROM t"),
    "EXPLAIN SELECT ARG_MAX_NULL(a, b) FROM t",
  );
  assertEquals(await translate("explain analyze SELECT 1"), "explain analyze SELECT 1");
});
