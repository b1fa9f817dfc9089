import { assertEquals } from "@std/assert";
import { PROCESSED_PARTITIONED } from "../core/tables.ts";
import { auditTable } from "./audit_table.ts";
import { openDuckDb } from "./engine_duckdb.ts";

Deno.test("auditTable() counts rows, nulls, repeats and inverted ranges, and gives the columns' types", async () => {
  using engine = await openDuckDb();
  await engine.run(`CREATE TABLE crypto_gold.processed_partitioned AS SELECT DATE '2020-01-01' + i AS day,
    avg::DOUBLE AS avg_price_usd, low::DOUBLE AS min_price_usd, high::DOUBLE AS max_price_usd, 2020 AS year
    FROM (VALUES (0, 2, 1, 3), (1, NULL, 1, 3), (2, 2, 4, 3), (2, 2, 1, NULL), (3, 1, 1, 1)) AS t (i, avg, low, high)`);
  const about = { key: ["day"], low: "min_price_usd", high: "max_price_usd" };
  assertEquals(await auditTable(engine, PROCESSED_PARTITIONED, about), {
    columns: {
      day: "date",
      avg_price_usd: "double",
      min_price_usd: "double",
      max_price_usd: "double",
      year: "integer",
    },
    rows: 5,
    nulls: 2,
    duplicates: 1,
    inverted: 1,
  });
});
