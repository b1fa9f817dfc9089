import { assertEquals } from "@std/assert";
import { nearestName } from "./nearest_name.ts";

const NAMES = [
  "v_top_100",
  "v_top_gainers",
  "v_market_cap",
  "processed_prices",
  "processed_prices_raw",
  "gaps",
  "runs",
];

Deno.test("nearestName() finds what a slip of the fingers means, and nothing for another word", () => {
  const table: [name: string, nearest: string | null][] = [
    ["v_top_10", "v_top_100"],
    ["V_TOP100", "v_top_100"],
    ["v_topgainers", "v_top_gainers"],
    ["procesed_prices", "processed_prices"],
    ["processed_prices", "processed_prices"],
    ["processed_prices_rwa", "processed_prices_raw"],
    ["gap", "gaps"],
    ["rusn", "runs"],
    ["customers", null],
    ["", null],
  ];
  for (const [name, nearest] of table) assertEquals([name, nearestName(name, NAMES)], [name, nearest]);
});
