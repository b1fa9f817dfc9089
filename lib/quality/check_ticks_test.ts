import { assertEquals } from "@std/assert";
import type { TicksAudit } from "../warehouse/audit_ticks.ts";
import { checkTicks } from "./check_ticks.ts";

const SOUND: TicksAudit = {
  day: "2026-01-02",
  files: 3,
  rows: 3,
  missing: [],
  unknown: [],
  nulls: { epoch_ms: 0, price_usd: 0 },
  negative: 0,
  duplicates: 0,
  conflicts: 0,
  other_day: 0,
};

const TABLE: [change: Partial<TicksAudit>, statuses: string, detail: [number, string]][] = [
  [{}, "pass pass pass pass pass", [0, "3 rows in 3 files, with the columns of the table"]],
  [
    { missing: ["source"], unknown: ["x"] },
    "fail pass pass pass pass",
    [0, "source is missing, x is unknown"],
  ],
  [{ nulls: { epoch_ms: 1, price_usd: 2 } }, "pass warn pass pass pass", [1, "epoch_ms 1, price_usd 2"]],
  [{ negative: 1 }, "pass pass fail pass pass", [2, "1 prices that are not above zero"]],
  [
    { duplicates: 1, conflicts: 2 },
    "pass pass pass warn pass",
    [3, "1 rows repeat a time and price, 2 give a time another price"],
  ],
  [{ other_day: 4 }, "pass pass pass pass warn", [4, "4 rows are of another day than their folder"]],
];

Deno.test("checkTicks() judges schema, nulls, negatives, duplicates and day of the raw stream", () => {
  for (const [change, statuses, [index, detail]] of TABLE) {
    const findings = checkTicks({ ...SOUND, ...change });
    assertEquals(findings.map(({ status }) => status).join(" "), statuses);
    assertEquals(findings[index]!.detail, detail);
    assertEquals(findings[index]!.check.startsWith("stream ticks 2026-01-02: "), true);
  }
});
