import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { engineType, readValue } from "./athena_values.ts";
import { openDuckDb } from "./engine_duckdb.ts";
import { plainValue } from "./plain_value.ts";

/** An expression in Athena's dialect, with the type and text that Athena gives for it. */
const SAME: [expression: string, type: string, text: string | undefined][] = [
  ["true", "boolean", "true"],
  ["CAST(7 AS smallint)", "smallint", "7"],
  ["-7", "integer", "-7"],
  ["CAST(42 AS bigint)", "bigint", "42"],
  ["9007199254740993", "bigint", "9007199254740993"],
  ["CAST(NULL AS bigint)", "bigint", undefined],
  ["CAST(1.5 AS double)", "double", "1.5"],
  ["CAST(1e21 AS double)", "double", "1.0E21"],
  ["CAST('NaN' AS double)", "double", "NaN"],
  ["-CAST('Infinity' AS double)", "double", "-Infinity"],
  ["CAST(1.50 AS decimal(10, 2))", "decimal", "1.50"],
  ["'ünï 😀, ''quoted'''", "varchar", "ünï 😀, 'quoted'"],
  ["''", "varchar", ""],
  ["date '2026-01-02'", "date", "2026-01-02"],
  ["timestamp '2026-01-02 03:04:05.678'", "timestamp", "2026-01-02 03:04:05.678"],
  ["from_unixtime(86400)", "timestamp with time zone", "1970-01-02 00:00:00.000 UTC"],
];

Deno.test("readValue() prints what DuckDB prints for the same expression", async () => {
  using engine = await openDuckDb();
  for (const [expression, type, text] of SAME) {
    const { rows, columns } = await engine.query(`SELECT ${expression}`);
    const name = engineType(type);
    const [athena, duckdb] = [
      plainValue(readValue(text, name), name),
      plainValue(rows[0]![0], columns[0]!.type),
    ];
    assertEquals([expression, athena], [expression, duckdb]);
  }
});

Deno.test("readValue() keeps the text of what its type does not hold", () => {
  const table: [text: string, type: string][] = [
    ["abc", "BIGINT"],
    ["1.5", "INTEGER"],
    ["", "DOUBLE"],
    ["yes", "BOOLEAN"],
    ["12026-01-02", "DATE"],
    ["2026-13-02", "DATE"],
    ["2026-01-02T03:04:05", "TIMESTAMP"],
    ["2026-01-02 03:04:05.000 Europe/Madrid", "TIMESTAMP WITH TIME ZONE"],
    ["abc", "BLOB"],
    ["[1, 2]", "ARRAY(BIGINT)"],
  ];
  for (const [text, type] of table) assertEquals([type, readValue(text, type)], [type, text]);
  assertEquals(readValue("61 62", "BLOB"), new Uint8Array([0x61, 0x62]));
});

Deno.test("readValue() takes any text for any type, and what it gives can be printed", () => {
  const type = fc.constantFrom(
    "boolean",
    "integer",
    "bigint",
    "real",
    "decimal",
    "date",
    "timestamp",
    "varbinary",
    "x",
  )
    .map(engineType);
  const digits = fc.stringMatching(/^-?[0-9]{1,30}([.eE:T -][0-9]{0,5})?$/);
  fc.assert(
    fc.property(fc.oneof(fc.string(), digits), type, (text, type) => {
      const printed = plainValue(readValue(text, type), type);
      assertEquals(typeof JSON.stringify(printed), "string");
      // A whole number is never rounded.
      if (type === "BIGINT" && /^-?\d+$/.test(text)) assertEquals(BigInt(printed as string), BigInt(text));
    }),
    { seed: 5, numRuns: 5_000 },
  );
});
