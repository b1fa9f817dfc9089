import { assert, assertEquals } from "@std/assert";
import { ingestDemoHours } from "./demo_hours.ts";
import { NotebookLake } from "./notebook_lake.ts";
import recorded from "./testdata/trino_answers.json" with { type: "json" };

Deno.test("DuckDB gives the rows that Trino gave on the same lake, the INSERT's own count among them", async () => {
  const folder = await Deno.makeTempDir({ prefix: "lakebook-" });
  try {
    assertEquals(await ingestDemoHours(folder, recorded.lake), 24);
    await using lake = new NotebookLake(folder);
    for (const { statement, columns, rows } of recorded.answers) {
      const table = await lake.ask(statement);
      assertEquals(table.columns, columns.map(({ name }) => name));
      const found = table.rows.map((row) => Object.values(row));
      if (statement.includes("avg(")) {
        // A mean depends on the order in which an engine adds.
        const [ours, theirs] = [Number(found[0]![0]), Number(rows[0]![0])];
        assert(Math.abs(ours - theirs) <= 1e-14 * theirs, `${ours} and ${theirs}`);
      } else assertEquals([statement, found], [statement, rows]);
    }
    const { rows } = await lake.ask("SELECT count(*) AS n FROM analytics_prices");
    assertEquals([rows[0]!.n, 0], recorded.inserted);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
