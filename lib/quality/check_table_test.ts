import { assertEquals } from "@std/assert";
import { OHLCV_HOURLY, PROCESSED_PARTITIONED } from "../core/tables.ts";
import type { TableAudit } from "../warehouse/audit_table.ts";
import { checkTable } from "./check_table.ts";

const SOUND: TableAudit = {
  columns: {
    day: "date",
    avg_price_usd: "double",
    min_price_usd: "double",
    max_price_usd: "double",
    year: "integer",
  },
  rows: 10,
  nulls: 0,
  duplicates: 0,
  inverted: 0,
};

const statuses = (audit: TableAudit) =>
  checkTable(PROCESSED_PARTITIONED, audit).map(({ status, count }) => `${status} ${count}`);

Deno.test("checkTable() passes a table that is as defined, partition columns beside", () => {
  assertEquals(statuses(SOUND), ["pass 0", "pass 0", "pass 0", "pass 0"]);
  const { check, detail } = checkTable(PROCESSED_PARTITIONED, SOUND)[0]!;
  assertEquals([check, detail], ["processed_partitioned: schema", "4 columns as defined"]);
});

Deno.test("checkTable() fails for each difference", () => {
  const { avg_price_usd: _, ...lacking } = SOUND.columns;
  const table: [audit: Partial<TableAudit>, expected: string[]][] = [
    [{ columns: lacking }, ["fail 1", "pass 0", "pass 0", "pass 0"]],
    [{ columns: {} }, ["fail 4", "pass 0", "pass 0", "pass 0"]],
    [{ columns: { ...SOUND.columns, day: "timestamp" } }, ["fail 1", "pass 0", "pass 0", "pass 0"]],
    [{ nulls: 2 }, ["pass 0", "fail 2", "pass 0", "pass 0"]],
    [{ duplicates: 3 }, ["pass 0", "pass 0", "fail 3", "pass 0"]],
    [{ inverted: 4 }, ["pass 0", "pass 0", "pass 0", "fail 4"]],
  ];
  for (const [change, expected] of table) assertEquals(statuses({ ...SOUND, ...change }), expected);
});

Deno.test("checkTable() names what a column is instead", () => {
  const columns = { ...SOUND.columns, day: "varchar" };
  const [finding] = checkTable(OHLCV_HOURLY, { ...SOUND, columns });
  assertEquals(finding!.detail.split(", ")[0], "hour_start is absent instead of timestamp");
  assertEquals(
    checkTable(PROCESSED_PARTITIONED, { ...SOUND, columns })[0]!.detail,
    "day is varchar instead of date",
  );
});
