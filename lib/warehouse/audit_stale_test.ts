import { assertEquals } from "@std/assert";
import { type DuckDb, openDuckDb } from "./engine_duckdb.ts";
import { auditStale } from "./audit_stale.ts";

/** Bars from letters: equal letters in a row are equal bars, `.` is one like no other, `0` is flat without volume. */
async function fill(engine: DuckDb, table: string, letters: string, from = 0): Promise<void> {
  await engine.run(
    `CREATE OR REPLACE TABLE ${table} (time BIGINT, open DOUBLE, close DOUBLE, high DOUBLE, low DOUBLE,
    volume DOUBLE)`,
  );
  if (letters === "") return;
  const rows = [...letters].map((letter, i) => {
    const [price, volume] = letter === "."
      ? [1000 + from + i, 1]
      : letter === "0"
      ? [5, 0]
      : letter === "n"
      ? [6, "NULL"]
      : [letter.charCodeAt(0), 2.5];
    return `(${from + i}, ${price}, ${price}, ${price} + 1, ${price}, ${volume})`;
  });
  await engine.run(`INSERT INTO ${table} VALUES ${rows.join(",")}`);
}

const TABLE: [letters: string, least: number, runs: [from: number, to: number, bars: number][]][] = [
  ["", 2, []],
  [".", 2, []],
  ["aa", 2, [[0, 1, 2]]],
  ["aa", 3, []],
  ["..aaa..", 3, [[2, 4, 3]]],
  ["aaab", 3, [[0, 2, 3]]],
  [".baaa", 3, [[2, 4, 3]]],
  ["aabbb", 2, [[2, 4, 3], [0, 1, 2]]],
  ["ababab", 2, []],
  ["000000", 2, []],
  ["a0000a", 2, []],
  ["..nnn.", 3, [[2, 4, 3]]],
];

Deno.test("auditStale() finds runs of equal bars, longest first, filled bars left out", async () => {
  using engine = await openDuckDb();
  for (const [letters, least, runs] of TABLE) {
    await fill(engine, "bars", letters);
    const audit = await auditStale(engine, { table: "bars" }, { least });
    const got = audit.examples.map(({ from_ms, to_ms, bars }) => [from_ms, to_ms, bars]);
    assertEquals([letters, got, audit.runs], [letters, runs, runs.length] as unknown as typeof got[]);
    assertEquals(audit.bars, runs.reduce((sum, [, , bars]) => sum + bars, 0));
  }
});

Deno.test("auditStale() sees a run across the pieces of a union, and gives as many examples as asked", async () => {
  using engine = await openDuckDb({ threads: 2 });
  const letters = `${".".repeat(2040)}${"a".repeat(20)}${".".repeat(3000)}bbbb`;
  for (const cut of [1, 2041, 2048, 2050, letters.length - 2]) {
    await fill(engine, "one", letters.slice(0, cut));
    await fill(engine, "two", letters.slice(cut), cut);
    await engine.run("CREATE OR REPLACE VIEW bars AS SELECT * FROM one UNION ALL SELECT * FROM two");
    const { runs, bars, examples } = await auditStale(engine, { table: "bars" }, { least: 4, examples: 1 });
    assertEquals([cut, runs, bars], [cut, 2, 24]);
    assertEquals(examples, [{ from_ms: 2040, to_ms: 2059, bars: 20, close: 97 }]);
  }
});
