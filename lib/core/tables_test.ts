import { assertEquals, assertMatch } from "@std/assert";
import { TABLES } from "./tables.ts";

Deno.test("TABLES have distinct names and prefixes that do not lie within each other", () => {
  const prefixes = TABLES.map(({ prefix }) => prefix);
  assertEquals(new Set(TABLES.map(({ name }) => name)).size, TABLES.length);
  for (const prefix of prefixes) {
    assertMatch(prefix, /^[a-z_]+(\/[a-z_]+)*\/$/);
    assertEquals(prefixes.filter((other) => other.startsWith(prefix)), [prefix]);
  }
});

Deno.test("TABLES name no column twice, partitions included, and all in snake_case", () => {
  for (const { name, columns, partitions } of TABLES) {
    const names = [...Object.keys(columns), ...Object.keys(partitions)];
    assertEquals([name, new Set(names).size], [name, names.length]);
    for (const column of names) assertMatch(column, /^[a-z][a-z0-9_]*$/);
  }
});

Deno.test("TABLES keep the reference's column order: close before high in the raw candles", () => {
  const columns = Object.fromEntries(TABLES.map((table) => [table.name, Object.keys(table.columns).join()]));
  assertEquals(columns.btcusd_raw, "time,open,close,high,low,volume");
  assertEquals(columns.processed_partitioned, "day,avg_price_usd,min_price_usd,max_price_usd");
});
