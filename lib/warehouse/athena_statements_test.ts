import { assert, assertEquals } from "@std/assert";
import { Dialect, parse } from "@polyglot-sql/sdk";
import { createDatabase } from "../core/athena_ddl.ts";
import { TABLES } from "../core/tables.ts";
import { athenaStatements } from "./athena_statements.ts";
import { VIEWS } from "./catalog.ts";

const PLACE = { lake: "s3://some-bucket/lake", values: { symbol: ["BTCUSD", "ETHUSD"] } };

Deno.test("athenaStatements() are all SQL that a parser of Athena's dialect takes, views and updates included", async () => {
  const statements = await athenaStatements(undefined, PLACE, { update: true });
  assertEquals(statements.length, 3 + 2 * TABLES.length + VIEWS.length);
  for (const { name, sql } of statements) {
    for (const text of parseable(sql)) {
      const { success, error } = parse(text, Dialect.Athena);
      assertEquals([name, success, error ?? null], [name, true, null]);
    }
  }
});

/** This parser takes one property of ALTER TABLE at a time; Athena's guide has any number of them. */
function parseable(sql: string): string[] {
  const [, start, list] = /^(ALTER TABLE \S+ SET TBLPROPERTIES \()\n([^]*)\n\)$/.exec(sql) ?? [];
  return list === undefined ? [sql] : list.split(",\n").map((property) => `${start}${property})`);
}

Deno.test("materialize/*.sql are all SQL that a parser of Athena's dialect takes", async () => {
  const folder = new URL("materialize/", import.meta.url);
  for (const { name } of Deno.readDirSync(folder)) {
    const { success, error } = parse(await Deno.readTextFile(new URL(name, folder)), Dialect.Athena);
    assertEquals([name, success, error ?? null], [name, true, null]);
  }
});

Deno.test("athenaStatements() define what a query touches, each after what it stands on, and nothing else", async () => {
  const names = async (sql: string) => (await athenaStatements(sql, PLACE)).map(({ name }) => name);
  assertEquals(await names("SELECT 1"), []);
  assertEquals(await names("SELECT * FROM ohlcv_daily"), ["crypto_gold", "crypto_gold.ohlcv_daily"]);
  assertEquals(await names("SELECT * FROM v_completeness"), [
    "lakebook",
    "lakebook.gaps",
    "lakebook.completeness",
    "lakebook.v_completeness",
  ]);
  const all = await names(VIEWS.join(" "));
  for (const [at, name] of all.entries()) {
    const { sql } = (await athenaStatements(undefined, PLACE)).find((statement) => statement.name === name)!;
    const later = all.slice(at + 1).filter((other) =>
      new RegExp(`\\b${other.replace(".", "\\.")}\\b`).test(sql)
    );
    assertEquals([name, later], [name, []]);
  }
});

Deno.test("athenaStatements() make every database before its first table, once", async () => {
  const statements = await athenaStatements(undefined, PLACE);
  const databases = ["crypto_analytics", "crypto_gold", "lakebook"] as const;
  assertEquals(statements.slice(0, 3).map(({ sql }) => sql), databases.map(createDatabase));
  assert(statements.slice(3).every(({ sql }) => !sql.startsWith("CREATE DATABASE")));
});
