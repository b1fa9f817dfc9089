import { assertEquals } from "@std/assert";
import { type FindingStatus, worstStatus } from "./finding.ts";

Deno.test("worstStatus() is fail before warn before pass, in any order", () => {
  const table: [FindingStatus[], FindingStatus][] = [
    [[], "pass"],
    [["pass", "pass"], "pass"],
    [["pass", "warn"], "warn"],
    [["warn", "pass"], "warn"],
    [["warn", "fail", "pass"], "fail"],
    [["fail", "warn"], "fail"],
  ];
  for (const [statuses, worst] of table) {
    assertEquals(
      worstStatus(statuses.map((status) => ({ check: "c", status, count: 0, detail: "" }))),
      worst,
    );
  }
});
