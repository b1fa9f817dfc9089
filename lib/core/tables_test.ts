import { assertEquals, assertMatch } from "@std/assert";
import { PROCESSED_PRICES, PROCESSED_PRICES_RAW, TABLES } from "./tables.ts";

Deno.test("TABLES have distinct names and prefixes that do not lie within each other", () => {
  // One prefix may have several readings, such as typed and as text.
  const prefixes = [...new Set(TABLES.map(({ prefix }) => prefix))];
  assertEquals(new Set(TABLES.map(({ name }) => name)).size, TABLES.length);
  for (const prefix of prefixes) {
    assertMatch(prefix, /^[a-z_]+(\/[a-z_]+)*\/$/);
    assertEquals(prefixes.filter((other) => other.startsWith(prefix)), [prefix]);
  }
});

Deno.test("TABLES say of every partition column, in order, which values Athena looks for", () => {
  for (const { name, partitions, projection } of TABLES) {
    assertEquals([name, Object.keys(projection)], [name, Object.keys(partitions)]);
    for (const [column, { type }] of Object.entries(projection)) {
      const kinds = { integer: "int", date: "date", enum: "string" };
      assertEquals([name, column, partitions[column]], [name, column, kinds[type]]);
    }
  }
});

Deno.test("TABLES read the market snapshots a second time with every column as text", () => {
  const { columns, prefix } = PROCESSED_PRICES_RAW;
  assertEquals(prefix, PROCESSED_PRICES.prefix);
  assertEquals(Object.keys(columns), Object.keys(PROCESSED_PRICES.columns));
  assertEquals(new Set(Object.values(columns)), new Set(["string"]));
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
