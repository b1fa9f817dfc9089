import { assertEquals } from "@std/assert";
import { FEATURE_NAMES } from "../features/mod.ts";
import { persistence } from "./persistence.ts";

Deno.test("persistence() repeats vol_1, whatever it was fitted on", () => {
  const row = FEATURE_NAMES.map((name) => name === "vol_1" ? 0.04 : 9);
  const model = persistence();
  model.fit([row], Float64Array.of(1));
  assertEquals(model.predict([row, row]), Float64Array.of(0.04, 0.04));
  assertEquals(model.name, "persistence");
});
