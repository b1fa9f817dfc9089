/** Ready-made fault plans for teaching; `deno task market --faults <name>` serves one. */
import type { FaultPlan } from "./market_faults.ts";

/** Name of a ready-made plan. */
export type FaultPlanName = "storm" | "flaky" | "garbage" | "drift";

/**
 * Plans by name.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readFaultPlan } from "./market_faults.ts";
 * assertEquals(Object.keys(FAULT_PLANS), ["storm", "flaky", "garbage", "drift"]);
 * assertEquals(readFaultPlan(FAULT_PLANS.storm).rules.length, 5);
 * ```
 */
export const FAULT_PLANS: Readonly<Record<FaultPlanName, FaultPlan>> = {
  storm: {
    about: "too many requests: waits that fit, a wait that does not, and none at all",
    seed: 1,
    rules: [
      { fault: "rate_limit", path: "/coins/markets", calls: [1], retry_after_s: 1 },
      { fault: "rate_limit", path: "/coins/markets", calls: [2] },
      { fault: "rate_limit", path: "/coins/markets", calls: [4], retry_after_s: 2, retry_after_as: "date" },
      { fault: "rate_limit", path: "/coins/markets", calls: { from: 6, to: 8 }, retry_after_s: 119 },
      { fault: "rate_limit", path: "*", share: 0.3, body: "throttled" },
    ],
  },
  flaky: {
    about: "a bad line and a tired server: about every second call fails or is slow",
    seed: 1,
    rules: [
      { fault: "server_error", status: 503, share: 0.12 },
      { fault: "server_error", status: 502, share: 0.06 },
      { fault: "server_error", status: 504, share: 0.06 },
      { fault: "server_error", status: 500, share: 0.06 },
      { fault: "reset", share: 0.08 },
      { fault: "reset_mid_body", share: 0.08 },
      { fault: "slow_drip", bytes_per_s: 50_000, share: 0.08 },
      { fault: "hang", for_s: 30, share: 0.03 },
    ],
  },
  garbage: {
    about: "status 200 with a body that is not what it should be, one kind after another, then clean",
    seed: 1,
    rules: [
      { fault: "html_200", path: "/coins/markets", calls: [1] },
      { fault: "throttled_200", path: "/coins/markets", calls: [2] },
      { fault: "empty_body", path: "/coins/markets", calls: [3] },
      { fault: "cut_json", path: "/coins/markets", calls: [4] },
      { fault: "not_json", path: "/coins/markets", calls: [5] },
      { fault: "null_body", path: "/coins/markets", calls: [6] },
      { fault: "zero_coins", path: "/coins/markets", calls: [7] },
      { fault: "bom", path: "/coins/markets", calls: [8] },
      { fault: "huge_number", path: "/coins/markets", calls: [9] },
      { fault: "big_market_cap", path: "/coins/markets", calls: [10] },
      { fault: "numbers_as_text", path: "/coins/markets", calls: [11] },
      { fault: "null_fields", path: "/coins/markets", calls: [12] },
      { fault: "all_null_coin", path: "/coins/markets", calls: [13] },
      { fault: "duplicates", path: "/coins/markets", calls: [14] },
      { fault: "duplicates", path: "/coins/markets", calls: [15], conflicting: true },
      { fault: "missing_ids", path: "/coins/markets", calls: [16] },
      { fault: "out_of_order", path: "/coins/markets", calls: [17] },
    ],
  },
  drift: {
    about: "the schema changes under way: the first page is clean, each later one differs in one respect",
    seed: 1,
    rules: [
      { fault: "drift", change: "column_added", path: "/coins/markets", calls: [2] },
      { fault: "drift", change: "column_removed", path: "/coins/markets", calls: [3] },
      { fault: "drift", change: "column_renamed", path: "/coins/markets", calls: [4] },
      { fault: "drift", change: "int_to_float", path: "/coins/markets", calls: [5] },
      { fault: "drift", change: "to_string", path: "/coins/markets", calls: [6] },
      { fault: "drift", change: "nested", path: "/coins/markets", calls: [7] },
      { fault: "drift", change: "case_change", path: "/coins/markets", calls: [8] },
    ],
  },
};
